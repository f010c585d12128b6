//! Container relocation: which moves dig out the containers that leave, in which order; and pre-marshalling.
//!
//! # Formulation
//!
//! Stacks of containers, of which only the top can be reached. Each departing container has its turn; containers of one turn
//! (a truck window, a load list) leave in any order, each as soon as it can be reached. A crane move takes the top of a stack onto another (a **relocation**), or out of the yard when its turn
//! has come (a **retrieval**). Wanted are the fewest relocations after which all have left (Caserta, Schwarze, Voß 2012,
//! doi:10.1016/j.ejor.2011.12.039), with two rules of what may be relocated:
//!
//! - **restricted**: only what stands above a container whose turn it is;
//! - **unrestricted**: any top.
//!
//! **Pre-marshalling** takes nothing out: the fewest relocations after which no container stands above one that leaves earlier (Lee, Hsu 2007,
//! doi:10.1016/j.cor.2006.10.007; Bortfeldt, Forster 2012, doi:10.1016/j.ejor.2011.10.005).
//!
//! Where not everything can be done (a yard too full, too few relocations granted), the plan does as much as it found a way for. Each container left
//! out counts more than all relocations together, so the objective stays one number and its bound stays a bound. As nothing leaves before its turn, the
//! first turn that is shown to be out of reach (`too_full`) keeps all later ones in the yard.
//!
//! # Reading order
//!
//! [`wire`] (the JSON), [`text`] (the benchmark forms) and [`import`] (CSV, BAPLIE, COPRAR) become an [`instance`] by `validate`. The searches see a [`layout`] and [`rules`] only.
//! [`plan`] writes the moves out, `explain` says what each is for, `crane` times them, `verify` carries them out again, and `certificate` is what the bound
//! rests on.

pub mod certificate;
mod crane;
mod explain;
pub mod generate;
mod heuristic;
pub mod import;
pub mod instance;
mod kinds;
pub mod layout;
mod picture;
pub mod plan;
mod premarshal;
mod retrieval;
pub mod rules;
mod search;
mod svg;
mod table;
pub mod text;
mod too_full;
mod validate;
mod verify;
pub mod wire;

pub use certificate::Certificate;
pub use instance::Instance;
pub use layout::{Layout, Move, Moves, Relocation};
pub use plan::Plan;
pub use wire::Wire;

use crate::answer::Answer;
use crate::budget::Budget;
use crate::issue::Issue;
use crate::options::Options;
use crate::outcome::{Level, Outcome, Progress};
use crate::problem::{Problem, Violation};

/// The container relocation problem.
#[derive(Clone, Copy, Debug)]
pub struct Yards;

impl Problem for Yards {
    const NAME: &'static str = "yard";
    const VERSION: u32 = 1;
    type Wire = Wire;
    type Instance = Instance;
    type Solution = Vec<Move>;
    type Certificate = Certificate;
    type Plan = Plan;

    fn options(wire: &Wire) -> Option<&Options> {
        wire.options.as_ref()
    }

    fn with_options(wire: Wire, options: Option<Options>) -> Wire {
        Wire { options, ..wire }
    }

    fn instance(wire: &Wire) -> Result<Instance, Vec<Issue>> {
        Instance::try_from(wire)
    }

    fn is_request(json: &serde_json::Map<String, serde_json::Value>) -> bool {
        json.contains_key("stacks")
    }

    fn read_text(text: &str, name: Option<&str>) -> Option<Result<Wire, Vec<Issue>>> {
        text::read(text, name).or_else(|| import::read(text))
    }

    fn size(instance: &Instance) -> String {
        format!("{} in {}", instance.containers.len(), instance.stacks.len())
    }

    fn solve(
        instance: &Instance,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Progress<'_, Vec<Move>>),
    ) -> Outcome<Vec<Move>, Certificate> {
        search::solve(instance, budget, watch)
    }

    fn gap(instance: &Instance, objective: i64, lower_bound: i64) -> f64 {
        plan::gap(instance, objective, lower_bound)
    }

    fn levels(instance: &Instance, solution: &Vec<Move>, lower_bound: i64) -> Vec<Level> {
        plan::levels(instance, solution, lower_bound)
    }

    fn plan(instance: &Instance, solution: &Vec<Move>) -> Plan {
        Plan::new(instance, solution)
    }

    fn verify(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Result<i64, Vec<Violation>> {
        verify::verify(instance, answer)
    }

    fn table(instance: &Instance, answer: &Answer<Plan, Certificate>) -> String {
        table::table(instance, answer)
    }

    fn frames(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Vec<String> {
        table::frames(instance, answer)
    }

    fn svg(instance: &Instance, answer: &Answer<Plan, Certificate>) -> String {
        svg::svg(instance, answer)
    }
}
