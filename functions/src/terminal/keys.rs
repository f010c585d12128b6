//! Where the items of a terminal lie in a table that is split by the hash of a partition key.
//!
//! One partition of such a table takes a thousand write units a second, however large the table is. So what belongs to one terminal
//! is spread: whatever is listed lies in [`SHARDS`] partitions, by a hash of its name, and a list is merged from them; what is only looked
//! up has a partition of its own. Events go round the shards by their number.
//!
//! One item cannot be spread: the **head**, which numbers the events without a gap and orders the terminal's writes. It is small
//! (two write units a transaction), so that a terminal can make 500 transactions a second, 1.8 million an hour. A move writes
//! seven items: of all write units of one busy terminal, 14.3 % go to the head and at most 2.1 % to any other partition (a hundred thousand moves,
//! four fifths of them in a fifth of the stacks; `cargo test -p portolan-functions --lib busy_terminal -- --nocapture` prints it). With the
//! terminal as the partition key, all of them would go to one.

use sha2::{Digest, Sha256};

use super::container::Destination;
use super::event::Entity;
use super::layout::StackAt;
use crate::plans::record::Tenant;

/// Partitions over which a kind of items is spread.
pub const SHARDS: u8 = 16;

/// Partition and sort key of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which partition.
    pub partition: String,
    /// Where in it. Items of a partition are sorted by this, in the order of bytes.
    pub sort: String,
}

