//! What is done rather than kept: moves, estimates, signs of life.

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use portolan::Issue;
use serde::{Deserialize, Serialize};

use super::super::Api;
use super::super::problem::Trouble;
use super::asked::{Asked, terminals};
use super::records::missing;
use crate::plans::record::Tenant;
use crate::terminal::event::{Change, Move};

/// Signs of life in one request at most.
const MAX_BEATS: usize = 20_000;

/// A new estimate of a call.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEstimate)]
pub struct NewEstimate {
    /// When it is expected now.
    #[schema(value_type = String, format = DateTime)]
    pub eta: Timestamp,
}

/// Equipment that is alive.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeats {
    /// Its ids.
    pub equipment: Vec<String>,
}

/// What became of signs of life.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Heard {
    /// How many were taken.
    pub heard: usize,
    /// Ids that are not registered.
    pub unknown: Vec<String>,
}

pub(super) async fn make_move(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let change: Move = asked.json()?;
    let made = asked.change(&api, &tenant, &terminal, Change::Move(change)).await?;
    Ok(made.response("", None))
}

pub(super) async fn estimate(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path((terminal, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let NewEstimate { eta } = asked.json()?;
    let made = asked.change(&api, &tenant, &terminal, Change::Estimate(id, eta)).await?;
    Ok(made.response("", None))
}

pub(super) async fn heartbeat(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path((terminal, id)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let unknown = terminals(&api)?.beat(&tenant, &terminal, vec![id]).await?;
    if unknown.is_empty() { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(missing()) }
}

pub(super) async fn heartbeats(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let Heartbeats { equipment } = asked.json()?;
    if equipment.len() > MAX_BEATS {
        let cause = format!("there are {} ids", equipment.len());
        let issue = Issue::new("too_many", "/equipment", cause, format!("send at most {MAX_BEATS} at once"));
        return Err(Trouble::issues(vec![issue]));
    }
    let sent = equipment.len();
    let unknown = terminals(&api)?.beat(&tenant, &terminal, equipment).await?;
    Ok(Json(Heard { heard: sent - unknown.len(), unknown }).into_response())
}
