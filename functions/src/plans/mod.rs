//! The life of a plan, from being asked for to being forgotten.
//!
//! ```text
//!  submit ──> known already? ──> join an equal solve? ──> queue ──> solve ──> verify ──> keep ──> answer
//!             (fingerprint)      (single flight)         (pool)    (watch: incumbents)
//! ```
//!
//! Reading order: [`state`] and [`record`] are data; [`fingerprint`] and [`quality`] decide when an answer is known
//! already; [`pool`] runs solves; `live` is a plan while it is worked on; [`submit`], `run`, `cancel` and `recover`
//! are what happens to it; `worker` takes a deferred one from a queue between processes.
//!
//! What a caller was told survives a crash: a deferred plan is stored before it is promised, an answer before it is
//! given. After a restart, deferred plans go on under the same id, from scratch but with their best plan so far in view. Solves
//! that a caller waited for on a connection are marked interrupted, because that connection died with the process.

mod cancel;
pub mod fingerprint;
mod live;
pub mod pool;
pub mod quality;
pub mod record;
mod recover;
mod run;
pub mod settings;
pub mod state;
pub mod submit;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portolan::AnyProblem;

pub use cancel::Removed;
pub use recover::Recovered;
pub use settings::{Deferral, Settings};
pub use submit::{Ask, Given, Rejected};
pub use worker::Worked;

use crate::ports::{Page, Parts, Query, StoreError, Stored, Stores};
use live::Table;
use pool::Pool;
use record::{Best, PlanId, Record, Tenant};

/// Problems served under `/v1/{name}`.
pub type Problems = &'static [&'static dyn AnyProblem];

/// Plans, and all that is done with them. One for a process.
pub struct Plans {
    problems: Problems,
    settings: Settings,
    stores: Stores,
    pool: Pool,
    table: Table,
    closing: AtomicBool,
}

impl Plans {
    /// Starts the solver threads. Call [`Plans::recover`] before serving requests.
    pub fn new(problems: Problems, stores: Stores, settings: Settings) -> std::io::Result<Arc<Self>> {
        let pool = Pool::new(settings.workers, settings.queue)?;
        let (table, closing) = (Table::default(), AtomicBool::new(false));
        Ok(Arc::new(Self { problems, settings, stores, pool, table, closing }))
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
