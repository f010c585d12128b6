//! Plans in the tables `heads`, `requests`, `bests` and `finished`.

use std::sync::Arc;

use jiff::Timestamp;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::{BESTS, Embedded, FINISHED, Fault, HEADS, PlanTable, REQUESTS, SIZES, unreadable};
use crate::plans::record::{Head, PlanId, Tenant};
use crate::plans::state::Status;
use crate::ports::{Later, Page, Parts, PlanStore, Query, StoreError, Stored, Write};

impl PlanStore for Embedded {
    fn get<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: PlanId,
        parts: Parts,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        let tenant = tenant.clone();
        self.reading(move |store, read| stored(store, read, (tenant.name(), id.number()), parts))
    }

    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>> {
        let tenant = tenant.clone();
        self.writing(write.durable, move |_, transaction| {
            let key = (tenant.name(), write.head.id.number());
            let mut heads = transaction.open_table(HEADS)?;
            let stored = heads.get(key)?.map(|bytes| head(bytes.value())).transpose()?;
            if stored.map(|head| head.version) != write.replaces {
                return Err(StoreError::Conflict.into());
            }
            heads.insert(key, serde_json::to_vec(&write.head)?.as_slice())?;
            for (table, part) in [(REQUESTS, &write.request), (BESTS, &write.best)] {
                if let Some(part) = part {
                    transaction.open_table(table)?.insert(key, part.as_ref())?;
                }
            }
            let mut sizes = transaction.open_table(SIZES)?;
            let (request, best) = sizes.get(key)?.map_or((0, 0), |sizes| sizes.value());
            let size = |part: Option<&Arc<[u8]>>, known: u64| part.map_or(known, |part| part.len() as u64);
            sizes.insert(key, (size(write.request.as_ref(), request), size(write.best.as_ref(), best)))?;
            if write.head.state.status == Status::Done {
                note_finished(transaction, &tenant, &write.head)?;
            }
            Ok(())
        })
    }

    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>> {
        let tenant = tenant.clone();
        self.writing(true, move |_, transaction| {
            let key = (tenant.name(), id.number());
            let stored = transaction.open_table(HEADS)?.get(key)?.map(|bytes| head(bytes.value())).transpose()?;
            match stored {
                Some(head) if head.version == version => remove(transaction, &tenant, &head),
                _ => Err(StoreError::Conflict.into()),
            }
        })
    }

    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>> {
        let tenant = tenant.clone();
        self.reading(move |store, read| {
            let now = store.clock.now();
            let end = query.before.map_or(u128::MAX, PlanId::number);
            let mut page = Page::default();
            for entry in read.open_table(HEADS)?.range((tenant.name(), 0)..(tenant.name(), end))?.rev() {
                let head = head(entry?.1.value())?;
                if is_expired(&head, now) || query.status.is_some_and(|status| status != head.state.status) {
                    continue;
                }
                if page.heads.len() == query.limit {
                    page.next = page.heads.last().map(|last| last.id);
                    break;
                }
                page.heads.push(head);
            }
            Ok(page)
        })
    }

    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        let (tenant, fingerprint) = (tenant.clone(), fingerprint.to_owned());
        self.reading(move |store, read| {
            let Some(known) = read.open_table(FINISHED)?.get((tenant.name(), fingerprint.as_str()))? else {
                return Ok(None);
            };
            stored(store, read, (tenant.name(), known.value().0), Parts { request: false, best: true })
        })
    }
}

/// Whether nobody should see the plan anymore, although it is pruned only now and then.
pub(super) fn is_expired(head: &Head, now: Timestamp) -> bool {
    head.expires_at.is_some_and(|at| at <= now)
}

pub(super) fn head(bytes: &[u8]) -> Result<Head, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| unreadable("the head of a plan".to_owned(), source))
}

/// Removes every trace of a plan.
pub(super) fn remove(transaction: &WriteTransaction, tenant: &Tenant, head: &Head) -> Result<(), Fault> {
    let key = (tenant.name(), head.id.number());
    for table in [HEADS, REQUESTS, BESTS] {
        transaction.open_table(table)?.remove(key)?;
    }
    transaction.open_table(SIZES)?.remove(key)?;
    let mut finished = transaction.open_table(FINISHED)?;
    let index = (tenant.name(), head.fingerprint.as_str());
    let is_it = finished.get(index)?.is_some_and(|known| known.value().0 == head.id.number());
    if is_it {
        finished.remove(index)?;
    }
    Ok(())
}

fn note_finished(transaction: &WriteTransaction, tenant: &Tenant, head: &Head) -> Result<(), Fault> {
    let gap = head.quality.map_or(1.0, |quality| quality.gap);
    let key = (tenant.name(), head.fingerprint.as_str());
    let mut finished = transaction.open_table(FINISHED)?;
    let is_better = finished.get(key)?.is_none_or(|known| gap <= known.value().1);
    if is_better {
        finished.insert(key, (head.id.number(), gap))?;
    }
    Ok(())
}

fn stored(store: &Embedded, read: &ReadTransaction, key: (&str, u128), parts: Parts) -> Result<Option<Stored>, Fault> {
    let Some(head) = read.open_table(HEADS)?.get(key)?.map(|bytes| head(bytes.value())).transpose()? else {
        return Ok(None);
    };
    if is_expired(&head, store.clock.now()) {
        return Ok(None);
    }
    let request = part(read, REQUESTS, key, parts.request)?;
    let best = part(read, BESTS, key, parts.best)?;
    Ok(Some(Stored { head, request, best }))
}

fn part(read: &ReadTransaction, table: PlanTable, key: (&str, u128), wanted: bool) -> Result<Option<Arc<[u8]>>, Fault> {
    if !wanted {
        return Ok(None);
    }
    Ok(read.open_table(table)?.get(key)?.map(|bytes| bytes.value().into()))
}
