//! Solver threads, apart from those that serve requests: a solve never delays a health check.
//!
//! Work is taken by class first, then by due time. Work that somebody waits for always finds a thread that is not held by
//! work nobody waits for: one thread takes the first class only (a pool of one thread gets a second one for that).

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use super::record::Urgency;

/// How urgent work is; earlier classes go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A caller holds the line.
    Awaited,
    /// Deferred: a caller will look for it later.
    Deferred(Urgency),
}

/// No place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue of {waiting} solves is full")]
pub struct Full {
    /// Solves of the class that wait.
    pub waiting: usize,
}

type Work = Box<dyn FnOnce() + Send>;
type Place = (Class, Instant, u64);

/// The threads and the queue before them.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    bound: usize,
}

#[derive(Default)]
struct Queue {
    waiting: BTreeMap<Place, Work>,
    submitted: u64,
    closed: bool,
}

/// A place in the queue.
pub struct Ticket {
    shared: Arc<Shared>,
    place: Place,
}

impl Pool {
    /// Starts the threads. At most `bound` solves of each class wait.
    pub fn new(workers: usize, bound: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new(), bound });
        let start = |number: usize| {
            let shared = Arc::clone(&shared);
            let last_class = if number == 0 { Class::Awaited } else { Class::Deferred(Urgency::Bulk) };
            std::thread::Builder::new().name(format!("solver-{number}")).spawn(move || shared.serve(last_class))
        };
        let threads = (0..workers.max(2)).map(start).collect::<Result<_, _>>()?;
        Ok(Self { shared, threads: Mutex::new(threads) })
    }

    /// Queues work. `acknowledged` work was promised already and is taken whatever the queue's length.
    pub fn submit(&self, class: Class, due: Instant, acknowledged: bool, work: Work) -> Result<Ticket, Full> {
        let mut queue = self.shared.lock();
        let waiting = queue.waiting.keys().filter(|place| place.0 == class).count();
        if queue.closed || (waiting >= self.shared.bound && !acknowledged) {
            return Err(Full { waiting });
        }
        queue.submitted += 1;
        let place = (class, due, queue.submitted);
        queue.waiting.insert(place, work);
        drop(queue);
        self.shared.changed.notify_all();
        Ok(Ticket { shared: Arc::clone(&self.shared), place })
    }

    /// Drops what waits, and ends each thread after the work it is at.
    pub fn close(&self) {
        let dropped = {
            let mut queue = self.shared.lock();
            queue.closed = true;
            std::mem::take(&mut queue.waiting)
        };
        drop(dropped);
        self.shared.changed.notify_all();
    }

    /// Waits until every thread has ended. Call [`Pool::close`] first.
    pub fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread catches the panics of its work; nothing is left to report.
            let _ = thread.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Ticket {
    /// Takes the work back, where no thread has begun it. It is dropped.
    pub fn withdraw(&self) -> bool {
        let work = self.shared.lock().waiting.remove(&self.place);
        work.is_some()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, last_class: Class) {
        while let Some(work) = self.next(last_class) {
            // The one place where a solver's panic is caught. Who waits for the work sees its channel close.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    fn next(&self, last_class: Class) -> Option<Work> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(entry) = queue.waiting.first_entry()
                && entry.key().0 <= last_class
            {
                return Some(entry.remove());
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const DEFERRED: Class = Class::Deferred(Urgency::Standard);
    const FAR: Duration = Duration::from_mins(1);

    /// Work that says its name, then waits until the sender is dropped.
    fn hold(tell: &mpsc::Sender<&'static str>, name: &'static str) -> (mpsc::Sender<()>, Work) {
        let (open, gate) = mpsc::channel();
        let tell = tell.clone();
        let work = Box::new(move || {
            tell.send(name).expect("the test listens");
            let _ = gate.recv_timeout(FAR);
        });
        (open, work)
    }

    #[test]
    fn awaited_work_goes_first_and_then_the_earlier_due() {
        let pool = Pool::new(1, 10).expect("threads start");
        let (tell, told) = mpsc::channel();
        let now = Instant::now();
        // Deferred work first: the thread it gets is the one that takes both classes, and the other is left for awaited.
        let (open_deferred, deferred) = hold(&tell, "held deferred");
        pool.submit(DEFERRED, now, false, deferred).expect("room");
        assert_eq!(told.recv_timeout(FAR), Ok("held deferred"));
        let (open_awaited, awaited) = hold(&tell, "held awaited");
        pool.submit(Class::Awaited, now, false, awaited).expect("room");
        assert_eq!(told.recv_timeout(FAR), Ok("held awaited"), "deferred work does not hold awaited work up");
        for (name, class, wait) in [("late", DEFERRED, 9), ("soon", DEFERRED, 1), ("awaited", Class::Awaited, 99)] {
            let tell = tell.clone();
            let work = Box::new(move || tell.send(name).expect("the test listens"));
            pool.submit(class, now + Duration::from_secs(wait), false, work).expect("room");
        }
        drop(open_deferred);
        let order: Vec<_> = (0..3).map(|_| told.recv_timeout(FAR).expect("runs")).collect();
        assert_eq!(order, ["awaited", "soon", "late"]);
        drop(open_awaited);
    }

    #[test]
    fn a_full_queue_refuses_all_but_acknowledged_work_and_a_ticket_takes_work_back() {
        let pool = Pool::new(1, 1).expect("threads start");
        let (tell, told) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let hold = Box::new(move || {
            tell.send(()).expect("the test listens");
            let _ = gate.recv_timeout(FAR);
        });
        pool.submit(DEFERRED, Instant::now(), false, hold).expect("room");
        told.recv_timeout(FAR).expect("begins");
        let submit = |acknowledged| pool.submit(DEFERRED, Instant::now(), acknowledged, Box::new(|| ()));
        let ticket = submit(false).expect("room for one");
        assert_eq!(submit(false).err(), Some(Full { waiting: 1 }));
        let _promised = submit(true).expect("what was promised is taken");
        assert!(ticket.withdraw());
        assert!(!ticket.withdraw());
        drop(open);
    }

    #[test]
    fn a_panic_costs_its_work_only() {
        let pool = Pool::new(1, 9).expect("threads start");
        for _ in 0..4 {
            pool.submit(Class::Awaited, Instant::now(), false, Box::new(|| panic!("on purpose"))).expect("room");
        }
        let (tell, told) = mpsc::channel();
        let work = Box::new(move || tell.send(()).expect("the test listens"));
        pool.submit(Class::Awaited, Instant::now(), false, work).expect("room");
        told.recv_timeout(FAR).expect("the threads live on");
        pool.close();
        pool.join();
    }
}
