//! Finished plans in the memory of the process: bounded by bytes and by age, the nearest of all caches.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::plans::record::Tenant;
use crate::ports::{Later, PlanCache, StoreError};

/// The cache. What was asked for lately stays longest.
pub struct Memory {
    plans: Cache<(Tenant, String), Arc<[u8]>>,
}

impl Memory {
    /// At most so many bytes, none older than `age`. Another process may change what is kept; this one finds out by age.
    pub fn new(bytes: u64, age: Duration) -> Self {
        let weigh =
            |key: &(Tenant, String), value: &Arc<[u8]>| (key.1.len() + value.len()).try_into().unwrap_or(u32::MAX);
        Self { plans: Cache::builder().max_capacity(bytes).weigher(weigh).time_to_live(age).build() }
    }
}

impl PlanCache for Memory {
    fn get<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<Option<Arc<[u8]>>, StoreError>> {
        Box::pin(async move { Ok(self.plans.get(&(tenant.clone(), fingerprint.to_owned()))) })
    }

    fn set<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
        value: Arc<[u8]>,
        _keep: Duration,
    ) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.plans.insert((tenant.clone(), fingerprint.to_owned()), value);
            Ok(())
        })
    }

    fn forget<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.plans.invalidate(&(tenant.clone(), fingerprint.to_owned()));
            Ok(())
        })
    }

    fn check(&self) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}
