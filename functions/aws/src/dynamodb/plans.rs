//! The table of plans.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use portolan_functions::plans::record::{Head, PlanId, Tenant};
use portolan_functions::plans::state::Status;
use portolan_functions::ports::{Later, Page, Parts, PlanStore, Query, StoreError, Stored, Write};

use super::{DynamoDb, Item, failed, item, n, number, s, seconds, text, unreadable};
use crate::bodies::Packed;

/// Plans that one call of a list reads.
const LIST_READ: i32 = 100;

impl PlanStore for DynamoDb {
    fn get<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: PlanId,
        parts: Parts,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.read(tenant, id, parts))
    }

    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.write(tenant, write))
    }

    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let deleted = self
                .client
                .delete_item()
                .table_name(&self.plans)
                .set_key(Some(plan_key(tenant, id)))
                .condition_expression("version = :version")
                .expression_attribute_values(":version", n(version))
                .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld);
            let deleted = deleted.send().await.map_err(|error| {
                let is_conflict =
                    error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception);
                if is_conflict { StoreError::Conflict } else { failed(error) }
            })?;
            if let Some(print) = deleted.attributes.as_ref().and_then(|old| text(old, "fingerprint")) {
                self.forget_print(tenant, print, id).await?;
            }
            Ok(())
        })
    }

    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>> {
        Box::pin(self.read_page(tenant, query))
    }

    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            let read = self.client.get_item().table_name(&self.plans).set_key(Some(print_key(tenant, fingerprint)));
            let Some(found) = read.send().await.map_err(failed)?.item else { return Ok(None) };
            let id = text(&found, "plan").and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| unreadable("the plan of a fingerprint", "it is no id"))?;
            self.read(tenant, id, Parts { request: false, best: true }).await
        })
    }
}

impl DynamoDb {
    async fn read(&self, tenant: &Tenant, id: PlanId, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let mut wanted = vec!["#head"];
        for (here, at, is_wanted) in
            [("request_here", "request_at", parts.request), ("best_here", "best_at", parts.best)]
        {
            if is_wanted {
                wanted.extend([here, at]);
            }
        }
        let read = self
            .client
            .get_item()
            .table_name(&self.plans)
            .set_key(Some(plan_key(tenant, id)))
            .consistent_read(true)
            .projection_expression(wanted.join(", "))
            .expression_attribute_names("#head", "head");
        let Some(mut found) = read.send().await.map_err(failed)?.item else { return Ok(None) };
        let head = head(&found)?;
        if self.is_expired(&head) {
            return Ok(None);
        }
        let request = self.part(&mut found, "request").await?;
        let best = self.part(&mut found, "best").await?;
        Ok(Some(Stored { head, request, best }))
    }

