//! What goes wrong, as problem details (RFC 9457). Handlers return a [`Trouble`]; the edge writes it out, because only
//! the edge knows the request's id.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portolan::{Issue, Violation};
use serde::{Deserialize, Serialize};

use crate::plans::Rejected;
use crate::plans::record::Failure;
use crate::ports::StoreError;
use crate::terminal::event::Stamp;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Kinds of trouble. The names are a promise: programs branch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The body is no JSON document.
    NotJson,
    /// A parameter or a header field is not understood.
    BadRequest,
    /// No key, or one that nobody has.
    Unauthorized,
    /// Nothing is there.
    NotFound,
    /// The place does not offer the method.
    MethodNotAllowed,
    /// None of the asked media types is on offer.
    NotAcceptable,
    /// The body took too long.
    RequestTimeout,
    /// The plan has no answer to show yet.
    NoAnswerYet,
    /// The plan was cancelled before it had an answer.
    Cancelled,
    /// The first request with this idempotency key is still being answered.
    IdempotencyInFlight,
    /// It has changed in between.
    PreconditionFailed,
    /// The body is too large.
    DocumentTooLarge,
    /// The body is of no known media type.
    UnsupportedMediaType,
    /// The document is not valid; the issues say why.
    Invalid,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// The answer claims what is not true; the violations say what.
    NotConfirmed,
    /// The container is elsewhere.
    Elsewhere,
    /// Something stands on the container.
    NotOnTop,
    /// The stack takes no more.
    StackFull,
    /// The slot is not the next free one.
    NotNextSlot,
    /// A rule of the yard forbids it.
    RuleForbids,
    /// The container must not leave.
    OnHold,
    /// Something depends on it.
    InUse,
    /// The rest of the plan can no longer be carried out.
    PlanStale,
    /// It is another step's turn.
    OutOfStep,
    /// All equipment that could do it is offline.
    NoEquipment,
    /// A bug.
    Internal,
    /// A bug in the solver.
    SolverPanicked,
    /// A plan was refuted by the checker.
    PlanWithheld,
    /// An earlier version stored what this one cannot read.
    RequestUnreadable,
    /// A web page of another site asks, or the request was sent to another name.
    Misdirected,
    /// The tenant has had its share.
    QuotaExceeded,
    /// Too much to do.
    Overloaded,
    /// Plans cannot be stored.
    StoreUnavailable,
    /// The service ends.
    ShuttingDown,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 35] = [
        Self::NotJson,
        Self::BadRequest,
        Self::Unauthorized,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestTimeout,
        Self::NoAnswerYet,
        Self::Cancelled,
        Self::IdempotencyInFlight,
        Self::PreconditionFailed,
        Self::DocumentTooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::IdempotencyMismatch,
        Self::NotConfirmed,
        Self::Elsewhere,
        Self::NotOnTop,
        Self::StackFull,
        Self::NotNextSlot,
        Self::RuleForbids,
        Self::OnHold,
        Self::InUse,
        Self::PlanStale,
        Self::OutOfStep,
        Self::NoEquipment,
        Self::Internal,
        Self::SolverPanicked,
        Self::PlanWithheld,
        Self::RequestUnreadable,
        Self::Misdirected,
        Self::QuotaExceeded,
        Self::Overloaded,
        Self::StoreUnavailable,
        Self::ShuttingDown,
    ];

    /// Name, HTTP status and title.
    pub fn describe(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotJson => ("not_json", S::BAD_REQUEST, "The body is not a JSON document"),
            Self::BadRequest => ("bad_request", S::BAD_REQUEST, "A parameter or header field is not understood"),
            Self::Unauthorized => ("unauthorized", S::UNAUTHORIZED, "A valid API key is needed"),
            Self::NotFound => ("not_found", S::NOT_FOUND, "Nothing is there"),
            Self::MethodNotAllowed => ("method_not_allowed", S::METHOD_NOT_ALLOWED, "The method is not offered here"),
            Self::NotAcceptable => ("not_acceptable", S::NOT_ACCEPTABLE, "No acceptable media type is on offer"),
            Self::RequestTimeout => ("request_timeout", S::REQUEST_TIMEOUT, "The body took too long to arrive"),
            Self::NoAnswerYet => ("no_answer_yet", S::CONFLICT, "The plan has no answer yet"),
            Self::Cancelled => ("cancelled", S::CONFLICT, "The plan was cancelled before it had an answer"),
            Self::IdempotencyInFlight => {
                ("idempotency_in_flight", S::CONFLICT, "The first request with this key is still being answered")
            }
            Self::PreconditionFailed => ("precondition_failed", S::PRECONDITION_FAILED, "It has changed in between"),
            Self::DocumentTooLarge => ("document_too_large", S::PAYLOAD_TOO_LARGE, "The document is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", S::UNSUPPORTED_MEDIA_TYPE, "The body is of no media type that is read here")
            }
            Self::Invalid => ("invalid", S::UNPROCESSABLE_ENTITY, "The document is not valid"),
            Self::IdempotencyMismatch => {
                ("idempotency_mismatch", S::UNPROCESSABLE_ENTITY, "The key was used for another request")
            }
            Self::NotConfirmed => ("not_confirmed", S::UNPROCESSABLE_ENTITY, "The answer is not confirmed"),
            Self::Elsewhere => ("container_elsewhere", S::CONFLICT, "The container is elsewhere"),
            Self::NotOnTop => ("not_on_top", S::CONFLICT, "Something stands on the container"),
            Self::StackFull => ("stack_full", S::CONFLICT, "The stack takes no more"),
            Self::NotNextSlot => ("not_next_slot", S::CONFLICT, "The slot is not the next free one of its stack"),
            Self::RuleForbids => ("rule_forbids", S::CONFLICT, "A rule of the yard forbids it"),
            Self::OnHold => ("on_hold", S::CONFLICT, "The container must not leave"),
            Self::InUse => ("in_use", S::CONFLICT, "Something depends on it"),
            Self::PlanStale => ("plan_stale", S::CONFLICT, "The rest of the plan can no longer be carried out"),
            Self::OutOfStep => ("out_of_step", S::CONFLICT, "It is another step's turn"),
            Self::NoEquipment => ("no_equipment", S::CONFLICT, "All equipment that could do it is offline"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Something broke on our side"),
            Self::SolverPanicked => ("solver_panicked", S::INTERNAL_SERVER_ERROR, "The solver broke"),
            Self::PlanWithheld => ("plan_withheld", S::INTERNAL_SERVER_ERROR, "The plan failed its check"),
            Self::RequestUnreadable => {
                ("request_unreadable", S::INTERNAL_SERVER_ERROR, "The stored request cannot be read")
            }
            Self::Misdirected => ("misdirected", S::MISDIRECTED_REQUEST, "Only this machine is served without a key"),
            Self::QuotaExceeded => ("quota_exceeded", S::TOO_MANY_REQUESTS, "The tenant has had its share"),
            Self::Overloaded => ("overloaded", S::SERVICE_UNAVAILABLE, "Too much to do right now"),
            Self::StoreUnavailable => ("store_unavailable", S::SERVICE_UNAVAILABLE, "Plans cannot be stored"),
            Self::ShuttingDown => ("shutting_down", S::SERVICE_UNAVAILABLE, "The service is shutting down"),
        }
    }
}

