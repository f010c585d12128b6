//! Group commit: one thread writes terminals. While it waits for the disk, further changes gather; they are decided one after the
//! other, written in one transaction and confirmed together, once they are in the log (see `terminal_log`). A change that is refused leaves
//! nothing behind. An error of the disk fails the whole batch, which then is kept as a whole or not at all; a retry with the same key finds
//! out.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use redb::ReadableTable;
use tokio::sync::oneshot;

use super::disk::Open;
use super::terminal_log::Group;
use super::terminal_tables::{BEATS, HEADS, RECORDS, Seen, Tables, Used, read};
use super::{Embedded, Fault};
use crate::ports::{StoreError, WallClock};
use crate::terminal::decide::decide;
use crate::terminal::equipment::is_online;
use crate::terminal::event::{Ask, Body, Change, Entity, Outcome, Reason, Receipt, Record, Refusal};
use crate::terminal::layout::Spec;

/// Changes in one transaction at most.
const BATCH: usize = 1024;
/// How often signs of life go to the database.
const FLUSH: Duration = Duration::from_secs(1);
/// How long the database is not made safe at most, where there is something to make safe.
const SAFE: Duration = Duration::from_secs(10);
/// How long an idempotency key is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A change on its way to the disk.
pub(super) struct Job {
    pub(super) scope: String,
    pub(super) ask: Ask,
    pub(super) reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

/// Registered equipment and when it was last heard of, by terminal.
#[derive(Default)]
pub(super) struct Registry {
    pub(super) seen: HashMap<String, BTreeMap<String, Option<Timestamp>>>,
    /// Heard of since the last flush.
    pub(super) fresh: HashMap<(String, String), Timestamp>,
}

impl Registry {
    /// While nobody listened, nobody could be heard: what was online when signs of life were last written is silent since now. Signs may
    /// have been lost besides, which does not make them silent for longer.
    fn bridge(&mut self, now: Timestamp) {
        let times = || self.seen.values().flat_map(BTreeMap::values).copied().flatten();
        let Some(last) = times().max() else { return };
        for seen in self.seen.values_mut().flat_map(BTreeMap::values_mut).filter(|seen| is_online(**seen, last)) {
            *seen = (*seen).max(Some(now));
        }
    }
}

/// The thread. Ends, after what it was given is written, when this is dropped.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    registry: Arc<Mutex<Registry>>,
}

impl Writer {
    pub(super) fn start(store: &Embedded) -> Result<Self, StoreError> {
        let (jobs, received) = channel();
        let mut registry = store.disk.read(registered)?;
        registry.bridge(store.clock.now());
        let registry = Arc::new(Mutex::new(registry));
        let writing = Writing {
            store: store.clone(),
            registry: Arc::clone(&registry),
            specs: HashMap::new(),
            clock: Arc::clone(&store.clock),
            times: store.disk.times(),
            pending: None,
        };
        let thread = std::thread::Builder::new().name("terminals".to_owned()).spawn(move || writing.run(&received));
        let thread = thread.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), registry })
    }

    pub(super) async fn change(&self, scope: String, ask: Ask) -> Result<Outcome, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { scope, ask, reply }).is_ok());
        let gone = || StoreError::Unavailable("the thread that writes terminals is gone".into());
        if sent { answer.await.map_err(|_| gone())? } else { Err(gone()) }
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(alarm = true, "the thread that wrote terminals panicked");
        }
    }
}

