//! The outbox: from the table of plans to the queues.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    portolan_aws::relay::run().await
}