/// An item of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Number and time of the last event.
    Head,
    /// A record.
    Record(Entity, &'a str),
    /// A stack that holds something.
    Stack(&'a StackAt),
    /// That a container has a destination.
    Destination(&'a Destination, &'a str),
    /// An event.
    Event(u64),
    /// That an event is about a record.
    EventOf(Entity, &'a str, u64),
    /// What an idempotency key was used for.
    Used(&'a str),
    /// When equipment was last heard of.
    Beat(&'a str),
}

/// The key of an item.
pub fn key(tenant: &Tenant, terminal: &str, item: Item<'_>) -> Key {
    let at = |place: String, sort: String| Key { partition: partition(tenant, terminal, &place), sort };
    match item {
        Item::Head => at("head".to_owned(), "head".to_owned()),
        // A key cannot be empty, and the terminal itself has no id.
        Item::Record(Entity::Terminal, _) => at(sharded(kind(Entity::Terminal), 0), "-".to_owned()),
        Item::Record(entity, id) => at(sharded(kind(entity), shard(id)), id.to_owned()),
        Item::Stack(stack) => at(sharded("stack", shard(&stack.key())), stack.key()),
        Item::Destination(destination, number) => {
            at(sharded(&format!("destination#{destination}"), shard(number)), number.to_owned())
        }
        Item::Event(number) => at(sharded("event", (number % u64::from(SHARDS)) as u8), numbered(number)),
        Item::EventOf(entity, id, number) => at(format!("history#{}#{id}", kind(entity)), numbered(number)),
        Item::Used(key) => at(format!("used#{key}"), "used".to_owned()),
        Item::Beat(id) => at(sharded("beat", shard(id)), id.to_owned()),
    }
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// Records of a kind, by id.
    Records(Entity),
    /// Stacks that hold something, by place.
    Stacks,
    /// Containers with a destination, by number.
    Destination(&'a Destination),
    /// Events, by number.
    Events,
    /// Events about a record, by number.
    EventsOf(Entity, &'a str),
    /// Signs of life, by equipment.
    Beats,
}

/// The partitions that a list is merged from, each sorted by itself.
pub fn partitions(tenant: &Tenant, terminal: &str, listed: Listed<'_>) -> Vec<String> {
    let name = match listed {
        Listed::EventsOf(entity, id) => {
            return vec![partition(tenant, terminal, &format!("history#{}#{id}", kind(entity)))];
        }
        Listed::Records(entity) => kind(entity).to_owned(),
        Listed::Stacks => "stack".to_owned(),
        Listed::Destination(destination) => format!("destination#{destination}"),
        Listed::Events => "event".to_owned(),
        Listed::Beats => "beat".to_owned(),
    };
    (0..SHARDS).map(|shard| partition(tenant, terminal, &sharded(&name, shard))).collect()
}

/// A number as a sort key.
pub fn numbered(number: u64) -> String {
    format!("{number:020}")
}

fn partition(tenant: &Tenant, terminal: &str, place: &str) -> String {
    // A terminal has no `#` in its name; a tenant, which a token may name, might.
    let tenant = tenant.name().replace('%', "%25").replace('#', "%23");
    format!("{tenant}#{terminal}#{place}")
}

fn sharded(name: &str, shard: u8) -> String {
    format!("{name}#{shard:02}")
}

fn shard(name: &str) -> u8 {
    // Numbers that follow each other must not end up together, which sums of their digits would do.
    Sha256::digest(name)[0] % SHARDS
}

fn kind(entity: Entity) -> &'static str {
    match entity {
        Entity::Terminal => "terminal",
        Entity::Container => "container",
        Entity::Call => "call",
        Entity::Equipment => "equipment",
        Entity::Progress => "progress",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn of(item: Item<'_>) -> Key {
        key(&Tenant::local(), "T1", item)
    }

    #[test]
    fn what_is_listed_lies_where_the_list_looks() {
        let destination: Destination = "call:X".parse().expect("a destination");
        let stack: StackAt = "A/1/2".parse().expect("a stack");
        let pairs = [
            (Item::Record(Entity::Container, "CSQU3054383"), Listed::Records(Entity::Container)),
            (Item::Stack(&stack), Listed::Stacks),
            (Item::Destination(&destination, "CSQU3054383"), Listed::Destination(&destination)),
            (Item::Event(12_345), Listed::Events),
            (Item::EventOf(Entity::Call, "X", 7), Listed::EventsOf(Entity::Call, "X")),
            (Item::Beat("RTG-1"), Listed::Beats),
        ];
        let mut seen = BTreeSet::new();
        for (item, listed) in pairs {
            let partitions = partitions(&Tenant::local(), "T1", listed);
            assert!(partitions.contains(&of(item).partition), "{item:?}");
            assert!(partitions.into_iter().all(|partition| seen.insert(partition)), "{listed:?} shares a partition");
        }
        assert!(numbered(9) < numbered(10), "numbers sort as texts");
        assert_ne!(key(&Tenant::new("other"), "T1", Item::Head), of(Item::Head));
        let guest = key(&Tenant::new("local#T1#used"), "T2", Item::Head);
        assert_ne!(guest.partition, of(Item::Used("T2#head")).partition, "no name reaches into another tenant's");
    }

    /// One busy terminal: write units by partition, as shares of all.
    #[test]
    fn a_busy_terminal_does_not_sit_on_one_partition() {
        const MOVES: u64 = 100_000;
        const STACKS: u64 = 5_000;
        let mut dice = 1_u64;
        let mut below = |end: u64| {
            // Knuth's MMIX generator; its high bits are the good ones.
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % end
        };
        let mut units: BTreeMap<String, u64> = BTreeMap::new();
        for number in 1..=MOVES {
            let container = format!("PTLU{:07}", below(100_000));
            let mut stack = || {
                // Four fifths of the moves are in a fifth of the stacks.
                let busy = below(5) < 4;
                let at = if busy { below(STACKS / 5) } else { STACKS / 5 + below(STACKS * 4 / 5) };
                StackAt { block: format!("B{}", at / 240), bay: (at % 240 / 6) as u16 + 1, row: (at % 6) as u16 + 1 }
            };
            let (from, to) = (stack(), stack());
            let used = format!("key-{number}");
            let items = [
                Item::Head,
                Item::Record(Entity::Container, &container),
                Item::Stack(&from),
                Item::Stack(&to),
                Item::Event(number),
                Item::EventOf(Entity::Container, &container, number),
                Item::Used(&used),
            ];
            for item in items {
                // A write within a transaction counts twice.
                *units.entry(of(item).partition).or_default() += 2;
            }
        }
        let all: u64 = units.values().sum();
        let head = units.remove(&of(Item::Head).partition).expect("the head is written");
        let (busiest, most) = units.iter().max_by_key(|(_, units)| **units).expect("there are others");
        let share = |units: u64| units as f64 / all as f64;
        println!(
            "{} partitions; the head has {:.1} % of {all} write units, {busiest} {:.2} %",
            units.len() + 1,
            100.0 * share(head),
            100.0 * share(*most)
        );
        assert!(share(head) < 0.15, "the head has {head} of {all}");
        assert!(share(*most) < 0.025, "{busiest} has {most} of {all}");
    }
}
