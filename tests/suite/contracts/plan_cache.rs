//! `PlanCache`.

use std::sync::Arc;
use std::time::Duration;

use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::PlanCache;
use portolan_tests::memory::Memory;

const KEEP: Duration = Duration::from_mins(1);

pub(crate) async fn the_contract(cache: &dyn PlanCache) {
    let (tenant, other) = (Tenant::new("a"), Tenant::new("b"));
    let value: Arc<[u8]> = b"a plan".repeat(1000).into();
    cache.check().await.unwrap();
    assert_eq!(cache.get(&tenant, "f").await.unwrap(), None);
    cache.set(&tenant, "f", Arc::clone(&value), KEEP).await.unwrap();
    assert_eq!(cache.get(&tenant, "f").await.unwrap(), Some(value));
    assert_eq!(cache.get(&other, "f").await.unwrap(), None, "a tenant's own");
    assert_eq!(cache.get(&tenant, "g").await.unwrap(), None);
    cache.set(&tenant, "f", b"another".as_slice().into(), KEEP).await.unwrap();
    assert_eq!(cache.get(&tenant, "f").await.unwrap().as_deref(), Some(b"another".as_slice()));
    cache.forget(&tenant, "f").await.unwrap();
    cache.forget(&tenant, "f").await.unwrap();
    assert_eq!(cache.get(&tenant, "f").await.unwrap(), None);
}

#[tokio::test]
async fn in_memory() {
    the_contract(&Memory::default()).await;
}
