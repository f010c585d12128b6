//! Every rule of what may happen in a terminal: what is stored and what is asked make drafts of events, or a refusal. Pure: it
//! reads through [`View`] and writes nothing, so that every store decides alike.
//!
//! invariant: a container that is stored stands in exactly one stack, at the tier that its slot says; no stack is higher
//! than its ground allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use portolan::issue::Issues;
use portolan::{Issue, yard::wire::RulesWire};

use super::call::{Call, Estimate, MAX_ESTIMATES, Status as CallStatus};
use super::container::{Container, Details, Status, check_number};
use super::equipment::{Equipment, MAX_EQUIPMENT};
use super::event::{Arrival, Ask, Body, Change, Entity, Expect, Kind, Move, Reason, Record, Refusal, Source, Target};
use super::layout::{Slot, Spec, StackAt};
use super::{call, check_id, equipment, execution};
use crate::ports::StoreError;

/// What is stored, inside of one transaction.
pub trait View {
    /// How the terminal is laid out.
    fn spec(&self) -> Result<Option<Arc<Spec>>, StoreError>;
    /// A record.
    fn record(&self, entity: Entity, id: &str) -> Result<Option<Record>, StoreError>;
    /// Numbers of the containers in a stack, from the ground up.
    fn stack(&self, at: &StackAt) -> Result<Vec<String>, StoreError>;
    /// Every record of a kind.
    fn all(&self, entity: Entity) -> Result<Vec<Record>, StoreError>;
    /// Pieces of equipment.
    fn equipment(&self) -> Result<usize, StoreError>;
    /// Every stack that holds something.
    fn occupied(&self) -> Result<Vec<(StackAt, Vec<String>)>, StoreError>;
}

/// An event before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What happens.
    pub kind: Kind,
    /// The record before.
    pub before: Option<Record>,
    /// What it holds after.
    pub after: Option<Body>,
    /// Which equipment does it.
    pub equipment: Option<String>,
}

/// What happens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Events. There may be some with a refusal: that a plan is stale, for one.
    pub drafts: Vec<Draft>,
    /// Why what was asked for is not done.
    pub refusal: Option<Refusal>,
}

