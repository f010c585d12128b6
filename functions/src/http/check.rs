//! Checks without a solve: whether a request is valid, whether an answer is true.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use portolan::problem::Refuted;
use serde::{Deserialize, Serialize};

use super::problem::Trouble;
use super::{Api, Served, body, negotiate, uploads};
use crate::plans::record::Tenant;

/// A request without issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Validated {
    /// Always true; a request with issues is answered by problem details.
    pub valid: bool,
    /// Which problem.
    pub problem: String,
    /// How many there are of each of the request's lists: `{"berths": 3, "calls": 40}`.
    pub counts: std::collections::BTreeMap<String, usize>,
}

const OFFERS: &[&str] = &["application/json"];

pub(super) async fn validate(
    State(api): State<Api>,
    Extension(Served(problem)): Extension<Served>,
    request: Request,
) -> Result<Response, Trouble> {
    let document = document(&api, request, true).await?;
    let counts = api.parse(move || problem.read(&document).map(|request| counts(&request.to_json()))).await?;
    let counts = counts.map_err(Trouble::issues)?;
    let validated = Validated { valid: true, problem: problem.name().to_owned(), counts };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(validated)).into_response())
}

pub(super) async fn verify(
    State(api): State<Api>,
    Extension(Served(problem)): Extension<Served>,
    request: Request,
) -> Result<Response, Trouble> {
    let document = document(&api, request, false).await?;
    let verified = api.parse(move || problem.verify(&document)).await?;
    let verified = verified.map_err(|refuted| match refuted {
        Refuted::Invalid(issues) => Trouble::issues(issues),
        Refuted::Wrong(violations) => Trouble::violations(violations),
    })?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(verified)).into_response())
}

/// The body of a request that is answered in JSON; a benchmark's text only where `text_too`.
async fn document(api: &Api, request: Request, text_too: bool) -> Result<Bytes, Trouble> {
    let (parts, stream) = request.into_parts();
    negotiate::accept(&parts.headers, OFFERS)?;
    body::check_media_type(&parts.headers, text_too)?;
    let document = body::read(&parts.headers, stream, api.body_time).await?;
    match parts.extensions.get::<Tenant>() {
        Some(tenant) => uploads::resolve(api, tenant, document).await,
        None => Ok(document),
    }
}

fn counts(request: &serde_json::Value) -> std::collections::BTreeMap<String, usize> {
    let lists = request.as_object().into_iter().flatten();
    lists.filter_map(|(name, value)| Some((name.clone(), value.as_array()?.len()))).collect()
}
