//! Connections that are open: so many at most. Where there is no more room, the one that has been open longest without a whole request
//! makes room. So sockets that are opened and left, or send their head a byte at a time, keep nobody out; a connection that was
//! used waits for its next request until the header timeout ends it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use axum::http::Request;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

/// All of them.
pub(super) struct Connections {
    places: Arc<Semaphore>,
    /// In the order in which they came; some of them have ended, or said something, since.
    silent: Mutex<VecDeque<Weak<Peer>>>,
}

/// One of them.
pub(super) struct Peer {
    spoke: AtomicBool,
    out: Notify,
    _place: OwnedSemaphorePermit,
}

/// What a connection calls: notes that its peer has sent a request.
#[derive(Clone)]
pub(super) struct Heard<S> {
    pub(super) inside: S,
    pub(super) peer: Arc<Peer>,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), silent: Mutex::default() }
    }

    /// A place for one more, when there is one.
    pub(super) async fn enter(&self) -> Option<Arc<Peer>> {
        let place = if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            place
        } else {
            self.push_out();
            Arc::clone(&self.places).acquire_owned().await.ok()?
        };
        let peer = Arc::new(Peer { spoke: AtomicBool::new(false), out: Notify::new(), _place: place });
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        // What is no longer silent at the front is of no use; the rest is no longer than there are places.
        while silent.front().is_some_and(|first| first.upgrade().is_none_or(|peer| peer.has_spoken())) {
            silent.pop_front();
        }
        silent.push_back(Arc::downgrade(&peer));
        Some(peer)
    }

    fn push_out(&self) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = silent.pop_front() {
            if let Some(peer) = first.upgrade().filter(|peer| !peer.has_spoken()) {
                peer.out.notify_one();
                return;
            }
        }
    }
}

impl Peer {
    fn has_spoken(&self) -> bool {
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
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inside.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.peer.spoke.store(true, Ordering::Relaxed);
        self.inside.call(request)
    }
}
