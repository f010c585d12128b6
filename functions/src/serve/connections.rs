//! Connections that are open: so many at most, and never more than the process may have files. Where there is no more room, one on which
//! nothing happens makes room: opened and left, sending its head a byte at a time, or kept open since its last answer. A
//! connection that waits for an answer never does.
//!
//! Which one goes is found by the clock algorithm (Corbató 1968): a hand goes round, and takes the first that has said nothing since
//! it came by last.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use axum::http::Request;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

/// Files that the process keeps for other things than connections.
const OTHER_FILES: u64 = 64;

/// All of them.
pub(super) struct Connections {
    places: Arc<Semaphore>,
    /// The clock: its hand is at the front. Some of them have ended since.
    round: Mutex<VecDeque<Weak<Peer>>>,
}

/// One of them.
pub(super) struct Peer {
    /// It has sent a request at least once.
    spoke: AtomicBool,
    /// It has sent a request since the hand came by.
    seen: AtomicBool,
    /// It waits for an answer.
    waits: AtomicBool,
    out: Notify,
    _place: OwnedSemaphorePermit,
}

/// What a connection calls: notes what its peer does.
#[derive(Clone)]
pub(super) struct Heard<S> {
    pub(super) inside: S,
    pub(super) peer: Arc<Peer>,
}

/// A request, until its answer begins.
pub(super) struct Asked<F> {
    inside: F,
    peer: Arc<Peer>,
}

/// As many connections as the system lets the process have, `most` at most. Raises the process's own limit to the system's.
pub(super) fn allowed(most: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        let wanted = Some(most as u64 + OTHER_FILES);
        // `None` is no limit.
        let enough = limit.maximum.map_or(wanted, |maximum| wanted.map(|wanted| wanted.min(maximum)));
        if limit.current < enough && limit.current.is_some() {
            let raised = rustix::process::Rlimit { current: enough, ..limit };
            match setrlimit(Resource::Nofile, raised) {
                Ok(()) => limit.current = enough,
                Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
            }
        }
        if let Some(files) = limit.current {
            return most.min(usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(most)).max(1);
        }
    }
    most
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), round: Mutex::default() }
    }

    /// A place for one more, when there is one.
    pub(super) async fn enter(&self) -> Option<Arc<Peer>> {
        let place = if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            place
        } else {
            self.make_room();
            Arc::clone(&self.places).acquire_owned().await.ok()?
        };
        let no = || AtomicBool::new(false);
        let peer = Arc::new(Peer { spoke: no(), seen: no(), waits: no(), out: Notify::new(), _place: place });
        let mut round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        // Two of those that have ended are swept out for each that comes, so that few of them are left.
        for _ in 0..2 {
            if let Some(peer) = round.pop_front().filter(|peer| peer.strong_count() > 0) {
                round.push_back(peer);
            }
        }
        round.push_back(Arc::downgrade(&peer));
        Some(peer)
    }

    /// Asks one on which nothing happens to go. Where something happens on each of them, the next to end makes room.
    pub(super) fn make_room(&self) {
        let mut round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        // After one round no flag is left, so two find one that can go, if there is any.
        for _ in 0..2 * round.len() {
            let Some(peer) = round.pop_front().and_then(|peer| peer.upgrade()) else { continue };
            let seen = peer.seen.swap(false, Ordering::Relaxed);
            if !seen && !peer.waits.load(Ordering::Relaxed) {
                peer.out.notify_one();
                return;
            }
            round.push_back(Arc::downgrade(&peer));
        }
    }
}

impl Peer {
    /// Whether it has sent a request, and may be about to send another.
    pub(super) fn has_spoken(&self) -> bool {
        self.spoke.load(Ordering::Relaxed)
    }

    /// Ends when the connection has to make room.
    pub(super) async fn pushed_out(&self) {
        self.out.notified().await;
    }
}

impl<S, B> Service<Request<B>> for Heard<S>
where
    S: Service<Request<B>>,
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Asked<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inside.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        for flag in [&self.peer.spoke, &self.peer.seen, &self.peer.waits] {
            flag.store(true, Ordering::Relaxed);
        }
        Asked { inside: self.inside.call(request), peer: Arc::clone(&self.peer) }
    }
}

impl<F: Future + Unpin> Future for Asked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.inside).poll(context));
        self.peer.waits.store(false, Ordering::Relaxed);
        Poll::Ready(answer)
    }
}
