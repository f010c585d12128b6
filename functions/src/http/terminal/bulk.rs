//! Many containers at once, in and out.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use portolan::Issue;
use serde::{Deserialize, Serialize};

use super::super::problem::{Code, Trouble};
use super::super::{Api, body, negotiate};
use super::asked::{Asked, Made, terminals};
use super::records::{self, Pairs, Wanted, bad};
use crate::plans::record::Tenant;
use crate::terminal::event::{Arrival, Entity, Record};
use crate::terminal::load::{COLUMNS, Format, Loader, TakeOver, Taken, csv_line};
use crate::terminal::port::Query;

const JSON: &str = "application/json";
const CSV: &str = "text/csv";
const LINES: &str = "application/x-ndjson";
/// Containers that are read at once for an export.
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
    let kind = negotiate::accept(&headers, &[JSON, CSV, LINES])?;
    let wanted = Wanted::read(pairs, &["slot", "stack", "destination"])?;
    if kind == JSON {
        return records::listed(&api, &tenant, &terminal, Entity::Container, wanted).await;
    }
    records::exists(&api, &tenant, &terminal).await?;
    let is_csv = kind == CSV;
    let first = if is_csv { COLUMNS.join(",") + "\n" } else { String::new() };
    let pieces = stream::unfold(Some((None::<String>, first)), move |state| {
        let (api, tenant, terminal) = (api.clone(), tenant.clone(), terminal.clone());
        async move {
            let (after, mut text) = state?;
            let query = Query { entity: Entity::Container, destination: None, stack: None, after, limit: CHUNK };
            let part = match api.terminals.as_deref()?.list(&tenant, &terminal, query).await {
                Ok(part) => part,
                // The response breaks off, which its reader notices.
                Err(error) => return Some((Err(error), None)),
            };
            part.items.iter().for_each(|record| text.push_str(&line(record, is_csv)));
            let last = part.items.last().filter(|_| part.more).map(|last| last.body.name().1);
            Some((Ok(text), last.map(|last| (Some(last), String::new()))))
        }
    });
    let mut response = Response::new(HttpBody::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(if is_csv { CSV } else { LINES }));
    Ok(response)
}

fn line(record: &Record, is_csv: bool) -> String {
    match record.body.container() {
        Some(container) if is_csv => csv_line(container),
        Some(container) => {
            let (number, slot, details) = (container.number.clone(), container.slot.clone(), container.details.clone());
            let arrival = Arrival {
                number,
                slot,
                size_type: details.size_type,
                weight_kg: details.weight_kg,
                reefer: details.reefer,
                hazard: details.hazard,
                destination: details.destination,
                priority: details.priority,
                hold: details.hold,
            };
            serde_json::to_string(&arrival).unwrap_or_default() + "\n"
        }
        None => String::new(),
    }
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
    let mut list = TakeOver::new(loader, keep_good);
    let what = loop {
        let Some(change) = list.change() else { break list.given_up() };
        let outcome = asked.outcome(service, &tenant, &terminal, change, digest.as_bytes()).await?;
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
