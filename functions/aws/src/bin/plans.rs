//! The stored plans: reads, lists, cancels.

use portolan_functions::http::Offered;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    portolan_aws::api::run(Offered::Reading).await
}