pub(super) enum No {
    Refused(Box<Refusal>),
    Store(StoreError),
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Drafts = Result<Vec<Draft>, No>;

/// Decides.
pub fn decide(view: &dyn View, ask: &Ask, now: Timestamp) -> Result<Decision, StoreError> {
    if let Change::Step(step) = &ask.change {
        return match execution::step(view, step, &ask.expect) {
            Ok(decision) => Ok(decision),
            Err(No::Store(error)) => Err(error),
            Err(No::Refused(refusal)) => Ok(Decision { drafts: Vec::new(), refusal: Some(*refusal) }),
        };
    }
    match drafts(view, ask, now) {
        Ok(drafts) => Ok(Decision { drafts, refusal: None }),
        Err(No::Refused(refusal)) => Ok(Decision { drafts: Vec::new(), refusal: Some(*refusal) }),
        Err(No::Store(error)) => Err(error),
    }
}

fn drafts(view: &dyn View, ask: &Ask, now: Timestamp) -> Drafts {
    let spec = match (view.spec()?, &ask.change) {
        (Some(spec), _) => spec,
        (None, Change::PutTerminal(_)) => Arc::default(),
        _ => return Err(no_terminal().into()),
    };
    let before = match ask.change.about() {
        Some((entity, id)) => view.record(entity, &id)?,
        None => None,
    };
    expected(&ask.expect, before.as_ref())?;
    match &ask.change {
        Change::PutTerminal(new) => {
            valid(new.issues())?;
            keeps_what_stands(view, new)?;
            Ok(put(before, Body::Terminal(new.clone())))
        }
        Change::RemoveTerminal => {
            if let Some((stack, held)) = view.occupied()?.first() {
                let cause = format!("{} still holds {}; move all containers out first", stack, held.join(", "));
                return Err(Refusal::new(Reason::InUse, cause).into());
            }
            let mut drafts = Vec::new();
            for entity in Entity::ALL.into_iter().filter(|entity| *entity != Entity::Terminal) {
                let kind = Kind::Removed;
                let gone = |record| Draft { kind, before: Some(record), after: None, equipment: None };
                drafts.extend(view.all(entity)?.into_iter().map(gone));
            }
            drafts.extend(removed(before, "terminal")?);
            Ok(drafts)
        }
        Change::PutContainer(number, details) => put_container(view, &spec, before, number, details),
        Change::RemoveContainer(number) => {
            if let Some((record, slot)) = before.as_ref().and_then(|record| Some((record, slot_of(record)?))) {
                let refusal = Refusal::new(Reason::InUse, format!("{number} stands at {slot}; move it out first"));
                return Err(refusal.because_of(&record.stamp).into());
            }
            removed(before, "container")
        }
        Change::PutCall(id, details) => put_call(&spec, before, id, details, &ask.by, now),
        Change::Estimate(id, eta) => match &before {
            Some(Record { body: Body::Call(call), .. }) => {
                let details = call::Details { eta: *eta, ..call.details.clone() };
                put_call(&spec, before, id, &details, &ask.by, now)
            }
            _ => Err(Refusal::new(Reason::Missing, "there is no such call").into()),
        },
        Change::RemoveCall(_) => removed(before, "call"),
        Change::PutEquipment(id, details) => {
            check_equipment(&spec, id, details)?;
            if before.is_none() && view.equipment()? >= MAX_EQUIPMENT {
                let (cause, action) = (format!("there are {MAX_EQUIPMENT} already"), "remove what is gone");
                return Err(Refusal::issues(vec![Issue::new("too_many", "/id", cause, action)]).into());
            }
            Ok(put(before, Body::Equipment(Equipment { id: id.clone(), details: details.clone() })))
        }
        Change::RemoveEquipment(_) => removed(before, "piece of equipment"),
        Change::Move(asked) => Ok(vec![moved(view, &spec, before, asked)?]),
        Change::Load { arrivals, only_check } => load(view, &spec, arrivals, *only_check),
        Change::Step(..) => Ok(Vec::new()),
    }
}

pub(super) fn no_terminal() -> Refusal {
    Refusal::new(Reason::NoTerminal, "there is no such terminal")
}

pub(super) fn expected(expect: &Expect, before: Option<&Record>) -> Result<(), Refusal> {
    let refuse = |cause: &str| Refusal::new(Reason::Changed, cause.to_owned());
    match (expect, before) {
        (Expect::Absent, Some(record)) => Err(refuse("it is there already").because_of(&record.stamp)),
        (Expect::Present | Expect::Versions(_), None) => Err(refuse("it is not there")),
        (Expect::Versions(versions), Some(record)) if !versions.contains(&record.stamp.version) => {
            Err(refuse("it is no longer the one that If-Match names").because_of(&record.stamp))
        }
        _ => Ok(()),
    }
}

fn valid(issues: Vec<Issue>) -> Result<(), Refusal> {
    if issues.is_empty() { Ok(()) } else { Err(Refusal::issues(issues)) }
}

/// A record made or changed; nothing where it would stay the same.
fn put(before: Option<Record>, after: Body) -> Vec<Draft> {
    if before.as_ref().is_some_and(|record| record.body == after) {
        return Vec::new();
    }
    vec![Draft { kind: Kind::Put, before, after: Some(after), equipment: None }]
}

fn removed(before: Option<Record>, what: &str) -> Drafts {
    if before.is_none() {
        return Err(Refusal::new(Reason::Missing, format!("there is no such {what}")).into());
    }
    Ok(vec![Draft { kind: Kind::Removed, before, after: None, equipment: None }])
}

/// A changed terminal must still have, and allow, every place that is taken, worked at or lain at.
fn keeps_what_stands(view: &dyn View, new: &Spec) -> Result<(), No> {
    let mut issues = Issues::new();
    let rules = new.rules.unwrap_or_default();
    for (at, held) in view.occupied()? {
        let path = new.blocks.iter().position(|block| block.id == at.block);
        let path = path.map_or_else(|| "/blocks".to_owned(), |block| format!("/blocks/{block}"));
        let Some(ground) = new.ground(&at).filter(|ground| held.len() <= usize::from(ground.max_tiers)) else {
            let cause = format!("{at} holds {} containers and would be gone or lower than that", held.len());
            issues.push(Issue::new("containers_in_the_way", path, cause, "move them first"));
            continue;
        };
        let mut below = None;
        for number in &held {
            let details = known_details(view, number)?;
            let on_ground = details.misfit(&ground).map(|why| (path.as_str(), why));
            let on_other = below.as_ref().and_then(|below| Some(("/rules", details.misfit_on(below, rules)?)));
            for (path, why) in on_ground.into_iter().chain(on_other) {
                let cause = format!("{number} stands in {at}, and {why}");
                issues.push(Issue::new("container_in_the_way", path, cause, "move it first"));
            }
            below = Some(details);
        }
    }
    for record in [view.all(Entity::Call)?, view.all(Entity::Equipment)?].concat() {
        let (code, id, place) = match &record.body {
            Body::Call(call) => ("vessel_alongside", &call.id, &call.details.berth),
            Body::Equipment(it) => ("equipment_works_there", &it.id, &it.details.at),
            _ => continue,
        };
        if let Some(place) = place.as_ref().filter(|place| !new.has_berth(place) && new.block(place).is_none()) {
            let path = if code == "vessel_alongside" { "/berths" } else { "/blocks" };
            let cause = format!("{id} is at {place}, which would be gone");
            issues.push(Issue::new(code, path, cause, "keep the place, or put it elsewhere first"));
        }
    }
    Ok(valid(issues.into_vec())?)
}

fn slot_of(record: &Record) -> Option<&Slot> {
    record.body.container()?.slot.as_ref()
}

fn put_container(view: &dyn View, spec: &Spec, before: Option<Record>, number: &str, details: &Details) -> Drafts {
    let mut issues = Issues::new();
    check_number(&mut issues, "/number", number);
    details.check(&mut issues, "");
    valid(issues.into_vec())?;
    let known = before.as_ref().and_then(|record| record.body.container());
    let (status, slot) = known.map_or((Status::Announced, None), |known| (known.status, known.slot.clone()));
    if let Some(slot) = &slot {
        // What it has become must be allowed where it stands, and so must what stands on it.
        let held = view.stack(&slot.stack)?;
        let tier = usize::from(slot.tier);
        let below = tier.checked_sub(2).and_then(|at| held.get(at));
        let below = below.map(|number| known_details(view, number)).transpose()?;
        let above = held.get(tier).map(|number| known_details(view, number)).transpose()?;
        let rules = spec.rules.unwrap_or_default();
        let ground = spec.ground(&slot.stack).unwrap_or_default();
        let misfit = details
            .misfit(&ground)
            .or_else(|| below.as_ref().and_then(|below| details.misfit_on(below, rules)))
            .or_else(|| {
                above
                    .as_ref()
                    .and_then(|above| above.misfit_on(details, rules))
                    .map(|why| format!("what stands on it: {why}"))
            });
        if let Some(misfit) = misfit {
            return Err(Refusal::new(Reason::Forbidden, format!("{number} stands at {slot}, and {misfit}")).into());
        }
    }
    let after = Container { number: number.to_owned(), status, slot, details: details.clone() };
    Ok(put(before, Body::Container(after)))
}

fn known_details(view: &dyn View, number: &str) -> Result<Details, StoreError> {
    let record = view.record(Entity::Container, number)?;
    Ok(record.and_then(|record| Some(record.body.container()?.details.clone())).unwrap_or_default())
}

fn put_call(
    spec: &Spec,
    before: Option<Record>,
    id: &str,
    details: &call::Details,
    by: &str,
    now: Timestamp,
) -> Drafts {
    let mut issues = Issues::new();
    check_id(&mut issues, "/id", id);
    details.check(&mut issues);
    let lies = details.berth.iter().map(|berth| ("/berth".to_owned(), berth));
    let may_lie = details.berths.iter().enumerate().map(|(at, berth)| (format!("/berths/{at}"), berth));
    for (path, berth) in lies.chain(may_lie).filter(|(_, berth)| !spec.has_berth(berth)) {
        let cause = format!("there is no berth {:?}", super::shortened(berth));
        issues.push(Issue::new("unknown_place", path, cause, "use the id of a berth of this terminal"));
    }
    valid(issues.into_vec())?;
    let known = before.as_ref().and_then(|record| if let Body::Call(call) = &record.body { Some(call) } else { None });
    let mut estimates = known.map(|call| call.estimates.clone()).unwrap_or_default();
    let is_new_estimate = known.is_none_or(|call| call.details.eta != details.eta);
    if is_new_estimate {
        if estimates.len() == MAX_ESTIMATES {
            estimates.remove(0);
        }
        estimates.push(Estimate { eta: details.eta, said_at: now, by: by.to_owned() });
    }
    let is_only_estimate = is_new_estimate
        && known.is_some_and(|call| call::Details { eta: details.eta, ..call.details.clone() } == *details);
    let mut drafts = put(before, Body::Call(Call { id: id.to_owned(), details: details.clone(), estimates }));
    for draft in drafts.iter_mut().filter(|_| is_only_estimate) {
        draft.kind = Kind::Estimated;
    }
    Ok(drafts)
}

fn check_equipment(spec: &Spec, id: &str, details: &equipment::Details) -> Result<(), Refusal> {
    let mut issues = Issues::new();
    check_id(&mut issues, "/id", id);
    details.check(&mut issues);
    if let Some(at) = details.at.as_ref().filter(|at| spec.block(at).is_none() && !spec.has_berth(at)) {
        let cause = format!("there is no berth or block {at:?}");
        issues.push(Issue::new("unknown_place", "/at", cause, "use the id of a berth or a block of this terminal"));
    }
    valid(issues.into_vec())
}

pub(super) fn moved(view: &dyn View, spec: &Spec, before: Option<Record>, asked: &Move) -> Result<Draft, No> {
    let number = &asked.container;
    let Some(record) = before else {
        return Err(Refusal::new(Reason::Missing, format!("there is no container {number:?}")).into());
    };
    let Some(container) = record.body.container().cloned() else {
        return Err(Refusal::new(Reason::Missing, format!("there is no container {number:?}")).into());
    };
    if let Some(id) = &asked.equipment
        && view.record(Entity::Equipment, id)?.is_none()
    {
        let issue = Issue::new(
            "unknown_equipment",
            "/equipment",
            format!("there is no equipment {:?}", super::shortened(id)),
            "register it first, or leave it out",
        );
        return Err(Refusal::issues(vec![issue]).into());
    }
    let is = container.slot.clone().map_or(Source::Out, Source::Slot);
    if is != asked.from {
        let cause = format!("{number} is at {is}, not at {}", asked.from);
        return Err(Refusal::new(Reason::Moved, cause).because_of(&record.stamp).into());
    }
    if let Some(slot) = &container.slot {
        let held = view.stack(&slot.stack)?;
        if held.last() != Some(number) {
            let above: Vec<&str> = held.iter().skip(usize::from(slot.tier)).map(String::as_str).collect();
            let cause = format!("{number} is not on top of {}: {} stand on it", slot.stack, above.join(", "));
            return Err(Refusal::new(Reason::NotOnTop, cause).into());
        }
    }
    let (stack, wanted) = match &asked.to {
        Target::Out if container.slot.is_none() => {
            return Err(Refusal::new(Reason::Moved, format!("{number} is outside already"))
                .because_of(&record.stamp)
                .into());
        }
        Target::Out if container.details.hold => {
            return Err(Refusal::new(Reason::OnHold, format!("{number} is on hold")).because_of(&record.stamp).into());
        }
        Target::Out => (None, None),
        Target::Stack(stack) => (Some(stack), None),
        Target::Slot(slot) => (Some(&slot.stack), Some(slot.tier)),
    };
    let slot = match stack {
        None => None,
        Some(stack) if container.slot.as_ref().is_some_and(|slot| slot.stack == *stack) => {
            return Err(Refusal::new(Reason::Forbidden, format!("{number} stands in {stack} already")).into());
        }
        Some(stack) => Some(placed(view, spec, &container.details, number, stack, wanted, &view.stack(stack)?)?),
    };
    let status = if slot.is_some() { Status::Stored } else { Status::Left };
    let after = Container { status, slot, ..container };
    let (kind, equipment) = (Kind::Moved, asked.equipment.clone());
    Ok(Draft { kind, before: Some(record), after: Some(Body::Container(after)), equipment })
}

/// The slot on top of a stack, where the container may stand there.
fn placed(
    view: &dyn View,
    spec: &Spec,
    details: &Details,
    number: &str,
    stack: &StackAt,
    wanted: Option<u8>,
    held: &[String],
) -> Result<Slot, No> {
    let below = held.last().map(|below| known_details(view, below)).transpose()?;
    Ok(fits(spec, details, number, stack, wanted, held.len(), below.as_ref())?)
}

fn fits(
    spec: &Spec,
    details: &Details,
    number: &str,
    stack: &StackAt,
    wanted: Option<u8>,
    height: usize,
    below: Option<&Details>,
) -> Result<Slot, Refusal> {
    let Some(ground) = spec.ground(stack) else {
        return Err(Refusal::new(Reason::Missing, format!("there is no stack {stack}")));
    };
    if ground.closed {
        return Err(Refusal::new(Reason::Full, format!("{stack} is closed; nothing is put there")));
    }
    if height >= usize::from(ground.max_tiers) {
        return Err(Refusal::new(Reason::Full, format!("{stack} is full: it takes {} containers", ground.max_tiers)));
    }
    let tier = height as u8 + 1;
    if wanted.is_some_and(|wanted| wanted != tier) {
        let cause = format!("{number} would stand on tier {tier} of {stack}, not on {}", wanted.unwrap_or_default());
        return Err(Refusal::new(Reason::NotNext, cause));
    }
    let rules: RulesWire = spec.rules.unwrap_or_default();
    let misfit = details.misfit(&ground).or_else(|| below.and_then(|below| details.misfit_on(below, rules)));
    match misfit {
        Some(why) => Err(Refusal::new(Reason::Forbidden, format!("{number} may not stand in {stack}: {why}"))),
        None => Ok(Slot { stack: stack.clone(), tier }),
    }
}

/// Containers that are taken over, all or none. Those of a stack are put down from the ground up, whatever their order.
fn load(view: &dyn View, spec: &Spec, arrivals: &[Arrival], only_check: bool) -> Drafts {
    let mut issues = Vec::new();
    let mut order: Vec<usize> = (0..arrivals.len()).collect();
    order.sort_by(|&a, &b| arrivals[a].slot.cmp(&arrivals[b].slot).then(a.cmp(&b)));
    let mut heights: BTreeMap<&StackAt, (usize, Option<Details>)> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut drafts = Vec::with_capacity(arrivals.len());
    for at in order {
        let arrival = &arrivals[at];
        let path = format!("/{at}");
        let details = arrival.details();
        let before = view.record(Entity::Container, &arrival.number)?;
        let here = before.as_ref().and_then(slot_of);
        let mut found = Issues::new();
        check_number(&mut found, &format!("{path}/number"), &arrival.number);
        details.check(&mut found, &path);
        if !seen.insert(&arrival.number) {
            let cause = format!("{} stands twice in the list", arrival.number);
            found.push(Issue::new("duplicate_number", format!("{path}/number"), cause, "leave one of them out"));
        } else if let Some(slot) = here {
            let cause = format!("{} is here already, at {slot}", arrival.number);
            found.push(Issue::new("already_here", format!("{path}/number"), cause, "leave it out"));
        }
        if let Some(slot) = &arrival.slot {
            if !heights.contains_key(&slot.stack) {
                let held = view.stack(&slot.stack)?;
                let top = held.last().map(|top| known_details(view, top)).transpose()?;
                heights.insert(&slot.stack, (held.len(), top));
            }
            let (height, below) = heights.get(&slot.stack).cloned().unwrap_or_default();
            if let Err(refusal) =
                fits(spec, &details, &arrival.number, &slot.stack, Some(slot.tier), height, below.as_ref())
            {
                let action = "give a free slot on the ground or on top of another container";
                found.push(Issue::new("cannot_stand_there", format!("{path}/slot"), refusal.cause, action));
            } else if found.is_empty() {
                heights.insert(&slot.stack, (height + 1, Some(details.clone())));
            }
        }
        let by_slot = if arrival.slot.is_some() { Status::Stored } else { Status::Announced };
        let status = arrival.status.unwrap_or(by_slot);
        if (status == Status::Stored) != arrival.slot.is_some() {
            let cause = format!(
                "a container that is {} has {} slot",
                status.name(),
                if arrival.slot.is_some() { "no" } else { "a" }
            );
            found.push(Issue::new(
                "slot_and_status",
                format!("{path}/status"),
                cause,
                "mend one of them, or leave status out",
            ));
        }
        if found.is_empty() {
            let (number, slot) = (arrival.number.clone(), arrival.slot.clone());
            drafts.extend(put(before, Body::Container(Container { number, status, slot, details })));
        }
        issues.extend(found.into_vec());
    }
    // A refusal in any case, so that no idempotency key is used up by looking.
    if only_check || !issues.is_empty() {
        return Err(Refusal::issues(issues).into());
    }
    Ok(drafts)
}

impl Arrival {
    /// Without number and slot.
    pub fn details(&self) -> Details {
        Details {
            size_type: self.size_type.clone(),
            weight_kg: self.weight_kg,
            reefer: self.reefer,
            hazard: self.hazard.clone(),
            destination: self.destination.clone(),
            priority: self.priority,
            hold: self.hold,
        }
    }
}

/// Whether a call is still to be planned.
pub fn is_open(status: CallStatus) -> bool {
    matches!(status, CallStatus::Expected | CallStatus::Alongside)
}
