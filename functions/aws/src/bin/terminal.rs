//! The state of terminals: what stands where, what happened, who calls, which equipment is awake.

use portolan_functions::http::Offered;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    portolan_aws::api::run(Offered::Terminals).await
}
