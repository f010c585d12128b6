//! What a request asks for, and the answer to a write.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portolan::Issue;
use serde::de::DeserializeOwned;

use super::super::problem::{Code, Trouble};
use super::super::{Api, body, negotiate, replay};
use super::records::shown;
use crate::plans::fingerprint::digest;
use crate::plans::record::Tenant;
use crate::terminal::Terminals;
use crate::terminal::event::{Ask, Change, Expect, Outcome, Receipt};

const ACTOR: HeaderName = HeaderName::from_static("x-actor");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request that was read.
pub(super) struct Asked {
    headers: HeaderMap,
    /// Method and place: one key is for one of them.
    place: String,
    pub(super) document: Bytes,
}

impl Asked {
    /// Reads a request whose body, where it has one, is JSON.
    pub(super) async fn read(api: &Api, request: Request) -> Result<Self, Trouble> {
        let (parts, stream) = request.into_parts();
        negotiate::accept(&parts.headers, &["application/json"])?;
        body::check_media_type(&parts.headers, false)?;
        let document = body::read(&parts.headers, stream, api.body_time).await?;
        let place = format!("{} {}", parts.method, parts.uri.path());
        Ok(Self { headers: parts.headers, place, document })
    }

    /// One whose body was read elsewhere.
    pub(super) fn bodiless(headers: HeaderMap, place: String) -> Self {
        Self { headers, place, document: Bytes::new() }
    }

    /// The body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        read_json(&self.document).map_err(|issue| Trouble::issues(vec![issue]))
    }

    /// Makes a change.
    pub(super) async fn change(
        &self,
        api: &Api,
        tenant: &Tenant,
        terminal: &str,
        change: Change,
    ) -> Result<Made, Trouble> {
        self.change_with(api, tenant, terminal, change, &self.document).await
    }

    /// Makes a change; an equal `content` makes it the same request.
    pub(super) async fn change_with(
        &self,
        api: &Api,
        tenant: &Tenant,
        terminal: &str,
        change: Change,
        content: &[u8],
    ) -> Result<Made, Trouble> {
        Made::of(self.outcome(terminals(api)?, tenant, terminal, change, content).await?)
    }

    /// What becomes of a change.
    async fn outcome(
        &self,
        terminals: &Terminals,
        tenant: &Tenant,
        terminal: &str,
        change: Change,
        content: &[u8],
    ) -> Result<Outcome, Trouble> {
        self.part(terminals, tenant, terminal, change, content, 0).await
    }

    /// What becomes of a part of what is asked for: those after the first have keys of their own, made from the caller's.
    pub(super) async fn part(
        &self,
        terminals: &Terminals,
        tenant: &Tenant,
        terminal: &str,
        change: Change,
        content: &[u8],
        part: usize,
    ) -> Result<Outcome, Trouble> {
        let named = |key| if part == 0 { key } else { format!("{key}/{part}") };
        let key = replay::key(&self.headers)?.map(|key| (named(key), digest(&[self.place.as_bytes(), content])));
        let ask = Ask { change, expect: expected(&self.headers)?, by: actor(&self.headers)?, key };
        Ok(terminals.change(tenant, terminal, ask).await?)
    }
}

/// A change that was made.
pub(super) struct Made {
    pub(super) receipt: Receipt,
    pub(super) again: bool,
}

impl Made {
    /// Where it was made.
    pub(super) fn of(outcome: Outcome) -> Result<Self, Trouble> {
        match outcome {
            Outcome::Done(receipt) => Ok(Self { receipt, again: false }),
            Outcome::Again(receipt) => Ok(Self { receipt, again: true }),
            Outcome::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// The record as it is since; 204 where it is gone.
    pub(super) fn response(self, id: &str, location: Option<&str>) -> Response {
        let fields = self.fields(location);
        let created = self.receipt.created && location.is_some();
        match &self.receipt.record {
            None => (StatusCode::NO_CONTENT, fields).into_response(),
            Some(record) if created => (StatusCode::CREATED, fields, Json(shown(id, record))).into_response(),
            Some(record) => (fields, Json(shown(id, record))).into_response(),
        }
    }

    /// Header fields of an answer.
    pub(super) fn fields(&self, location: Option<&str>) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(record) = &self.receipt.record {
            fields.extend(tag(record.stamp.version).map(|tag| (header::ETAG, tag)));
        }
        fields.extend(location.and_then(|at| HeaderValue::from_str(at).ok()).map(|at| (header::LOCATION, at)));
        if self.again {
            fields.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        fields
    }
}

/// The service; routes without it are not made.
pub(super) fn terminals(api: &Api) -> Result<&Terminals, Trouble> {
    api.terminals.as_deref().ok_or_else(|| Trouble::new(Code::NotFound, "terminals are not served here"))
}

/// The entity tag of a record.
pub(super) fn tag(version: u64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{version}\"")).ok()
}

fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    negotiate::values(headers, name).flat_map(|field| field.split(',')).map(str::trim).collect()
}

/// Whether the caller has this version already.
pub(super) fn has_already(headers: &HeaderMap, version: u64) -> bool {
    let tag = format!("\"{version}\"");
    tags(headers, &header::IF_NONE_MATCH).iter().any(|have| *have == "*" || have.trim_start_matches("W/") == tag)
}

fn expected(headers: &HeaderMap) -> Result<Expect, Trouble> {
    let (only, none) = (tags(headers, &header::IF_MATCH), tags(headers, &header::IF_NONE_MATCH));
    if none == ["*"] && only.is_empty() {
        return Ok(Expect::Absent);
    }
    if !none.is_empty() {
        return Err(Trouble::new(Code::BadRequest, "on a write, If-None-Match is * only, and without If-Match"));
    }
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(Expect::Anything);
    }
    if only == ["*"] {
        return Ok(Expect::Present);
    }
    // A tag that is not ours matches nothing.
    Ok(Expect::Versions(only.iter().filter_map(|tag| tag.trim_matches('"').parse().ok()).collect()))
}

fn actor(headers: &HeaderMap) -> Result<String, Trouble> {
    let Some(value) = headers.get(ACTOR) else { return Ok("api".to_owned()) };
    let text = value.to_str().unwrap_or_default().trim();
    if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Ok(text.to_owned());
    }
    Err(Trouble::new(Code::BadRequest, "x-actor is a text of 1 to 64 visible characters"))
}

/// Reads a document, or says where it is wrong.
pub(super) fn read_json<T: DeserializeOwned>(document: &[u8]) -> Result<T, Issue> {
    let mut json = serde_json::Deserializer::from_slice(document);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path: String = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => {
                    Some(format!("/{}", key.replace('~', "~0").replace('/', "~1")))
                }
                _ => None,
            })
            .collect();
        let cause: String = error.inner().to_string().chars().take(400).collect();
        if error.inner().is_data() {
            Issue::new("wrong_shape", path, cause, "send the shape described in /openapi.json")
        } else {
            Issue::new("not_json", path, cause, "send one complete JSON document in UTF-8")
        }
    })?;
    let more = |_| Issue::new("not_json", "", "something follows the document", "send one JSON document");
    json.end().map_err(more)?;
    Ok(value)
}
