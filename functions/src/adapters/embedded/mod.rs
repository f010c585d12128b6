//! One file on disk with a log of terminals beside it, or memory alone: all a single machine needs.
//!
//! The file is a redb database: transactions are atomic, and a durable one is on disk when its write is confirmed. A second
//! process on the same folder is refused, because redb locks the file.
//!
//! | table | key | value |
//! |---|---|---|
//! | `heads` | tenant, plan | [`Head`](crate::plans::record::Head) in JSON |
//! | `requests` | tenant, plan | the request in JSON |
//! | `bests` | tenant, plan | [`Best`](crate::plans::record::Best) in JSON |
//! | `sizes` | tenant, plan | bytes of its request and of its best plan |
//! | `finished` | tenant, fingerprint | the finished plan with the smallest gap, and the gap |
//! | `replays` | tenant, idempotency key | [`Claim`](crate::ports::Claim) in JSON |
//! | `terminal_…` | see `terminal_tables` | |
//! | `about` | name | number: the version of this layout |
//!
//! Every durable transaction saves which pages are free (redb's quick repair), so that a restart after a crash does not walk through the file,
//! however large it is.

mod disk;
mod plans;
mod replays;
mod terminal;
mod terminal_log;
mod terminal_tables;
mod terminal_writer;
mod upkeep;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition};

use self::disk::{Disk, Open};
use crate::ports::{Later, StoreError, Stores, TerminalStore, WallClock};

type PlanTable = TableDefinition<'static, (&'static str, u128), &'static [u8]>;

const HEADS: PlanTable = TableDefinition::new("heads");
const REQUESTS: PlanTable = TableDefinition::new("requests");
const BESTS: PlanTable = TableDefinition::new("bests");
const SIZES: TableDefinition<(&str, u128), (u64, u64)> = TableDefinition::new("sizes");
const FINISHED: TableDefinition<(&str, &str), (u128, f64)> = TableDefinition::new("finished");
const REPLAYS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("replays");
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");

/// Version of the tables above.
const LAYOUT: u64 = 1;
/// The file in the data folder.
const FILE: &str = "portolan.redb";
/// Bytes of the file that are kept in memory, at most. The system keeps more of it, and gives that up where memory is wanted.
const PAGES: usize = 32 << 20;

/// How much is kept. Beyond it, the oldest finished plans go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Plans.
    pub plans: usize,
    /// Bytes of their requests and answers.
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { plans: 20_000, bytes: 4 << 30 }
    }
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another Portolan; stop that one, or give this one another data folder", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The folder or the file cannot be written.
    #[error("{} cannot be written: {source}; give a data folder that can, or --ephemeral", .path.display())]
    Unwritable {
        /// The folder or the file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no store, or is damaged.
    #[error("{} is damaged or no Portolan store ({cause}); move it away to start afresh, or restore a copy", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        cause: String,
    },
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Embedded {
    disk: Arc<Disk>,
    clock: Arc<dyn WallClock>,
    bounds: Bounds,
}

impl Embedded {
    /// Opens or creates the store in a folder, which is made where it is missing.
    pub fn open(folder: &Path, clock: Arc<dyn WallClock>, bounds: Bounds) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Unwritable { path: folder.to_owned(), source })?;
        let path = folder.join(FILE);
        let db = open_file(&path)?;
        let folder: Arc<Path> = folder.into();
        let ready = prepare(&db).and_then(|()| terminal_log::caught_up(&db, &folder));
        let log = ready.map_err(|fault| match fault.0.downcast::<std::io::Error>() {
            Ok(source) => OpenError::Unwritable { path: path.clone(), source: *source },
            Err(cause) => damaged(path.clone(), cause.as_ref()),
        })?;
        let again = move || {
            let db = open_file(&path)?;
            let log = terminal_log::caught_up(&db, &folder)?;
            Ok(Open::new(db, Some(log)))
        };
        let disk = Disk::new(Open::new(db, Some(log)), Box::new(again));
        Ok(Self { disk: Arc::new(disk), clock, bounds })
    }

    /// A store that is gone with the process.
    pub fn in_memory(clock: Arc<dyn WallClock>, bounds: Bounds) -> Result<Self, OpenError> {
        let path = || PathBuf::from("memory");
        let backend = redb::backends::InMemoryBackend::new();
        let db = Database::builder().create_with_backend(backend).map_err(|error| open_error(path(), error))?;
        prepare(&db).map_err(|fault| damaged(path(), fault.0.as_ref()))?;
        let disk = Disk::new(Open::new(db, None), Box::new(|| Err("memory does not come back".into())));
        Ok(Self { disk: Arc::new(disk), clock, bounds })
    }

    /// The store behind every port.
    pub fn stores(&self) -> Stores {
        Stores::on(&Arc::new(self.clone()), Arc::clone(&self.clock))
    }

    /// Terminals, in the same file. Starts a thread that writes them; it ends with what is returned here.
    pub fn terminals(&self) -> Result<Arc<dyn TerminalStore>, StoreError> {
        Ok(Arc::new(terminal::Terminals::new(self.clone())?))
    }

    /// Runs file access where it delays no request.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Later<'static, Result<T, StoreError>> {
        let store = self.clone();
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || work(&store)).await {
                Ok(result) => result.map_err(StoreError::from),
                Err(panicked) => Err(StoreError::Unavailable(Box::new(panicked))),
            }
        })
    }

    fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &redb::ReadTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Later<'static, Result<T, StoreError>> {
        self.blocking(|store| store.disk.read(|open| work(store, &open.db.begin_read()?)))
    }

    fn writing<T: Send + 'static>(
        &self,
        durable: bool,
        work: impl FnOnce(&Self, &redb::WriteTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Later<'static, Result<T, StoreError>> {
        self.blocking(move |store| {
            store.disk.write(|open| {
                let mut transaction = open.db.begin_write()?;
                if durable {
                    transaction.set_quick_repair(true);
                } else {
                    transaction.set_durability(redb::Durability::None)?;
                }
                let value = work(store, &transaction)?;
                transaction.commit()?;
                Ok(value)
            })
        })
    }
}

