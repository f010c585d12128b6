//! `POST /v1/{problem}/plans/{id}/what-if`: what would be if, answered from a plan that is there.
//!
//! It is answered on the line and not stored: the question is small, the answer is the same again as long as the plan is, and asking twice does nothing twice.

use std::time::Instant;

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::edge::AboutPlan;
use super::problem::{Code, Trouble};
use super::{Api, Served, body, negotiate};
use crate::plans::record::{PlanId, Tenant};
use crate::ports::Parts;

pub(super) async fn ask(
    State(api): State<Api>,
    Extension(Served(problem)): Extension<Served>,
    Extension(tenant): Extension<Tenant>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let (parts, stream) = request.into_parts();
    negotiate::accept(&parts.headers, &["application/json"])?;
    body::check_media_type(&parts.headers, false)?;
    let question = body::read(&parts.headers, stream, api.body_time).await?;
    let missing = || Trouble::new(Code::NotFound, "there is no such plan, or it is past its expiry");
    let id: PlanId = id.parse().map_err(|_| missing())?;
    let record = api.plans.get(&tenant, id, Parts { request: true, best: true }).await?;
    let record = record.filter(|record| record.head.problem == problem.name()).ok_or_else(missing)?;
    if record.answer().is_none() {
        let detail = "the plan has no answer yet that a scenario could be answered from";
        return Err(Trouble::new(Code::NoAnswerYet, detail).with(header::RETRY_AFTER, "1"));
    }
    let answered = api.parse(move || {
        let started = Instant::now();
        let clock = || started.elapsed();
        problem.what_if(record.request.as_ref()?, record.answer()?, &question, &clock)
    });
    let reply = answered.await?.ok_or_else(|| {
        Trouble::new(
            Code::Invalid,
            "the plan was made by another version; post its request again, and ask of that plan",
        )
    })?;
    let reply = reply.map_err(Trouble::issues)?;
    let mut response = ([(header::CACHE_CONTROL, "no-store")], Json(reply)).into_response();
    response.extensions_mut().insert(AboutPlan(id, None));
    Ok(response)
}
