//! `/v1/plans`: looking plans up, taking them back.

use axum::Json;
use axum::extract::{Extension, Path, Query as QueryString, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::edge::AboutPlan;
use super::etag::{self, Expected};
use super::paging::{self, bad, link};
use super::problem::{Code, Trouble};
use super::resource::{self, Resource};
use super::{Api, negotiate, terminal};
use crate::plans::Removed;
use crate::plans::record::{PlanId, Record, Tenant};
use crate::plans::state::Status;
use crate::ports::{Parts, Query};

const PAGE: usize = 20;
const MAX_PAGE: usize = 100;
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain";

/// A page of plans, newest first, without the plans themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanPage)]
pub struct Listed<R> {
    /// The plans: status and numbers.
    pub plans: Vec<R>,
    /// Where the next page is; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/plans?limit=20&cursor=0197e5a0-0000-7000-8000-000000000000")]
    pub next: Option<String>,
}

type Pairs = QueryString<Vec<(String, String)>>;

pub(super) async fn list(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    headers: HeaderMap,
    pairs: Result<Pairs, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &[JSON])?;
    let mut query = Query { status: None, before: None, limit: PAGE };
    for (name, value) in pairs.map_err(|_| bad("the query is not readable"))?.0 {
        match name.as_str() {
            "limit" => query.limit = paging::limit(&value, MAX_PAGE)?,
            "cursor" => query.before = Some(value.parse().map_err(|_| bad("cursor comes from `next` only"))?),
            "status" => {
                let names = Status::ALL.map(Status::name).join(", ");
                let status = Status::from_name(&value);
                query.status = Some(status.ok_or_else(|| bad(format!("status is one of {names}")))?);
            }
            other => return Err(bad(format!("there is no parameter {other:?}; there are limit, cursor, status"))),
        }
    }
    let page = api.plans.list(&tenant, query).await?;
    let next = page.next.map(|id| {
        let status = query.status.map(|status| format!("&status={}", status.name())).unwrap_or_default();
        format!("/v1/plans?limit={}&cursor={id}{status}", query.limit)
    });
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.extend(link(next.as_ref()));
    let plans: Vec<Resource<_, _, _>> = page.heads.iter().map(resource::brief).collect();
    Ok((fields, Json(Listed { plans, next })).into_response())
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(id): Path<String>,
    headers: HeaderMap,
    pairs: Result<Pairs, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Trouble> {
    let kind = negotiate::accept(&headers, &[JSON, SVG, TEXT])?;
    let mut with_instance = false;
    for (name, value) in pairs.map_err(|_| bad("the query is not readable"))?.0 {
        match (name.as_str(), value.as_str()) {
            ("include", "instance") => with_instance = true,
            _ => return Err(bad("the only parameter is include=instance")),
        }
    }
    let id = plan_id(&id)?;
    let drawn = kind != JSON;
    let record = api.plans.get(&tenant, id, Parts { request: with_instance || drawn, best: true }).await?;
    let record = record.ok_or_else(missing)?;
    let view = match kind {
        SVG => "svg",
        TEXT => "text",
        _ if with_instance => "instance",
        _ => "",
    };
    let standing = match &record.head.terminal {
        Some(origin) => terminal::plans::standing(&api, &tenant, id, origin).await?,
        None => None,
    };
    // What becomes of its terminal is part of what is shown of a plan.
    let at = standing.as_ref().map(|it| format!("at.{}.{}", it.current_version, it.done)).unwrap_or_default();
    let tag = etag::tag(&record.head, &[view, &at].join(""));
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    fields.insert(header::VARY, HeaderValue::from_static("accept, authorization, x-api-key"));
    fields.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    let mut response = if etag::none_match(&headers, &tag) {
        (StatusCode::NOT_MODIFIED, fields).into_response()
    } else if drawn {
        let text = draw(&api, record, kind == SVG).await?;
        let kind = if kind == SVG { SVG } else { "text/plain; charset=utf-8" };
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        (fields, text).into_response()
    } else {
        if !record.head.state.status.is_final() {
            fields.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let mut shown = resource::full(&record, with_instance);
        if let Some(from) = &mut shown.terminal {
            from.standing = standing;
        }
        (fields, Json(shown)).into_response()
    };
    response.extensions_mut().insert(AboutPlan(id, None));
    Ok(response)
}

pub(super) async fn remove(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &[JSON])?;
    let id = plan_id(&id)?;
    let expected = Expected::read(&headers);
    let mut response = match api.plans.remove(&tenant, id, |head| expected.allows(head)).await? {
        Removed::Deleted => StatusCode::NO_CONTENT.into_response(),
        Removed::Cancelled(record) => now(StatusCode::OK, &record),
        Removed::Stopping(record) => now(StatusCode::ACCEPTED, &record),
        Removed::Changed => return Err(Expected::failed()),
        Removed::Missing => return Err(missing()),
    };
    response.extensions_mut().insert(AboutPlan(id, None));
    Ok(response)
}

fn now(status: StatusCode, record: &Record) -> Response {
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.extend(HeaderValue::from_str(&etag::tag(&record.head, "")).ok().map(|tag| (header::ETAG, tag)));
    (status, fields, Json(resource::full(record, false))).into_response()
}

/// A picture or a table, for people.
async fn draw(api: &Api, record: Record, svg: bool) -> Result<String, Trouble> {
    if record.answer().is_none() {
        let detail = "there is nothing to draw before the plan has an answer; ask for application/json meanwhile";
        return Err(Trouble::new(Code::NoAnswerYet, detail).with(header::RETRY_AFTER, "1"));
    }
    let problem = api.plans.problem(&record.head.problem);
    let drawn = api.parse(move || {
        let request = problem?.read(record.request.as_ref()?).ok()?;
        let answer = record.answer()?;
        if svg { request.svg(answer) } else { request.table(answer) }
    });
    drawn.await?.ok_or_else(|| Trouble::new(Code::NotAcceptable, "this plan cannot be drawn; ask for application/json"))
}

fn plan_id(text: &str) -> Result<PlanId, Trouble> {
    text.parse().map_err(|_| missing())
}

fn missing() -> Trouble {
    Trouble::new(Code::NotFound, "there is no such plan, or it is past its expiry")
}
