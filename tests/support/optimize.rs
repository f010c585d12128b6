//! The Lambda function, for the tests that start it as the platform does.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    portolan_aws::api::run(portolan_functions::http::Offered::Everything).await
}
