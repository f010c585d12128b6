//! Plans made from what is stored, and carrying them out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use portolan::{Issue, Problem, berth::Berths, yard::Yards};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::problem::{Code, Trouble};
use super::super::resource::Standing;
use super::super::submit::{Source, Terms};
use super::super::{Api, body, negotiate};
use super::asked::{Asked, has_already, read_json, tag, terminals};
use super::records::missing;
use crate::plans::record::{PlanId, Tenant};
use crate::ports::Parts;
use crate::terminal::equipment::Awake;
use crate::terminal::event::{Body, Change, Entity, PlannedMove, Progress, Record, Refusal, Stamp, Step};
use crate::terminal::planning::{self, Drawn, Origin};
use crate::terminal::port::All;

/// A step that is to be carried out.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanStepRequest)]
pub struct NextStep {
    /// Its number, from 1. Steps are carried out in their order.
    pub step: usize,
    /// Which equipment does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<String>,
}

/// How far a plan has been carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanCarriedOut)]
pub struct CarriedOut {
    /// The plan, under `/v1/plans`.
    pub plan: String,
    /// Steps that were carried out.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
    /// Why the rest can no longer be carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
    /// The next step; not there where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<PlannedMove>,
    /// Who carried out the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Stamp>,
}

pub(super) async fn berth(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let now = terminals(&api)?.now();
    let draw = move |all: &All, equipment: &[Awake], asked: &planning::berth::Asked| {
        planning::berth::draw(all, equipment, asked, now)
    };
    planned::<Berths, _>(&api, tenant, terminal, request, draw).await
}

pub(super) async fn yard(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    planned::<Yards, _>(&api, tenant, terminal, request, planning::yard::draw).await
}

/// A plan for a problem that is drawn from the terminal as it is now. From there on it is a plan like any other.
async fn planned<P: Problem, A: DeserializeOwned + Send + 'static>(
    api: &Api,
    tenant: Tenant,
    terminal: String,
    request: Request,
    draw: impl Fn(&All, &[Awake], &A) -> Result<Drawn, Refusal> + Send + 'static,
) -> Result<Response, Trouble> {
    let (parts, stream) = request.into_parts();
    let terms = Terms::read(&parts)?;
    body::check_media_type(&parts.headers, false)?;
    let mut document = body::read(&parts.headers, stream, api.body_time).await?;
    if document.is_empty() {
        // Everything has a default.
        document = Bytes::from_static(b"{}");
    }
    let asked: A = read_json(&document).map_err(|issue| Trouble::issues(vec![issue]))?;
    let problem = api.plans.problem(P::NAME).ok_or_else(|| Trouble::new(Code::NotFound, "not planned here"))?;
    let turn = match terms.turn(api, &tenant, &[parts.uri.path().as_bytes(), &document]).await? {
        Ok(turn) => turn,
        Err(response) => return Ok(response),
    };
    let service = terminals(api)?;
    super::records::exists(api, &tenant, &terminal).await?;
    let all = service.snapshot(&tenant, &terminal, None).await?;
    let equipment: Vec<Awake> =
        service.equipment(&tenant, &terminal).await?.into_iter().map(|(awake, _)| awake).collect();
    let (version, drawn) = (all.version, api.parse(move || (all.fingerprint(), draw(&all, &equipment, &asked))));
    let (fingerprint, drawn) = drawn.await?;
    let Drawn { request, offline, left_out } = drawn?;
    let origin = Origin { id: terminal, version, fingerprint, offline, left_out };
    terms.plan(api, tenant, turn, problem, request, Source::Terminal(origin)).await
}