impl From<Failure> for Code {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::SolverPanicked => Self::SolverPanicked,
            Failure::PlanWithheld => Self::PlanWithheld,
            Failure::RequestUnreadable => Self::RequestUnreadable,
        }
    }
}

/// What a caller can do about a failed plan.
pub fn about(failure: Failure) -> &'static str {
    match failure {
        Failure::SolverPanicked => "this is a bug and was logged; another seed may avoid it",
        Failure::PlanWithheld => "this is a bug and was logged; a plan that fails its own check is never given out",
        Failure::RequestUnreadable => "post the request again",
    }
}

/// Problem details as they are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemDetails {
    /// Names the kind of trouble.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid")]
    pub kind: String,
    /// The kind of trouble, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This trouble, for people.
    pub detail: String,
    /// The kind of trouble, for programs.
    #[schema(example = "invalid")]
    pub code: String,
    /// Everything wrong with the document, each with a JSON pointer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    /// Everything that an answer claims and that is not true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// Who changed it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub won: Option<Stamp>,
    /// Names the request in the logs.
    pub request_id: String,
}

/// Trouble on its way to the edge.
#[derive(Clone, Debug)]
pub struct Trouble {
    code: Code,
    detail: String,
    issues: Vec<Issue>,
    violations: Vec<Violation>,
    won: Option<Box<Stamp>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Trouble {
    /// Trouble of a kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (issues, violations, headers) = (Vec::new(), Vec::new(), Vec::new());
        Self { code, detail: detail.into(), issues, violations, won: None, headers }
    }

