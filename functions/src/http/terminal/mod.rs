//! `/v1/terminals`: what stands where, what happened, who calls, which equipment is awake.
//!
//! | route under `/v1/terminals/{t}` | handler |
//! |---|---|
//! | itself, `containers/{id}`, `calls/{id}`, `equipment/{id}` and the lists of them | `records` |
//! | `containers` (POST a list, GET as CSV or NDJSON) | `bulk` |
//! | `moves`, `calls/{id}/estimates`, `heartbeats` | `actions` |
//! | `history`, `containers/{id}/history` (and so on), `snapshot` | `past` |
//! | `berth/plans`, `yard/plans`, `plans/{id}`, `plans/{id}/steps` | `plans` |
//!
//! Writes take `Idempotency-Key`, `If-Match`, `If-None-Match: *` and `x-actor`. Key and effect are written in one transaction, so that
//! a retry has one effect whatever dies in between.

pub mod actions;
mod asked;
pub mod bulk;
pub mod past;
pub mod plans;
pub mod records;

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};

use super::Api;
use super::problem::{Code, Trouble};
use crate::terminal::event::{Entity, Reason, Refusal};

/// Adds the routes.
pub(super) fn routes(router: Router<Api>) -> Router<Api> {
    let mut router = router
        .route("/v1/terminals", get(records::terminals))
        .route(
            "/v1/terminals/{t}",
            get(records::show_terminal).put(records::put_terminal).delete(records::remove_terminal),
        )
        .route("/v1/terminals/{t}/containers", get(bulk::list).post(bulk::load))
        .route("/v1/terminals/{t}/calls", get(records::list).layer(Extension(Entity::Call)))
        .route("/v1/terminals/{t}/equipment", get(records::equipment))
        .route("/v1/terminals/{t}/calls/{id}/estimates", post(actions::estimate))
        .route("/v1/terminals/{t}/equipment/{id}/heartbeat", post(actions::heartbeat))
        .route("/v1/terminals/{t}/heartbeats", post(actions::heartbeats))
        .route("/v1/terminals/{t}/moves", post(actions::make_move))
        .route("/v1/terminals/{t}/history", get(past::history))
        .route("/v1/terminals/{t}/snapshot", get(past::snapshot))
        .route("/v1/terminals/{t}/berth/plans", post(plans::berth))
        .route("/v1/terminals/{t}/yard/plans", post(plans::yard))
        .route("/v1/terminals/{t}/plans/{id}", get(plans::progress))
        .route("/v1/terminals/{t}/plans/{id}/steps", post(plans::step));
    for entity in [Entity::Container, Entity::Call, Entity::Equipment] {
        let name = entity.plural();
        let one = get(records::show).put(records::put).delete(records::remove).layer(Extension(entity));
        let past = get(past::of_record).layer(Extension(entity));
        router = router
            .route(&format!("/v1/terminals/{{t}}/{name}/{{id}}"), one)
            .route(&format!("/v1/terminals/{{t}}/{name}/{{id}}/history"), past);
    }
    router
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.reason {
            Reason::NoTerminal | Reason::Missing => Code::NotFound,
            Reason::Changed => Code::PreconditionFailed,
            Reason::Moved => Code::Elsewhere,
            Reason::NotOnTop => Code::NotOnTop,
            Reason::Full => Code::StackFull,
            Reason::NotNext => Code::NotNextSlot,
            Reason::Forbidden => Code::RuleForbids,
            Reason::OnHold => Code::OnHold,
            Reason::InUse => Code::InUse,
            Reason::Stale => Code::PlanStale,
            Reason::OutOfStep => Code::OutOfStep,
            Reason::NoEquipment => Code::NoEquipment,
            Reason::Invalid => return Self::issues(refusal.issues),
            Reason::KeyMismatch => Code::IdempotencyMismatch,
        };
        Self::new(code, refusal.cause).won_by(refusal.won)
    }
}