/// How the terminal stands to a plan that was made from it; `None` where terminals are not served.
pub(in crate::http) async fn standing(
    api: &Api,
    tenant: &Tenant,
    id: PlanId,
    origin: &Origin,
) -> Result<Option<Standing>, Trouble> {
    let Some(service) = api.terminals.as_deref() else { return Ok(None) };
    // The version first: a step that is carried out meanwhile does not look like somebody else's doing.
    let current_version = service.version(tenant, &origin.id).await?;
    let progress = service.record(tenant, &origin.id, Entity::Progress, &id.to_string()).await?;
    let (done, is_stale) = progress.as_ref().map_or((0, false), |record| match &record.body {
        Body::Progress(progress) => (progress.done, progress.stale.is_some()),
        _ => (0, false),
    });
    // A step is two events, of the container and of the progress; that it failed is one.
    let own = 2 * done as u64 + u64::from(is_stale);
    let has_moved_on = current_version > origin.version + own;
    Ok(Some(Standing { current_version, has_moved_on, is_stale, done }))
}

pub(super) async fn progress(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path((terminal, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &["application/json"])?;
    let (id, moves) = moves(&api, &tenant, &terminal, &id).await?;
    let record = terminals(&api)?.record(&tenant, &terminal, Entity::Progress, &id.to_string()).await?;
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(record) = &record {
        fields.extend(tag(record.stamp.version).map(|tag| (header::ETAG, tag)));
        if has_already(&headers, record.stamp.version) {
            return Ok((axum::http::StatusCode::NOT_MODIFIED, fields).into_response());
        }
    }
    Ok((fields, Json(shown(id, &moves, record.as_ref()))).into_response())
}

pub(super) async fn step(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path((terminal, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let NextStep { step, equipment } = asked.json()?;
    let (plan, moves) = moves(&api, &tenant, &terminal, &id).await?;
    let number = step.checked_sub(1).filter(|number| *number < moves.len());
    let Some((number, planned)) = number.and_then(|number| Some((number, moves.get(number)?.clone()))) else {
        let cause = format!("the plan has {} steps, and {step} is none of them", moves.len());
        let issue = Issue::new("no_such_step", "/step", cause, "steps are numbered from 1");
        return Err(Trouble::issues(vec![issue]));
    };
    let change = Change::Step(Step { plan, number, of: moves.len(), planned, equipment });
    let made = asked.change(&api, &tenant, &terminal, change).await?;
    let fields = made.fields(None);
    Ok((fields, Json(shown(plan, &moves, made.receipt.record.as_ref()))).into_response())
}

fn shown(id: PlanId, moves: &[PlannedMove], record: Option<&Record>) -> CarriedOut {
    let progress = match record.map(|record| &record.body) {
        Some(Body::Progress(progress)) => progress.clone(),
        _ => Progress { id, done: 0, of: moves.len(), stale: None },
    };
    let next = moves.get(progress.done).filter(|_| progress.stale.is_none()).cloned();
    let changed = record.map(|record| record.stamp.clone());
    CarriedOut { plan: id.to_string(), done: progress.done, of: progress.of, stale: progress.stale, next, changed }
}

/// The moves of a yard plan that was made from this terminal.
async fn moves(api: &Api, tenant: &Tenant, terminal: &str, id: &str) -> Result<(PlanId, Vec<PlannedMove>), Trouble> {
    let id: PlanId = id.parse().map_err(|_| missing())?;
    let record = api.plans.get(tenant, id, Parts { request: false, best: true }).await?.ok_or_else(missing)?;
    let of_this = record.head.terminal.as_ref().is_some_and(|origin| origin.id == terminal);
    if !of_this || record.head.problem != Yards::NAME {
        return Err(Trouble::new(Code::NotFound, "that is no yard plan made from this terminal"));
    }
    // A plan that is still improved must not change under the hands of who carries it out.
    let Some(answer) = record.answer().filter(|_| record.head.state.status.is_final()) else {
        return Err(Trouble::new(Code::NoAnswerYet, "the plan is not done").with(header::RETRY_AFTER, "1"));
    };
    let moves = planning::yard::planned(&answer.plan);
    Ok((id, moves.ok_or_else(|| Trouble::new(Code::Internal, "the plan's moves cannot be read"))?))
}
