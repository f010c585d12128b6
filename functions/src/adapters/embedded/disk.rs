//! The database and the log as they are open, and opened again after the disk has failed.
//!
//! From its first error on, the database refuses everything until it is opened anew. A disk that was full for a minute would end the
//! service that way. So it is closed and opened again, as after a crash, before the next call, but not more often than once in a while.
//! Until there is room again writes fail, and are told so; what was confirmed is read meanwhile.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use redb::{CommitError, Database, StorageError, TableError, TransactionError};

use super::Fault;
use super::terminal_log::Log;

/// How long a disk that has failed is left alone.
const ALONE: Duration = Duration::from_secs(1);

/// What is open.
pub(super) struct Open {
    /// The database.
    pub(super) db: Database,
    log: Mutex<Option<Log>>,
}

impl Open {
    pub(super) fn new(db: Database, log: Option<Log>) -> Self {
        Self { db, log: Mutex::new(log) }
    }

    /// The log; none where there is no disk.
    pub(super) fn log(&self) -> MutexGuard<'_, Option<Log>> {
        // Whoever panicked had not written to the end, or had: the log itself tells.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the files as they are after a crash.
type Opener = Box<dyn Fn() -> Result<Open, Fault> + Send + Sync>;

/// What is open, as far as the disk lets it be.
pub(super) struct Disk {
    open: RwLock<Option<Open>>,
    again: Opener,
    /// How often it was opened again.
    times: AtomicU64,
    /// When it failed last.
    failed: Mutex<Option<Instant>>,
}

/// It is not tried whether the disk is back.
#[derive(Debug, thiserror::Error)]
#[error("the disk has failed a moment ago")]
struct Failed;

impl Disk {
    pub(super) fn new(open: Open, again: Opener) -> Self {
        Self { open: RwLock::new(Some(open)), again, times: AtomicU64::new(0), failed: Mutex::new(None) }
    }

    /// How often it was opened again. What was known of it before may not be so since.
    pub(super) fn times(&self) -> u64 {
        self.times.load(Ordering::Acquire)
    }

    /// Reads from what is open.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Open) -> Result<T, Fault>) -> Result<T, Fault> {
        if !self.failed_just_now() && self.open().is_none() {
            self.open_again(self.times());
        }
        let (times, guard) = (self.times(), self.open());
        let result = work(guard.as_ref().ok_or(Failed)?);
        drop(guard);
        if let Err(fault) = &result
            && is_end(fault.0.as_ref())
        {
            self.open_again(times);
        }
        result
    }

    /// Writes to what is open.
    pub(super) fn write<T>(&self, work: impl FnOnce(&Open) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.failed_just_now() { Err(Failed.into()) } else { self.read(work) }
    }

    /// Closes and opens, unless somebody else has since `times` was read.
    fn open_again(&self, times: u64) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if self.times() != times {
            return;
        }
        // First, so that the file is free.
        *open = None;
        *self.failed() = Some(Instant::now());
        match (self.again)() {
            Ok(opened) => {
                *open = Some(opened);
                self.times.store(times + 1, Ordering::Release);
                tracing::warn!("the disk has failed; what was confirmed is open again");
            }
            Err(fault) => {
                tracing::error!(error = &*fault.0 as &dyn Error, "the disk has failed, and nothing can be opened");
            }
        }
    }

    fn open(&self) -> RwLockReadGuard<'_, Option<Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed_just_now(&self) -> bool {
        self.failed().is_some_and(|at| at.elapsed() < ALONE)
    }
}

/// Whether the database refuses everything from this error on.
fn is_end(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let storage = match () {
        () if let Some(error) = error.downcast_ref::<StorageError>() => error,
        () if let Some(TransactionError::Storage(error)) = error.downcast_ref() => error,
        () if let Some(TableError::Storage(error)) = error.downcast_ref() => error,
        () if let Some(CommitError::Storage(error)) = error.downcast_ref() => error,
        () => return false,
    };
    matches!(storage, StorageError::Io(_) | StorageError::PreviousIo | StorageError::DatabaseClosed)
}
