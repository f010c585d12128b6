//! Who asks: the tenant behind an API key, or the one local tenant where no keys are in use.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::edge::ByTenant;
use super::problem::{Code, Trouble};
use super::{Api, limits};
use crate::guard::quota::{Standing, What};
use crate::plans::record::Tenant;

/// Who asks, where something in front of the router knows: an authorizer of the gateway. An extension of a request.
#[derive(Clone, Debug)]
pub struct Caller(pub Tenant);

/// A caller who was let in, and where that leaves its quota.
#[derive(Clone)]
pub(super) struct Admitted {
    pub(super) tenant: Tenant,
    standing: Option<Standing>,
}

impl Admitted {
    /// Tells the caller where it stands.
    pub(super) fn mark(&self, api: &Api, response: &mut Response) {
        if let Some(standing) = &self.standing {
            limits::mark(response.headers_mut(), standing);
        }
        if let Some(policy) = &api.policy {
            response.headers_mut().insert(limits::POLICY, policy.clone());
        }
    }
}

pub(super) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let admitted = match request.extensions_mut().remove::<Admitted>() {
        Some(admitted) => admitted,
        None => match check(&api, request.headers(), request.extensions()).await {
            Ok(admitted) => admitted,
            Err(trouble) => return trouble.into_response(),
        },
    };
    request.extensions_mut().insert(admitted.tenant.clone());
    let mut response = next.run(request).await;
    admitted.mark(&api, &mut response);
    response.extensions_mut().insert(ByTenant(admitted.tenant));
    response
}

/// Who asks, and whether the caller may.
pub(super) async fn check(api: &Api, headers: &HeaderMap, extensions: &Extensions) -> Result<Admitted, Trouble> {
    if api.own_names_only && !is_from_here(headers) {
        let detail =
            "use http://127.0.0.1 or http://localhost; for other names and for web pages, serve with --api-keys";
        return Err(Trouble::new(Code::Misdirected, detail));
    }
    let tenant = match &api.keys {
        // What stands in front of this process may have found out already who asks.
        None => extensions.get::<Caller>().map_or_else(|| api.local.clone(), |caller| caller.0.clone()),
        Some(keys) => key(headers).and_then(|key| keys.tenant(key)).cloned().ok_or_else(refused)?,
    };
    let standing = api.plans.count(&tenant, What::Request).await;
    match standing {
        Some(standing) if !standing.allowed => Err(limits::exceeded(&api.plans.settings().quota, &standing)),
        standing => Ok(Admitted { tenant, standing }),
    }
}

/// Whether a request was sent to a name of this machine, and by no page of another site.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let own_host = text(header::HOST).is_none_or(is_own);
    let own_origin =
        text(header::ORIGIN).is_none_or(|origin| origin.split_once("://").is_some_and(|(_, it)| is_own(it)));
    own_host && own_origin
}

/// Whether an authority, `host[:port]`, is this machine.
fn is_own(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_are_those_of_loopback() {
        for own in ["localhost", "LocalHost:8080", "127.0.0.1:8080", "127.0.0.1", "[::1]:80", "[::1]"] {
            assert!(is_own(own), "{own}");
        }
        for other in ["", "example.org", "127.0.0.1.example.org:80", "192.0.2.1:80", "[2001:db8::1]:80"] {
            assert!(!is_own(other), "{other}");
        }
    }
}
