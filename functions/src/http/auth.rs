//! Who asks: the tenant behind an API key, or the one local tenant where no keys are in use.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::edge::ByTenant;
use super::problem::{Code, Trouble};
use crate::plans::record::Tenant;

pub(super) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let tenant = match &api.keys {
        None => Tenant::local(),
        Some(keys) => match key(request.headers()).and_then(|key| keys.tenant(key)) {
            Some(tenant) => tenant.clone(),
            None => return refused().into_response(),
        },
    };
    request.extensions_mut().insert(tenant.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(ByTenant(tenant));
    response
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let plain = || headers.get(HeaderName::from_static("x-api-key")).and_then(|value| value.to_str().ok());
    bearer.or_else(plain)
}

fn refused() -> Trouble {
    Trouble::new(Code::Unauthorized, "send a valid key as `Authorization: Bearer KEY` or `x-api-key: KEY`")
        .with(header::WWW_AUTHENTICATE, "Bearer realm=\"portolan\"")
}
