//! A change: read, decide, write in one transaction; and again, where somebody else was faster.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use futures_util::future::{try_join, try_join3};
use jiff::Timestamp;
use portolan::Issue;
use portolan_functions::ports::StoreError;
use portolan_functions::terminal::decide::decide;
use portolan_functions::terminal::event::{Ask, Change, Entity, Outcome, Reason, Receipt, Record, Refusal};
use portolan_functions::terminal::keys::{Item as Kept, Listed, partitions};

use super::super::{Item, failed, number, unreadable};
use super::rows::{self, Held, Row, Used, whole};
use super::seen::{Seen, Want};
use super::{Head, Place, Terminals, ephemeral_key, item_key};
use crate::bodies::unavailable;

/// Containers in one list at most: a function has to be done with it before its gateway gives up.
pub(super) const MAX_LOAD: usize = 10_000;
/// Actions of a transaction at most, and bytes, both a little below what DynamoDB takes.
pub(super) const ACTIONS: usize = 99;
pub(super) const BYTES: usize = 3 << 20;
/// Tries of a change, against others at the same terminal.
const TRIES: u32 = 10;
const SHORTEST_PAUSE_MS: u64 = 5;

/// A decision, with all that it writes.
struct Planned {
    rows: Vec<Row>,
    version: u64,
    outcome: Outcome,
}

/// Waits before a try, longer each time, by chance shorter: those who met once must not meet again. An error when it is enough.
pub(super) async fn pause(tries: u32) -> Result<(), StoreError> {
    if tries >= TRIES {
        return Err(unavailable(format!("given up after {TRIES} tries; too much is asked of one terminal")));
    }
    let most = SHORTEST_PAUSE_MS << tries.min(6);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=most))).await;
    Ok(())
}

impl Terminals {
    pub(super) async fn make(&self, place: Place<'_>, ask: &Ask) -> Result<Outcome, StoreError> {
        if let Change::Load { arrivals, .. } = &ask.change
            && arrivals.len() > self.largest_load
        {
            let (most, cause) = (self.largest_load, format!("there are {} containers", arrivals.len()));
            let action =
                format!("here at most {most} are taken over all or none: split the list, or send it with keep=good");
            let issue = Issue::new("too_many_lines", format!("/{most}"), cause, action);
            return Ok(Outcome::Refused(Refusal::issues(vec![issue])));
        }
        let mut tries = 0;
        loop {
            if tries > 0 {
                pause(tries).await?;
            }
            tries += 1;
            if let Some(outcome) = self.attempt(place, ask).await? {
                return Ok(outcome);
            }
        }
    }

    /// One try; `None` where somebody else changed the terminal on the way.
    async fn attempt(&self, place: Place<'_>, ask: &Ask) -> Result<Option<Outcome>, StoreError> {
        let head = self.settled(place).await?;
        // Times of events never go back, whatever the clock does.
        let at = self.clock.now().as_microsecond().max(head.at_us);
        let at = Timestamp::from_microsecond(at).map_err(|source| unreadable("the time of an event", source))?;
        let mut seen = Seen::default();
        let wants = seen.wants(ask);
        let (used, spec, ()) =
            try_join3(self.used(place, ask), self.layout(place, head.laid_out), self.fetch(place, &mut seen, wants))
                .await?;
        if let Some(used) = used {
            return Ok(Some(used));
        }
        seen.spec = spec;
        let planned = loop {
            let wants = seen.wants(ask);
            if !wants.is_empty() {
                self.fetch(place, &mut seen, wants).await?;
                continue;
            }
            match plan(&seen, ask, head.version, at) {
                Err(_) if seen.missed_something() => {}
                planned => break planned?,
            }
        };
        if planned.rows.is_empty() {
            // Nothing is written whose condition could tell that a mix was read.
            let unchanged = self.read_head(place).await? == head;
            return Ok(unchanged.then_some(planned.outcome));
        }
        let mut actions = Vec::new();
        for row in &planned.rows {
            actions.extend(self.actions(place, row)?);
        }
        let after = Head {
            version: planned.version,
            at_us: if planned.version > head.version { at.as_microsecond() } else { head.at_us },
            laid_out: rows::laid_out(head.laid_out, &planned.rows),
            job: None,
        };
        let is_large = actions.len() > ACTIONS || actions.iter().map(rows::weight).sum::<usize>() > BYTES;
        let is_done = if is_large {
            self.begin(place, &head, &after, planned.rows).await?
        } else {
            self.commit(place, &head, &after, actions).await?
        };
        Ok(is_done.then_some(planned.outcome))
    }