    async fn write(&self, tenant: &Tenant, write: Write) -> Result<(), StoreError> {
        let head = &write.head;
        let json = serde_json::to_string(head).map_err(|source| unreadable("the head of a plan", source))?;
        let mut set = vec!["#head = :head, version = :version, #status = :status, epoch = :epoch".to_owned()];
        set.push("listed = :tenant, fingerprint = :print, #deferred = :deferred, urgency = :urgency".to_owned());
        set.push("written_by = :written_by".to_owned());
        let write_id = PlanId::fresh().to_string();
        let mut removed = Vec::new();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.plans)
            .set_key(Some(plan_key(tenant, head.id)))
            .expression_attribute_names("#head", "head")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#deferred", "deferred")
            .expression_attribute_values(":head", s(json))
            .expression_attribute_values(":version", n(head.version))
            .expression_attribute_values(":status", s(head.state.status.name()))
            .expression_attribute_values(":epoch", n(head.state.epoch))
            .expression_attribute_values(":tenant", s(tenant.name()))
            .expression_attribute_values(":print", s(&head.fingerprint))
            .expression_attribute_values(":written_by", s(&write_id))
            .expression_attribute_values(":deferred", AttributeValue::Bool(head.deferred))
            .expression_attribute_values(":urgency", s(head.urgency.name()));
        match head.expires_at {
            Some(at) => {
                set.push("expires_at = :expires_at".to_owned());
                update = update.expression_attribute_values(":expires_at", seconds(at));
            }
            None => removed.push("expires_at".to_owned()),
        }
        for (name, part) in [("request", &write.request), ("best", &write.best)] {
            let Some(bytes) = part else { continue };
            let (kept, gone, value) = match self.bodies.pack(tenant, bytes).await? {
                Packed::Here(bytes) => ("here", "at", AttributeValue::B(Blob::new(bytes))),
                Packed::There(key) => ("at", "here", s(key)),
            };
            set.push(format!("{name}_{kept} = :{name}"));
            removed.push(format!("{name}_{gone}"));
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        update = match write.replaces {
            None => update.condition_expression("attribute_not_exists(version)"),
            Some(version) => {
                update.condition_expression("version = :replaces").expression_attribute_values(":replaces", n(version))
            }
        };
        let remove = if removed.is_empty() { String::new() } else { format!(" REMOVE {}", removed.join(", ")) };
        let update = update.update_expression(format!("SET {}{remove}", set.join(", ")));
        if let Err(error) = update.send().await {
            let is_conflict =
                error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception);
            // A try whose answer was lost may have written already.
            return match is_conflict {
                true if self.is_written(tenant, head.id, &write_id).await? => Ok(()),
                true => Err(StoreError::Conflict),
                false => Err(failed(error)),
            };
        }
        if head.state.status == Status::Done {
            self.note_finished(tenant, head).await;
        }
        Ok(())
    }

    /// Whether the plan's last write is this one.
    async fn is_written(&self, tenant: &Tenant, id: PlanId, write_id: &str) -> Result<bool, StoreError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.plans)
            .set_key(Some(plan_key(tenant, id)))
            .consistent_read(true)
            .projection_expression("written_by");
        let found = read.send().await.map_err(failed)?.item;
        Ok(found.is_some_and(|found| text(&found, "written_by") == Some(write_id)))
    }

    /// Notes a finished plan under its fingerprint, where it is the best. Without the note the plan is solved again one day, so
    /// that a failure costs speed alone.
    async fn note_finished(&self, tenant: &Tenant, head: &Head) {
        let gap = head.quality.map_or(1.0, |quality| quality.gap);
        let expires_at = head.expires_at.unwrap_or_else(|| self.clock.now());
        let attributes = [
            ("tenant", s(tenant.name())),
            ("key", s(format!("print#{}", head.fingerprint))),
            ("plan", s(head.id.to_string())),
            ("gap", n(gap)),
            ("expires_at", seconds(expires_at)),
        ];
        let put = self
            .client
            .put_item()
            .table_name(&self.plans)
            .set_item(Some(item(attributes)))
            .condition_expression("attribute_not_exists(gap) OR gap >= :gap OR expires_at <= :now")
            .expression_attribute_values(":gap", n(gap))
            .expression_attribute_values(":now", n(self.clock.now().as_second()));
        if let Err(error) = put.send().await
            && !error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
        {
            let error = failed(error);
            tracing::warn!(plan = %head.id, error = &error as &dyn std::error::Error, "a finished plan is not noted");
        }
    }

    async fn forget_print(&self, tenant: &Tenant, print: &str, id: PlanId) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.plans)
            .set_key(Some(print_key(tenant, print)))
            .condition_expression("#plan = :plan")
            .expression_attribute_names("#plan", "plan")
            .expression_attribute_values(":plan", s(id.to_string()));
        match deleted.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Err(failed(error))
            }
            _ => Ok(()),
        }
    }

    async fn read_page(&self, tenant: &Tenant, query: Query) -> Result<Page, StoreError> {
        // Ids are in order of time; `~` comes after every character of theirs.
        let mut end = format!("plan#{}", query.before.map_or_else(|| "~".to_owned(), |id| id.to_string()));
        let mut page = Page::default();
        loop {
            let read = self
                .client
                .query()
                .table_name(&self.plans)
                .index_name("listed")
                .key_condition_expression("listed = :tenant AND #key < :end")
                .expression_attribute_names("#key", "key")
                .expression_attribute_values(":tenant", s(tenant.name()))
                .expression_attribute_values(":end", s(&end))
                .scan_index_forward(false)
                .limit(LIST_READ);
            let found = read.send().await.map_err(failed)?;
            for found in found.items() {
                let head = head(found)?;
                end = format!("plan#{}", head.id);
                if self.is_expired(&head) || query.status.is_some_and(|status| status != head.state.status) {
                    continue;
                }
                if page.heads.len() == query.limit {
                    page.next = page.heads.last().map(|last| last.id);
                    return Ok(page);
                }
                page.heads.push(head);
            }
            if found.last_evaluated_key.is_none() || found.count == 0 {
                return Ok(page);
            }
        }
    }

    fn is_expired(&self, head: &Head) -> bool {
        head.expires_at.is_some_and(|at| at <= self.clock.now())
    }

    async fn part(&self, found: &mut Item, name: &str) -> Result<Option<Arc<[u8]>>, StoreError> {
        let packed = match (found.remove(&format!("{name}_here")), found.remove(&format!("{name}_at"))) {
            (Some(AttributeValue::B(bytes)), _) => Packed::Here(bytes.into_inner()),
            (_, Some(AttributeValue::S(key))) => Packed::There(key),
            _ => return Ok(None),
        };
        self.bodies.unpack(packed).await.map(Some)
    }
}

fn plan_key(tenant: &Tenant, id: PlanId) -> Item {
    item([("tenant", s(tenant.name())), ("key", s(format!("plan#{id}")))])
}

fn print_key(tenant: &Tenant, fingerprint: &str) -> Item {
    item([("tenant", s(tenant.name())), ("key", s(format!("print#{fingerprint}")))])
}

fn head(found: &Item) -> Result<Head, StoreError> {
    let json = text(found, "head").ok_or_else(|| unreadable("the head of a plan", "it is missing"))?;
    let head: Head = serde_json::from_str(json).map_err(|source| unreadable("the head of a plan", source))?;
    debug_assert!(number::<u64>(found, "version").is_none_or(|version| version == head.version));
    Ok(head)
}
