//! Random operations one after the other against a plain model, which says of each whether it can be done.
//!
//! `PORTOLAN_MODEL_OPERATIONS=1000000` for a long run, `PORTOLAN_MODEL_SEED` for another one; both are printed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::ports::TerminalStore;
use portolan_functions::terminal::equipment;
use portolan_functions::terminal::event::{Arrival, Ask, Body, Change, Outcome, PlannedMove, Step};
use portolan_functions::terminal::port::Past;

use super::{a_move, ask, details, number, spec};

const CONTAINERS: usize = 60;
/// Numbers that lists bring in and removals take out again.
const NUMBERS: u64 = 80;
const CRANES: u64 = 5;
const STACKS: u64 = 40;
const HEIGHT: usize = 4;

/// A number from the environment, or another.
pub(super) fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// splitmix64
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// What there is, in the plainest form.
struct Plain {
    /// Containers from the ground up.
    stacks: BTreeMap<String, Vec<usize>>,
    containers: BTreeSet<usize>,
    cranes: BTreeSet<u64>,
    /// The plan that is carried out, and how many of its steps are done.
    plan: (PlanId, usize),
}

impl Plain {
    fn place(&self, container: usize) -> Option<(String, usize)> {
        let mut stacks = self.stacks.iter();
        stacks
            .find_map(|(stack, held)| held.iter().position(|it| *it == container).map(|tier| (stack.clone(), tier + 1)))
    }

    fn height(&self, stack: &str) -> usize {
        self.stacks.get(stack).map_or(0, Vec::len)
    }

    /// Moves, where that can be done.
    fn moved(&mut self, container: usize, to: Option<&str>) -> bool {
        let from = self.place(container);
        let room = to.is_none_or(|to| self.height(to) < HEIGHT);
        let top = from.as_ref().is_none_or(|(stack, tier)| self.stacks[stack].len() == *tier);
        let goes = from.as_ref().map(|(stack, _)| stack.as_str()) != to;
        if !(self.containers.contains(&container) && room && top && goes) {
            return false;
        }
        if let Some((stack, _)) = from {
            self.stacks.get_mut(&stack).unwrap().pop();
        }
        if let Some(to) = to {
            self.stacks.entry(to.to_owned()).or_default().push(container);
        }
        true
    }