    /// Whether the transaction went through, and nobody had moved the head.
    async fn commit(
        &self,
        place: Place<'_>,
        before: &Head,
        after: &Head,
        mut actions: Vec<TransactWriteItem>,
    ) -> Result<bool, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(place.key(Kept::Head))))
            .update_expression("SET version = :version, at_us = :at, laid_out = :laid_out")
            .condition_expression(untouched(before))
            .expression_attribute_values(":version", whole(after.version))
            .expression_attribute_values(":at", super::super::n(after.at_us))
            .expression_attribute_values(":laid_out", whole(after.laid_out));
        if before.version > 0 {
            update = update.expression_attribute_values(":before", whole(before.version));
        }
        let update = update.build().map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        actions.push(TransactWriteItem::builder().update(update).build());
        match self.client.transact_write_items().set_transact_items(Some(actions)).send().await {
            Ok(_) => Ok(true),
            Err(error) if Cancelled::of(&error).is_some() => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// What the idempotency key was used for.
    async fn used(&self, place: Place<'_>, ask: &Ask) -> Result<Option<Outcome>, StoreError> {
        let Some((key, digest)) = &ask.key else { return Ok(None) };
        let key = ephemeral_key(&place.key(Kept::Used(key)));
        let read = self.client.get_item().table_name(&self.ephemeral).set_key(Some(key)).consistent_read(true);
        let Some(found) = read.send().await.map_err(failed)?.item else { return Ok(None) };
        // DynamoDB deletes up to two days late.
        let ends_us: i64 = number(&found, "at_us").unwrap_or_default();
        if ends_us <= self.clock.now().as_microsecond() {
            return Ok(None);
        }
        let used: Used = rows::body("an idempotency record", &found)?;
        Ok(Some(if used.digest == *digest {
            Outcome::Again(used.receipt)
        } else {
            Outcome::Refused(Refusal::new(Reason::KeyMismatch, "use a new key for a new request"))
        }))
    }

    /// Reads what is wanted.
    async fn fetch(&self, place: Place<'_>, seen: &mut Seen, wants: BTreeSet<Want>) -> Result<(), StoreError> {
        if wants.contains(&Want::Everything) {
            let stacks = self.all_of(partitions(place.tenant, place.terminal, Listed::Stacks));
            let (records, stacks) = try_join(self.all_records(place), stacks).await?;
            seen.extend(records);
            seen.extend(stacks.iter().map(held).collect::<Result<Vec<Held>, _>>()?);
            seen.is_complete = true;
            return Ok(());
        }
        let (mut records, mut stacks) = (Vec::new(), Vec::new());
        for want in wants {
            match want {
                Want::Record(entity, id) => {
                    records.push(place.record(entity, &id));
                    seen.records.insert((entity, id), None);
                }
                Want::Stack(at) => {
                    stacks.push(place.key(Kept::Stack(&at)));
                    seen.stacks.insert(at, Vec::new());
                }
                Want::Equipment => {
                    let all = partitions(place.tenant, place.terminal, Listed::Records(Entity::Equipment));
                    seen.equipment = Some(self.count_of(all).await?);
                }
                Want::Everything => {}
            }
        }
        let (records, stacks) = try_join(self.get_all(records), self.get_all(stacks)).await?;
        seen.extend(records.iter().map(|found| rows::body("a record", found)).collect::<Result<Vec<Record>, _>>()?);
        seen.extend(stacks.iter().map(held).collect::<Result<Vec<Held>, _>>()?);
        Ok(())
    }
}

fn held(found: &Item) -> Result<Held, StoreError> {
    rows::body("a stack", found)
}

/// The condition that the head is still the one that was read.
pub(super) fn untouched(before: &Head) -> &'static str {
    if before.version == 0 {
        "attribute_not_exists(version) AND attribute_not_exists(job)"
    } else {
        "version = :before AND attribute_not_exists(job)"
    }
}

/// Decides, and works out what that writes. Pure.
fn plan(seen: &Seen, ask: &Ask, version: u64, at: Timestamp) -> Result<Planned, StoreError> {
    let decision = decide(seen, ask, at)?;
    let about = ask.change.about();
    let events = decision.drafts.len() as u64;
    let created = about.is_some() && decision.drafts.first().is_some_and(|draft| draft.before.is_none());
    let mut rows = rows::rows(seen, version, decision.drafts, &ask.by, at)?;
    let version = version + events;
    if let Some(refusal) = decision.refusal {
        return Ok(Planned { rows, version, outcome: Outcome::Refused(refusal) });
    }
    let record = about.and_then(|about: (Entity, String)| match rows.iter().find(|row| row.is_of(&about)) {
        Some(Row::Record(record)) => Some(record.clone()),
        Some(_) => None,
        None => seen.records.get(&about).cloned().flatten(),
    });
    let receipt = Receipt { version, at, record, created, events };
    if let Some((key, digest)) = &ask.key {
        rows.push(Row::Used(key.clone(), Used { digest: digest.clone(), receipt: receipt.clone() }));
    }
    Ok(Planned { rows, version, outcome: Outcome::Done(receipt) })
}

/// Why a transaction was not made, where trying again helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancelled {
    /// A condition does not hold.
    Condition,
    /// Another transaction is at the same items, or there is too much to do.
    Crowded,
}

