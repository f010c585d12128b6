//! Clients of AWS services. Retries are the SDK's, here alone: nothing above repeats a call.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{Builder, tls};

/// Tries of one call, the first included. The pause between them grows, with jitter, and draws on a budget that fills up again
/// only with successes.
const ATTEMPTS: u32 = 3;
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_millis(2500);
const OPERATION: Duration = Duration::from_secs(6);

/// Region, credentials and endpoints as every AWS tool reads them: from `AWS_REGION`, the function's role, `AWS_ENDPOINT_URL`.
pub async fn shared() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(Builder::new().tls_provider(provider).build_https())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
        .load()
        .await
}

/// A client of S3. Behind an endpoint of one's own, buckets are named in the path: such an endpoint has no names for them.
pub fn s3(shared: &SdkConfig) -> aws_sdk_s3::Client {
    let by_path = shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL").is_some();
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(shared).force_path_style(by_path).build())
}
