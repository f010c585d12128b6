//! Carrying out a yard plan, one move after the other.
//!
//! Each step is checked against the plan (it must be the next one) and against today's state: it is made as a move that names both slots,
//! so that whatever stands elsewhere than the plan says refuses it. The first refusal marks the rest of the plan **stale**, for good: what
//! would follow was planned for another yard.

use super::decide::{Decision, Draft, No, View, expected, moved, no_terminal};
use super::event::{Body, Entity, Expect, Kind, Move, Progress, Reason, Record, Refusal, Source, Step, Target};

/// A step of a plan. Where it is the plan's next one and cannot be done, the rest of the plan is stale.
pub(super) fn step(view: &dyn View, step: &Step, expect: &Expect) -> Result<Decision, No> {
    let spec = view.spec()?.ok_or_else(no_terminal)?;
    let before = view.record(Entity::Progress, &step.plan.to_string())?;
    expected(expect, before.as_ref())?;
    let progress = match &before {
        Some(Record { body: Body::Progress(progress), .. }) => progress.clone(),
        // Nobody has begun it.
        _ => Progress { id: step.plan, done: 0, of: step.of, stale: None },
    };
    let because = |refusal: Refusal| match &before {
        Some(record) => refusal.because_of(&record.stamp),
        None => refusal,
    };
    if let Some(why) = &progress.stale {
        return Err(because(Refusal::new(Reason::Stale, format!("the rest of the plan is stale: {why}"))).into());
    }
    if step.number != progress.done || step.number >= step.of {
        let cause = format!("step {} is not next: {} of {} are done", step.number + 1, progress.done, step.of);
        return Err(because(Refusal::new(Reason::OutOfStep, cause)).into());
    }
    let asked = step.as_move();
    let container = view.record(Entity::Container, &asked.container)?;
    match moved(view, &spec, container, &asked) {
        Ok(draft) => {
            let after = Body::Progress(Progress { done: step.number + 1, ..progress });
            let carried = Draft { kind: Kind::Stepped, before, after: Some(after), equipment: None };
            Ok(Decision { drafts: vec![carried, draft], refusal: None })
        }
        Err(No::Refused(refusal)) if refusal.reason == Reason::Invalid => Err(No::Refused(refusal)),
        Err(No::Refused(refusal)) => {
            let why = refusal.cause.clone();
            let after = Body::Progress(Progress { stale: Some(why.clone()), ..progress });
            let draft = Draft { kind: Kind::Stale, before, after: Some(after), equipment: None };
            let refusal =
                Refusal { reason: Reason::Stale, cause: format!("the rest of the plan is stale: {why}"), ..*refusal };
            Ok(Decision { drafts: vec![draft], refusal: Some(refusal) })
        }
        Err(error) => Err(error),
    }
}

impl Step {
    /// As a move that names both slots: any other state than the plan's is refused.
    fn as_move(&self) -> Move {
        let to = self.planned.to.clone().map_or(Target::Out, Target::Slot);
        let (container, from) = (self.planned.container.clone(), Source::Slot(self.planned.from.clone()));
        Move { container, from, to, equipment: self.equipment.clone() }
    }
}