impl Cancelled {
    /// What an error says.
    pub(super) fn of(error: &SdkError<TransactWriteItemsError>) -> Option<Self> {
        match error.as_service_error()? {
            TransactWriteItemsError::TransactionInProgressException(_) => Some(Self::Crowded),
            TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                let codes: Vec<&str> = cancelled.cancellation_reasons().iter().filter_map(|it| it.code()).collect();
                if codes.contains(&"ConditionalCheckFailed") {
                    return Some(Self::Condition);
                }
                let crowded = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
                codes.iter().any(|code| crowded.contains(code)).then_some(Self::Crowded)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use portolan_functions::terminal::container::{Container, Details, Status};
    use portolan_functions::terminal::event::{Body, Expect, Move, Stamp};
    use portolan_functions::terminal::layout::{Block, Spec};

    use super::*;

    const LOWER: &str = "ZEPU0037255";
    const UPPER: &str = "CSQU3054383";

    fn container(number: &str, slot: &str) -> Record {
        let details = Details { size_type: "22G1".to_owned(), ..Details::default() };
        let slot = Some(slot.parse().expect("a slot"));
        let body = Body::Container(Container { number: number.to_owned(), status: Status::Stored, slot, details });
        Record { body, stamp: Stamp { version: 1, at: Timestamp::UNIX_EPOCH, by: "test".to_owned() } }
    }

    fn ask(container: &str, to: &str) -> Ask {
        let (from, to) = ("A/1/1/2".parse().expect("a place"), to.parse().expect("a place"));
        let change = Change::Move(Move { container: container.to_owned(), from, to, equipment: None });
        Ask { change, expect: Expect::Anything, by: "test".to_owned(), key: Some(("k".to_owned(), "d".to_owned())) }
    }

    /// Reads what is wanted from a yard of two containers, one on the other, and tells how often.
    fn rounds(seen: &mut Seen, ask: &Ask) -> (usize, Planned) {
        for round in 0..9 {
            let wants = seen.wants(ask);
            if wants.is_empty() {
                match plan(seen, ask, 7, Timestamp::UNIX_EPOCH) {
                    Err(_) if seen.missed_something() => continue,
                    planned => return (round, planned.expect("a decision")),
                }
            }
            for want in wants {
                match want {
                    Want::Record(entity, id) => {
                        let slot =
                            [(LOWER, "A/1/1/1"), (UPPER, "A/1/1/2")].into_iter().find(|(number, _)| *number == id);
                        seen.records.insert((entity, id), slot.map(|(number, slot)| container(number, slot)));
                    }
                    Want::Stack(at) => {
                        let held =
                            if at.to_string() == "A/1/1" { vec![LOWER.to_owned(), UPPER.to_owned()] } else { vec![] };
                        seen.stacks.insert(at, held);
                    }
                    Want::Equipment | Want::Everything => panic!("a move needs little"),
                }
            }
        }
        panic!("it never ends");
    }

    fn yard() -> Seen {
        let block = Block { id: "A".to_owned(), bays: 2, rows: 2, max_tiers: 3, ..Block::default() };
        let mut seen = Seen::default();
        seen.spec = Some(std::sync::Arc::new(Spec { blocks: vec![block], ..Spec::default() }));
        seen
    }

    #[test]
    fn a_move_reads_once_and_writes_what_changes() {
        let (rounds, planned) = rounds(&mut yard(), &ask(UPPER, "A/2/1"));
        assert_eq!(rounds, 1, "all that it reads was foreseen");
        let kinds: Vec<String> = planned
            .rows
            .iter()
            .map(|row| match row {
                Row::Event(event) => format!("event {}", event.stamp.version),
                Row::Record(record) => format!("record {}", record.body.name().1),
                Row::Stack(held) => format!("{} holds {}", held.at, held.numbers.join(" ")),
                Row::Used(key, used) => format!("{key} used for {}", used.receipt.version),
                other => format!("{other:?}"),
            })
            .collect();
        let expected = [
            "event 8",
            &format!("record {UPPER}"),
            &format!("A/1/1 holds {LOWER}"),
            &format!("A/2/1 holds {UPPER}"),
            "k used for 8",
        ];
        assert_eq!(kinds, expected);
        let Outcome::Done(receipt) = planned.outcome else { panic!("it can be moved") };
        let slot = receipt.record.expect("it is there").body.container().and_then(|it| it.slot.clone());
        assert_eq!(slot.map(|slot| slot.to_string()).as_deref(), Some("A/2/1/1"));
    }

    #[test]
    fn a_move_that_is_refused_writes_nothing() {
        let mut below = ask(LOWER, "A/2/1");
        if let Change::Move(asked) = &mut below.change {
            asked.from = "A/1/1/1".parse().expect("a place");
        }
        let (_, planned) = rounds(&mut yard(), &below);
        assert!(planned.rows.is_empty() && planned.version == 7);
        assert!(matches!(planned.outcome, Outcome::Refused(refusal) if refusal.reason == Reason::NotOnTop));
    }

    #[test]
    fn rows_of_a_large_change_read_back() {
        let (_, planned) = rounds(&mut yard(), &ask(UPPER, "out"));
        let json = serde_json::to_vec(&planned.rows).expect("plain data");
        assert_eq!(serde_json::from_slice::<Vec<Row>>(&json).expect("our own"), planned.rows);
    }
}
