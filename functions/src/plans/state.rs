//! The states of a plan and the ways between them. Pure: no store, no clock.
//!
//! ```text
//!              start            finish
//!   queued ───────────> running ───────> done
//!     │  <───────────────  │ ├─────────> failed       the solver broke, or its plan was withheld
//!     │      requeue       │ ├─────────> cancelled    by the caller, or because nobody waits anymore
//!     │   (epoch goes up)  │ └─────────> interrupted  the process died while somebody waited inline
//!     └────────> cancelled, failed, interrupted
//! ```
//!
//! The **epoch** counts how often a plan was queued. A worker acts for the epoch in which it began; what a worker of an
//! earlier epoch still has to say is refused, so that two workers never both finish a plan.

use serde::{Deserialize, Serialize};

/// Where a plan is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlanStatus)]
pub enum Status {
    /// Waits for a worker.
    Queued,
    /// Is being solved, or improved.
    Running,
    /// Finished; the answer stands.
    Done,
    /// Stopped before the end; the best plan so far stands, where there is one.
    Cancelled,
    /// The solver broke. A bug, logged as such.
    Failed,
    /// The process ended while a caller waited for the answer; nobody was promised it.
    Interrupted,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Done, Self::Cancelled, Self::Failed, Self::Interrupted];

    /// Whether nothing happens to the plan anymore.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// As written in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Something that happens to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker takes it.
    Start,
    /// The solve ended by itself.
    Finish,
    /// The solve was stopped.
    Cancel,
    /// The solver broke.
    Fail,
    /// It goes back to the queue: to be improved, or because its worker went away.
    Requeue,
    /// Its process died and nobody was promised an answer.
    Interrupt,
}

/// A status, and how often the plan was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Where the plan is.
    pub status: Status,
    /// How often it was queued, from 1.
    pub epoch: u32,
}

/// An event that cannot happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The worker began in an earlier epoch.
    #[error("the plan is in epoch {now}, the worker in {then}")]
    Outdated {
        /// The plan's epoch.
        now: u32,
        /// The worker's.
        then: u32,
    },
    /// No such way.
    #[error("{event:?} cannot happen to a plan that is {}", .status.name())]
    NoWay {
        /// Where the plan is.
        status: Status,
        /// What was to happen.
        event: Event,
    },
}

impl State {
    /// A new plan.
    pub fn new() -> Self {
        Self { status: Status::Queued, epoch: 1 }
    }

    /// The state after an event that somebody of this epoch reports.
    pub fn after(self, event: Event, epoch: u32) -> Result<Self, Refused> {
        if epoch != self.epoch {
            return Err(Refused::Outdated { now: self.epoch, then: epoch });
        }
        let status = match (self.status, event) {
            (Status::Queued, Event::Start) => Status::Running,
            (Status::Running, Event::Finish) => Status::Done,
            (Status::Queued | Status::Running, Event::Cancel) => Status::Cancelled,
            (Status::Queued | Status::Running, Event::Fail) => Status::Failed,
            (Status::Queued | Status::Running, Event::Interrupt) => Status::Interrupted,
            (Status::Queued | Status::Running, Event::Requeue) => {
                return Ok(Self { status: Status::Queued, epoch: self.epoch + 1 });
            }
            (status, event) => return Err(Refused::NoWay { status, event }),
        };
        Ok(Self { status, ..self })
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        use Event::*;
        prop::sample::select(vec![Start, Finish, Cancel, Fail, Requeue, Interrupt])
    }

    proptest! {
        #[test]
        fn a_final_status_stays_and_epochs_only_grow(story in prop::collection::vec((event(), 0u32..4), 0..40)) {
            let mut state = State::new();
            for (event, behind) in story {
                let epoch = state.epoch.saturating_sub(behind);
                match state.after(event, epoch) {
                    Ok(next) => {
                        prop_assert_eq!(epoch, state.epoch);
                        prop_assert!(!state.status.is_final());
                        prop_assert_eq!(next.epoch, state.epoch + u32::from(event == Event::Requeue));
                        prop_assert!(next.status != Status::Done || state.status == Status::Running);
                        state = next;
                    }
                    Err(Refused::Outdated { .. }) => prop_assert!(behind > 0),
                    Err(Refused::NoWay { .. }) => prop_assert_eq!(epoch, state.epoch),
                }
            }
        }
    }

    #[test]
    fn a_plan_that_is_not_final_can_always_be_stopped() {
        for status in [Status::Queued, Status::Running] {
            let state = State { status, epoch: 3 };
            for event in [Event::Cancel, Event::Fail, Event::Requeue, Event::Interrupt] {
                assert!(state.after(event, 3).is_ok(), "{event:?} from {status:?}");
            }
        }
    }

    #[test]
    fn names_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_name(status.name()), Some(status));
            assert_eq!(serde_json::json!(status), status.name());
        }
    }
}
