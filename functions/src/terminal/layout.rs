//! How a terminal is laid out: quay and berths, blocks of stacks, gates, transfer legs, and the names of places.
//!
//! A block is a grid: bays along it, rows across, tiers up. Stacks that differ from the rest of their block (a plug, another length, a
//! closure) are listed as exceptions, so that a terminal of 100,000 stacks is described in a few kilobytes.

use std::fmt;
use std::str::FromStr;

use portolan::berth::wire::{BerthWire, CallWire, WindowWire, Wire as BerthProblem};
use portolan::issue::Issues;
use portolan::time::Time;
use portolan::yard::wire::RulesWire;
use portolan::{Issue, Problem, berth::Berths};
use serde::{Deserialize, Serialize};

use super::container::LENGTHS_FT;
use super::{check_id, check_range, check_text};

/// Bays of a block, rows of a bay and tiers of a stack at most.
pub const MAX_BAYS: u16 = 999;
/// See [`MAX_BAYS`].
pub const MAX_ROWS: u16 = 99;
/// See [`MAX_BAYS`].
pub const MAX_TIERS: u8 = 12;
const MAX_BLOCKS: usize = 500;
const MAX_EXCEPTIONS: usize = 10_000;
const MAX_GATES: usize = 500;
const MAX_TRANSFERS: usize = 10_000;
/// Windows of a gate, hazard classes of a stack at most.
const MAX_WINDOWS: usize = 1000;
const MAX_HAZARDS: usize = 64;

/// A terminal as its operator describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TerminalSpec)]
pub struct Spec {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Length of the quay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quay_m: Option<f64>,
    /// Where vessels can go, with closures, tides and handling rates. Times are RFC 3339.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub berths: Vec<BerthWire>,
    /// Where containers stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// What may stand on what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesWire>,
    /// Where trucks and trains come in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// Ways between berths, blocks and gates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
}

/// A block of stacks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = YardBlock)]
pub struct Block {
    /// Name, unique in the terminal.
    pub id: String,
    /// Bays, counted from 1 along the block.
    pub bays: u16,
    /// Rows of a bay, counted from 1 from the truck lane.
    pub rows: u16,
    /// Containers a stack takes.
    pub max_tiers: u8,
    /// Length of its containers; any where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ft: Option<u32>,
    /// Whether its stacks have plugs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plugs: bool,
    /// Hazard classes that may stand in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hazards: Vec<String>,
    /// Bays or stacks that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// A bay, or one stack of it, that differs from its block. Later ones come before earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = YardException)]
pub struct Exception {
    /// The bay.
    pub bay: u16,
    /// The row; the whole bay where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u16>,
    /// Another height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tiers: Option<u8>,
    /// Another length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ft: Option<u32>,
    /// With or without plugs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugs: Option<bool>,
    /// Other hazard classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazards: Option<Vec<String>>,
    /// Nothing is put here; what stands here may leave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// A gate for trucks or trains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TerminalGate)]
pub struct Gate {
    /// Name, unique in the terminal.
    pub id: String,
    /// Lanes.
    pub lanes: u32,
    /// When it is open; always where it is not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<WindowWire>,
}

/// A way that containers are driven.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransferLeg)]
pub struct Transfer {
    /// A berth, block or gate.
    pub from: String,
    /// A berth, block or gate.
    pub to: String,
    /// How long it takes.
    pub seconds: u32,
    /// Containers an hour.
    pub containers_per_hour: u32,
}

/// A stack's own attributes, its block and exceptions put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ground {
    /// Containers it takes.
    pub max_tiers: u8,
    /// Length of its containers.
    pub length_ft: Option<u32>,
    /// Whether it has plugs.
    pub plugs: bool,
    /// Hazard classes that may stand here.
    pub hazards: Vec<String>,
    /// Whether nothing is put here.
    pub closed: bool,
}

/// A ground slot: `A/1/2` is block A, bay 1, row 2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackAt {
    /// Block.
    pub block: String,
    /// Bay, from 1.
    pub bay: u16,
    /// Row, from 1.
    pub row: u16,
}

