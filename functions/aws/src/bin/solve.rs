//! The worker of deferred plans.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    portolan_aws::solve::run().await
}