fn lock(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    // Maps of plain values: a panic elsewhere leaves them whole.
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Equipment as it was registered and heard of by an earlier process.
fn registered(open: &Open) -> Result<Registry, Fault> {
    use redb::ReadableDatabase;
    let transaction = open.db.begin_read()?;
    let (heads, records) = (transaction.open_table(HEADS)?, transaction.open_table(RECORDS)?);
    let beats = transaction.open_table(BEATS)?;
    let mut registry = Registry::default();
    for head in heads.iter()? {
        let scope = head?.0.value().to_owned();
        let kind = Entity::Equipment as u8;
        let mut seen = BTreeMap::new();
        for record in records.range((scope.as_str(), kind, "")..(scope.as_str(), kind + 1, ""))? {
            let id = record?.0.value().2.to_owned();
            let at = beats.get((scope.as_str(), id.as_str()))?.map(|at| Timestamp::from_microsecond(at.value()));
            seen.insert(id, at.transpose()?);
        }
        registry.seen.insert(scope, seen);
    }
    Ok(registry)
}

struct Writing {
    store: Embedded,
    registry: Arc<Mutex<Registry>>,
    /// Layouts as they are committed.
    specs: HashMap<String, Option<Arc<Spec>>>,
    clock: Arc<dyn WallClock>,
    /// How often the disk had been opened again when this was known.
    times: u64,
    /// Since when there is something in the database that it would lose in a crash.
    pending: Option<Instant>,
}

impl Writing {
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut flushed = Instant::now();
        loop {
            let first = match jobs.recv_timeout(FLUSH) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Some(first) = first {
                let batch: Vec<Job> = std::iter::once(first).chain(jobs.try_iter()).take(BATCH).collect();
                self.serve(batch);
            }
            if flushed.elapsed() >= FLUSH {
                flushed = Instant::now();
                self.flush();
                self.make_safe(SAFE);
            }
        }
        self.flush();
        self.make_safe(Duration::ZERO);
    }

    fn serve(&mut self, batch: Vec<Job>) {
        let (asks, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|job| ((job.scope, job.ask), job.reply)).unzip();
        let outcomes = std::panic::catch_unwind(AssertUnwindSafe(|| self.commit(asks)));
        let failed = match outcomes {
            Ok(Ok(outcomes)) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    // A client that went away does not wait for an answer.
                    let _ = reply.send(outcome);
                }
                return;
            }
            Ok(Err(fault)) => StoreError::from(fault).to_string(),
            Err(_) => {
                tracing::error!(alarm = true, "writing terminals panicked; the batch is not kept");
                "a bug, which was logged".to_owned()
            }
        };
        self.specs.clear();
        for reply in replies {
            let _ = reply.send(Err(StoreError::Unavailable(failed.clone().into())));
        }
    }

    fn commit(&mut self, asks: Vec<(String, Ask)>) -> Result<Vec<Result<Outcome, StoreError>>, Fault> {
        let disk = Arc::clone(&self.store.disk);
        disk.write(|open| {
            self.look_again(open)?;
            self.commit_to(open, asks)
        })
    }

    /// Where the disk was opened again, takes from it what is there.
    fn look_again(&mut self, open: &Open) -> Result<(), Fault> {
        let times = self.store.disk.times();
        if times == self.times {
            return Ok(());
        }
        self.specs.clear();
        let kept = registered(open)?;
        let mut registry = lock(&self.registry);
        for (scope, mut seen) in kept.seen {
            let known = registry.seen.remove(&scope).unwrap_or_default();
            for (id, at) in &mut seen {
                *at = (*at).max(known.get(id).copied().flatten());
            }
            registry.seen.insert(scope, seen);
        }
        drop(registry);
        (self.times, self.pending) = (times, None);
        Ok(())
    }

    fn commit_to(&mut self, open: &Open, asks: Vec<(String, Ask)>) -> Result<Vec<Result<Outcome, StoreError>>, Fault> {
        let mut transaction = open.db.begin_write()?;
        let mut log = open.log();
        let now = self.clock.now();
        let (mut equipment, mut group) = (Vec::new(), Group::new());
        let mut outcomes = Vec::with_capacity(asks.len());
        {
            let mut tables = Tables::open(&transaction)?;
            tables.forget_keys(now.checked_sub(KEPT)?)?;
            for (scope, ask) in asks {
                outcomes.push(self.one(&mut tables, &scope, ask, now, &mut equipment, &mut group)?);
            }
            if let Some(log) = log.as_ref().filter(|_| !group.is_empty()) {
                tables.has_group(log.next)?;
            }
        }
        if group.is_empty() {
            // Nothing that anybody is told rests on it.
            transaction.set_durability(redb::Durability::None)?;
            transaction.commit()?;
        } else if let Some(log) = log.as_mut().filter(|log| log.takes(&group)) {
            log.append(&mut group)?;
            transaction.set_durability(redb::Durability::None)?;
            transaction.commit()?;
            log.advance(&group);
            self.pending.get_or_insert_with(Instant::now);
        } else {
            transaction.set_quick_repair(log.is_some());
            transaction.commit()?;
            if let Some(log) = log.as_mut() {
                log.next += 1;
                log.begin_anew();
            }
            self.pending = None;
        }
        let mut registry = lock(&self.registry);
        let registry = &mut *registry;
        for (scope, id, is_there) in equipment {
            if is_there {
                registry.seen.entry(scope).or_default().entry(id).or_default();
            } else if let Some(seen) = registry.seen.get_mut(&scope) {
                seen.remove(&id);
                registry.fresh.remove(&(scope, id));
            }
        }
        Ok(outcomes)
    }

    /// One change. An error within fails the batch; one of its own is its outcome.
    fn one(
        &mut self,
        tables: &mut Tables<'_>,
        scope: &str,
        ask: Ask,
        now: Timestamp,
        equipment: &mut Vec<(String, String, bool)>,
        group: &mut Group,
    ) -> Result<Result<Outcome, StoreError>, Fault> {
        let (version, last) = tables.head(scope)?;
        // Times of events never go back, whatever the clock does.
        let at = Timestamp::from_microsecond(now.max(last).as_microsecond())?;
        if let Some((key, digest)) = &ask.key
            && let Some(used) = tables.used(scope, key)?
        {
            let mismatch = || Refusal::new(Reason::KeyMismatch, "use a new key for a new request");
            let same = used.digest == *digest;
            return Ok(Ok(if same { Outcome::Again(used.receipt) } else { Outcome::Refused(mismatch()) }));
        }
        let spec = match self.specs.get(scope) {
            Some(spec) => spec.clone(),
            None => self.read_spec(tables, scope)?,
        };
        let pieces = match &ask.change {
            Change::PutEquipment(..) => {
                // Those that are registered, and those of this batch.
                let registered = lock(&self.registry).seen.get(scope).map_or(0, BTreeMap::len);
                registered + equipment.iter().filter(|(of, _, is_there)| of == scope && *is_there).count()
            }
            _ => 0,
        };
        let decision = match decide(&Seen { tables, scope, spec, equipment: pieces }, &ask, at) {
            Ok(decision) => decision,
            Err(error) => return Ok(Err(error)),
        };
        for draft in &decision.drafts {
            let body = draft.after.as_ref().or(draft.before.as_ref().map(|before| &before.body));
            match body {
                Some(Body::Terminal(_)) => {
                    self.specs.remove(scope);
                }
                Some(Body::Equipment(it)) => equipment.push((scope.to_owned(), it.id.clone(), draft.after.is_some())),
                _ => {}
            }
        }
        let events = decision.drafts.len() as u64;
        let about = ask.change.about();
        let created = about.is_some() && decision.drafts.first().is_some_and(|draft| draft.before.is_none());
        if events > 0 || (ask.key.is_some() && decision.refusal.is_none()) {
            group.field(b'S', scope.as_bytes());
        }
        let version = if events == 0 { version } else { tables.write(scope, decision.drafts, &ask.by, at, group)? };
        if let Some(refusal) = decision.refusal {
            return Ok(Ok(Outcome::Refused(refusal)));
        }
        let record: Option<Record> = match about {
            Some((entity, id)) => {
                use crate::terminal::decide::View;
                Seen { tables, scope, spec: None, equipment: 0 }.record(entity, &id)?
            }
            None => None,
        };
        let receipt = Receipt { version, at, record, created, events };
        if let Some((key, digest)) = ask.key {
            tables.use_key(scope, &key, &Used { digest, receipt: receipt.clone() }, group)?;
        }
        Ok(Ok(Outcome::Done(receipt)))
    }

    fn read_spec(&mut self, tables: &Tables<'_>, scope: &str) -> Result<Option<Arc<Spec>>, Fault> {
        use crate::terminal::decide::View;
        let spec = match (Seen { tables, scope, spec: None, equipment: 0 }).record(Entity::Terminal, "")? {
            Some(Record { body: Body::Terminal(spec), .. }) => Some(Arc::new(*spec)),
            _ => None,
        };
        self.specs.insert(scope.to_owned(), spec.clone());
        Ok(spec)
    }

    /// Writes signs of life. They may be lost with a crash, so nobody waits for the disk.
    fn flush(&mut self) {
        let fresh = std::mem::take(&mut lock(&self.registry).fresh);
        if fresh.is_empty() {
            return;
        }
        let written = self.store.disk.write(|open| {
            let mut transaction = open.db.begin_write()?;
            transaction.set_durability(redb::Durability::None)?;
            {
                let mut beats = transaction.open_table(BEATS)?;
                for ((scope, id), at) in &fresh {
                    beats.insert((scope.as_str(), id.as_str()), at.as_microsecond())?;
                }
            }
            transaction.commit()?;
            Ok(())
        });
        if let Err(fault) = written {
            tracing::warn!(error = &*fault.0 as &dyn std::error::Error, "signs of life were not written");
        }
        self.pending.get_or_insert_with(Instant::now);
    }

    /// Makes the database safe where it has not been for this long; the log then begins anew.
    fn make_safe(&mut self, after: Duration) {
        if self.pending.is_none_or(|since| since.elapsed() < after) {
            return;
        }
        let safe = self.store.disk.write(|open| {
            let mut log = open.log();
            let Some(log) = log.as_mut() else { return Ok(()) };
            let mut transaction = open.db.begin_write()?;
            transaction.set_quick_repair(true);
            transaction.commit()?;
            log.begin_anew();
            Ok(())
        });
        match safe {
            Ok(()) => self.pending = None,
            // What was confirmed is in the log.
            Err(fault) => tracing::warn!(error = &*fault.0 as &dyn std::error::Error, "terminals were not made safe"),
        }
    }
}

/// For readers elsewhere in the adapter.
pub(super) fn record(bytes: &[u8]) -> Result<Record, StoreError> {
    read("a record", bytes)
}
