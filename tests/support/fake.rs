//! A problem whose request says how its solver behaves.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use portolan::answer::AnyAnswer;
use portolan::issue::Issue;
use portolan::outcome::{Proof, Stats, Stop, Tier};
use portolan::problem::{AnyProblem, Refuted, Request, Snapshot, Verified, Violation};
use portolan::{Budget, Clock, Options};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The registry of the tests.
pub const PROBLEMS: &[&dyn AnyProblem] = &[&Fake];

/// How often each request's solver was started, by `name`.
static SOLVES: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// How often the solver was started for requests of this name.
pub fn solves(name: &str) -> usize {
    SOLVES.lock().unwrap().get(name).copied().unwrap_or_default()
}

/// What the solver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Proves its plan at once.
    Quick,
    /// Improves its plan until it is stopped.
    Slow,
    /// Panics.
    Panic,
    /// Makes a plan that its checker refutes.
    Lie,
    /// Goes on for two seconds after it should have stopped.
    Overrun,
}

/// The request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Tells requests apart.
    pub name: String,
    /// What the solver does.
    pub behaviour: Behaviour,
    /// As everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

struct Fake;

struct Prepared {
    script: Script,
    options: Options,
}

impl AnyProblem for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn version(&self) -> u32 {
        1
    }

    fn read(&self, document: &[u8]) -> Result<Box<dyn Request>, Vec<Issue>> {
        let wrong = |error: serde_json::Error| {
            let code = if error.is_data() { "wrong_shape" } else { "not_json" };
            vec![Issue::new(code, "", error.to_string(), "send another")]
        };
        let script: Script = serde_json::from_slice(document).map_err(wrong)?;
        assert!(script.name != "panic while reading", "on purpose");
        let options = script.options.clone().unwrap_or_default();
        Ok(Box::new(Prepared { script, options }))
    }

    fn read_json(&self, document: &[u8], _name: Option<&str>) -> Result<Value, Vec<Issue>> {
        self.read(document).map(|request| request.to_json())
    }

    fn recognises(&self, document: &[u8], _name: Option<&str>) -> bool {
        self.read(document).is_ok()
    }

    fn offers_what_if(&self) -> bool {
        false
    }

    fn what_if(&self, _: &[u8], _: &AnyAnswer, _: &[u8], _: &dyn Clock) -> Option<Result<Value, Vec<Issue>>> {
        None
    }

    fn verify(&self, document: &[u8]) -> Result<Verified, Refuted> {
        let document: Value = serde_json::from_slice(document).unwrap();
        if document["objective"] == 1 {
            return Err(Refuted::Wrong(vec![Violation::new("too_good", "nothing costs 1")]));
        }
        Ok(Verified { problem: "fake".to_owned(), objective: 10, lower_bound: 10, gap: 0.0, claimed_lower_bound: 10 })
    }
}

impl Request for Prepared {
    fn problem(&self) -> &'static str {
        "fake"
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    fn canonical(&self) -> Vec<u8> {
        format!("{}/{:?}", self.script.name, self.script.behaviour).into_bytes()
    }

    fn to_json(&self) -> Value {
        json!(self.script)
    }

    fn size(&self) -> String {
        "1".to_owned()
    }

    fn frames(&self, _answer: &AnyAnswer) -> Option<Vec<String>> {
        None
    }

    fn solve(
        &self,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Snapshot<'_>),
    ) -> Result<AnyAnswer, Vec<Violation>> {
        *SOLVES.lock().unwrap().entry(self.script.name.clone()).or_default() += 1;
        let mut objective = 1_000_000;
        match self.script.behaviour {
            Behaviour::Quick => objective = 10,
            Behaviour::Panic => panic!("on purpose"),
            Behaviour::Lie => return Err(vec![Violation::new("too_good", "nothing costs 1")]),
            Behaviour::Slow => {
                while !budget.spend(50_000) {
                    objective -= 1;
                    show(budget, watch, objective);
                    // As long as a real step takes.
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            Behaviour::Overrun => {
                show(budget, watch, objective);
                while !budget.spend(50_000) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                std::thread::sleep(Duration::from_secs(2));
            }
        }
        Ok(answer(budget, objective))
    }

    fn table(&self, answer: &AnyAnswer) -> Option<String> {
        Some(format!("cost {}\n", answer.objective))
    }

    fn svg(&self, _answer: &AnyAnswer) -> Option<String> {
        Some("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned())
    }
}

fn show(budget: &Budget<'_>, watch: &mut dyn FnMut(&Snapshot<'_>), objective: i64) {
    watch(&Snapshot {
        objective,
        lower_bound: 10,
        gap: portolan::gap(objective, 10),
        ticks: budget.ticks(),
        plan: &|| json!({"cost": objective}),
    });
}

fn answer(budget: &Budget<'_>, objective: i64) -> AnyAnswer {
    let proven = objective == 10;
    let stop = if proven { Stop::Proven } else { budget.stopped().unwrap_or(Stop::Exhausted) };
    AnyAnswer {
        problem: "fake".to_owned(),
        version: 1,
        objective,
        lower_bound: 10,
        gap: portolan::gap(objective, 10),
        proof: if proven { Proof::Optimal } else { Proof::Bound },
        stop,
        tier: if proven { Tier::Proven } else { Tier::Heuristic },
        seed: budget.seed_value(),
        ticks: budget.ticks(),
        reproducible: stop.is_reproducible(),
        levels: Vec::new(),
        stats: Stats::default(),
        plan: json!({"cost": objective}),
        certificate: json!({}),
    }
}