    /// Something to do, done here already where it can be done: which is said.
    fn operation(&mut self, dice: &mut Dice) -> (Change, bool) {
        match dice.below(20) {
            0 | 1 => self.load(dice),
            2 => {
                let at = dice.below(NUMBERS) as usize;
                let can = self.place(at).is_none() && self.containers.remove(&at);
                (Change::RemoveContainer(number(at)), can)
            }
            3 => {
                let crane = dice.below(CRANES);
                let details = format!(r#"{{"kind": "yard_crane", "moves_per_hour": {}}}"#, dice.below(30) + 1);
                let details: equipment::Details = serde_json::from_str(&details).unwrap();
                self.cranes.insert(crane);
                (Change::PutEquipment(format!("C{crane}"), details), true)
            }
            4 => {
                let crane = dice.below(CRANES);
                (Change::RemoveEquipment(format!("C{crane}")), self.cranes.remove(&crane))
            }
            5..=7 => self.step(dice),
            _ => {
                let (container, to) = (dice.below(NUMBERS) as usize, (dice.below(6) > 0).then(|| a_stack(dice)));
                let from =
                    self.place(container).map_or_else(|| "out".to_owned(), |(stack, tier)| format!("{stack}/{tier}"));
                let change = a_move(&number(container), &from, to.as_deref().unwrap_or("out"));
                (change, self.moved(container, to.as_deref()))
            }
        }
    }

    /// Two containers for one stack, the upper one first; mostly where there is room.
    fn load(&mut self, dice: &mut Dice) -> (Change, bool) {
        let (stack, upper, lower) = (a_stack(dice), dice.below(NUMBERS) as usize, dice.below(NUMBERS) as usize);
        let height = self.height(&stack);
        // Slots have no tier beyond 12.
        let arrivals = [(upper, height + 2), (lower, height + 1)].map(|(at, tier)| Arrival {
            number: number(at),
            slot: Some(format!("{stack}/{tier}").parse().unwrap()),
            ..arrival()
        });
        let can = upper != lower && height + 2 <= HEIGHT && [upper, lower].iter().all(|at| self.place(*at).is_none());
        if can {
            self.containers.extend([upper, lower]);
            self.stacks.entry(stack).or_default().extend([lower, upper]);
        }
        (Change::Load { arrivals: arrivals.into(), only_check: false }, can)
    }

    /// The next step of a plan, or another; the first that does not fit makes it stale, and another plan is begun.
    fn step(&mut self, dice: &mut Dice) -> (Change, bool) {
        let (container, to) = (dice.below(NUMBERS) as usize, a_stack(dice));
        let (stack, tier) = self.place(container).unwrap_or(("B/10/6".to_owned(), 1));
        let is_next = dice.below(8) > 0;
        let (plan, done) = self.plan;
        let planned = PlannedMove {
            container: number(container),
            from: format!("{stack}/{tier}").parse().unwrap(),
            to: Some(format!("{to}/{}", self.height(&to) + 1).parse().unwrap()),
        };
        let step = Step { plan, number: done + usize::from(!is_next), of: 1_000_000, planned, equipment: None };
        let can = is_next && self.place(container).is_some() && self.moved(container, Some(&to));
        self.plan = match (is_next, can) {
            (true, true) => (plan, done + 1),
            (true, false) => (PlanId::fresh(), 0),
            (false, _) => self.plan,
        };
        (Change::Step(step), can)
    }
}

fn a_stack(dice: &mut Dice) -> String {
    let stack = dice.below(STACKS);
    format!("B/{}/{}", stack / 4 + 1, stack % 4 + 1)
}

/// With the details of all others.
fn arrival() -> Arrival {
    let details = details(None);
    Arrival {
        number: String::new(),
        slot: None,
        size_type: details.size_type,
        weight_kg: details.weight_kg,
        reefer: false,
        hazard: None,
        destination: None,
        priority: 0,
        hold: false,
        status: None,
    }
}

async fn compare(store: &dyn TerminalStore, plain: &Plain) {
    let tenant = Tenant::local();
    let all = store.snapshot(&tenant, "T", None).await.unwrap();
    for container in all.containers() {
        let at: usize = container.number[4..10].parse().unwrap();
        let slot = container.slot.as_ref().map(|slot| (slot.stack.to_string(), usize::from(slot.tier)));
        assert_eq!(slot, plain.place(at), "{}", container.number);
    }
    let numbers = all.containers().map(|container| container.number.clone());
    assert!(numbers.eq(plain.containers.iter().map(|at| number(*at))), "none is lost, none is doubled");
    let mut replayed = BTreeMap::new();
    let mut after = 0;
    loop {
        let past = Past { about: None, after, from: None, to: None, limit: 5000 };
        let page = store.history(&tenant, "T", past).await.unwrap();
        for event in page.items {
            assert_eq!(event.stamp.version, after + 1, "no gap");
            after += 1;
            let key = (event.entity, event.id);
            match event.after {
                Some(body) => replayed.insert(key, body),
                None => replayed.remove(&key),
            };
        }
        if !page.more {
            break;
        }
    }
    let bodies: Vec<Body> = all.records.into_iter().map(|record| record.body).collect();
    assert_eq!(replayed.into_values().collect::<Vec<_>>(), bodies, "history replays to the state");
}

/// Random operations on a store that is opened again now and then.
pub(crate) async fn agrees(open: impl AsyncFn() -> Arc<dyn TerminalStore>, operations: u64, seed: u64) {
    println!("{operations} operations, seed {seed}");
    let (tenant, mut dice) = (Tenant::local(), Dice(seed));
    let (containers, begun) = ((0..CONTAINERS).collect(), (PlanId::fresh(), 0));
    let mut plain = Plain { stacks: BTreeMap::new(), containers, cranes: BTreeSet::new(), plan: begun };
    let mut store = open().await;
    store.change(&tenant, "T", ask(Change::PutTerminal(Box::new(spec())))).await.unwrap();
    let arrivals = (0..CONTAINERS).map(|at| Arrival { number: number(at), ..arrival() }).collect();
    store.change(&tenant, "T", ask(Change::Load { arrivals, only_check: false })).await.unwrap();
    let mut done = 0;
    for operation in 0..operations {
        let (change, wanted) = plain.operation(&mut dice);
        let key = Some((format!("key {operation}"), "digest".to_owned()));
        let asked = Ask { key, ..ask(change) };
        let first = store.change(&tenant, "T", asked.clone()).await.unwrap();
        assert_eq!(
            matches!(first, Outcome::Done(_)),
            wanted,
            "operation {operation}, seed {seed}: {:?} {first:?}",
            asked.change
        );
        done += u64::from(wanted);
        if dice.below(4) == 0 && wanted {
            // The answer was lost, or the process died before it was read: the client asks again.
            if dice.below(20) == 0 {
                drop(store);
                store = open().await;
            }
            let again = store.change(&tenant, "T", asked).await.unwrap();
            assert!(matches!(again, Outcome::Again(_)), "operation {operation}, seed {seed}: {again:?}");
        }
    }
    compare(&*store, &plain).await;
    drop(store);
    compare(&*open().await, &plain).await;
    assert!(done > operations / 4, "most operations were refused: {done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_does_what_a_plain_model_does() {
    let folder = std::env::temp_dir().join(format!("portolan-model-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let open = async || -> Arc<dyn TerminalStore> {
        Embedded::open(&folder, Arc::new(SystemClock), Bounds::default()).unwrap().terminals().unwrap()
    };
    let operations = from_environment("PORTOLAN_MODEL_OPERATIONS", 1500);
    agrees(open, operations, from_environment("PORTOLAN_MODEL_SEED", 1)).await;
    std::fs::remove_dir_all(folder).unwrap();
}