    /// A document with issues: 400 where it is no JSON at all, 413 where it is too large, 422 where it is read but not valid.
    pub fn issues(issues: Vec<Issue>) -> Self {
        let code = match issues.first().map(|issue| issue.code.as_ref()) {
            Some("not_json") => Code::NotJson,
            Some("document_too_large") => Code::DocumentTooLarge,
            _ => Code::Invalid,
        };
        let detail = match issues.as_slice() {
            [only] => only.to_string(),
            many => format!("{} issues; each says where, why and what to do", many.len()),
        };
        Self { issues, ..Self::new(code, detail) }
    }

    /// An answer that is not confirmed.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let detail = format!("{} claims of the document do not hold", violations.len());
        Self { violations, ..Self::new(Code::NotConfirmed, detail) }
    }

    /// A failed plan.
    pub fn failure(failure: Failure) -> Self {
        Self::new(failure.into(), about(failure))
    }

    /// Because somebody changed it before.
    #[must_use]
    pub fn won_by(mut self, won: Option<Stamp>) -> Self {
        self.won = won.map(Box::new);
        self
    }

    /// With a header field.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        self.headers.extend(value.try_into().ok().map(|value| (name, value)));
        self
    }

    /// Writes it out.
    pub(super) fn details(&self, request_id: &str) -> ProblemDetails {
        let (code, status, title) = self.code.describe();
        ProblemDetails {
            kind: format!("/problems/{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            code: code.to_owned(),
            issues: self.issues.clone(),
            violations: self.violations.clone(),
            won: self.won.as_deref().cloned(),
            request_id: request_id.to_owned(),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
        match error {
            StoreError::Conflict => Self::new(Code::PreconditionFailed, "somebody else changed it; read it again"),
            StoreError::Unavailable(_) => {
                Self::new(Code::StoreUnavailable, "plans cannot be read or written").with(header::RETRY_AFTER, "5")
            }
            StoreError::Unreadable { .. } => Self::new(Code::Internal, "a stored record cannot be read"),
        }
    }
}

impl From<Rejected> for Trouble {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Busy { retry_after } => Self::new(Code::Overloaded, "no solver is free for this request in time")
                .with(header::RETRY_AFTER, (retry_after.as_millis().div_ceil(1000) as u64).clamp(1, 60)),
            Rejected::Quota(standing) => {
                let wait = standing.next.as_millis().div_ceil(1000) as u64;
                Self::new(
                    Code::QuotaExceeded,
                    "this tenant has had its share of new solves; what is known is still given out",
                )
                .with(header::RETRY_AFTER, wait.max(1))
            }
            Rejected::Closing => {
                Self::new(Code::ShuttingDown, "the service is going down").with(header::RETRY_AFTER, "5")
            }
            Rejected::Store(_) => {
                Self::new(Code::StoreUnavailable, "the plan cannot be stored").with(header::RETRY_AFTER, "5")
            }
        }
    }
}

/// Carries a [`Trouble`] from a handler to the edge.
#[derive(Clone)]
pub(super) struct Carried(pub(super) Arc<Trouble>);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.code.describe().1.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(Carried(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_say_what_their_status_says() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.describe().0).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.describe().1.as_u16() >= 400));
    }
}
