//! What can be asked of a terminal, and what comes of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use portolan::Issue;
use serde::{Deserialize, Serialize};

use super::layout::{NoPlace, Slot, Spec, StackAt, as_text};
use super::{call, container, equipment};
use crate::plans::record::PlanId;

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// The terminal itself.
    Terminal,
    /// A container.
    Container,
    /// A call.
    Call,
    /// A piece of equipment.
    Equipment,
    /// How far a plan has been carried out.
    Progress,
}

impl Entity {
    /// Every kind, in their order.
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Container, Self::Call, Self::Equipment, Self::Progress];

    /// Several of them, as paths name them.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Terminal => "terminals",
            Self::Container => "containers",
            Self::Call => "calls",
            Self::Equipment => "equipment",
            Self::Progress => "plans",
        }
    }
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TerminalRecordBody)]
pub enum Body {
    /// The terminal itself.
    Terminal(Box<Spec>),
    /// A container.
    Container(container::Container),
    /// A call.
    Call(call::Call),
    /// A piece of equipment.
    Equipment(equipment::Equipment),
    /// How far a plan has been carried out.
    Progress(Progress),
}

/// Who wrote a record last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TerminalStamp)]
pub struct Stamp {
    /// Number of the event.
    pub version: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who, as given in `x-actor`.
    pub by: String,
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TerminalRecord)]
pub struct Record {
    /// What it holds.
    pub body: Body,
    /// Who wrote it last.
    pub stamp: Stamp,
}

/// Something that happened. Events are numbered from 1 without a gap and are never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = TerminalEvent)]
pub struct Event {
    /// Its number, when, who.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// What happened.
    pub kind: Kind,
    /// To which kind of record.
    pub entity: Entity,
    /// To which.
    pub id: String,
    /// Which equipment did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<String>,
    /// The record as it was; not there where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Record>,
    /// What it holds since; not there where it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Body>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TerminalEventKind)]
pub enum Kind {
    /// A record was made or changed.
    Put,
    /// A record was removed.
    Removed,
    /// A container was moved.
    Moved,
    /// A call has another estimate.
    Estimated,
    /// A plan was carried on.
    Stepped,
    /// A plan can no longer be carried out.
    Stale,
}

/// Where a container is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This slot.
    Slot(Slot),
    /// Outside of the terminal.
    Out,
}

/// Where a container is taken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The top of this stack.
    Stack(StackAt),
    /// This slot, which must be the next free one of its stack.
    Slot(Slot),
    /// Out of the terminal.
    Out,
}

const OUT: &str = "out";

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => slot.fmt(f),
            Self::Out => f.write_str(OUT),
        }
    }
}

impl FromStr for Source {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        if text == OUT { Ok(Self::Out) } else { text.parse().map(Self::Slot) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(stack) => stack.fmt(f),
            Self::Slot(slot) => slot.fmt(f),
            Self::Out => f.write_str(OUT),
        }
    }
}

impl FromStr for Target {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        match text {
            OUT => Ok(Self::Out),
            _ if text.matches('/').count() == 2 => text.parse().map(Self::Stack),
            _ => text.parse().map(Self::Slot),
        }
    }
}

as_text!(Source, "A/1/2/3", "a slot, or `out` for outside of the terminal");
as_text!(Target, "A/1/2", "a stack, a slot that must be the next free one of its stack, or `out`");

/// A container move, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContainerMove)]
pub struct Move {
    /// Number of the container.
    pub container: String,
    /// Where it stands, as far as the caller knows.
    pub from: Source,
    /// Where it goes.
    pub to: Target,
    /// Which equipment does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<String>,
}

/// A container to be loaded in bulk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContainerLine)]
pub struct Arrival {
    /// Number.
    pub number: String,
    /// Where it stands; expected only, where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// Size and type code.
    pub size_type: String,
    /// Gross weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_kg: Option<u32>,
    /// Whether it needs a plug.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reefer: bool,
    /// Hazard class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<String>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<container::Destination>,
    /// Lower leaves first.
    #[serde(default)]
    pub priority: u32,
    /// It must not leave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
    /// `left` for one that is gone; otherwise the slot says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<container::Status>,
}

/// A step of a yard plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedMove {
    /// Number of the container.
    pub container: String,
    /// From here.
    pub from: Slot,
    /// To there; out of the terminal where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Slot>,
}

/// How far a plan has been carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanProgress)]
pub struct Progress {
    /// The plan.
    #[schema(value_type = String)]
    pub id: PlanId,
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
    /// Why the rest can no longer be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
}

