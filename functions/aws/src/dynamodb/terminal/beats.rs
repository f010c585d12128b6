//! Signs of life, each an item of its own that is as small as can be: nobody's crane waits for another's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use portolan_functions::ports::StoreError;
use portolan_functions::terminal::event::Entity;
use portolan_functions::terminal::keys::{Item as Kept, Listed, partitions};

use super::super::{failed, number, seconds, text};
use super::{Place, Terminals, ephemeral_key, micros};

/// How long it is known when a silent piece was last heard of.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Signs that are written at the same time.
const AT_ONCE: usize = 32;

impl Terminals {
    /// Notes signs of life. Returns the ids that are not registered.
    pub(super) async fn hear(
        &self,
        place: Place<'_>,
        ids: Vec<String>,
        at: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let distinct: BTreeSet<&String> = ids.iter().collect();
        let keys = distinct.iter().map(|id| place.record(Entity::Equipment, id)).collect();
        let found = self.get_all(keys).await?;
        let known: BTreeSet<&str> = found.iter().filter_map(|found| text(found, "sort")).collect();
        let heard: Vec<&String> = distinct.into_iter().filter(|id| known.contains(id.as_str())).collect();
        for some in heard.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|id| self.note(place, id, at))).await?;
        }
        Ok(ids.into_iter().filter(|id| !known.contains(id.as_str())).collect())
    }

    async fn note(&self, place: Place<'_>, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.ephemeral)
            .set_key(Some(ephemeral_key(&place.key(Kept::Beat(id)))))
            .update_expression("SET at_us = :at, expires_at = :expires_at")
            // A sign that comes late does not undo a later one.
            .condition_expression("attribute_not_exists(at_us) OR at_us < :at")
            .expression_attribute_values(":at", micros(at))
            .expression_attribute_values(
                ":expires_at",
                seconds(at.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX)),
            );
        match noted.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Err(failed(error))
            }
            _ => Ok(()),
        }
    }

    /// When registered equipment was last heard of: one piece, or all.
    pub(super) async fn heard(
        &self,
        place: Place<'_>,
        of: Option<&str>,
    ) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let registered = match of {
            Some(id) => self.get(place.record(Entity::Equipment, id)).await?.into_iter().collect(),
            None => self.all_of(partitions(place.tenant, place.terminal, Listed::Records(Entity::Equipment))).await?,
        };
        let keys = registered.iter().filter_map(|found| text(found, "sort")).map(|id| {
            let key = ephemeral_key(&place.key(Kept::Beat(id)));
            (text(&key, "key").unwrap_or_default().to_owned(), (id.to_owned(), key))
        });
        let keys: HashMap<String, (String, super::Item)> = keys.collect();
        let wanted = keys.values().map(|(_, key)| key.clone()).collect();
        let now = self.clock.now().as_second();
        let found = self.get_all_of(&self.ephemeral, wanted).await?;
        let heard = found.iter().filter_map(|found| {
            // DynamoDB deletes late.
            number::<i64>(found, "expires_at").filter(|ends| *ends > now)?;
            let (id, _) = keys.get(text(found, "key")?)?;
            Some((id.clone(), Timestamp::from_microsecond(number(found, "at_us")?).ok()?))
        });
        Ok(heard.collect())
    }
}
