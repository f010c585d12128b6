//! The planning API: makes plans, checks requests and answers.

use portolan_functions::http::Offered;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    portolan_aws::api::run(Offered::Planning).await
}