/// A step of a plan that is to be carried out. The plan itself is kept under `/v1/plans`; whoever asks has looked it up there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The plan.
    pub plan: PlanId,
    /// Which step, from 0.
    pub number: usize,
    /// Steps of the plan in all.
    pub of: usize,
    /// What the plan says.
    pub planned: PlannedMove,
    /// Which equipment does it.
    pub equipment: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Make or change the terminal.
    PutTerminal(Box<Spec>),
    /// Remove it.
    RemoveTerminal,
    /// Announce a container, or change what is known of it.
    PutContainer(String, container::Details),
    /// Forget a container that is not here.
    RemoveContainer(String),
    /// Make or change a call.
    PutCall(String, call::Details),
    /// A call is expected at another time.
    Estimate(String, Timestamp),
    /// Remove a call.
    RemoveCall(String),
    /// Register equipment, or change it.
    PutEquipment(String, equipment::Details),
    /// Remove equipment.
    RemoveEquipment(String),
    /// Move a container.
    Move(Move),
    /// Take containers over, all or none.
    Load {
        /// The containers.
        arrivals: Vec<Arrival>,
        /// Says what is wrong with them, and takes none: where others of their list could not even be read.
        only_check: bool,
    },
    /// Carry out a step of a plan.
    Step(Step),
}

/// What must hold of the record before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    #[default]
    Anything,
    /// It is not there.
    Absent,
    /// It is there.
    Present,
    /// It has one of these versions.
    Versions(Vec<u64>),
}

/// A change with all that comes along.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What is asked for.
    pub change: Change,
    /// What must hold of the record before.
    pub expect: Expect,
    /// Who asks.
    pub by: String,
    /// An idempotency key, and the digest of the request it was sent with.
    pub key: Option<(String, String)>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was done.
    Done(Receipt),
    /// It had been done before under the same key.
    Again(Receipt),
    /// It was not done.
    Refused(Refusal),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The terminal's version since.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// The record that the change was about; not there where it is gone.
    pub record: Option<Record>,
    /// Whether the record is new.
    pub created: bool,
    /// Events written.
    pub events: u64,
}

/// Kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No such terminal.
    NoTerminal,
    /// No such record.
    Missing,
    /// The record is no longer what `If-Match` says.
    Changed,
    /// The container is elsewhere.
    Moved,
    /// Something stands on the container.
    NotOnTop,
    /// The stack is full, or closed.
    Full,
    /// The slot is not the next free one.
    NotNext,
    /// A rule forbids it.
    Forbidden,
    /// The container must not leave.
    OnHold,
    /// Something depends on it.
    InUse,
    /// The plan can no longer be carried out.
    Stale,
    /// It is not that step's turn.
    OutOfStep,
    /// All equipment that could do it is offline.
    NoEquipment,
    /// What is asked for is not valid.
    Invalid,
    /// The key was used for another request.
    KeyMismatch,
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The kind.
    pub reason: Reason,
    /// For people.
    pub cause: String,
    /// For [`Reason::Invalid`].
    pub issues: Vec<Issue>,
    /// Who changed the record before.
    pub won: Option<Stamp>,
}

impl Refusal {
    /// A refusal.
    pub fn new(reason: Reason, cause: impl Into<String>) -> Self {
        Self { reason, cause: cause.into(), issues: Vec::new(), won: None }
    }

    /// Because of what somebody did before.
    #[must_use]
    pub fn because_of(mut self, stamp: &Stamp) -> Self {
        self.cause =
            format!("{}; the last change was event {} by {} at {}", self.cause, stamp.version, stamp.by, stamp.at);
        self.won = Some(stamp.clone());
        self
    }

    /// Because of issues.
    pub fn issues(issues: Vec<Issue>) -> Self {
        Self { issues, ..Self::new(Reason::Invalid, "what is asked for is not valid") }
    }
}

impl Body {
    /// Which record it is.
    pub fn name(&self) -> (Entity, String) {
        match self {
            Self::Terminal(_) => (Entity::Terminal, String::new()),
            Self::Container(container) => (Entity::Container, container.number.clone()),
            Self::Call(call) => (Entity::Call, call.id.clone()),
            Self::Equipment(equipment) => (Entity::Equipment, equipment.id.clone()),
            Self::Progress(progress) => (Entity::Progress, progress.id.to_string()),
        }
    }

    /// The container.
    pub fn container(&self) -> Option<&container::Container> {
        if let Self::Container(container) = self { Some(container) } else { None }
    }
}

impl Change {
    /// The record that it is about, where it is about one.
    pub fn about(&self) -> Option<(Entity, String)> {
        let named = |entity, id: &String| Some((entity, id.clone()));
        match self {
            Self::PutTerminal(_) | Self::RemoveTerminal => Some((Entity::Terminal, String::new())),
            Self::PutContainer(id, _) | Self::RemoveContainer(id) => named(Entity::Container, id),
            Self::Move(asked) => named(Entity::Container, &asked.container),
            Self::PutCall(id, _) | Self::Estimate(id, _) | Self::RemoveCall(id) => named(Entity::Call, id),
            Self::PutEquipment(id, _) | Self::RemoveEquipment(id) => named(Entity::Equipment, id),
            Self::Step(step) => Some((Entity::Progress, step.plan.to_string())),
            Self::Load { .. } => None,
        }
    }
}
