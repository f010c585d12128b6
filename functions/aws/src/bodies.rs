//! Large parts of a record: compressed, in the record itself where they are small, in a bucket where they are not.
//!
//! An object's name is the digest of what it holds, below its tenant. So writing it twice is harmless, and an object that a
//! record points to is there: it is written first. Objects that nothing points to anymore go with the bucket's age limit, which is
//! longer than any record is kept.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use portolan_functions::plans::fingerprint::digest;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::StoreError;

/// Compressed bytes that stay in a record. Two such parts and the numbers fit an item of 400 KB.
const INLINE: usize = 150 << 10;
/// Plans shrink to a tenth at this level, at some hundred megabytes a second.
const LEVEL: i32 = 3;
/// More than any part holds: what unpacks to more is damaged.
const LARGEST: usize = 256 << 20;

/// A part as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packed {
    /// In the record: compressed bytes.
    Here(Vec<u8>),
    /// In the bucket, under this key.
    There(String),
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct Bodies {
    s3: Client,
    bucket: String,
}

impl Bodies {
    /// On a bucket.
    pub fn new(s3: Client, bucket: String) -> Self {
        Self { s3, bucket }
    }

    /// Packs a part, and writes it to the bucket where it is large.
    pub async fn pack(&self, tenant: &Tenant, bytes: &[u8]) -> Result<Packed, StoreError> {
        let packed = zstd::bulk::compress(bytes, LEVEL).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        if packed.len() <= INLINE {
            return Ok(Packed::Here(packed));
        }
        let key = format!("bodies/{}/{}.zst", digest(&[tenant.name().as_bytes()]), digest(&[bytes]));
        let put = self.s3.put_object().bucket(&self.bucket).key(&key).body(ByteStream::from(packed));
        put.send().await.map_err(|error| unavailable(chain(&error)))?;
        Ok(Packed::There(key))
    }

    /// Reads a part back.
    pub async fn unpack(&self, packed: Packed) -> Result<Arc<[u8]>, StoreError> {
        let bytes = match packed {
            Packed::Here(bytes) => bytes,
            Packed::There(key) => {
                let got = self.s3.get_object().bucket(&self.bucket).key(&key).send().await;
                let got = got.map_err(|error| unavailable(chain(&error)))?;
                let whole = got.body.collect().await.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
                whole.to_vec()
            }
        };
        decompress(&bytes)
    }
}

/// Bytes as they are kept, back to what they were.
pub fn decompress(bytes: &[u8]) -> Result<Arc<[u8]>, StoreError> {
    let unreadable = |source: std::io::Error| StoreError::Unreadable {
        what: "a compressed part of a record".to_owned(),
        source: Box::new(source),
    };
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().unwrap_or(LARGEST as u64);
    let size = usize::try_from(size).unwrap_or(LARGEST).min(LARGEST);
    zstd::bulk::decompress(bytes, size).map(Into::into).map_err(unreadable)
}

/// Compresses bytes that a cache holds.
pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|error| StoreError::Unavailable(Box::new(error)))
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let said = error.to_string();
        // Wrappers often say what they wrap.
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        source = error.source();
    }
    text
}

pub(crate) fn unavailable(cause: String) -> StoreError {
    StoreError::Unavailable(cause.into())
}
