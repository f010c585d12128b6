//! `ReplayStore`.

use jiff::SignedDuration;
use portolan_functions::adapters::embedded::Bounds;
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::ports::{Claim, Claimed, Kept, Stores};

use super::{OnFile, SetClock, in_memory};

fn claim(stores: &Stores, digest: &str) -> Claim {
    let now = stores.clock.now();
    Claim {
        digest: digest.to_owned(),
        plan: PlanId::fresh(),
        leased_until: now + SignedDuration::from_hours(1),
        expires_at: now + SignedDuration::from_hours(24),
        response: None,
    }
}

fn kept() -> Kept {
    Kept { status: 200, headers: vec![("etag".to_owned(), "\"1\"".to_owned())], body: "{}".to_owned() }
}

pub(crate) async fn the_contract(stores: &Stores, clock: &SetClock) {
    let (tenant, replays) = (Tenant::local(), &stores.replays);
    let first = claim(stores, "a");
    assert_eq!(replays.claim(&tenant, "k", first.clone()).await.unwrap(), Claimed::Fresh(None));
    let second = claim(stores, "b");
    assert_eq!(replays.claim(&tenant, "k", second.clone()).await.unwrap(), Claimed::Taken(first.clone()));
    let elsewhere = replays.claim(&Tenant::new("other"), "k", second.clone()).await.unwrap();
    assert_eq!(elsewhere, Claimed::Fresh(None), "keys are a tenant's own");

    clock.pass(1);
    let third = claim(stores, "c");
    let taken_over = replays.claim(&tenant, "k", third.clone()).await.unwrap();
    assert_eq!(taken_over, Claimed::Fresh(Some(first)), "a lease that is over can be taken");
    replays.settle(&tenant, "k", kept()).await.unwrap();
    clock.pass(2);
    let settled = Claim { response: Some(kept()), ..third };
    assert_eq!(
        replays.claim(&tenant, "k", second.clone()).await.unwrap(),
        Claimed::Taken(settled),
        "a response outlives the lease"
    );
    clock.pass(24);
    let late = claim(stores, "d");
    assert_eq!(replays.claim(&tenant, "k", late).await.unwrap(), Claimed::Fresh(None), "for a day");
    replays.release(&tenant, "k").await.unwrap();
    assert_eq!(replays.claim(&tenant, "k", claim(stores, "e")).await.unwrap(), Claimed::Fresh(None));
}

#[tokio::test]
async fn kept_in_memory() {
    let (stores, clock) = in_memory(Bounds::default());
    the_contract(&stores, &clock).await;
}

#[tokio::test]
async fn kept_in_a_file() {
    let file = OnFile::new("replays");
    let tenant = Tenant::local();
    let settled = {
        let stores = file.open();
        the_contract(&stores, &file.clock).await;
        stores.replays.claim(&tenant, "settled", claim(&stores, "s")).await.unwrap();
        stores.replays.settle(&tenant, "settled", kept()).await.unwrap();
        stores.replays.claim(&tenant, "open", claim(&stores, "o")).await.unwrap();
        claim(&stores, "again")
    };
    let stores = file.open();
    let known = stores.replays.claim(&tenant, "settled", settled.clone()).await.unwrap();
    assert!(matches!(known, Claimed::Taken(Claim { response: Some(_), .. })), "{known:?}");
    let open = stores.replays.claim(&tenant, "open", settled).await.unwrap();
    assert!(matches!(open, Claimed::Fresh(Some(_))), "its holder died with the process: {open:?}");
}
