//! The token that logs a function's role in: a signed URL without its scheme, as ElastiCache reads it. Valid for a quarter of an hour.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;

const VALID: Duration = Duration::from_mins(15);

/// A token for this user of this cache.
pub(super) async fn mint(shared: &SdkConfig, cache: &str, user: &str, now: SystemTime) -> Result<String, String> {
    let provider = shared.credentials_provider().ok_or("there are no credentials")?;
    let identity = provider.provide_credentials().await.map_err(|error| error.to_string())?.into();
    let region = shared.region().ok_or("there is no region")?;
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(VALID);
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region.as_ref())
        .name("elasticache")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let cache = cache.to_lowercase();
    let url = format!("http://{cache}/?Action=connect&User={user}");
    let request = SignableRequest::new("GET", &url, [("host", cache.as_str())].into_iter(), SignableBody::Bytes(&[]));
    let request = request.map_err(|error| error.to_string())?;
    let (signed, _) = sign(request, &params).map_err(|error| error.to_string())?.into_parts();
    let query: Vec<String> = signed.params().iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Ok(format!("{cache}/?Action=connect&User={user}&{}", query.join("&")))
}

/// Percent-encodes all but unreserved characters (RFC 3986).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::*;

    #[tokio::test]
    async fn a_token_is_a_signed_address_that_names_user_and_action() {
        let credentials = Credentials::new("AKID", "secret", Some("session/+=".to_owned()), None, "test");
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(492_312);
        let token = mint(&shared, "Plans", "portolan", at).await.expect("everything is there");
        assert!(token.starts_with("plans/?Action=connect&User=portolan&"), "{token}");
        for part in [
            "X-Amz-Expires=900",
            "X-Amz-Date=20260301T000000Z",
            "X-Amz-Credential=AKID%2F20260301%2Feu-central-1%2Felasticache%2Faws4_request",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Security-Token=session%2F%2B%3D",
            "X-Amz-Signature=",
        ] {
            assert!(token.contains(part), "{part} is not in {token}");
        }
        assert!(!token.contains("secret"));
    }
}
