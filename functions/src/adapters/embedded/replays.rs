//! Idempotency records in the table `replays`.

use jiff::Timestamp;
use redb::{ReadableTable, Table};

use super::{Embedded, Fault, REPLAYS, unreadable};
use crate::plans::record::Tenant;
use crate::ports::{Claim, Claimed, Kept, Later, ReplayStore, StoreError};

impl ReplayStore for Embedded {
    fn claim<'a>(&'a self, tenant: &'a Tenant, key: &'a str, claim: Claim) -> Later<'a, Result<Claimed, StoreError>> {
        let (tenant, key) = (tenant.clone(), key.to_owned());
        self.writing(true, move |store, transaction| {
            let now = store.clock.now();
            let mut replays = transaction.open_table(REPLAYS)?;
            let key = (tenant.name(), key.as_str());
            let known = replays.get(key)?.map(|bytes| read(bytes.value())).transpose()?;
            let known = known.filter(|known| known.expires_at > now);
            match known {
                Some(known) if known.response.is_some() || known.leased_until > now => Ok(Claimed::Taken(known)),
                dead => {
                    replays.insert(key, serde_json::to_vec(&claim)?.as_slice())?;
                    Ok(Claimed::Fresh(dead))
                }
            }
        })
    }

    fn settle<'a>(&'a self, tenant: &'a Tenant, key: &'a str, response: Kept) -> Later<'a, Result<(), StoreError>> {
        let (tenant, key) = (tenant.clone(), key.to_owned());
        self.writing(true, move |_, transaction| {
            let mut replays = transaction.open_table(REPLAYS)?;
            let key = (tenant.name(), key.as_str());
            let known = replays.get(key)?.map(|bytes| read(bytes.value())).transpose()?;
            let mut claim = known.ok_or(StoreError::Conflict)?;
            claim.response = Some(response);
            replays.insert(key, serde_json::to_vec(&claim)?.as_slice())?;
            Ok(())
        })
    }

    fn release<'a>(&'a self, tenant: &'a Tenant, key: &'a str) -> Later<'a, Result<(), StoreError>> {
        let (tenant, key) = (tenant.clone(), key.to_owned());
        self.writing(true, move |_, transaction| {
            transaction.open_table(REPLAYS)?.remove((tenant.name(), key.as_str()))?;
            Ok(())
        })
    }
}

/// Ends the lease of every claim that has no response.
pub(super) fn end_leases(replays: &mut Table<'_, (&str, &str), &[u8]>) -> Result<(), Fault> {
    let mut open = Vec::new();
    for entry in replays.iter()? {
        let (key, value) = entry?;
        let claim = read(value.value())?;
        if claim.response.is_none() {
            let (tenant, name) = key.value();
            open.push((tenant.to_owned(), name.to_owned(), claim));
        }
    }
    for (tenant, name, mut claim) in open {
        claim.leased_until = Timestamp::UNIX_EPOCH;
        replays.insert((tenant.as_str(), name.as_str()), serde_json::to_vec(&claim)?.as_slice())?;
    }
    Ok(())
}

pub(super) fn read(bytes: &[u8]) -> Result<Claim, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| unreadable("an idempotency record".to_owned(), source))
}