fn open_file(path: &Path) -> Result<Database, OpenError> {
    // The library checks a file's structure while it opens it; on some damage it gives up by a panic.
    let opened = std::panic::catch_unwind(|| Database::builder().set_cache_size(PAGES).create(path));
    match opened {
        Ok(opened) => opened.map_err(|error| open_error(path.to_owned(), error)),
        Err(_) => Err(OpenError::Damaged { path: path.to_owned(), cause: "its structure is broken".to_owned() }),
    }
}

/// Makes the tables, and ends what an earlier process was at.
fn prepare(db: &Database) -> Result<(), Fault> {
    let mut write = db.begin_write()?;
    write.set_quick_repair(true);
    {
        let mut about = write.open_table(ABOUT)?;
        let layout = about.get("layout")?.map_or(LAYOUT, |layout| layout.value());
        if layout != LAYOUT {
            return Err(format!("its layout has version {layout}, this Portolan knows {LAYOUT}").into());
        }
        about.insert("layout", LAYOUT)?;
        for table in [HEADS, REQUESTS, BESTS] {
            write.open_table(table)?;
        }
        write.open_table(SIZES)?;
        write.open_table(FINISHED)?;
        // Whoever held a claim is gone: this process has the lock.
        terminal_tables::prepare(&write)?;
        replays::end_leases(&mut write.open_table(REPLAYS)?)?;
    }
    write.commit()?;
    Ok(())
}

/// Any error on the way through the store; keeps a [`StoreError`] apart from the library's.
struct Fault(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault.0.downcast::<StoreError>() {
            Ok(error) => *error,
            Err(other) => Self::Unavailable(other),
        }
    }
}

fn unreadable(what: String, source: serde_json::Error) -> StoreError {
    StoreError::Unreadable { what, source: Box::new(source) }
}

fn damaged(path: PathBuf, cause: &(dyn Error + Send + Sync)) -> OpenError {
    OpenError::Damaged { path, cause: cause.to_string() }
}

fn open_error(path: PathBuf, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path },
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() != std::io::ErrorKind::InvalidData => {
            OpenError::Unwritable { path, source }
        }
        other => damaged(path, &other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::SystemClock;

    fn open(folder: &Path) -> Result<Embedded, OpenError> {
        Embedded::open(folder, Arc::new(SystemClock), Bounds::default())
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("portolan-{name}-{}", std::process::id()));
        // Left from an earlier run, or not there.
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_folder_in_use_is_named() {
        let folder = folder("in-use");
        let first = open(&folder).expect("an empty folder is fine");
        let error = open(&folder).err().expect("the folder is in use");
        assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
        drop(first);
        open(&folder).expect("the folder is free again");
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }

    #[test]
    fn a_damaged_file_is_named_and_kept() {
        let folder = folder("damaged");
        let file = folder.join(FILE);
        for damage in [&b"not a store at all"[..], &vec![0xff; 100_000]] {
            std::fs::create_dir_all(&folder).expect("a folder can be made");
            std::fs::write(&file, damage).expect("a file can be written");
            let error = open(&folder).err().expect("that is no store");
            assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
            assert_eq!(std::fs::read(&file).expect("the file stays"), damage);
        }
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let error = open(Path::new("/proc/portolan")).err().expect("nobody writes there");
        assert!(matches!(error, OpenError::Unwritable { .. }), "{error:?}");
    }
}
