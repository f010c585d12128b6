//! The store as a whole: what is unfinished, what has had its time.

use redb::ReadableTable;

use super::plans::{head, is_expired, remove};
use super::{ABOUT, Embedded, HEADS, LAYOUT, REPLAYS, SIZES, replays};
use crate::plans::record::{Head, PlanId, Tenant};
use crate::ports::{Dependency, Later, StoreError, Upkeep};

impl Upkeep for Embedded {
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>> {
        self.reading(|_, read| {
            let mut found = Vec::new();
            for entry in read.open_table(HEADS)?.iter()? {
                let (key, value) = entry?;
                if !head(value.value())?.state.status.is_final() {
                    let (tenant, id) = key.value();
                    found.push((Tenant::new(tenant), PlanId::from_number(id)));
                }
            }
            Ok(found)
        })
    }

    fn prune(&self) -> Later<'_, Result<usize, StoreError>> {
        self.writing(true, |store, transaction| {
            let now = store.clock.now();
            let mut gone: Vec<(Tenant, Head)> = Vec::new();
            let mut kept: Vec<(Tenant, Head, u64)> = Vec::new();
            let (mut plans, mut bytes) = (0, 0);
            {
                let (heads, sizes) = (transaction.open_table(HEADS)?, transaction.open_table(SIZES)?);
                for entry in heads.iter()? {
                    let (key, value) = entry?;
                    let head = head(value.value())?;
                    let tenant = Tenant::new(key.value().0);
                    if is_expired(&head, now) {
                        gone.push((tenant, head));
                        continue;
                    }
                    let (request, best) = sizes.get(key.value())?.map_or((0, 0), |sizes| sizes.value());
                    let size = request + best;
                    plans += 1;
                    bytes += size;
                    if head.state.status.is_final() {
                        kept.push((tenant, head, size));
                    }
                }
            }
            kept.sort_unstable_by_key(|(_, head, _)| head.id);
            for (tenant, head, size) in kept {
                if plans <= store.bounds.plans && bytes <= store.bounds.bytes {
                    break;
                }
                plans -= 1;
                bytes -= size;
                gone.push((tenant, head));
            }
            for (tenant, head) in &gone {
                remove(transaction, tenant, head)?;
            }
            transaction.open_table(REPLAYS)?.retain(|_, value| {
                // What cannot be read is kept for somebody to look at.
                replays::read(value).map_or(true, |claim| claim.expires_at > now)
            })?;
            Ok(gone.len())
        })
    }

    fn check(&self) -> Later<'_, Vec<Dependency>> {
        let state = self.writing(false, |_, transaction| {
            transaction.open_table(ABOUT)?.insert("layout", LAYOUT)?;
            Ok(())
        });
        Box::pin(async { vec![Dependency { name: "store", needed: true, state: state.await, place: None }] })
    }
}
