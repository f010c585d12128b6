//! Requests that are too large for the gateway: uploaded to the bucket with a signed URL, then named in the request for a plan.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use jiff::Timestamp;
use portolan::limits::MAX_DOCUMENT_BYTES;
use portolan_functions::plans::fingerprint::digest;
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::ports::{Later, StoreError, Upload, Uploads};

use crate::bodies::{chain, unavailable};

/// For how long a signed URL may be used.
const VALID: Duration = Duration::from_mins(15);

/// The bucket.
pub struct Bucket {
    s3: Client,
    bucket: String,
}

impl Bucket {
    /// On a bucket.
    pub fn new(s3: Client, bucket: String) -> Self {
        Self { s3, bucket }
    }
}

impl Uploads for Bucket {
    fn begin<'a>(&'a self, tenant: &'a Tenant) -> Later<'a, Result<Upload, StoreError>> {
        Box::pin(async move {
            let id = PlanId::fresh().to_string();
            let valid =
                PresigningConfig::expires_in(VALID).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
            let put = self.s3.put_object().bucket(&self.bucket).key(key(tenant, &id)).presigned(valid).await;
            let put = put.map_err(|error| unavailable(chain(&error)))?;
            let expires_at = Timestamp::now().saturating_add(VALID).unwrap_or(Timestamp::MAX);
            Ok(Upload { id, url: put.uri().to_owned(), expires_at })
        })
    }

    fn read<'a>(&'a self, tenant: &'a Tenant, id: &'a str) -> Later<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let got = match self.s3.get_object().bucket(&self.bucket).key(key(tenant, id)).send().await {
                Ok(got) => got,
                Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
                Err(error) => return Err(unavailable(chain(&error))),
            };
            // One byte more than may be read: the reader then says that it is too large.
            let most = MAX_DOCUMENT_BYTES + 1;
            if got.content_length().is_some_and(|length| length > most as i64) {
                return Ok(Some(vec![b' '; most]));
            }
            let whole = got.body.collect().await.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
            Ok(Some(whole.to_vec()))
        })
    }
}

fn key(tenant: &Tenant, id: &str) -> String {
    format!("uploads/{}/{}", digest(&[tenant.name().as_bytes()]), digest(&[id.as_bytes()]))
}
