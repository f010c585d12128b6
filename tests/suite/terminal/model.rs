//! Random operations one after the other against a plain model, which says of each whether it can be done.
//!
//! `PORTOLAN_MODEL_OPERATIONS=1000000` for a long run, `PORTOLAN_MODEL_SEED` for another one; both are printed.

use std::collections::BTreeMap;
use std::sync::Arc;

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::TerminalStore;
use portolan_functions::terminal::event::{Ask, Body, Change, Outcome};
use portolan_functions::terminal::port::Past;

use super::{a_move, ask, details, number, spec};

const CONTAINERS: usize = 60;
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

/// Stacks of numbers, and nothing else.
#[derive(Default)]
struct Plain(BTreeMap<String, Vec<usize>>);

impl Plain {
    fn place(&self, container: usize) -> Option<(String, usize)> {
        self.0
            .iter()
            .find_map(|(stack, held)| held.iter().position(|it| *it == container).map(|tier| (stack.clone(), tier + 1)))
    }

    /// Moves, where that can be done.
    fn moved(&mut self, container: usize, to: Option<&str>) -> bool {
        let from = self.place(container);
        let room = to.is_none_or(|to| self.0.get(to).map_or(0, Vec::len) < HEIGHT);
        let top = from.as_ref().is_none_or(|(stack, tier)| self.0[stack].len() == *tier);
        let goes = from.as_ref().map(|(stack, _)| stack.as_str()) != to;
        if !(room && top && goes) {
            return false;
        }
        if let Some((stack, _)) = from {
            self.0.get_mut(&stack).unwrap().pop();
        }
        if let Some(to) = to {
            self.0.entry(to.to_owned()).or_default().push(container);
        }
        true
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
    assert_eq!(all.containers().count(), CONTAINERS, "none is lost, none is doubled");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_store_does_what_a_plain_model_does() {
    let (operations, seed) =
        (from_environment("PORTOLAN_MODEL_OPERATIONS", 1500), from_environment("PORTOLAN_MODEL_SEED", 1));
    println!("{operations} operations, seed {seed}");
    let folder = std::env::temp_dir().join(format!("portolan-model-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let open = || -> Arc<dyn TerminalStore> {
        Embedded::open(&folder, Arc::new(SystemClock), Bounds::default()).unwrap().terminals().unwrap()
    };
    let (tenant, mut dice, mut plain) = (Tenant::local(), Dice(seed), Plain::default());
    let mut store = open();
    let make = |change| ask(change);
    store.change(&tenant, "T", make(Change::PutTerminal(Box::new(spec())))).await.unwrap();
    for at in 0..CONTAINERS {
        store.change(&tenant, "T", make(Change::PutContainer(number(at), details(None)))).await.unwrap();
    }
    let mut done = 0;
    for operation in 0..operations {
        let container = dice.below(CONTAINERS as u64) as usize;
        let to = (dice.below(6) > 0).then(|| {
            let stack = dice.below(STACKS);
            format!("B/{}/{}", stack / 4 + 1, stack % 4 + 1)
        });
        let from = plain.place(container).map_or_else(|| "out".to_owned(), |(stack, tier)| format!("{stack}/{tier}"));
        let change = a_move(&number(container), &from, to.as_deref().unwrap_or("out"));
        let key = Some((format!("key {operation}"), "digest".to_owned()));
        let asked = Ask { key, ..ask(change) };
        let wanted = plain.moved(container, to.as_deref());
        let first = store.change(&tenant, "T", asked.clone()).await.unwrap();
        assert_eq!(matches!(first, Outcome::Done(_)), wanted, "operation {operation}, seed {seed}: {first:?}");
        done += u64::from(wanted);
        if dice.below(4) == 0 && wanted {
            // The answer was lost, or the process died before it was read: the client asks again.
            if dice.below(20) == 0 {
                drop(store);
                store = open();
            }
            let again = store.change(&tenant, "T", asked).await.unwrap();
            assert!(matches!(again, Outcome::Again(_)), "operation {operation}, seed {seed}: {again:?}");
        }
    }
    compare(&*store, &plain).await;
    drop(store);
    compare(&*open(), &plain).await;
    assert!(done > operations / 4, "most operations were refused: {done}");
    std::fs::remove_dir_all(folder).unwrap();
}
