//! `POST /v1/{problem}/plans`.

use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use portolan::{AnyProblem, Tier};

use super::edge::AboutPlan;
use super::negotiate::Prefer;
use super::problem::{Code, Trouble};
use super::replay::{self, Replay};
use super::shortcut::Shown;
use super::{Api, EndsAt, Served, body, etag, negotiate, resource, uploads};
use crate::plans::fingerprint::digest;
use crate::plans::record::{PlanId, Record, Tenant, Urgency};
use crate::plans::state::Status;
use crate::plans::{Ask, Given};
use crate::ports::Parts;
use crate::terminal::planning::Origin;

/// How a plan is asked for, whatever it is made from.
pub(super) struct Terms {
    key: Option<String>,
    prefer: Prefer,
    urgency: Urgency,
    arrived: Instant,
    time_left: Option<Duration>,
}

/// What a plan is made from.
pub(super) enum Source {
    /// A request in a body, which is known again by its bytes.
    Body(Bytes),
    /// The stored state of a terminal.
    Terminal(Origin),
}

/// Leave to make a plan, with the claim on the idempotency key where there is one.
pub(super) struct Turn {
    id: PlanId,
    held: Option<(replay::Held, Option<PlanId>)>,
}

impl Terms {
    /// From the head of a request that has just come in.
    pub(super) fn read(parts: &request::Parts) -> Result<Self, Trouble> {
        let arrived = Instant::now();
        let headers = &parts.headers;
        negotiate::accept(headers, OFFERS)?;
        let time_left = parts.extensions.get::<EndsAt>().map(|end| end.0.saturating_duration_since(arrived));
        let (key, prefer) = (replay::key(headers)?, Prefer::read(headers));
        Ok(Self { key, prefer, urgency: Urgency::of_priority(negotiate::urgency(headers)), arrived, time_left })
    }

    /// A turn for a request of this content, or the response that it got before.
    pub(super) async fn turn(
        &self,
        api: &Api,
        tenant: &Tenant,
        content: &[&[u8]],
    ) -> Result<Result<Turn, Response>, Trouble> {
        let id = PlanId::fresh();
        let held = match &self.key {
            None => None,
            Some(key) => match replay::claim(&api.plans, tenant, key.clone(), digest(content), id).await? {
                Replay::Again(response) => return Ok(Err(response)),
                Replay::Ahead(held, earlier) => Some((held, earlier)),
            },
        };
        if let Some((_, Some(earlier))) = &held
            && let Some(record) = promised_before(api, tenant, *earlier).await?
        {
            let response = respond(api, &given_before(record), self.prefer)?;
            return Ok(Err(settle(held, response).await?));
        }
        Ok(Ok(Turn { id, held }))
    }

    /// Makes the plan, or promises it.
    pub(super) async fn plan(
        self,
        api: &Api,
        tenant: Tenant,
        turn: Turn,
        problem: &'static dyn AnyProblem,
        request: Box<dyn portolan::Request>,
        source: Source,
    ) -> Result<Response, Trouble> {
        let Self { prefer, urgency, arrived, time_left, .. } = self;
        let (wait, respond_async) = (prefer.wait, prefer.respond_async);
        let options = request.options().clone();
        let (said, origin) = match source {
            Source::Body(said) => (Some(said), None),
            Source::Terminal(origin) => (None, Some(origin)),
        };
        let ask = Ask {
            tenant: tenant.clone(),
            id: turn.id,
            problem,
            request,
            wait,
            respond_async,
            urgency,
            arrived,
            time_left,
            origin,
        };
        let given = api.plans.submit(ask).await?;
        if let (Some(said), Given::Known(known)) = (said, &given) {
            api.shortcuts.remember(&tenant, problem.name(), &said, known, options);
        }
        settle(turn.held, respond(api, &given, prefer)?).await
    }
}

/// What the caller may ask for.
pub(super) const OFFERS: &[&str] = &["application/json"];

