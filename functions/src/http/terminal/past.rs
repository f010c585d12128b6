//! What happened, and how it stood at a time.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::paging::{bad, link};
use super::super::problem::Trouble;
use super::super::{Api, negotiate};
use super::asked::{has_already, tag, terminals};
use super::records::{Pairs, Wanted, missing, page};
use crate::plans::record::Tenant;
use crate::terminal::event::{Entity, Record};
use crate::terminal::port::{Part, Past};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// A terminal at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TerminalSnapshot)]
pub struct Snapshot {
    /// The number of the last event in it.
    pub version: u64,
    /// The terminal's version now.
    pub current_version: u64,
    /// Digest of what it holds: equal states have equal fingerprints.
    pub fingerprint: String,
    /// All records.
    pub records: Vec<Record>,
}

pub(super) async fn history(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    let path = format!("/v1/terminals/{terminal}/history");
    events(&api, &tenant, &terminal, None, &headers, pairs, &path).await
}

pub(super) async fn of_record(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Extension(entity): Extension<Entity>,
    Path((terminal, id)): Path<(String, String)>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    let path = format!("/v1/terminals/{terminal}/{}/{id}/history", entity.plural());
    events(&api, &tenant, &terminal, Some((entity, id)), &headers, pairs, &path).await
}

async fn events(
    api: &Api,
    tenant: &Tenant,
    terminal: &str,
    about: Option<(Entity, String)>,
    headers: &HeaderMap,
    pairs: Pairs,
    path: &str,
) -> Result<Response, Trouble> {
    let kind = negotiate::accept(headers, &[JSON, LINES])?;
    let wanted = Wanted::read(pairs, &["from", "to"])?;
    let after = wanted.after.as_deref().unwrap_or("0").parse().map_err(|_| bad("cursor comes from `next` only"))?;
    let (from, to) = (time(&wanted, "from")?, time(&wanted, "to")?);
    let past = Past { about, after, from, to, limit: wanted.limit };
    if terminals(api)?.version(tenant, terminal).await? == 0 {
        return Err(missing());
    }
    let Part { items, more } = terminals(api)?.history(tenant, terminal, past).await?;
    let next = items.last().filter(|_| more).map(|last| wanted.next(path, &last.stamp.version.to_string()));
    if kind == LINES {
        let lines: String = items.iter().map(|event| serde_json::to_string(event).unwrap_or_default() + "\n").collect();
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
        fields.extend(link(next.as_ref()));
        return Ok((fields, lines).into_response());
    }
    let items = items.iter().map(|event| serde_json::to_value(event).unwrap_or_default()).collect();
    Ok(page(items, next))
}

pub(super) async fn snapshot(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &[JSON])?;
    let wanted = Wanted::read(pairs, &["at"])?;
    let at = time(&wanted, "at")?;
    let terminals = terminals(&api)?;
    let current_version = terminals.version(&tenant, &terminal).await?;
    if current_version == 0 {
        return Err(missing());
    }
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if at.is_none() && has_already(&headers, current_version) {
        fields.extend(tag(current_version).map(|tag| (header::ETAG, tag)));
        return Ok((axum::http::StatusCode::NOT_MODIFIED, fields).into_response());
    }
    let all = terminals.snapshot(&tenant, &terminal, at).await?;
    let fingerprint = all.fingerprint();
    let current_version = current_version.max(all.version);
    fields.extend(tag(all.version).map(|tag| (header::ETAG, tag)));
    let snapshot = Snapshot { version: all.version, current_version, fingerprint, records: all.records };
    Ok((fields, Json(snapshot)).into_response())
}

pub(super) fn time(wanted: &Wanted, name: &str) -> Result<Option<Timestamp>, Trouble> {
    let wrong = |_| bad(format!("{name} is a time such as 2026-03-02T06:30:00Z"));
    wanted.get(name).map(str::parse).transpose().map_err(wrong)
}
