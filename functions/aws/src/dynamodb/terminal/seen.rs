//! What a change has read so far. Deciding is pure and reads as it goes along; here every read takes a round trip. So what will be
//! read is foreseen and fetched at once; what was not foreseen is noted, fetched, and the decision is made again. It is
//! deterministic, and each time gets further.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portolan_functions::ports::StoreError;
use portolan_functions::terminal::decide::View;
use portolan_functions::terminal::event::{Ask, Change, Entity, Move, Record, Source, Target};
use portolan_functions::terminal::layout::{Spec, StackAt};

use super::rows::Held;

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    Record(Entity, String),
    Stack(StackAt),
    /// How many pieces of equipment there are.
    Equipment,
    /// All records and all stacks.
    Everything,
}

#[derive(Debug, thiserror::Error)]
#[error("this was not read yet")]
struct NotYet;

/// A terminal as far as it was read, at one version.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) spec: Option<Arc<Spec>>,
    /// `None`: it was read, and is not there.
    pub(super) records: BTreeMap<(Entity, String), Option<Record>>,
    pub(super) stacks: BTreeMap<StackAt, Vec<String>>,
    pub(super) equipment: Option<usize>,
    /// Whether what is missing above is not there either.
    pub(super) is_complete: bool,
    missed: RefCell<BTreeSet<Want>>,
}

impl Seen {
    /// What is to be read before it is worth deciding.
    pub(super) fn wants(&self, ask: &Ask) -> BTreeSet<Want> {
        let mut wants = self.missed.take();
        if let Some((entity, id)) = ask.change.about() {
            wants.insert(Want::Record(entity, id));
        }
        match &ask.change {
            Change::PutTerminal(_) | Change::RemoveTerminal => {
                wants.insert(Want::Everything);
            }
            Change::Move(asked) => foresee_move(&mut wants, asked),
            Change::Step(step) => {
                let stacks = [Some(&step.planned.from.stack), step.planned.to.as_ref().map(|to| &to.stack)];
                foresee(&mut wants, &step.planned.container, step.equipment.as_ref(), stacks);
            }
            Change::Load { arrivals, .. } => {
                for arrival in arrivals {
                    wants.insert(Want::Record(Entity::Container, arrival.number.clone()));
                    wants.extend(arrival.slot.as_ref().map(|slot| Want::Stack(slot.stack.clone())));
                }
            }
            _ => {}
        }
        // Whoever looks at a stack looks at its top.
        wants.extend(
            self.stacks.values().filter_map(|held| Some(Want::Record(Entity::Container, held.last()?.clone()))),
        );
        wants.retain(|want| !self.has(want));
        wants
    }

    fn has(&self, want: &Want) -> bool {
        self.is_complete
            || match want {
                Want::Record(entity, id) => self.records.contains_key(&(*entity, id.clone())),
                Want::Stack(at) => self.stacks.contains_key(at),
                Want::Equipment => self.equipment.is_some(),
                Want::Everything => false,
            }
    }

    /// Whether something was asked for that was not read.
    pub(super) fn missed_something(&self) -> bool {
        !self.missed.borrow().is_empty()
    }

    fn miss<T>(&self, want: Want) -> Result<T, StoreError> {
        self.missed.borrow_mut().insert(want);
        Err(StoreError::Unavailable(Box::new(NotYet)))
    }
}

/// A container that is to be moved, who does it, and the stacks that it comes from and goes to.
fn foresee(wants: &mut BTreeSet<Want>, container: &str, equipment: Option<&String>, stacks: [Option<&StackAt>; 2]) {
    wants.insert(Want::Record(Entity::Container, container.to_owned()));
    wants.extend(equipment.map(|id| Want::Record(Entity::Equipment, id.clone())));
    wants.extend(stacks.into_iter().flatten().map(|stack| Want::Stack(stack.clone())));
}

fn foresee_move(wants: &mut BTreeSet<Want>, asked: &Move) {
    let from = if let Source::Slot(slot) = &asked.from { Some(&slot.stack) } else { None };
    let to = match &asked.to {
        Target::Stack(stack) => Some(stack),
        Target::Slot(slot) => Some(&slot.stack),
        Target::Out => None,
    };
    foresee(wants, &asked.container, asked.equipment.as_ref(), [from, to]);
}

impl View for Seen {
    fn spec(&self) -> Result<Option<Arc<Spec>>, StoreError> {
        Ok(self.spec.clone())
    }

    fn record(&self, entity: Entity, id: &str) -> Result<Option<Record>, StoreError> {
        match self.records.get(&(entity, id.to_owned())) {
            Some(found) => Ok(found.clone()),
            None if self.is_complete => Ok(None),
            None => self.miss(Want::Record(entity, id.to_owned())),
        }
    }

    fn stack(&self, at: &StackAt) -> Result<Vec<String>, StoreError> {
        match self.stacks.get(at) {
            Some(numbers) => Ok(numbers.clone()),
            None if self.is_complete => Ok(Vec::new()),
            None => self.miss(Want::Stack(at.clone())),
        }
    }

    fn all(&self, wanted: Entity) -> Result<Vec<Record>, StoreError> {
        if !self.is_complete {
            return self.miss(Want::Everything);
        }
        let all = self.records.iter().filter(|((entity, _), _)| *entity == wanted);
        Ok(all.filter_map(|(_, record)| record.clone()).collect())
    }

    fn equipment(&self) -> Result<usize, StoreError> {
        match self.equipment {
            Some(pieces) => Ok(pieces),
            None if self.is_complete => Ok(self.all(Entity::Equipment)?.len()),
            None => self.miss(Want::Equipment),
        }
    }

    fn occupied(&self) -> Result<Vec<(StackAt, Vec<String>)>, StoreError> {
        if !self.is_complete {
            return self.miss(Want::Everything);
        }
        Ok(self
            .stacks
            .iter()
            .filter(|(_, held)| !held.is_empty())
            .map(|(at, held)| (at.clone(), held.clone()))
            .collect())
    }
}

impl Extend<Held> for Seen {
    fn extend<T: IntoIterator<Item = Held>>(&mut self, stacks: T) {
        self.stacks.extend(stacks.into_iter().map(|held| (held.at, held.numbers)));
    }
}

impl Extend<Record> for Seen {
    fn extend<T: IntoIterator<Item = Record>>(&mut self, records: T) {
        self.records.extend(records.into_iter().map(|record| (record.body.name(), Some(record))));
    }
}
