//! The planning API as a Lambda function.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    portolan_functions::lambda::run().await
}
