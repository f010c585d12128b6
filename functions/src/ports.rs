//! What the life of a plan needs from the outside, as narrow traits. [`crate::adapters`] implements them; nothing
//! else knows where things are kept.
//!
//! Every method takes the tenant, so that no adapter can forget it. Futures are boxed, because the services hold
//! their adapters as trait objects: which one is used is decided once, at start.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::guard::breaker::State;
use crate::guard::quota::{Standing, What};
use crate::plans::record::{Head, PlanId, Tenant, Urgency};
use crate::plans::state::Status;
pub use crate::terminal::port::TerminalStore;

/// An answer that an adapter gives later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A stored plan: its numbers, and those of its large parts that were asked for.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Status and numbers.
    pub head: Head,
    /// The request as JSON.
    pub request: Option<Arc<[u8]>>,
    /// The best plan so far, or the answer, as [`crate::plans::record::Best`] in JSON.
    pub best: Option<Arc<[u8]>>,
}

/// Which large parts to read along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// [`Stored::request`]
    pub request: bool,
    /// [`Stored::best`]
    pub best: bool,
}

/// One write of a plan.
#[derive(Clone, Debug)]
pub struct Write {
    /// The new head.
    pub head: Head,
    /// The version that this write replaces; `None` for a plan that is not stored yet.
    pub replaces: Option<u64>,
    /// A new request; `None` keeps the stored one.
    pub request: Option<Arc<[u8]>>,
    /// A new best plan; `None` keeps the stored one.
    pub best: Option<Arc<[u8]>>,
    /// Whether the write must survive a crash once it is confirmed. Not for what nobody was told about yet.
    pub durable: bool,
}

/// Which plans to list.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Only plans in this status.
    pub status: Option<Status>,
    /// Only plans older than this one.
    pub before: Option<PlanId>,
    /// At most so many.
    pub limit: usize,
}

/// A page of plans, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The plans.
    pub heads: Vec<Head>,
    /// Where the next page begins: [`Query::before`]. `None` on the last page.
    pub next: Option<PlanId>,
}

/// What a store says when it cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote in between.
    #[error("the record was changed in between")]
    Conflict,
    /// It cannot be reached, is full, or the disk fails.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What it holds cannot be read.
    #[error("the store holds something unreadable: {what}")]
    Unreadable {
        /// Which record.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// What a call gives; where it takes longer than this, it is as good as away.
    pub async fn unless_late<T>(limit: Duration, call: impl Future<Output = Result<T, Self>>) -> Result<T, Self> {
        let late = || Err(Self::Unavailable("it does not answer in time".into()));
        tokio::time::timeout(limit, call).await.unwrap_or_else(|_| late())
    }
}

/// Keeps plans. What it has confirmed as durable is there after a crash.
pub trait PlanStore: Send + Sync {
    /// Reads a plan. A plan past its expiry is not there.
    fn get<'a>(&'a self, tenant: &'a Tenant, id: PlanId, parts: Parts)
    -> Later<'a, Result<Option<Stored>, StoreError>>;
    /// Writes a plan on condition that the stored version is the one it replaces.
    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>>;
    /// Deletes a plan on condition that the stored version is this one. Nothing to delete is a conflict.
    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>>;
    /// Lists plans, newest first.
    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>>;
    /// The finished plan with the smallest gap that has this fingerprint, with its best plan.
    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>>;
}

/// A response as it left, to be given again to the same `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What is known about an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Digest of the request that used the key first.
    pub digest: String,
    /// The plan that the request was to make.
    pub plan: PlanId,
    /// Until then the request counts as in flight; after it, whoever held the claim is taken to be dead.
    pub leased_until: Timestamp,
    /// When the key is forgotten.
    pub expires_at: Timestamp,
    /// The response, once there is one.
    pub response: Option<Kept>,
}

/// What became of an attempt to claim a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's now. The earlier claim is given where its holder died.
    Fresh(Option<Claim>),
    /// Somebody else holds it or has finished.
    Taken(Claim),
}

/// Remembers which requests were made already.
pub trait ReplayStore: Send + Sync {
    /// Claims a key: fresh where there is no claim, or only an expired one, or one without response whose lease is over.
    fn claim<'a>(&'a self, tenant: &'a Tenant, key: &'a str, claim: Claim) -> Later<'a, Result<Claimed, StoreError>>;
    /// Keeps the response. Durable once it returns.
    fn settle<'a>(&'a self, tenant: &'a Tenant, key: &'a str, response: Kept) -> Later<'a, Result<(), StoreError>>;
    /// Gives the key up, so that it may be used again.
    fn release<'a>(&'a self, tenant: &'a Tenant, key: &'a str) -> Later<'a, Result<(), StoreError>>;
}

/// Looks after a store as a whole, across tenants.
pub trait Upkeep: Send + Sync {
    /// Every plan that is queued or running: what a restart has to take care of.
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>>;
    /// Forgets what has expired and, beyond the store's bound, the oldest finished plans. Returns how many plans.
    fn prune(&self) -> Later<'_, Result<usize, StoreError>>;
    /// How the store, and what stands in front of it, is.
    fn check(&self) -> Later<'_, Vec<Dependency>>;
    /// The breakers before the store and what stands in front of it, by name.
    fn breakers(&self) -> Vec<(&'static str, State)> {
        Vec::new()
    }
}

