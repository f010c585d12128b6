//! The service about itself.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::OptionFuture;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Trouble};
use super::{Api, Offered, openapi};
use crate::ports::Dependency;

/// How the service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// Whether it serves.
    pub status: HealthStatus,
    /// What it depends on, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<String, HealthStatus>,
    /// Where those were found that were looked up by their name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, String>,
}

/// Whether something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// It works.
    Up,
    /// It does not.
    Down,
}

/// The process lives.
pub(super) async fn livez() -> Response {
    let health = Health { status: HealthStatus::Up, dependencies: BTreeMap::new(), places: BTreeMap::new() };
    ([(header::CACHE_CONTROL, "no-store")], Json(health)).into_response()
}

/// It can do its work.
pub(super) async fn readyz(State(api): State<Api>) -> Response {
    let solver = if api.plans.is_closing() { HealthStatus::Down } else { HealthStatus::Up };
    let mut up = solver == HealthStatus::Up;
    let mut dependencies = BTreeMap::from([("solver".to_owned(), solver)]);
    let mut places = BTreeMap::new();
    // Where plans are made and read, there are answers without them.
    let needed = api.offered == Offered::Terminals;
    let terminals = api.terminals.as_deref();
    let terminals = OptionFuture::from(terminals.map(|them| Dependency::found("terminals", needed, them.check())));
    let (found, terminals) = tokio::join!(api.plans.stores().upkeep.check(), terminals);
    for Dependency { name, needed, state, place } in found.into_iter().chain(terminals) {
        places.extend(place.map(|place| (name.to_owned(), place)));
        let state = match state {
            Ok(()) => HealthStatus::Up,
            Err(error) => {
                tracing::error!(name, error = &error as &dyn std::error::Error, "a dependency is not ready");
                up &= !needed;
                HealthStatus::Down
            }
        };
        dependencies.insert(name.to_owned(), state);
    }
    let health = Health { status: if up { HealthStatus::Up } else { HealthStatus::Down }, dependencies, places };
    let status = if up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(health)).into_response();
    response.extensions_mut().insert(super::edge::Complete);
    response
}

/// Numbers about the process, as Prometheus reads them.
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4"), (header::CACHE_CONTROL, "no-store")];
    (headers, api.metrics.text(&api.plans)).into_response()
}

/// The description of this API.
pub(super) async fn openapi() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, openapi::text()).into_response()
}

/// No such place.
pub(super) async fn nothing(State(api): State<Api>, request: Request) -> Trouble {
    let path = request.uri().path();
    let known: Vec<&str> = api.plans.problems().iter().map(|problem| problem.name()).collect();
    let detail = match path.strip_prefix("/v1/").and_then(|rest| rest.split_once('/')) {
        Some((problem, "plans" | "validate" | "verify")) if !known.contains(&problem) => {
            format!("there is no problem {problem:?}; there is {}", known.join(", "))
        }
        _ => "there is nothing at this path; /openapi.json says what there is".to_owned(),
    };
    Trouble::new(Code::NotFound, detail)
}

/// No such method in this place.
pub(super) async fn wrong_method(request: Request) -> Trouble {
    Trouble::new(Code::MethodNotAllowed, format!("{} is not offered here; see Allow", request.method()))
}
