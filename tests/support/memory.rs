//! The least that a cache of plans could be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{Later, PlanCache, StoreError};

type Found = Result<Option<Arc<[u8]>>, StoreError>;

/// A map.
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

/// By tenant and fingerprint.
type Kept = HashMap<(Tenant, String), Arc<[u8]>>;

impl PlanCache for Memory {
    fn get<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Found> {
        Box::pin(async move { Ok(self.0.lock().unwrap().get(&(tenant.clone(), fingerprint.to_owned())).cloned()) })
    }

    fn set<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
        value: Arc<[u8]>,
        _keep: Duration,
    ) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.0.lock().unwrap().insert((tenant.clone(), fingerprint.to_owned()), value);
            Ok(())
        })
    }

    fn forget<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.0.lock().unwrap().remove(&(tenant.clone(), fingerprint.to_owned()));
            Ok(())
        })
    }

    fn check(&self) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}