pub(super) async fn submit(
    State(api): State<Api>,
    Extension(Served(problem)): Extension<Served>,
    Extension(tenant): Extension<Tenant>,
    request: Request,
) -> Result<Response, Trouble> {
    let (parts, stream) = request.into_parts();
    let terms = Terms::read(&parts)?;
    body::check_media_type(&parts.headers, true)?;
    let document = body::read(&parts.headers, stream, api.body_time).await?;
    let document = uploads::resolve(&api, &tenant, document).await?;
    let content = document.clone();
    let request = api.parse(move || problem.read(&document)).await?.map_err(Trouble::issues)?;
    match terms.turn(&api, &tenant, &[problem.name().as_bytes(), &content]).await? {
        Ok(turn) => terms.plan(&api, tenant, turn, problem, request, Source::Body(content)).await,
        Err(response) => Ok(response),
    }
}

async fn settle(held: Option<(replay::Held, Option<PlanId>)>, response: Response) -> Result<Response, Trouble> {
    match held {
        Some((held, _)) => held.settle(response).await,
        None => Ok(response),
    }
}

/// The plan that the dead holder of an idempotency key had promised.
async fn promised_before(api: &Api, tenant: &Tenant, id: PlanId) -> Result<Option<Record>, Trouble> {
    let record = api.plans.get(tenant, id, Parts { request: false, best: true }).await?;
    Ok(record.filter(|record| record.head.deferred || record.head.state.status == Status::Done))
}

fn given_before(record: Record) -> Given {
    if record.head.state.status.is_final() || record.answer().is_some() {
        Given::Answered { record, joined: true, stored: true }
    } else {
        Given::Promised { record, joined: true }
    }
}

fn respond(api: &Api, given: &Given, prefer: Prefer) -> Result<Response, Trouble> {
    let (record, mut headers, status) = match given {
        Given::Known(known) => return Ok(Shown::new(known, Tier::Cached)?.response()),
        Given::Stale(known) => return Ok(Shown::new(known, Tier::Stale)?.response()),
        Given::Answered { record, joined, stored } => {
            if let Some(failure) = record.head.failure {
                return Err(Trouble::failure(failure));
            }
            if record.answer().is_none() {
                return Err(unanswered(api));
            }
            let collapsed = if *joined { "; collapsed" } else { "" };
            let kept = if *stored { "; stored" } else { "" };
            (record, fields(&format!("portolan; fwd=miss{kept}{collapsed}")), StatusCode::OK)
        }
        Given::Promised { record, joined } => {
            let collapsed = if *joined { "; collapsed" } else { "" };
            let mut headers = fields(&format!("portolan; fwd=miss; stored{collapsed}"));
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            (record, headers, StatusCode::ACCEPTED)
        }
    };
    let mut shown = resource::full(record, false);
    let promised = status == StatusCode::ACCEPTED;
    if promised {
        shown.tier = Some(Tier::Deferred);
    }
    let applied = [
        (promised && prefer.respond_async).then(|| "respond-async".to_owned()),
        prefer.wait.map(|wait| format!("wait={}", wait.as_secs())),
    ];
    let applied = applied.into_iter().flatten().collect::<Vec<_>>().join(", ");
    set(&mut headers, header::ETAG, &etag::tag(&record.head, ""));
    set(&mut headers, header::LOCATION, &format!("/v1/plans/{}", record.head.id));
    if !applied.is_empty() {
        set(&mut headers, HeaderName::from_static("preference-applied"), &applied);
    }
    let tier = shown.tier;
    let mut response = (status, headers, Json(shown)).into_response();
    response.extensions_mut().insert(AboutPlan(record.head.id, tier));
    Ok(response)
}

/// The plan was stopped before its solve began.
fn unanswered(api: &Api) -> Trouble {
    if api.plans.is_closing() {
        return Trouble::new(Code::ShuttingDown, "the service is going down").with(header::RETRY_AFTER, "5");
    }
    Trouble::new(Code::Cancelled, "somebody cancelled it; post it again")
}

fn fields(cache_status: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, HeaderName::from_static("cache-status"), cache_status);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
}
