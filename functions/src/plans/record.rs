//! A plan as it is kept: a small **head** with status and numbers that is written often and listed, and two large parts,
//! the request (written once) and the best plan so far.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use portolan::AnyAnswer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::state::State;
use crate::terminal::planning::Origin;

/// Whose plan it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// A tenant of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The only tenant where no keys are in use.
    pub fn local() -> Self {
        Self::new("local")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a plan. Later plans have larger ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(Uuid);

impl PlanId {
    /// An id that nobody has yet.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// As text, without memory of its own.
    pub fn text(self) -> IdText {
        let mut text = [0; 36];
        self.0.hyphenated().encode_lower(&mut text);
        IdText(text)
    }

    /// As a number of the same order.
    pub fn number(self) -> u128 {
        self.0.as_u128()
    }

    /// From its number.
    pub fn from_number(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }
}

/// A plan's id, written out.
#[derive(Clone, Copy, Debug)]
pub struct IdText([u8; 36]);

impl IdText {
    /// The text.
    pub fn as_str(&self) -> &str {
        // Digits and dashes are text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for PlanId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// How good the best plan so far is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Its cost.
    pub objective: i64,
    /// No plan costs less.
    pub lower_bound: i64,
    /// The gap between them.
    pub gap: f64,
    /// Work so far.
    pub ticks: u64,
}

/// Why a plan failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The solver panicked.
    SolverPanicked,
    /// The checker refuted the plan.
    PlanWithheld,
    /// This version cannot read the request that an earlier one stored.
    RequestUnreadable,
}

/// How soon a deferred solve is wanted: which queue it waits in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Before everything else.
    Urgent,
    /// In its turn.
    #[default]
    Standard,
    /// When there is nothing else to do.
    Bulk,
}

impl Urgency {
    /// Every urgency, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Standard, Self::Bulk];

    /// From the urgency parameter of RFC 9218, 0 (most urgent) to 7; 3 is what it is where nothing is said.
    pub fn of_priority(urgency: u8) -> Self {
        match urgency {
            0..=2 => Self::Urgent,
            3..=5 => Self::Standard,
            _ => Self::Bulk,
        }
    }

    /// As written in JSON and in the names of queues.
    pub fn name(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }
}

/// Status and numbers of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Its name.
    pub id: PlanId,
    /// Which problem.
    pub problem: String,
    /// Where it is in its life.
    pub state: State,
    /// Raised with every change.
    pub version: u64,
    /// SHA-256 of everything that decides the answer.
    pub fingerprint: String,
    /// Whether the solve outlives the request that asked for it.
    pub deferred: bool,
    /// How soon a deferred solve is wanted.
    #[serde(default)]
    pub urgency: Urgency,
    /// The time that the solve was granted.
    pub granted_ms: u64,
    /// What a deferred solve has used of it in earlier epochs.
    #[serde(default)]
    pub spent_ms: u64,
    /// Until then a worker is at it; after it, the worker is taken to be dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leased_until: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it is forgotten; set once nothing happens to it anymore.
    pub expires_at: Option<Timestamp>,
    /// How good the best plan so far is.
    pub quality: Option<Quality>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The terminal that it was made from, where it was made from what is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<Origin>,
}

impl Head {
    /// Of a plan that nobody has begun, for a caller on the line, and not granted any time yet.
    pub fn new(id: PlanId, problem: &str, fingerprint: &str, now: Timestamp) -> Self {
        Self {
            id,
            problem: problem.to_owned(),
            state: State::new(),
            version: 1,
            fingerprint: fingerprint.to_owned(),
            deferred: false,
            urgency: Urgency::Standard,
            granted_ms: 0,
            spent_ms: 0,
            leased_until: None,
            created_at: now,
            updated_at: now,
            expires_at: None,
            quality: None,
            failure: None,
            terminal: None,
        }
    }
}

/// The best plan so far of a solve that goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incumbent {
    /// How good it is.
    #[serde(flatten)]
    pub quality: Quality,
    /// Seed of the random choices.
    pub seed: u64,
    /// The plan, as a user reads it.
    pub plan: Value,
}

/// The best that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// A plan of a solve that goes on; its bound is not certified yet.
    Incumbent(Incumbent),
    /// A verified answer.
    Answer(Box<AnyAnswer>),
}

impl Best {
    /// How good it is.
    pub fn quality(&self) -> Quality {
        match self {
            Self::Incumbent(incumbent) => incumbent.quality,
            Self::Answer(answer) => Quality {
                objective: answer.objective,
                lower_bound: answer.lower_bound,
                gap: answer.gap,
                ticks: answer.ticks,
            },
        }
    }
}

/// A plan in memory. Cheap to clone: the large parts are shared.
#[derive(Clone, Debug)]
pub struct Record {
    /// Status and numbers.
    pub head: Head,
    /// The best that is known.
    pub best: Option<Arc<Best>>,
    /// The request as JSON.
    pub request: Option<Arc<[u8]>>,
}

impl Record {
    /// The verified answer, where there is one.
    pub fn answer(&self) -> Option<&AnyAnswer> {
        match self.best.as_deref() {
            Some(Best::Answer(answer)) => Some(answer),
            _ => None,
        }
    }

    /// Takes over what is better known now, and its numbers.
    pub fn improve(&mut self, best: Best) {
        self.head.quality = Some(best.quality());
        self.best = Some(Arc::new(best));
    }
}
