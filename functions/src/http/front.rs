//! The first door: answers requests for plans that this process has given out before, byte for byte, and passes all others on to the
//! router.
//!
//! The same body from the same tenant is the same request: a digest of the two finds what was given out for it, without parsing,
//! validating and writing out again. Nothing else is skipped: who asks is checked, what is asked is counted and limited, and
//! the answer is counted and logged, all by the same functions that the router's handlers use.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::{IntoResponse, Response};
use portolan::AnyProblem;
use tower_service::Service;

use super::auth::{self, Admitted};
use super::edge::About;
use super::negotiate::{self, Prefer};
use super::shortcut::Shown;
use super::{Api, body, replay, submit};

/// Bodies up to this length are looked up.
const LONGEST: u64 = 256 << 10;

/// The API with the first door before its router.
#[derive(Clone)]
pub struct Front {
    api: Arc<Api>,
    inside: Router,
}

impl Front {
    pub(super) fn new(api: Api, inside: Router) -> Self {
        Self { api: Arc::new(api), inside }
    }

    async fn serve<B>(mut self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let Some(&(ref route, problem)) = self.planned(&request) else {
            return self.pass(request.map(Body::new)).await;
        };
        let (parts, body) = request.into_parts();
        let about = About::new(&parts, Some(Arc::clone(route)));
        let admitted = match auth::check(&self.api, &parts.headers, &parts.extensions).await {
            Ok(admitted) => admitted,
            Err(trouble) => return about.end(&self.api, trouble.into_response()),
        };
        let document = body::read(&parts.headers, Body::new(body), self.api.body_time).await;
        let found = match &document {
            Ok(document) => find(&self.api, &parts, problem, &admitted, document),
            Err(_) => None,
        };
        let (mut response, plan) = match (found, document) {
            (Some(shown), _) => {
                let (response, plan) = shown.parts();
                (response, Some(plan))
            }
            (None, Err(trouble)) => (trouble.into_response(), None),
            (None, Ok(document)) => {
                let mut request = Request::from_parts(parts, Body::from(document));
                request.extensions_mut().insert(about);
                request.extensions_mut().insert(admitted);
                return self.pass(request).await;
            }
        };
        admitted.mark(&self.api, &mut response);
        about.end_of(&self.api, response, Some(&admitted.tenant), plan.as_ref())
    }

    /// The problem that a request is for, where its body may be looked up.
    fn planned<B>(&self, request: &Request<B>) -> Option<&(Arc<str>, &'static dyn AnyProblem)> {
        if request.method() != Method::POST {
            return None;
        }
        let planned = self.api.planned.iter().find(|(route, _)| **route == *request.uri().path())?;
        is_plain(request.headers()).then_some(planned)
    }

    async fn pass(&mut self, request: Request<Body>) -> Response {
        match self.inside.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Whether a request is one that can be answered by what it says alone.
fn is_plain(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| length <= LONGEST) && !headers.contains_key(header::EXPECT) && !replay::has_key(headers)
}

/// What was given out for the same body before, where it still serves.
fn find(
    api: &Api,
    parts: &Parts,
    problem: &'static dyn AnyProblem,
    admitted: &Admitted,
    document: &Bytes,
) -> Option<Shown> {
    // What is wrong with these, the handler says.
    negotiate::accept(&parts.headers, submit::OFFERS).ok()?;
    body::check_media_type(&parts.headers, true).ok()?;
    let prefer = Prefer::read(&parts.headers);
    api.shortcuts.find(&api.plans, &admitted.tenant, problem.name(), document, prefer)
}

impl<B> Service<Request<B>> for Front
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let front = self.clone();
        Box::pin(async move { Ok(front.serve(request).await) })
    }
}
