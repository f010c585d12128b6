//! The HTTP API.
//!
//! ```text
//! front (given out before?) -> edge (id, log line, panic, problem details) -> auth (tenant) -> router -> handler -> plans
//! ```
//!
//! | route | handler |
//! |---|---|
//! | `POST /v1/{problem}/plans` | `submit` |
//! | `POST /v1/{problem}/validate`, `/verify` | `check` |
//! | `POST /v1/{problem}/plans/{id}/what-if` | `whatif` |
//! | `POST /v1/uploads` | `uploads` |
//! | `GET /v1/plans`, `GET` and `DELETE /v1/plans/{id}` | `stored` |
//! | `/v1/terminals…` | `terminal` |
//! | `GET /livez`, `/readyz`, `/openapi.json` | `service` |
//!
//! Problems come from a registry: a new one is served without a change here.

mod auth;
mod body;
pub mod check;
mod edge;
mod etag;
mod front;
mod limits;
mod negotiate;
pub mod openapi;
mod paging;
pub mod problem;
mod replay;
pub mod resource;
pub mod service;
mod shortcut;
pub mod stored;
mod submit;
pub mod terminal;
pub mod uploads;
mod whatif;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Extension;
use axum::http::HeaderValue;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use portolan::AnyProblem;
use tokio::sync::Semaphore;

use crate::keys::KeyRing;
use crate::plans::Plans;
use crate::plans::record::Tenant;
use crate::ports::Uploads;
use crate::telemetry::metrics::Metrics;
use crate::terminal::Terminals;
pub use auth::Caller;
pub use front::Front;
use problem::{Code, Trouble};
use shortcut::Shortcuts;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    plans: Arc<Plans>,
    keys: Option<Arc<KeyRing>>,
    body_time: Duration,
    /// Whether only requests to and from this machine's own names are served.
    own_names_only: bool,
    /// Where large requests are uploaded to.
    uploads: Option<Arc<dyn Uploads>>,
    /// State of terminals.
    terminals: Option<Arc<Terminals>>,
    offered: Offered,
    /// Documents that are parsed at the same time, each up to ten megabytes of text.
    parsing: Arc<Semaphore>,
    /// Routes of requests for plans.
    planned: Arc<[(Arc<str>, &'static dyn AnyProblem)]>,
    shortcuts: Arc<Shortcuts>,
    metrics: Arc<Metrics>,
    /// What each tenant may ask for, as a header field.
    policy: Option<HeaderValue>,
    /// The only tenant where no keys are in use.
    local: Tenant,
}

/// Which part of the API a process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// All of it.
    Everything,
    /// Making plans, checking requests and answers.
    Planning,
    /// Stored plans: reading, listing, cancelling.
    Reading,
    /// The state of terminals.
    Terminals,
}

/// The problem that a route is for.
#[derive(Clone, Copy)]
struct Served(&'static dyn AnyProblem);

/// When the platform ends the invocation. Where it is an extension of a request, the solve keeps to it.
#[derive(Clone, Copy, Debug)]
pub struct EndsAt(pub Instant);

impl Api {
    /// An API on these plans. Without keys, every caller is the one local tenant.
    pub fn new(plans: Arc<Plans>, keys: Option<KeyRing>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let parsing = Arc::new(Semaphore::new(2 * cores));
        let (uploads, terminals, offered) = (None, None, Offered::Everything);
        let route = |problem: &&'static dyn AnyProblem| (format!("/v1/{}/plans", problem.name()).into(), *problem);
        let planned = plans.problems().iter().map(route).collect();
        Self {
            policy: limits::policy(&plans.settings().quota),
            plans,
            keys: keys.map(Arc::new),
            body_time: BODY_TIME,
            own_names_only: false,
            uploads,
            terminals,
            offered,
            parsing,
            planned,
            shortcuts: Arc::default(),
            metrics: Arc::new(Metrics::new()),
            local: Tenant::local(),
        }
    }

    /// With another limit to the time that a body may take.
    #[must_use]
    pub fn body_time(mut self, body_time: Duration) -> Self {
        self.body_time = body_time;
        self
    }

    /// Serves requests to and from this machine's own names only. Without keys, loopback alone does not keep a web page out that
    /// the user has open: it can post across origins, and with a name that resolves to 127.0.0.1 it can read as well.
    #[must_use]
    pub fn own_names_only(mut self, only: bool) -> Self {
        self.own_names_only = only;
        self
    }

    /// With a place for large requests.
    #[must_use]
    pub fn uploads(mut self, uploads: Arc<dyn Uploads>) -> Self {
        self.uploads = Some(uploads);
        self
    }

    /// With the state of terminals. Where plans are read, it tells how far a terminal has moved on since a plan was made from it.
    #[must_use]
    pub fn terminals(mut self, terminals: Arc<Terminals>) -> Self {
        self.terminals = Some(terminals);
        self
    }

    /// Serves a part alone.
    #[must_use]
    pub fn offering(mut self, offered: Offered) -> Self {
        self.offered = offered;
        self
    }

    /// All of it, with what was given out before answered first.
    pub fn front(self) -> Front {
        Front::new(self.clone(), self.router())
    }

    /// The router.
    pub fn router(self) -> Router {
        self.router_within(|router| router)
    }

    /// The router, with layers of the caller's below the one that writes troubles out.
    pub fn router_within(self, layers: impl FnOnce(Router<Self>) -> Router<Self>) -> Router {
        let mut router = Router::new();
        if matches!(self.offered, Offered::Everything | Offered::Reading) {
            router = router
                .route("/v1/plans", get(stored::list))
                .route("/v1/plans/{id}", get(stored::show).delete(stored::remove));
        }
        let planned: &[_] =
            if matches!(self.offered, Offered::Everything | Offered::Planning) { self.plans.problems() } else { &[] };
        if !planned.is_empty() {
            router = router.route("/v1/uploads", post(uploads::begin));
        }
        for &problem in planned {
            let route = |action: &str| format!("/v1/{}/{action}", problem.name());
            let served = Extension(Served(problem));
            router = router
                .route(&route("plans"), post(submit::submit).layer(served))
                .route(&route("validate"), post(check::validate).layer(served))
                .route(&route("verify"), post(check::verify).layer(served));
            if problem.offers_what_if() {
                router = router.route(&route("plans/{id}/what-if"), post(whatif::ask).layer(served));
            }
        }
        if self.terminals.is_some() && matches!(self.offered, Offered::Everything | Offered::Terminals) {
            router = terminal::routes(router);
        }
        router = router.layer(from_fn_with_state(self.clone(), auth::admit));
        let router = router
            .route("/livez", get(service::livez))
            .route("/readyz", get(service::readyz))
            .route("/openapi.json", get(service::openapi))
            .route("/metrics", get(service::metrics))
            .fallback(service::nothing)
            .method_not_allowed_fallback(service::wrong_method);
        layers(router).layer(from_fn_with_state(self.clone(), edge::edge)).with_state(self)
    }

    /// Parses where it delays no other request, and not too many documents at once.
    async fn parse<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Trouble> {
        let permit = Arc::clone(&self.parsing).acquire_owned().await;
        let parsed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        parsed.await.map_err(|error| {
            tracing::error!(alarm = true, %error, "reading a document panicked");
            Trouble::new(Code::Internal, "the document could not be processed; this is a bug and was logged")
        })
    }
}