/// A place for one container: `A/1/2/3` is the third tier of `A/1/2`, counted from the ground.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Ground slot.
    pub stack: StackAt,
    /// Tier, from 1.
    pub tier: u8,
}

/// Not a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place; write BLOCK/BAY/ROW, with /TIER for one slot of it, such as A/1/2/3")]
pub struct NoPlace(String);

impl StackAt {
    /// A text that sorts as blocks, bays and rows do.
    pub fn key(&self) -> String {
        format!("{}/{:03}/{:02}", self.block, self.bay, self.row)
    }
}

impl fmt::Display for StackAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.block, self.bay, self.row)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stack, self.tier)
    }
}

impl FromStr for StackAt {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let read = || {
            let mut parts = text.split('/');
            let block = parts.next().filter(|block| !block.is_empty() && block.len() <= super::MAX_ID)?.to_owned();
            let (bay, row) = (whole(parts.next()?)?, whole(parts.next()?)?);
            (parts.next().is_none() && bay <= MAX_BAYS && row <= MAX_ROWS).then_some(Self { block, bay, row })
        };
        read().ok_or_else(|| NoPlace(super::shortened(text)))
    }
}

impl FromStr for Slot {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let read = || {
            let (stack, tier) = text.rsplit_once('/')?;
            let tier = whole(tier).and_then(|tier| u8::try_from(tier).ok()).filter(|tier| *tier <= MAX_TIERS)?;
            Some(Self { stack: stack.parse().ok()?, tier })
        };
        read().ok_or_else(|| NoPlace(super::shortened(text)))
    }
}

