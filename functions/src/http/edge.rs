//! The outermost layer: gives each request an id, writes one log line about it, turns panics and troubles into problem
//! details.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use super::problem::{Carried, Code, MEDIA_TYPE, Trouble};
use crate::plans::record::{PlanId, Tenant};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const ID_CHARS: usize = 128;

/// For the log line: whose request it was.
#[derive(Clone)]
pub(super) struct ByTenant(pub(super) Tenant);

/// For the log line: which plan it was about.
#[derive(Clone)]
pub(super) struct AboutPlan(pub(super) PlanId);

/// Marks a response with an error status whose body is as it should be.
#[derive(Clone)]
pub(super) struct Complete;

pub(super) async fn edge(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let trace = request.headers().get(TRACE_PARENT).and_then(trace_parent).map(str::to_owned);
    let span = tracing::info_span!("request", request_id = id, traceparent = trace);

    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| {
        let _in_span = span.enter();
        tracing::error!(alarm = true, "a handler panicked");
        Trouble::new(Code::Internal, "this is a bug and was logged under the request id").into_response()
    });
    write_trouble(&mut response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));

    let tenant = response.extensions().get::<ByTenant>().map(|tenant| tenant.0.to_string());
    let plan = response.extensions().get::<AboutPlan>().map(|plan| plan.0.to_string());
    let (status, latency_ms) = (response.status().as_u16(), begun.elapsed().as_secs_f64() * 1000.0);
    let _in_span = span.enter();
    tracing::info!(%method, route, status, latency_ms, tenant, plan, "answered");
    response
}

/// The caller's id where it has a harmless one, otherwise a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let harmless = |id: &&str| (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    given.filter(harmless).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// A W3C trace context of version 00: `00-<32 digits>-<16 digits>-<2 digits>`.
fn trace_parent(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    (digits && lengths == [2, 32, 16, 2]).then_some(text)
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
