//! The life of a plan, from being asked for to being forgotten.
//!
//! ```text
//!  submit ──> known already? ──> join an equal solve? ──> queue ──> solve ──> verify ──> keep ──> answer
//!             (fingerprint)      (single flight)         (pool)    (watch: incumbents)
//! ```
//!
//! Reading order: [`state`] and [`record`] are data; [`fingerprint`] and [`quality`] decide when an answer is known
//! already; [`pool`] runs solves; `live` is a plan while it is worked on; [`submit`], with `admission` and `elsewhere`, `run`, `cancel` and
//! `recover` are what happens to it; `worker` takes a deferred one from a queue between processes, `race` gives it all cores.
//!
//! What a caller was told survives a crash: a deferred plan is stored before it is promised, an answer before it is
//! given. After a restart, deferred plans go on under the same id, from scratch but with their best plan so far in view. Solves
//! that a caller waited for on a connection are marked interrupted, because that connection died with the process.

mod admission;
mod cancel;
mod elsewhere;
pub mod fingerprint;
pub mod known;
mod live;
pub mod pool;
pub mod quality;
mod race;
pub mod record;
mod recover;
mod run;
pub mod settings;
mod stale;
pub mod state;
pub mod submit;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portolan::AnyProblem;

pub use cancel::Removed;
pub use known::{Known, Remembered};
pub use recover::Recovered;
pub use settings::{Deferral, Settings};
pub use submit::{Ask, Given, Rejected};
pub use worker::Worked;

use crate::guard::forecast::Forecast;
use crate::guard::quota::{Local, Standing, What};
use crate::ports::{Page, Parts, Query, StoreError, Stored, Stores, Write};
use known::Memories;
use live::Table;
use pool::Pool;
use quality::Merit;
use record::{Best, PlanId, Record, Tenant};
use stale::Kins;
use state::Status;

/// Problems served under `/v1/{name}`.
pub type Problems = &'static [&'static dyn AnyProblem];

/// Plans, and all that is done with them. One for a process.
pub struct Plans {
    problems: Problems,
    settings: Settings,
    stores: Stores,
    pool: Pool,
    table: Table,
    memories: Memories,
    kins: Kins,
    forecast: Arc<Forecast>,
    counts: Local,
    /// Names this process to others.
    holder: String,
    closing: AtomicBool,
}

impl Plans {
    /// Starts the solver threads. Call [`Plans::recover`] before serving requests.
    pub fn new(problems: Problems, stores: Stores, settings: Settings) -> std::io::Result<Arc<Self>> {
        let pool = Pool::new(settings.workers, settings.queue)?;
        Ok(Arc::new(Self {
            problems,
            memories: Memories::new(settings.memory),
            settings,
            stores,
            pool,
            table: Table::default(),
            kins: Kins::default(),
            forecast: Arc::default(),
            counts: Local::default(),
            holder: PlanId::fresh().to_string(),
            closing: AtomicBool::new(false),
        }))
    }

    /// The limits in use.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The adapters in use.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Whether the process shuts down.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// The problem of this name.
    pub fn problem(&self, name: &str) -> Option<&'static dyn AnyProblem> {
        self.problems.iter().copied().find(|problem| problem.name() == name)
    }

    /// Every problem.
    pub fn problems(&self) -> Problems {
        self.problems
    }

    /// A plan, as it is at this moment.
    pub async fn get(&self, tenant: &Tenant, id: PlanId, parts: Parts) -> Result<Option<Record>, StoreError> {
        if let Some(live) = self.table.find(tenant, id) {
            return Ok(Some(live.record()));
        }
        self.stored(tenant, id, parts).await
    }

    /// A page of plans, newest first. A plan that is worked on may show up under its new status a little late.
    pub async fn list(&self, tenant: &Tenant, query: Query) -> Result<Page, StoreError> {
        let mut page = self.stores.plans.list(tenant, query).await?;
        for head in &mut page.heads {
            if let Some(live) = self.table.find(tenant, head.id) {
                *head = live.record().head;
            }
        }
        page.heads.retain(|head| query.status.is_none_or(|status| status == head.state.status));
        Ok(page)
    }

    /// Counts what a tenant asks for; `None` where there is no limit. The shared count decides; while it is away, this process's own.
    pub async fn count(&self, tenant: &Tenant, what: What) -> Option<Standing> {
        let quota = &self.settings.quota;
        let (allowed, span) = quota.of(what)?;
        if let Some(shared) = &self.stores.quotas {
            match shared.take(tenant, what, allowed, span).await {
                Ok(standing) => return Some(standing),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a tenant is counted by this process alone"
                    );
                }
            }
        }
        self.counts.take(tenant, what, quota)
    }

    /// What waits for solver threads, by class, and how many threads are busy.
    pub fn load(&self) -> ([usize; pool::Class::ALL.len()], usize) {
        self.pool.load()
    }

    /// The finished plan of this fingerprint that is remembered, or stored.
    async fn finished(&self, tenant: &Tenant, fingerprint: &str) -> Result<Option<Arc<Known>>, StoreError> {
        if let Some(known) = self.memories.get(tenant, fingerprint).filter(|known| known.is_current()) {
            return Ok(Some(known));
        }
        let seen = self.memories.look(fingerprint);
        let Some(stored) = self.stores.plans.finished(tenant, fingerprint).await? else { return Ok(None) };
        let record = read(stored.clone())?;
        let Some(merit) = record.answer().map(Merit::from) else { return Ok(None) };
        if record.head.state.status != Status::Done {
            return Ok(None);
        }
        Ok(Some(self.memories.remember(tenant, stored, merit, seen, self.stores.clock.now())))
    }

    /// Writes a plan. What is remembered of its fingerprint may be out of date then.
    async fn put(&self, tenant: &Tenant, write: Write) -> Result<(), StoreError> {
        let done = (write.head.state.status == Status::Done).then(|| write.head.fingerprint.clone());
        let result = self.stores.plans.put(tenant, write).await;
        if let Some(fingerprint) = done {
            self.memories.forget(tenant, &fingerprint);
        }
        result
    }

    async fn stored(&self, tenant: &Tenant, id: PlanId, parts: Parts) -> Result<Option<Record>, StoreError> {
        self.stores.plans.get(tenant, id, parts).await?.map(read).transpose()
    }
}

fn read(stored: Stored) -> Result<Record, StoreError> {
    let Stored { head, request, best } = stored;
    let id = head.id;
    let best = best.map(|bytes| serde_json::from_slice::<Best>(&bytes)).transpose().map_err(|source| {
        StoreError::Unreadable { what: format!("the best plan of {id}"), source: Box::new(source) }
    })?;
    Ok(Record { head, best: best.map(Arc::new), request })
}