/// A number from 1 without signs.
fn whole(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

macro_rules! as_text {
    ($name:ident, $example:literal, $what:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                let text = ObjectBuilder::new().schema_type(Type::String);
                text.description(Some($what)).examples([serde_json::json!($example)]).into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use as_text;

as_text!(StackAt, "A/1/2", "block, bay and row");
as_text!(Slot, "A/1/2/3", "block, bay, row and tier");

impl Spec {
    /// A block by its name.
    pub fn block(&self, id: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.id == id)
    }

    /// Whether there is such a berth.
    pub fn has_berth(&self, id: &str) -> bool {
        self.berths.iter().any(|berth| berth.id == id)
    }

    /// A stack's attributes; `None` where there is no such place.
    pub fn ground(&self, at: &StackAt) -> Option<Ground> {
        let block = self.block(&at.block)?;
        (1..=block.bays).contains(&at.bay).then_some(())?;
        (1..=block.rows).contains(&at.row).then_some(())?;
        let (max_tiers, length_ft, plugs) = (block.max_tiers, block.length_ft, block.plugs);
        let mut ground = Ground { max_tiers, length_ft, plugs, hazards: block.hazards.clone(), closed: false };
        for other in block.exceptions.iter().filter(|other| other.bay == at.bay) {
            if other.row.is_none_or(|row| row == at.row) {
                ground.max_tiers = other.max_tiers.unwrap_or(ground.max_tiers);
                ground.length_ft = other.length_ft.or(ground.length_ft);
                ground.plugs = other.plugs.unwrap_or(ground.plugs);
                ground.hazards = other.hazards.clone().unwrap_or(ground.hazards);
                ground.closed |= other.closed;
            }
        }
        Some(ground)
    }

    /// Everything wrong with it.
    pub fn issues(&self) -> Vec<Issue> {
        let mut issues = Issues::new();
        if let Some(name) = &self.name {
            check_text(&mut issues, "/name", name);
        }
        if let Some(quay) = self.quay_m {
            check_range(&mut issues, "/quay_m", quay, 1.0, 10_000.0);
        }
        check_count(&mut issues, "/blocks", self.blocks.len(), MAX_BLOCKS);
        check_count(&mut issues, "/gates", self.gates.len(), MAX_GATES);
        check_count(&mut issues, "/transfers", self.transfers.len(), MAX_TRANSFERS);
        let blocks = self.blocks.iter().enumerate().map(|(at, block)| (format!("/blocks/{at}"), block.id.as_str()));
        let gates = self.gates.iter().enumerate().map(|(at, gate)| (format!("/gates/{at}"), gate.id.as_str()));
        let berths = self.berths.iter().enumerate().map(|(at, berth)| (format!("/berths/{at}"), berth.id.as_str()));
        let mut places = std::collections::BTreeMap::new();
        for (path, id) in blocks.chain(gates).chain(berths) {
            check_id(&mut issues, &format!("{path}/id"), id);
            if let Some(first) = places.insert(id, path.clone()) {
                let cause = format!("{id:?} is already the id of {first}");
                issues.push(Issue::new("duplicate_id", format!("{path}/id"), cause, "give each place its own id"));
            }
        }
        for (at, block) in self.blocks.iter().enumerate() {
            block.check(&mut issues, &format!("/blocks/{at}"));
        }
        for (at, gate) in self.gates.iter().enumerate() {
            check_range(&mut issues, &format!("/gates/{at}/lanes"), f64::from(gate.lanes), 1.0, 1000.0);
            check_count(&mut issues, &format!("/gates/{at}/open"), gate.open.len(), MAX_WINDOWS);
            for (window_at, window) in gate.open.iter().enumerate() {
                if window.from.zip(window.to).is_some_and(|(from, to)| instant(from) > instant(to)) {
                    let path = format!("/gates/{at}/open/{window_at}");
                    let cause = "the window ends before it begins";
                    issues.push(Issue::new("window_ends_before_it_begins", path, cause, "swap its ends"));
                }
            }
        }
        for (at, leg) in self.transfers.iter().enumerate() {
            for (end, name) in [("from", &leg.from), ("to", &leg.to)] {
                if !places.contains_key(name.as_str()) {
                    let cause = format!("there is no berth, block or gate {:?}", super::shortened(name));
                    let path = format!("/transfers/{at}/{end}");
                    issues.push(Issue::new("unknown_place", path, cause, "use an id from /berths, /blocks or /gates"));
                }
            }
            let path = format!("/transfers/{at}");
            if leg.from == leg.to {
                let action = "give a way between two places";
                issues.push(Issue::new("same_place", format!("{path}/to"), "the way ends where it begins", action));
            }
            check_range(&mut issues, &format!("{path}/seconds"), f64::from(leg.seconds), 1.0, 86_400.0);
            let rate = f64::from(leg.containers_per_hour);
            check_range(&mut issues, &format!("{path}/containers_per_hour"), rate, 1.0, 10_000.0);
        }
        self.check_berths(&mut issues);
        issues.into_vec()
    }

    /// Berths are checked by the problem that will be planned with them.
    fn check_berths(&self, issues: &mut Issues) {
        let mut times = Vec::new();
        for berth in &self.berths {
            let open = berth.open.iter().flatten().chain(berth.tide.iter().flat_map(|tide| &tide.windows));
            times.extend(open.flat_map(|window| [window.from, window.to]).flatten());
            times.extend(berth.closures.iter().flat_map(|closure| [closure.from, closure.to]));
        }
        if times.iter().any(|time| instant(*time).is_none()) {
            let cause = "a time is a number of seconds, and a terminal has no horizon to count it from";
            issues.push(Issue::new("relative_time", "/berths", cause, "give RFC 3339 times"));
            return;
        }
        if self.berths.is_empty() {
            return;
        }
        let first = times.into_iter().filter_map(instant).min().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let handling = self.berths.iter().map(|berth| (berth.id.clone(), 3600)).collect();
        let call = CallWire { handling_s: Some(handling), ..CallWire::new("any", Time::Offset(0)) };
        let horizon_start = Some(Time::Absolute(first));
        let problem =
            BerthProblem { horizon_start, berths: self.berths.clone(), calls: vec![call], ..BerthProblem::default() };
        for issue in Berths::instance(&problem).err().into_iter().flatten() {
            // Ids that are given twice were found above.
            if issue.path.starts_with("/berths") && issue.code != "duplicate_id" {
                issues.push(issue);
            }
        }
    }
}

impl Block {
    fn check(&self, issues: &mut Issues, path: &str) {
        let most = [("bays", f64::from(self.bays), MAX_BAYS), ("rows", f64::from(self.rows), MAX_ROWS)];
        for (name, value, most) in most {
            check_range(issues, &format!("{path}/{name}"), value, 1.0, f64::from(most));
        }
        check_range(issues, &format!("{path}/max_tiers"), f64::from(self.max_tiers), 1.0, f64::from(MAX_TIERS));
        check_ground(issues, path, self.length_ft, &self.hazards);
        check_count(issues, &format!("{path}/exceptions"), self.exceptions.len(), MAX_EXCEPTIONS);
        for (at, other) in self.exceptions.iter().enumerate() {
            let inside =
                (1..=self.bays).contains(&other.bay) && other.row.is_none_or(|row| (1..=self.rows).contains(&row));
            if !inside {
                let cause = "it stands outside of its block";
                let place = format!("{path}/exceptions/{at}");
                issues.push(Issue::new("outside_of_block", place, cause, "give a bay and a row that the block has"));
            }
            let place = format!("{path}/exceptions/{at}");
            if let Some(tiers) = other.max_tiers {
                check_range(issues, &format!("{place}/max_tiers"), f64::from(tiers), 0.0, f64::from(MAX_TIERS));
            }
            check_ground(issues, &place, other.length_ft, other.hazards.as_deref().unwrap_or_default());
        }
    }
}

fn check_count(issues: &mut Issues, path: &str, count: usize, most: usize) {
    if count > most {
        issues.push(Issue::new("too_many", path, format!("there are {count}"), format!("give at most {most}")));
    }
}

/// Checks a length, which some container must have, and hazard classes.
fn check_ground(issues: &mut Issues, path: &str, length_ft: Option<u32>, hazards: &[String]) {
    if let Some(length) = length_ft.filter(|length| !LENGTHS_FT.contains(length)) {
        let action = format!("give one of {}", LENGTHS_FT.map(|length| length.to_string()).join(", "));
        let cause = format!("no container is {length} ft long");
        issues.push(Issue::new("no_such_length", format!("{path}/length_ft"), cause, action));
    }
    check_count(issues, &format!("{path}/hazards"), hazards.len(), MAX_HAZARDS);
    for (at, hazard) in hazards.iter().enumerate() {
        check_id(issues, &format!("{path}/hazards/{at}"), hazard);
    }
}

/// The instant, where the time is one.
pub(crate) fn instant(time: Time) -> Option<jiff::Timestamp> {
    match time {
        Time::Absolute(at) => Some(at),
        Time::Offset(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_and_nothing_else_is_one() {
        for text in ["A/1/2/3", "north-1/999/99/12"] {
            assert_eq!(text.parse::<Slot>().expect("a slot").to_string(), text);
        }
        for text in
            ["", "A", "A/1", "A/1/2", "A/0/1/1", "A/1/2/0", "A/1/2/13", "A/+1/2/3", "A/1/2/3/4", "/1/2/3", "A/1000/1/1"]
        {
            assert!(text.parse::<Slot>().is_err(), "{text}");
        }
    }

    #[test]
    fn exceptions_come_before_the_block() {
        let block: Block = serde_json::from_str(
            r#"{"id":"A","bays":3,"rows":2,"max_tiers":5,"exceptions":[{"bay":2,"max_tiers":3},{"bay":2,"row":1,"closed":true}]}"#,
        )
        .expect("a block");
        let spec = Spec { blocks: vec![block], ..Spec::default() };
        assert_eq!(spec.issues(), []);
        let ground = |text: &str| spec.ground(&text.parse().expect("a stack"));
        assert_eq!(ground("A/1/1").map(|ground| (ground.max_tiers, ground.closed)), Some((5, false)));
        assert_eq!(ground("A/2/1").map(|ground| (ground.max_tiers, ground.closed)), Some((3, true)));
        assert_eq!(ground("A/2/2").map(|ground| (ground.max_tiers, ground.closed)), Some((3, false)));
        assert_eq!((ground("A/4/1"), ground("B/1/1")), (None, None));
    }
}
