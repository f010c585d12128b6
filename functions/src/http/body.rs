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

/// A body of up to `most` bytes, piece by piece, until `take` has had enough: what then is left is drained.
pub(super) async fn each_piece(
    headers: &HeaderMap,
    mut body: Body,
    patience: Duration,
    most: usize,
    mut take: impl FnMut(&[u8]) -> bool,
) -> Result<(), Trouble> {
    if announced(headers).is_some_and(|length| length > most as u64) {
        drain(headers, body);
        return Err(too_large(most));
    }
    let mut left = most;
    let reading = tokio::time::timeout(patience, async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| broke_off())?;
            let Some(data) = frame.data_ref() else { continue };
            left = left.checked_sub(data.len()).ok_or_else(|| too_large(most))?;
            if !take(data) {
                break;
            }
        }
        Ok(())
    });
    let read = reading.await.unwrap_or_else(|_| Err(too_slow(patience)));
    drain(headers, body);
    read
}

/// The whole body.
pub(super) async fn read(headers: &HeaderMap, body: Body, patience: Duration) -> Result<Bytes, Trouble> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > MAX_DOCUMENT_BYTES as u64) {
        drain(headers, body);
        return Err(too_large(MAX_DOCUMENT_BYTES));
    }
    match tokio::time::timeout(patience, collect(body, announced.unwrap_or_default())).await {
        Ok(Ok(whole)) => Ok(whole),
        Ok(Err(Broken::TooLarge(rest))) => {
            drain(headers, rest);
            Err(too_large(MAX_DOCUMENT_BYTES))
        }
        Ok(Err(Broken::Off)) => Err(broke_off()),
        Err(_) => Err(too_slow(patience)),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

fn broke_off() -> Trouble {
    Trouble::new(Code::BadRequest, "the body broke off")
}

fn too_slow(patience: Duration) -> Trouble {
    let detail = format!("the body was not complete after {} s", patience.as_secs());
    Trouble::new(Code::RequestTimeout, detail).with(header::CONNECTION, "close")
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

/// Nothing is unpacked here: a small body could become a large one.
pub(super) fn check_encoding(headers: &HeaderMap) -> Result<(), Trouble> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Trouble::new(Code::UnsupportedMediaType, "send the body without Content-Encoding"));
    }
    Ok(())
}

/// Whether the body claims to be something that is read here. No claim is fine.
pub(super) fn check_media_type(headers: &HeaderMap, text_too: bool) -> Result<(), Trouble> {
    check_encoding(headers)?;
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let name = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = name == "application/json" || (name.starts_with("application/") && name.ends_with("+json"));
    if is_json || (text_too && matches!(name.as_str(), "text/plain" | "text/csv" | "application/edifact")) {
        return Ok(());
    }
    let detail = format!("send application/json, not {name:?}; with curl: --json @FILE");
    Err(Trouble::new(Code::UnsupportedMediaType, detail).with(header::ACCEPT, "application/json"))
}

fn too_large(most: usize) -> Trouble {
    Trouble::issues(vec![Issue::new(
        "document_too_large",
        "",
        format!("the document is larger than {most} bytes"),
        "split it, or leave out what is not needed",
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
