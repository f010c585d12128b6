//! `POST /v1/{problem}/plans`.

use std::time::Instant;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portolan::Tier;

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

/// What the caller may ask for.
pub(super) const OFFERS: &[&str] = &["application/json"];

pub(super) async fn submit(
    State(api): State<Api>,
    Extension(Served(problem)): Extension<Served>,
    Extension(tenant): Extension<Tenant>,
    request: Request,
) -> Result<Response, Trouble> {
    let arrived = Instant::now();
    let (parts, stream) = request.into_parts();
    let headers = &parts.headers;
    negotiate::accept(headers, OFFERS)?;
    body::check_media_type(headers, true)?;
    let key = replay::key(headers)?;
    let prefer = Prefer::read(headers);
    let document = body::read(headers, stream, api.body_time).await?;

    let document = uploads::resolve(&api, &tenant, document).await?;
    let said = document.clone();
    let body_digest = key.as_ref().map(|_| digest(&[problem.name().as_bytes(), &document]));
    let request = api.parse(move || problem.read(&document)).await?.map_err(Trouble::issues)?;
    let id = PlanId::fresh();
    let held = match key.zip(body_digest) {
        None => None,
        Some((key, digest)) => match replay::claim(&api.plans, &tenant, key, digest, id).await? {
            Replay::Again(response) => return Ok(response),
            Replay::Ahead(held, earlier) => Some((held, earlier)),
        },
    };
    if let Some((_, Some(earlier))) = &held
        && let Some(record) = promised_before(&api, &tenant, *earlier).await?
    {
        let response = respond(&api, &given_before(record), prefer)?;
        return settle(held, response).await;
    }
    let time_left = parts.extensions.get::<EndsAt>().map(|end| end.0.saturating_duration_since(arrived));
    let options = request.options().clone();
    let ask = Ask {
        tenant: tenant.clone(),
        id,
        problem,
        request,
        wait: prefer.wait,
        respond_async: prefer.respond_async,
        urgency: Urgency::of_priority(negotiate::urgency(headers)),
        arrived,
        time_left,
    };
    let given = api.plans.submit(ask).await?;
    if let Given::Known(known) = &given {
        api.shortcuts.remember(&tenant, problem.name(), &said, known, options);
    }
    let response = respond(&api, &given, prefer)?;
    settle(held, response).await
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
    let shown = resource::full(record, false);
    let applied = [
        (status == StatusCode::ACCEPTED).then(|| "respond-async".to_owned()),
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
