//! Reading a body: no larger, no slower and of no other kind than agreed.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use portolan::Issue;
use portolan::limits::MAX_DOCUMENT_BYTES;

use super::problem::{Code, Trouble};

/// How long, and how much, a body that is refused is still taken in. A client that is cut off while it sends never
/// reads why.
const DRAIN_TIME: Duration = Duration::from_secs(10);
const DRAIN_BYTES: usize = 512 << 20;

/// The whole body.
pub(super) async fn read(headers: &HeaderMap, body: Body, patience: Duration) -> Result<Bytes, Trouble> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_DOCUMENT_BYTES as u64) {
        drain(headers, body);
        return Err(too_large());
    }
    match tokio::time::timeout(patience, collect(body, announced.unwrap_or_default())).await {
        Ok(Ok(whole)) => Ok(whole),
        Ok(Err(Broken::TooLarge(rest))) => {
            drain(headers, rest);
            Err(too_large())
        }
        Ok(Err(Broken::Off)) => Err(Trouble::new(Code::BadRequest, "the body broke off")),
        Err(_) => {
            let detail = format!("the body was not complete after {} s", patience.as_secs());
            Err(Trouble::new(Code::RequestTimeout, detail).with(header::CONNECTION, "close"))
        }
    }
}

enum Broken {
    /// More than agreed; the rest of it.
    TooLarge(Body),
    /// The client went away.
    Off,
}

async fn collect(mut body: Body, announced: u64) -> Result<Bytes, Broken> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Broken::Off)?;
        let Some(data) = frame.data_ref() else { continue };
        if whole.len() + data.len() > MAX_DOCUMENT_BYTES {
            return Err(Broken::TooLarge(body));
        }
        if whole.is_empty() {
            if data.len() as u64 == announced {
                return Ok(data.clone()); // Most come in one piece.
            }
            whole.reserve(announced.min(1 << 20) as usize);
        }
        whole.extend_from_slice(data);
    }
    Ok(whole.into())
}

/// Whether the body claims to be something that is read here. No claim is fine.
pub(super) fn check_media_type(headers: &HeaderMap, text_too: bool) -> Result<(), Trouble> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Trouble::new(Code::UnsupportedMediaType, "send the body without Content-Encoding"));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let name = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = name == "application/json" || (name.starts_with("application/") && name.ends_with("+json"));
    if is_json || (text_too && matches!(name.as_str(), "text/plain" | "text/csv" | "application/edifact")) {
        return Ok(());
    }
    let detail = format!("send application/json, not {name:?}; with curl: --json @FILE");
    Err(Trouble::new(Code::UnsupportedMediaType, detail).with(header::ACCEPT, "application/json"))
}

fn too_large() -> Trouble {
    Trouble::issues(vec![Issue::new(
        "document_too_large",
        "",
        format!("the document is larger than {MAX_DOCUMENT_BYTES} bytes"),
        "split the horizon, or leave out what is not needed",
    )])
}

fn drain(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(header::EXPECT) {
        return; // It waits for our word before it sends.
    }
    tokio::spawn(tokio::time::timeout(DRAIN_TIME, async move {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    }));
}