/// What looking at a dependency may take.
const CHECK: Duration = Duration::from_millis(500);

/// Something that the service depends on, as it was found just now.
#[derive(Debug)]
pub struct Dependency {
    /// What it is.
    pub name: &'static str,
    /// Whether there are no answers without it. Losing another costs speed.
    pub needed: bool,
    /// Whether it works.
    pub state: Result<(), StoreError>,
    /// Where it was found, where that had to be found out.
    pub place: Option<String>,
}

impl Dependency {
    /// What a look at something found; where it takes longer than half a second, it is as good as away.
    pub async fn found(name: &'static str, needed: bool, look: impl Future<Output = Result<(), StoreError>>) -> Self {
        Self { name, needed, state: StoreError::unless_late(CHECK, look).await, place: None }
    }
}

/// Remembers finished plans by tenant and fingerprint, in front of a [`PlanStore`]. It may forget at any time, and what it
/// says must still be what the store would say.
pub trait PlanCache: Send + Sync {
    /// What is remembered.
    fn get<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<Option<Arc<[u8]>>, StoreError>>;
    /// Remembers, for about this long.
    fn set<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
        value: Arc<[u8]>,
        keep: Duration,
    ) -> Later<'a, Result<(), StoreError>>;
    /// Forgets.
    fn forget<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<(), StoreError>>;
    /// Whether it works.
    fn check(&self) -> Later<'_, Result<(), StoreError>>;
    /// Where it was found; `None` where that had not to be found out, or was not yet.
    fn place(&self) -> Option<String> {
        None
    }
    /// The breaker before it, where there is one.
    fn breaker(&self) -> Option<State> {
        None
    }
}

/// Counts what tenants ask for, for all processes together.
pub trait Quotas: Send + Sync {
    /// Counts a request or a solve, where `allowed` in any `span` are.
    fn take<'a>(
        &'a self,
        tenant: &'a Tenant,
        what: What,
        allowed: u32,
        span: Duration,
    ) -> Later<'a, Result<Standing, StoreError>>;
}

/// Tells processes which solves others are at, so that equal requests cost one.
pub trait Flights: Send + Sync {
    /// Whether the flight is the caller's now, for this long at most. `holder` names the caller.
    fn take_off<'a>(&'a self, flight: &'a str, holder: &'a str, lease: Duration)
    -> Later<'a, Result<bool, StoreError>>;
    /// Ends a flight, where it is the holder's.
    fn land<'a>(&'a self, flight: &'a str, holder: &'a str) -> Later<'a, Result<(), StoreError>>;
}

/// Tells processes how long deferred solves have waited that are begun now, wherever they are begun.
pub trait Backlog: Send + Sync {
    /// A solve of this urgency was begun after this long.
    fn begun(&self, urgency: Urgency, waited: Duration) -> Later<'_, Result<(), StoreError>>;
    /// What was said last of each urgency, where that was lately.
    fn waits(&self) -> Later<'_, Result<[Option<Duration>; 3], StoreError>>;
}

/// Where a request may be uploaded that is too large to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What it is called.
    pub id: String,
    /// Where to PUT it.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Keeps requests that were uploaded, for a day.
pub trait Uploads: Send + Sync {
    /// A place for one.
    fn begin<'a>(&'a self, tenant: &'a Tenant) -> Later<'a, Result<Upload, StoreError>>;
    /// What was uploaded; at most a byte more than a document may have.
    fn read<'a>(&'a self, tenant: &'a Tenant, id: &'a str) -> Later<'a, Result<Option<Vec<u8>>, StoreError>>;
}

/// The time of day.
pub trait WallClock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The adapters in use. [`Stores::on`] has those that a process needs.
#[derive(Clone)]
pub struct Stores {
    /// Plans.
    pub plans: Arc<dyn PlanStore>,
    /// Idempotency records.
    pub replays: Arc<dyn ReplayStore>,
    /// The store as a whole.
    pub upkeep: Arc<dyn Upkeep>,
    /// What tenants ask of all processes together; where there is none, each process counts for itself.
    pub quotas: Option<Arc<dyn Quotas>>,
    /// Solves that other processes are at; where there is none, equal requests meet within a process.
    pub flights: Option<Arc<dyn Flights>>,
    /// How long deferred solves wait that others begin; where it is not known, they are promised without limit.
    pub backlog: Option<Arc<dyn Backlog>>,
    /// The time of day.
    pub clock: Arc<dyn WallClock>,
}

impl Stores {
    /// One store for all, and nothing that processes share besides.
    pub fn on<S: PlanStore + ReplayStore + Upkeep + 'static>(store: &Arc<S>, clock: Arc<dyn WallClock>) -> Self {
        let (plans, replays, upkeep) = (Arc::clone(store) as _, Arc::clone(store) as _, Arc::clone(store) as _);
        Self { plans, replays, upkeep, quotas: None, flights: None, backlog: None, clock }
    }
}
