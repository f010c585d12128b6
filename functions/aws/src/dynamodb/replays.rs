//! Idempotency records in the ephemeral table.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{Claim, Claimed, Kept, Later, ReplayStore, StoreError};

use super::{DynamoDb, Item, failed, item, n, number, s, seconds, text, unreadable};
use crate::bodies::Packed;

impl ReplayStore for DynamoDb {
    fn claim<'a>(&'a self, tenant: &'a Tenant, key: &'a str, claim: Claim) -> Later<'a, Result<Claimed, StoreError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let mut attributes = replay_key(tenant, key);
            attributes.extend(item([
                ("digest", s(&claim.digest)),
                ("plan", s(claim.plan.to_string())),
                ("leased_until_ms", n(claim.leased_until.as_millisecond())),
                ("expires_at_ms", n(claim.expires_at.as_millisecond())),
                ("expires_at", seconds(claim.expires_at)),
            ]));
            let put = self
                .client
                .put_item()
                .table_name(&self.ephemeral)
                .set_item(Some(attributes))
                .condition_expression(
                    "attribute_not_exists(digest) OR expires_at_ms <= :now \
                     OR (attribute_not_exists(answered) AND leased_until_ms <= :now) \
                     OR (attribute_not_exists(answered) AND #plan = :plan)",
                )
                .expression_attribute_names("#plan", "plan")
                // A try whose answer was lost has claimed already.
                .expression_attribute_values(":plan", s(claim.plan.to_string()))
                .expression_attribute_values(":now", n(now.as_millisecond()))
                .return_values(ReturnValue::AllOld)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match put.send().await {
                Ok(done) => {
                    let earlier = done.attributes.filter(|old| !old.is_empty());
                    let earlier = match earlier {
                        Some(old) => Some(self.read_claim(old).await?),
                        None => None,
                    };
                    let dead = earlier.filter(|earlier| earlier.expires_at > now && earlier.plan != claim.plan);
                    Ok(Claimed::Fresh(dead))
                }
                Err(error) => {
                    let taken = match error.as_service_error() {
                        Some(PutItemError::ConditionalCheckFailedException(refused)) => refused.item.clone(),
                        _ => return Err(failed(error)),
                    };
                    let taken = taken.ok_or(StoreError::Conflict)?;
                    Ok(Claimed::Taken(self.read_claim(taken).await?))
                }
            }
        })
    }

    fn settle<'a>(&'a self, tenant: &'a Tenant, key: &'a str, response: Kept) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let json = serde_json::to_vec(&response).map_err(|source| unreadable("a response", source))?;
            let (name, value) = match self.bodies.pack(tenant, &json).await? {
                Packed::Here(bytes) => ("kept", AttributeValue::B(Blob::new(bytes))),
                Packed::There(key) => ("kept_at", s(key)),
            };
            let update = self
                .client
                .update_item()
                .table_name(&self.ephemeral)
                .set_key(Some(replay_key(tenant, key)))
                .update_expression(format!("SET {name} = :response, answered = :answered"))
                .condition_expression("attribute_exists(digest)")
                .expression_attribute_values(":response", value)
                .expression_attribute_values(":answered", AttributeValue::Bool(true));
            update.send().await.map(drop).map_err(|error| {
                let is_conflict =
                    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception);
                if is_conflict { StoreError::Conflict } else { failed(error) }
            })
        })
    }

    fn release<'a>(&'a self, tenant: &'a Tenant, key: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let delete = self.client.delete_item().table_name(&self.ephemeral).set_key(Some(replay_key(tenant, key)));
            delete.send().await.map(drop).map_err(failed)
        })
    }
}

impl DynamoDb {
    async fn read_claim(&self, mut found: Item) -> Result<Claim, StoreError> {
        let bad = |name: &str| unreadable("an idempotency record", format!("{name} is missing"));
        let time = |name: &str| {
            let at = number(&found, name).and_then(|ms| Timestamp::from_millisecond(ms).ok());
            at.ok_or_else(|| bad(name))
        };
        let (leased_until, expires_at) = (time("leased_until_ms")?, time("expires_at_ms")?);
        let digest = text(&found, "digest").ok_or_else(|| bad("digest"))?.to_owned();
        let plan = text(&found, "plan").and_then(|id| id.parse().ok()).ok_or_else(|| bad("plan"))?;
        let packed = match (found.remove("kept"), found.remove("kept_at")) {
            (Some(AttributeValue::B(bytes)), _) => Some(Packed::Here(bytes.into_inner())),
            (_, Some(AttributeValue::S(key))) => Some(Packed::There(key)),
            _ => None,
        };
        let response = match packed {
            None => None,
            Some(packed) => {
                let json = self.bodies.unpack(packed).await?;
                Some(serde_json::from_slice(&json).map_err(|source| unreadable("a kept response", source))?)
            }
        };
        Ok(Claim { digest, plan, leased_until, expires_at, response })
    }
}

fn replay_key(tenant: &Tenant, key: &str) -> Item {
    // A tenant's name has no `#`.
    item([("key", s(format!("replay#{tenant}#{key}")))])
}
