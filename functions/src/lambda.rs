//! The API as a Lambda function: the same router, with two differences.
//!
//! A function is frozen once it has answered. So nothing is deferred here: `Prefer: respond-async` is answered inline, and
//! the missing `Preference-Applied` says so (RFC 7240 leaves a preference to the server); `improve` is answered by the
//! first phase alone. Plans are kept in memory, as long as the instance lives; adapters for stores in the cloud implement
//! the same [`crate::ports`].
//!
//! And an invocation ends at a fixed time: solves keep a margin to it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use lambda_http::RequestExt;

use crate::adapters::SystemClock;
use crate::adapters::embedded::{Bounds, Embedded};
use crate::config::{ConfigError, LambdaConfig};
use crate::http::{Api, EndsAt};
use crate::plans::Plans;
use crate::telemetry::{self, LogFormat};

/// Why the function does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment is not understood.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] crate::adapters::embedded::OpenError),
    /// The system gives no threads.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// Serves invocations until the platform ends the process.
pub async fn run() -> Result<(), lambda_http::Error> {
    telemetry::start(LogFormat::Json);
    let config = LambdaConfig::read(|name| std::env::var(name).ok())?;
    lambda_http::run(router(config)?).await
}

/// The router of the function.
pub fn router(config: LambdaConfig) -> Result<Router, StartError> {
    let store = Embedded::in_memory(Arc::new(SystemClock), Bounds { plans: 200, bytes: 64 << 20 })?;
    let plans = Plans::new(portolan::problem::registry(), store.stores(), config.settings)?;
    let margin = config.margin;
    let keep_to_end = move |mut request: Request, next: Next| async move {
        let end = request.extensions().lambda_context_ref().map(|context| context.deadline());
        if let Some(end) = end {
            request.extensions_mut().insert(EndsAt(until(end, SystemTime::now(), margin)));
        }
        let response: Response = next.run(request).await;
        response
    };
    Ok(Api::new(plans, config.keys).router().layer(from_fn(keep_to_end)))
}

fn until(end: SystemTime, now: SystemTime, margin: Duration) -> Instant {
    Instant::now() + end.duration_since(now).unwrap_or_default().saturating_sub(margin)
}
