//! Solver threads, apart from those that serve requests: a solve never delays a health check, nor an answer that is known.
//!
//! Work is taken by class first, then fairly by tenant, then by due time ([`crate::guard::queue`]). Work that somebody waits for always
//! finds a thread that is not held by work nobody waits for: one thread takes awaited work only (a pool of one thread gets a second
//! one for that). Urgent work that somebody waits for has threads of its own besides. They mostly sleep.
//!
//! Where the system lets a thread step back (`nice`), solver threads do: those that serve requests go first whenever they have
//! something to do, then urgent solves, then the others. A solve that is pushed aside still ends in time, with a larger gap.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::record::{Tenant, Urgency};
use crate::guard::queue::{Place, Queue};

/// How urgent work is; earlier classes go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A caller holds the line.
    Awaited(Urgency),
    /// Deferred: a caller will look for it later.
    Deferred(Urgency),
}

impl Class {
    /// Every class, the first to be taken first.
    pub const ALL: [Self; 6] = [
        Self::Awaited(Urgency::Urgent),
        Self::Awaited(Urgency::Standard),
        Self::Awaited(Urgency::Bulk),
        Self::Deferred(Urgency::Urgent),
        Self::Deferred(Urgency::Standard),
        Self::Deferred(Urgency::Bulk),
    ];
    const URGENT: Self = Self::Awaited(Urgency::Urgent);
    const LAST_AWAITED: Self = Self::Awaited(Urgency::Bulk);
    const LAST: Self = Self::Deferred(Urgency::Bulk);

    fn index(self) -> usize {
        match self {
            Self::Awaited(urgency) => urgency as usize,
            Self::Deferred(urgency) => Urgency::ALL.len() + urgency as usize,
        }
    }

    /// As metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Awaited(Urgency::Urgent) => "awaited_urgent",
            Self::Awaited(Urgency::Standard) => "awaited_standard",
            Self::Awaited(Urgency::Bulk) => "awaited_bulk",
            Self::Deferred(Urgency::Urgent) => "deferred_urgent",
            Self::Deferred(Urgency::Standard) => "deferred_standard",
            Self::Deferred(Urgency::Bulk) => "deferred_bulk",
        }
    }
}

/// Whose work it is, how soon it is wanted and how long it is likely to take.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which class.
    pub class: Class,
    /// Whose.
    pub tenant: Tenant,
    /// When it should have ended.
    pub due: Instant,
    /// How long it is likely to take.
    pub cost: Duration,
}

/// No place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue of {waiting} solves is full")]
pub struct Full {
    /// Solves of the class that wait.
    pub waiting: usize,
}

type Work = Box<dyn FnOnce() + Send>;

/// The threads and the queue before them.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    bound: usize,
    /// Threads that take more than urgent work.
    workers: usize,
}

struct State {
    queue: Queue<(Running, Work)>,
    /// What each busy thread is at.
    running: HashMap<usize, Running>,
    closed: bool,
}

/// Work that a thread is at, or will be.
struct Running {
    class: Class,
    tenant: Tenant,
    /// When it was begun, or came.
    begun: Instant,
    /// How long it was expected to take.
    cost: Duration,
}

impl Running {
    /// How much longer it takes. What takes longer than expected is expected to take as long again.
    fn left(&self, now: Instant) -> Duration {
        let elapsed = now.saturating_duration_since(self.begun);
        self.cost.checked_sub(elapsed).unwrap_or(elapsed)
    }
}

/// A place in the queue.
pub struct Ticket {
    shared: Arc<Shared>,
    place: Place,
}

