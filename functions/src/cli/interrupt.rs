//! Ctrl-C: the first one asks the solve to stop and hand over its best plan, the second one ends the program.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::INTERRUPTED;

static ASKED_TO_STOP: AtomicBool = AtomicBool::new(false);

/// The flag that the first Ctrl-C sets.
pub(super) fn flag() -> &'static AtomicBool {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        // Without a handler Ctrl-C ends the program at once, which is what a user expects of it.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || runtime.block_on(listen(&ready)));
        let _ = is_ready.recv();
    });
    &ASKED_TO_STOP
}

async fn listen(ready: &std::sync::mpsc::Sender<()>) {
    let mut first = std::pin::pin!(tokio::signal::ctrl_c());
    // The first look registers the handler.
    let polled = std::future::poll_fn(|context| std::task::Poll::Ready(first.as_mut().poll(context))).await;
    let _ = ready.send(());
    let first = match polled {
        std::task::Poll::Ready(outcome) => outcome,
        std::task::Poll::Pending => first.await,
    };
    if first.is_err() {
        return;
    }
    ASKED_TO_STOP.store(true, Ordering::Relaxed);
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(i32::from(INTERRUPTED));
    }
}
