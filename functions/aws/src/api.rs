//! `optimize`, `plans` and `terminal`: the API as Lambda functions. The router is the one of the local server, with these differences.
//!
//! A function is frozen once it has answered. So what is to outlive its request is stored, and another function does it. Without
//! tables nothing is deferred: `Prefer: respond-async` is answered on the line, and the missing `Preference-Applied` says so (RFC
//! 7240 leaves a preference to the server). An invocation ends at a fixed time: solves keep a margin to it. And who asks may be
//! known to the gateway already.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_config::SdkConfig;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use lambda_http::{RequestExt, Service as _};
use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::cached::Cached;
use portolan_functions::adapters::embedded::{Bounds, Embedded, OpenError};
use portolan_functions::adapters::guarded::Guarded;
use portolan_functions::config::ConfigError;
use portolan_functions::guard::breaker::Policy;
use portolan_functions::http::problem::{Code, Trouble};
use portolan_functions::http::{Api, Caller, EndsAt, Offered};
use portolan_functions::plans::Plans;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{PlanCache, Stores};
use portolan_functions::telemetry::{self, LogFormat};
use portolan_functions::terminal::Terminals;

use crate::bodies::Bodies;
use crate::clients;
use crate::config::Config;
use crate::dynamodb::{self, DynamoDb};
use crate::uploads::Bucket;
use crate::valkey::Valkey;

/// Bytes that a process without tables keeps of plans.
const KEPT: u64 = 64 << 20;

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment is not understood.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The system gives no threads.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// Serves a part of the API until the platform ends the process; as many invocations at a time as the platform says.
pub async fn run(offered: Offered) -> Result<(), lambda_http::Error> {
    telemetry::start(LogFormat::Json, false);
    let config = Config::from_env()?;
    let shared = clients::shared().await;
    let router = router(&config, &shared, offered)?;
    let serve = move |request: lambda_http::Request| {
        let mut router = router.clone();
        async move { router.call(request).await.map(|response| Answer(Mutex::new(response))) }
    };
    lambda_http::run_concurrent(lambda_http::service_fn(serve)).await
}

/// An answer of the router. The runtime wants one that threads could share, which a body is not; nobody shares it.
struct Answer(Mutex<Response>);

impl lambda_http::IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = lambda_http::Response<lambda_http::Body>> + Send>> {
        lambda_http::IntoResponse::into_response(self.0.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The life of plans on what is configured.
pub fn plans(config: &Config, shared: &SdkConfig) -> Result<Arc<Plans>, StartError> {
    Ok(Plans::new(portolan::problem::registry(), stores(config, shared)?, config.settings.clone())?)
}

/// The router of a function.
pub fn router(config: &Config, shared: &SdkConfig, offered: Offered) -> Result<Router, StartError> {
    let mut api = Api::new(plans(config, shared)?, config.keys.clone()).offering(offered);
    if let Some(tables) = &config.tables {
        api = api.uploads(Arc::new(Bucket::new(clients::s3(shared), tables.bucket.clone())));
    }
    if offered != Offered::Planning
        && let Some(tables) = &config.tables
    {
        let (client, clock) = (aws_sdk_dynamodb::Client::new(shared), Arc::new(SystemClock));
        let store = dynamodb::Terminals::new(client, clients::s3(shared), tables, clock.clone());
        let store = Guarded::new("terminals", Arc::new(store), Policy::default());
        api = api.terminals(Arc::new(Terminals::new(Arc::new(store), clock)));
    }
    let (margin, claim) = (config.margin, config.tenant_claim.clone().map(Arc::<str>::from));
    let about = move |mut request: Request, next: Next| {
        let claim = claim.clone();
        async move {
            if let Some(end) = request.extensions().lambda_context_ref().map(lambda_http::Context::deadline) {
                request.extensions_mut().insert(EndsAt(until(end, SystemTime::now(), margin)));
            }
            let is_public = !request.uri().path().starts_with("/v1/");
            if let Some(claim) = claim.filter(|_| !is_public) {
                let Some(tenant) = tenant(&request, &claim) else {
                    let detail = format!("the token has no claim {claim:?} that could name a tenant");
                    return Trouble::new(Code::Unauthorized, detail).into_response();
                };
                request.extensions_mut().insert(Caller(tenant));
            }
            let response: Response = next.run(request).await;
            response
        }
    };
    Ok(api.router_within(|router| router.layer(from_fn(about))))
}

fn stores(config: &Config, shared: &SdkConfig) -> Result<Stores, StartError> {
    let clock = Arc::new(SystemClock);
    let Some(tables) = &config.tables else {
        return Ok(Embedded::in_memory(clock, Bounds { plans: 200, bytes: KEPT })?.stores());
    };
    let bodies = Bodies::new(clients::s3(shared), tables.bucket.clone());
    let store = Arc::new(DynamoDb::new(aws_sdk_dynamodb::Client::new(shared), tables, bodies, clock.clone()));
    let store = Arc::new(Guarded::new("store", store, Policy::default()));
    let valkey = config.cache.as_ref().map(|cache| Arc::new(Valkey::new(cache, shared)));
    let caches: Vec<(&'static str, Arc<dyn PlanCache>)> =
        valkey.iter().map(|valkey| ("cache", Arc::clone(valkey) as _)).collect();
    let plans = Arc::new(Cached::new(store.clone(), store.clone(), caches, clock.clone()));
    let quotas = valkey.clone().map(|valkey| valkey as _);
    let flights = valkey.clone().map(|valkey| valkey as _);
    let backlog = valkey.map(|valkey| valkey as _);
    Ok(Stores { plans: plans.clone(), replays: store, upkeep: plans, quotas, flights, backlog, clock })
}

/// The tenant that the gateway's authorizer found in the caller's token.
fn tenant(request: &Request, claim: &str) -> Option<Tenant> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().request_context_ref() else { return None };
    let name = context.authorizer.as_ref()?.jwt.as_ref()?.claims.get(claim)?;
    let fits = |c: char| c.is_ascii_graphic() && c != '#';
    ((1..=128).contains(&name.len()) && name.chars().all(fits)).then(|| Tenant::new(name))
}

/// The moment, on this process's clock, that is a margin before the end of an invocation. `cargo lambda watch` says for how long an invocation
/// may run, in the field that on Lambda says until when: such an end would be in the first hours of 1970.
pub(crate) fn until(end: SystemTime, now: SystemTime, margin: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_hours(1);
    let left = match end.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(length) if length <= LONGEST => length,
        _ => end.duration_since(now).unwrap_or_default(),
    };
    Instant::now() + left.saturating_sub(margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_ends_a_margin_before_its_deadline() {
        let (now, margin) = (SystemTime::UNIX_EPOCH + Duration::from_hours(500_000), Duration::from_secs(5));
        let left = |end| until(end, now, margin).saturating_duration_since(Instant::now()).as_secs_f64().round() as u64;
        assert_eq!(left(now + Duration::from_secs(30)), 25);
        assert_eq!(left(now - Duration::from_hours(1)), 0, "it is over");
        assert_eq!(left(SystemTime::UNIX_EPOCH + Duration::from_mins(10)), 595, "a length, as cargo lambda has it");
    }
}
