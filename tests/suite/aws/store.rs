//! The stores in DynamoDB and S3 keep the same contracts as the embedded one.

use std::sync::Arc;
use std::time::Duration;

use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{PlanStore, StoreError, Stores, Upkeep};
use portolan_tests::aws;

use crate::contracts::{SetClock, plan_store, replay_store};

async fn stores() -> Option<(Stores, Arc<SetClock>)> {
    let shared = aws::emulator().await?;
    let tables = aws::tables(&shared).await;
    let clock = SetClock::new();
    let store = Arc::new(aws::store(&shared, &tables, clock.clone()));
    Some((Stores::on(&store, clock.clone()), clock))
}

#[tokio::test]
async fn plans_in_dynamodb() {
    let Some((stores, clock)) = stores().await else { return };
    plan_store::the_contract(&stores, &clock).await;
}

#[tokio::test]
async fn replays_in_dynamodb() {
    let Some((stores, clock)) = stores().await else { return };
    replay_store::the_contract(&stores, &clock).await;
}

#[tokio::test]
async fn parts_that_are_too_large_for_an_item_come_back_whole() {
    let Some((stores, _)) = stores().await else { return };
    plan_store::large_parts_come_back_whole(&stores).await;
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_says_so_in_time() {
    // A port that nobody listens on.
    let shared = aws::at("http://127.0.0.1:9").await;
    let tables = portolan_aws::config::Tables {
        plans: "plans".to_owned(),
        terminals: "terminals".to_owned(),
        ephemeral: "ephemeral".to_owned(),
        bucket: "bucket".to_owned(),
    };
    let store = aws::store(&shared, &tables, SetClock::new());
    let tenant = Tenant::local();
    let asked = tokio::time::timeout(Duration::from_secs(20), store.finished(&tenant, "f"));
    let found = asked.await.expect("an answer in time");
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    let down = store.check().await;
    assert!(down.iter().any(|dependency| dependency.needed && dependency.state.is_err()));
}
