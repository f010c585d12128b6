//! Whether an answer that is known already is as good as a request asks for.

use std::time::Duration;

use portolan::{AnyAnswer, Options, Proof, Stop};

/// What decides how good an answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merit {
    /// What is proven.
    pub proof: Proof,
    /// Why the solve stopped.
    pub stop: Stop,
    /// The gap that stands.
    pub gap: f64,
}

impl From<&AnyAnswer> for Merit {
    fn from(answer: &AnyAnswer) -> Self {
        Self { proof: answer.proof, stop: answer.stop, gap: answer.gap }
    }
}

/// Whether a known answer serves a request that would be granted this time.
///
/// It does where more work would not help, where its gap is small enough, or where it was granted at least the time that
/// the request would be. An answer that somebody cut short serves only by its gap.
pub fn serves(answer: Merit, granted: Duration, options: &Options, would_grant: Duration) -> bool {
    if answer.proof == Proof::Optimal || answer.stop == Stop::Exhausted {
        return true;
    }
    if options.gap.is_some_and(|gap| answer.gap <= gap) {
        return true;
    }
    match answer.stop {
        Stop::Deadline => granted >= would_grant && !options.improve,
        // The work limit is part of the fingerprint: the same request stops there again.
        Stop::WorkLimit | Stop::Proven | Stop::Exhausted => true,
        Stop::TargetGap | Stop::Cancelled => false,
    }
}

/// Whether going on could improve an answer that meets this target gap.
pub fn can_improve(answer: &AnyAnswer, target_gap: f64) -> bool {
    answer.proof != Proof::Optimal && answer.gap > target_gap && answer.stop == Stop::Deadline
}

/// Whether an answer is at least as good as another: cheaper, or as cheap and better proven.
pub fn at_least_as_good(answer: &AnyAnswer, other: &AnyAnswer) -> bool {
    (answer.objective, -answer.lower_bound) <= (other.objective, -other.lower_bound)
}
