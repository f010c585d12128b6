//! `POST /v1/uploads`: a place for a request that is too large for a gateway to pass on. The caller puts the document there and then
//! names it where the document itself would stand: `{"upload": "ID"}`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use portolan::Issue;
use portolan::limits::MAX_DOCUMENT_BYTES;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Trouble};
use super::{Api, negotiate};
use crate::plans::record::Tenant;
use crate::ports::Upload;

/// A document that is no longer than this may be the name of an upload.
const NAME_BYTES: usize = 256;

/// A place for a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Upload)]
pub struct Begun {
    /// What to send in the place of the document: `{"upload": "ID"}`.
    pub upload: String,
    /// Where to put the document, with the method PUT and no other header field than its length.
    pub url: String,
    /// Until when it can be put there. It is kept for a day.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Bytes that the document may have.
    pub max_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    upload: String,
}

pub(super) async fn begin(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &["application/json"])?;
    let uploads = api.uploads.as_ref().ok_or_else(|| {
        let detail =
            format!("nothing needs to be uploaded here: send the document itself, up to {MAX_DOCUMENT_BYTES} bytes");
        Trouble::new(Code::NotFound, detail)
    })?;
    let Upload { id, url, expires_at } = uploads.begin(&tenant).await?;
    let begun = Begun { upload: id, url, expires_at, max_bytes: MAX_DOCUMENT_BYTES };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(begun)).into_response())
}

/// The document that was meant: the uploaded one, where the body names it.
pub(super) async fn resolve(api: &Api, tenant: &Tenant, document: Bytes) -> Result<Bytes, Trouble> {
    let Some(uploads) = &api.uploads else { return Ok(document) };
    if document.len() > NAME_BYTES {
        return Ok(document);
    }
    let Ok(Named { upload }) = serde_json::from_slice(&document) else { return Ok(document) };
    let issue = |code: &'static str, cause: String, action: &str| {
        Trouble::issues(vec![Issue::new(code, "/upload", cause, action)])
    };
    match uploads.read(tenant, &upload).await? {
        Some(bytes) if bytes.len() > MAX_DOCUMENT_BYTES => {
            let cause = format!("the uploaded document is larger than {MAX_DOCUMENT_BYTES} bytes");
            Err(issue("document_too_large", cause, "split the horizon, or leave out what is not needed"))
        }
        Some(bytes) => Ok(bytes.into()),
        None => {
            let cause = format!("nothing was uploaded as {upload:?}, or it is older than a day");
            Err(issue("unknown_upload", cause, "POST /v1/uploads, then PUT the document to the `url` of its answer"))
        }
    }
}