impl Pool {
    /// Starts the threads. At most `bound` solves of each class wait.
    pub fn new(workers: usize, bound: usize) -> std::io::Result<Self> {
        let workers = workers.max(2);
        let state = State { queue: Queue::new(Class::ALL.len()), running: HashMap::new(), closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), bound, workers });
        let start = |number: usize| {
            let shared = Arc::clone(&shared);
            let (last, steps_back) = match number {
                0 => (Class::LAST_AWAITED, STEPS_BACK),
                _ if number < workers => (Class::LAST, STEPS_BACK),
                _ => (Class::URGENT, STEPS_BACK_URGENT),
            };
            std::thread::Builder::new().name(format!("solver-{number}")).spawn(move || {
                step_back(steps_back);
                shared.serve(number, last);
            })
        };
        let threads = (0..2 * workers).map(start).collect::<Result<_, _>>()?;
        Ok(Self { shared, threads: Mutex::new(threads) })
    }

    /// Queues work. `acknowledged` work was promised already and is taken whatever the queue's length.
    pub fn submit(&self, job: Job, acknowledged: bool, work: Work) -> Result<Ticket, Full> {
        let Job { class, tenant, due, cost } = job;
        let mut state = self.shared.lock();
        let queue = &mut state.queue;
        let waiting = queue.waiting(class.index());
        // The last quarter of the places is for tenants that have no more than their share of them.
        let others = queue.tenants(class.index()) + usize::from(queue.waiting_of(class.index(), &tenant) == 0);
        let share = (self.shared.bound / others.max(1)).max(1);
        let bound = if queue.waiting_of(class.index(), &tenant) < share.min(self.shared.bound / 4 + 1) {
            self.shared.bound
        } else {
            self.shared.bound - self.shared.bound / 4
        };
        if state.closed || (waiting >= bound && !acknowledged) {
            return Err(Full { waiting });
        }
        let running = Running { class, tenant: tenant.clone(), begun: Instant::now(), cost };
        let place = state.queue.push(class.index(), &tenant, due, cost, (running, work));
        drop(state);
        self.shared.changed.notify_all();
        Ok(Ticket { shared: Arc::clone(&self.shared), place })
    }

    /// How long work would wait for a thread, if it came now.
    pub fn wait(&self, job: &Job) -> Duration {
        let state = self.shared.lock();
        let now = Instant::now();
        // Urgent work has its own threads, on top of the others.
        let urgent = job.class == Class::URGENT;
        let threads = self.shared.workers * if urgent { 2 } else { 1 };
        let counted = state.running.values().filter(|running| urgent || running.class != Class::URGENT);
        let mut left: Vec<Duration> = counted.map(|running| running.left(now)).collect();
        left.resize(threads.max(left.len()), Duration::ZERO);
        until_free(left, state.queue.ahead(job.class.index(), &job.tenant, job.due))
    }

    /// Whether a tenant has a solve here that is awaited.
    pub fn holds(&self, tenant: &Tenant) -> bool {
        let state = self.shared.lock();
        let awaited = (0..=Class::LAST_AWAITED.index()).any(|class| state.queue.waiting_of(class, tenant) > 0);
        awaited || state.running.values().any(|at| at.class <= Class::LAST_AWAITED && at.tenant == *tenant)
    }

    /// Solves that wait, by class, and threads that are busy.
    pub fn load(&self) -> ([usize; Class::ALL.len()], usize) {
        let state = self.shared.lock();
        (Class::ALL.map(|class| state.queue.waiting(class.index())), state.running.len())
    }

    /// Drops what waits, and ends each thread after the work it is at.
    pub fn close(&self) {
        let dropped = {
            let mut state = self.shared.lock();
            state.closed = true;
            state.queue.drain()
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
        let work = self.shared.lock().queue.remove(&self.place);
        work.is_some()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, thread: usize, last: Class) {
        while let Some(work) = self.next(thread, last) {
            // The one place where a solver's panic is caught. Who waits for the work sees its channel close.
            let _ = catch_unwind(AssertUnwindSafe(work));
            self.lock().running.remove(&thread);
        }
    }

    fn next(&self, thread: usize, last: Class) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some((running, work)) = state.queue.pop(last.index()) {
                state.running.insert(thread, Running { begun: Instant::now(), ..running });
                return Some(work);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// When threads that are busy for so long each are through with what is `ahead` as well, and one is free: what is ahead fills the gaps between
/// the first to be free and the others, as water would.
fn until_free(mut left: Vec<Duration>, mut ahead: Duration) -> Duration {
    left.sort_unstable();
    for free in 1..left.len() {
        let gap = left[free].saturating_sub(left[free - 1]) * free as u32;
        if ahead <= gap {
            return left[free - 1] + ahead / free as u32;
        }
        ahead -= gap;
    }
    left.last().copied().unwrap_or_default() + ahead / left.len().max(1) as u32
}

/// How far solver threads step back. Each step is a tenth less of a core that others want as well.
const STEPS_BACK: i32 = 10;
const STEPS_BACK_URGENT: i32 = 3;

/// Lets other threads go first. On Linux a priority is a thread's; elsewhere it would be the whole process's, and is left as it is.
fn step_back(steps: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), steps) {
        tracing::debug!(%error, "a solver thread does not step back");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = steps;
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const AWAITED: Class = Class::Awaited(Urgency::Standard);
    const DEFERRED: Class = Class::Deferred(Urgency::Standard);
    const FAR: Duration = Duration::from_mins(1);

    fn job(class: Class, due: Instant) -> Job {
        Job { class, tenant: Tenant::local(), due, cost: Duration::from_millis(10) }
    }

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
        pool.submit(job(DEFERRED, now), false, deferred).expect("room");
        assert_eq!(told.recv_timeout(FAR), Ok("held deferred"));
        let (open_awaited, awaited) = hold(&tell, "held awaited");
        pool.submit(job(AWAITED, now), false, awaited).expect("room");
        assert_eq!(told.recv_timeout(FAR), Ok("held awaited"), "deferred work does not hold awaited work up");
        for (name, class, wait) in [("late", DEFERRED, 9), ("soon", DEFERRED, 1), ("awaited", AWAITED, 99)] {
            let tell = tell.clone();
            let work = Box::new(move || tell.send(name).expect("the test listens"));
            pool.submit(job(class, now + Duration::from_secs(wait)), false, work).expect("room");
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
        pool.submit(job(DEFERRED, Instant::now()), false, hold).expect("room");
        told.recv_timeout(FAR).expect("begins");
        let submit = |acknowledged| pool.submit(job(DEFERRED, Instant::now()), acknowledged, Box::new(|| ()));
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
            pool.submit(job(AWAITED, Instant::now()), false, Box::new(|| panic!("on purpose"))).expect("room");
        }
        let (tell, told) = mpsc::channel();
        let work = Box::new(move || tell.send(()).expect("the test listens"));
        pool.submit(job(AWAITED, Instant::now()), false, work).expect("room");
        told.recv_timeout(FAR).expect("the threads live on");
        pool.close();
        pool.join();
    }

    #[test]
    fn urgent_work_begins_while_every_other_thread_is_held() {
        let pool = Pool::new(2, 10).expect("threads start");
        let (tell, told) = mpsc::channel();
        let mut gates = Vec::new();
        for class in [DEFERRED, AWAITED] {
            let (open, held) = hold(&tell, "held");
            gates.push(open);
            pool.submit(job(class, Instant::now()), false, held).expect("room");
            assert_eq!(told.recv_timeout(FAR), Ok("held"));
        }
        let (_open, waits) = hold(&tell, "standard");
        pool.submit(job(AWAITED, Instant::now()), false, waits).expect("room");
        assert!(pool.wait(&job(AWAITED, Instant::now())) > Duration::ZERO);
        let urgent = job(Class::URGENT, Instant::now());
        assert_eq!(pool.wait(&urgent), Duration::ZERO);
        let tell = tell.clone();
        pool.submit(urgent, false, Box::new(move || tell.send("urgent").expect("the test listens"))).expect("room");
        assert_eq!(told.recv_timeout(FAR), Ok("urgent"));
        drop(gates);
    }

    #[test]
    fn a_thread_is_free_when_the_first_is_and_then_what_is_ahead_is_done() {
        let wait = |left: &[u64], ahead: u64| {
            let left = left.iter().map(|ms| Duration::from_millis(*ms)).collect();
            until_free(left, Duration::from_millis(ahead)).as_millis()
        };
        assert_eq!(wait(&[0, 700], 0), 0);
        assert_eq!(wait(&[700, 300], 0), 300);
        assert_eq!(wait(&[700, 300], 400), 700);
        assert_eq!(wait(&[700, 300], 1000), 1000);
        assert_eq!(wait(&[600, 300, 300], 300), 450);
    }

    #[test]
    fn the_last_places_are_for_those_who_hold_few() {
        let pool = Pool::new(1, 8).expect("threads start");
        pool.close();
        pool.join();
        pool.shared.lock().closed = false; // a queue that nobody empties
        let ask = |name: &str| {
            let job = Job { tenant: Tenant::new(name), ..job(AWAITED, Instant::now()) };
            pool.submit(job, false, Box::new(|| ())).is_ok()
        };
        let noisy = (0..20).filter(|_| ask("noisy")).count();
        assert_eq!(noisy, 6);
        assert!(ask("quiet") && ask("other"));
        assert!(!ask("third"), "full is full");
    }
}
