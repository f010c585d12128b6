//! Many containers at once, in and out.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use portolan::Issue;
use serde::{Deserialize, Serialize};

use super::super::paging::{bad, link};
use super::super::problem::{Code, Trouble};
use super::super::{Api, body, negotiate};
use super::asked::{Asked, Made, has_already, tag, terminals};
use super::past::time;
use super::records::{self, Pairs, Wanted, Which};
use crate::plans::record::Tenant;
use crate::terminal::container::Container;
use crate::terminal::event::{Body, Entity};
use crate::terminal::load::{Format, Loader, TakeOver, Taken};

const JSON: &str = "application/json";
const CSV: &str = "text/csv";
const LINES: &str = "application/x-ndjson";
/// Containers that are written at once for an export.
const CHUNK: usize = 1000;
/// Issues that are sent; the rest is counted. A list of 100,000 lines may be wrong in all of them, twice.
const MAX_ISSUES: usize = 200_000;

/// Bytes of a list at most: a million lines of the usual length, several times over.
const MAX_BYTES: usize = 256 << 20;

/// What became of a list.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Loaded {
    /// Containers taken over.
    pub loaded: u64,
    /// The terminal's version since.
    pub version: u64,
    /// What is wrong with lines that were left out, each at `/lines/N`.
    pub issues: Vec<Issue>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    let (kind, format) = match negotiate::accept(&headers, &[JSON, CSV, LINES])? {
        CSV => (CSV, Format::Csv),
        LINES => (LINES, Format::Lines),
        _ => {
            let wanted = Wanted::read(pairs, &["slot", "stack", "destination"])?;
            return records::listed(&api, &tenant, &terminal, Entity::Container, wanted).await;
        }
    };
    let wanted = Wanted::read(pairs, &["slot", "stack", "destination", "at"])?;
    let at = time(&wanted, "at")?;
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    fields.insert(header::VARY, HeaderValue::from_static("accept, authorization, x-api-key"));
    if wanted.is_paged {
        if at.is_some() {
            return Err(bad("at goes with the whole list only: leave limit and cursor out"));
        }
        let (items, next) = records::found(&api, &tenant, &terminal, Entity::Container, &wanted).await?;
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.extend(link(next.as_ref()));
        let lines = items.iter().filter_map(|record| record.body.container()).map(|it| format.line(it));
        return Ok((fields, format.head() + &lines.collect::<String>()).into_response());
    }
    // All that is wanted at one version, whatever happens while it is sent.
    let which = Which::read(&wanted)?;
    let service = terminals(&api)?;
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if at.is_none() && headers.contains_key(header::IF_NONE_MATCH) {
        let version = service.version(&tenant, &terminal).await?;
        if has_already(&headers, version) {
            fields.extend(tag(version).map(|tag| (header::ETAG, tag)));
            return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
        }
    }
    let all = service.snapshot(&tenant, &terminal, at).await?;
    if all.spec().is_none() {
        return Err(Trouble::new(Code::NotFound, "there is no such terminal, or there was none at that time"));
    }
    fields.extend(tag(all.version).map(|tag| (header::ETAG, tag)));
    let containers = all.records.into_iter().filter_map(|record| match record.body {
        Body::Container(container) => Some(container),
        _ => None,
    });
    let mut wanted: Vec<Container> = containers.filter(|container| which.has(container)).collect();
    if which.stack.is_some() {
        // From the ground up.
        wanted.sort_by(|a, b| a.slot.cmp(&b.slot));
    }
    let mut left = wanted.into_iter();
    let mut text = format.head();
    let pieces = std::iter::from_fn(move || {
        let lines = left.by_ref().take(CHUNK).map(|container| format.line(&container));
        let piece = std::mem::take(&mut text) + &lines.collect::<String>();
        (!piece.is_empty()).then_some(Ok::<_, std::convert::Infallible>(piece))
    });
    Ok((fields, HttpBody::from_stream(stream::iter(pieces))).into_response())
}

pub(super) async fn load(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    pairs: Pairs,
    request: Request,
) -> Result<Response, Trouble> {
    let (parts, stream) = request.into_parts();
    negotiate::accept(&parts.headers, &[JSON])?;
    body::check_encoding(&parts.headers)?;
    if parts.headers.contains_key(header::IF_MATCH) || parts.headers.contains_key(header::IF_NONE_MATCH) {
        return Err(bad("a list has no ETag: leave If-Match and If-None-Match out"));
    }
    let mut keep_good = false;
    for (name, value) in pairs.map_err(|_| bad("the query is not readable"))?.0 {
        match (name.as_str(), value.as_str()) {
            ("keep", "good") => keep_good = true,
            _ => return Err(bad("the only parameter is keep=good")),
        }
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let format = match kind.split(';').next().unwrap_or_default().trim() {
        CSV => Format::Csv,
        LINES => Format::Lines,
        other => {
            let detail = format!("send {CSV} or {LINES}, not {other:?}");
            return Err(Trouble::new(Code::UnsupportedMediaType, detail).with(header::ACCEPT, "text/csv"));
        }
    };
    let mut loader = Loader::new(format);
    body::each_piece(&parts.headers, stream, 10 * api.body_time, MAX_BYTES, |data| loader.take(data)).await?;
    let digest = loader.end();
    let asked = Asked::bodiless(parts.headers, format!("POST {terminal} containers keep_good={keep_good}"));
    let service = terminals(&api)?;
    let mut list = TakeOver::new(loader, keep_good, service.largest_load());
    let what = loop {
        let Some((change, part)) = list.change() else { break list.given_up() };
        let outcome = asked.part(service, &tenant, &terminal, change, digest.as_bytes(), part).await?;
        if let Some(taken) = list.told(outcome) {
            break taken;
        }
    };
    match what {
        Taken::Over { receipt, again, issues } => {
            let (taken, version) = (receipt.events, receipt.version);
            let fields = Made { receipt: *receipt, again }.fields(None);
            Ok((fields, Json(Loaded { loaded: taken, version, issues: capped(issues) })).into_response())
        }
        Taken::Not(issues) => Err(refused(issues)),
        Taken::Refused(refusal) => Err(refusal.into()),
    }
}

fn refused(issues: Vec<Issue>) -> Trouble {
    Trouble::issues(capped(issues))
}

fn capped(mut issues: Vec<Issue>) -> Vec<Issue> {
    if issues.len() > MAX_ISSUES {
        let more = issues.len() - MAX_ISSUES;
        issues.truncate(MAX_ISSUES);
        let cause = format!("{more} more issues are not listed");
        issues.push(Issue::new("more_issues", "", cause, "mend the listed ones and send the list again"));
    }
    issues
}
