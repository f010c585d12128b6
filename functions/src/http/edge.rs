//! The outermost layer: gives each request an id, counts it and writes one log line about it, turns panics and troubles into problem
//! details.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use portolan::Tier;
use tracing::Instrument;
use uuid::Uuid;

use super::Api;
use super::problem::{Carried, Code, MEDIA_TYPE, Trouble};
use crate::plans::record::{IdText, PlanId, Tenant};
use crate::telemetry::{self, Answered};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const ID_CHARS: usize = 128;

/// For the log line: whose request it was.
#[derive(Clone)]
pub(super) struct ByTenant(pub(super) Tenant);

/// For the log line: which plan it was about, and of which tier the answer is.
#[derive(Clone)]
pub(super) struct AboutPlan(pub(super) PlanId, pub(super) Option<Tier>);

/// Marks a response with an error status whose body is as it should be.
#[derive(Clone)]
pub(super) struct Complete;

/// What the end of a request needs to know of its beginning.
#[derive(Clone)]
pub(super) struct About {
    begun: Instant,
    id: HeaderValue,
    method: Method,
    route: Option<Arc<str>>,
    trace: Option<HeaderValue>,
}

impl About {
    /// Notes that a request has begun, on this route.
    pub(super) fn new(parts: &Parts, route: Option<Arc<str>>) -> Self {
        let trace = parts.headers.get(TRACE_PARENT).filter(|value| is_trace_parent(value)).cloned();
        Self { begun: Instant::now(), id: request_id(&parts.headers), method: parts.method.clone(), route, trace }
    }

    fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    fn trace(&self) -> Option<&str> {
        self.trace.as_ref().and_then(|trace| trace.to_str().ok())
    }

    /// Completes the response; counts and logs it.
    pub(super) fn end(&self, api: &Api, mut response: Response) -> Response {
        let tenant = response.extensions_mut().remove::<ByTenant>();
        let plan = response.extensions_mut().remove::<AboutPlan>();
        self.end_of(api, response, tenant.as_ref().map(|tenant| &tenant.0), plan.as_ref())
    }

    /// The same for a response of this tenant about this plan.
    pub(super) fn end_of(
        &self,
        api: &Api,
        mut response: Response,
        tenant: Option<&Tenant>,
        about: Option<&AboutPlan>,
    ) -> Response {
        write_trouble(&mut response, self.id());
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let plan = about.map(|about| about.0.text());
        let tier = about.and_then(|about| about.1).map(Tier::name);
        let (status, latency) = (response.status().as_u16(), self.begun.elapsed());
        api.metrics.answered(self.route.as_deref(), status, tier, latency);
        telemetry::answered(&Answered {
            request_id: self.id(),
            traceparent: self.trace(),
            method: self.method.as_str(),
            route: self.route.as_deref(),
            status,
            latency,
            tenant: tenant.map(Tenant::name),
            plan: plan.as_ref().map(IdText::as_str),
            tier,
        });
        response
    }
}

pub(super) async fn edge(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let about = parts.extensions.remove::<About>().unwrap_or_else(|| {
        let route = parts.extensions.get::<MatchedPath>().map(|path| Arc::from(path.as_str()));
        About::new(&parts, route)
    });
    let span = tracing::info_span!("request", request_id = about.id(), traceparent = about.trace());
    let answered = next.run(Request::from_parts(parts, body));
    let answered = AssertUnwindSafe(answered).catch_unwind().instrument(span.clone()).await;
    let response = answered.unwrap_or_else(|_| {
        let _in_span = span.enter();
        tracing::error!(alarm = true, "a handler panicked");
        Trouble::new(Code::Internal, "this is a bug and was logged under the request id").into_response()
    });
    about.end(&api, response)
}

/// The caller's id where it has a harmless one, otherwise a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let harmless =
        |id: &&HeaderValue| (1..=ID_CHARS).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    headers.get(REQUEST_ID).filter(harmless).cloned().unwrap_or_else(fresh_id)
}

/// A UUID of version 7: the time, then bits that no other request of this process has, from a start that no other process has.
fn fresh_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let start = START.get_or_init(|| Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).as_u64_pair().1);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // An odd multiplier makes of distinct numbers distinct numbers (Steele, Lea and Flood 2014, SplitMix).
    let number = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    // The variant takes two bits of what follows; these stand in for them.
    bytes[1] = (number >> 62) as u8;
    let id = uuid::Builder::from_unix_timestamp_millis(now.as_millis() as u64, &bytes).into_uuid();
    let mut text = Uuid::encode_buffer();
    // Digits and dashes are a header value.
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// A W3C trace context of version 00: `00-<32 digits>-<16 digits>-<2 digits>`.
fn is_trace_parent(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let lengths = text.split('-').map(str::len);
    let digits = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    digits && lengths.eq([2, 32, 16, 2])
}

fn write_trouble(response: &mut Response, request_id: &str) {
    let carried = response.extensions_mut().remove::<Carried>();
    let status = response.status();
    let is_complete = response.extensions().get::<Complete>().is_some();
    let is_error = (status.is_client_error() || status.is_server_error()) && !is_complete;
    let trouble = match carried {
        Some(Carried(trouble)) => trouble,
        // What the framework itself refuses.
        None if is_error => {
            let code = if status.is_server_error() { Code::Internal } else { Code::BadRequest };
            Arc::new(Trouble::new(code, "the request could not be processed"))
        }
        None => return,
    };
    let details = trouble.details(request_id);
    *response.status_mut() = StatusCode::from_u16(details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Strings and numbers always serialise.
    let body = serde_json::to_vec(&details).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = Body::from(body);
}
