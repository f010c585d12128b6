use super::super::generate::{Style, generate};
use super::super::wire::Wire;
use super::*;
use crate::budget::Budget;

fn still() -> std::time::Duration {
    std::time::Duration::ZERO
}

fn solved(wire: &Wire) -> Answer<Plan, Certificate> {
    let instance = Instance::try_from(wire).expect("valid");
    let outcome = Routing::solve(&instance, &mut Budget::new(&still), &mut |_| ());
    let levels = Routing::levels(&instance, &outcome.solution, outcome.lower_bound);
    let plan = Plan::new(&instance, &outcome.solution);
    Answer::new(Routing::NAME, Routing::VERSION, outcome, levels, plan)
}

fn asked(json: serde_json::Value) -> Question {
    serde_json::from_value(json).expect("a question")
}

#[test]
fn nothing_changed_changes_nothing_and_more_room_helps() {
    let wire = generate(Style::Weekly, 8, 60, 3);
    let given = solved(&wire);
    let most = &given.plan.most_valuable[0];
    let question = asked(serde_json::json!({"scenarios": [
        {"changes": []},
        {"id": "wider", "changes": [{"change": "capacity", "resource": most.resource, "capacity": most.capacity + 20}]},
        {"id": "closed", "changes": [{"change": "close_arc", "arc": "S0 leg 0"}]},
        {"id": "fewer", "changes": [{"change": "remove_lot", "lot": "L0"}]}
    ]}));
    let reply = answer(&wire, &given, &question, &still).expect("answered");
    let [same, wider, closed, fewer] = &reply.scenarios[..] else { panic!("four answers") };
    assert!(same.objective <= given.objective && same.lower_bound <= given.objective);
    assert_eq!(wider.id.as_deref(), Some("wider"));
    assert!(wider.objective < given.objective, "{} of {}", wider.objective, given.objective);
    assert_eq!(wider.difference.carried, wider.kpis.carried - given.plan.kpis.carried);
    assert!(closed.objective >= given.lower_bound);
    assert!(fewer.lots.iter().any(|lot| lot.lot == "L0" && lot.carried == 0));
    assert_eq!(fewer.kpis.containers, given.plan.kpis.containers - wire.lots[0].quantity);
}

#[test]
fn sailings_are_delayed_cancelled_and_shrunk_by_their_names() {
    let wire = generate(Style::Timetable, 6, 40, 3);
    let given = solved(&wire);
    let id = given.plan.lots.iter().flat_map(|lot| &lot.routes).flat_map(|route| &route.legs);
    let id = id
        .filter_map(|leg| leg.id.clone())
        .find(|id| id.starts_with("S0 "))
        .expect("the first service carries something");
    let [port, quiet] = [0, 2].map(|port| &wire.ports[port].id);
    let question = asked(serde_json::json!({"plans": true, "scenarios": [
        {"changes": [{"change": "delay", "sailing": id, "delay_s": 86_400}]},
        {"changes": [{"change": "slots", "sailing": "extra loader", "slots_teu": 0}]},
        {"changes": [{"change": "close_port", "port": quiet, "from": 0, "to": 604_800}]},
        {"changes": [{"change": "add_lot", "lot": {"id": "new", "origin": port, "destination": wire.ports[1].id, "quantity": 2, "rejection_cents": 5000}}]}
    ]}));
    let reply = answer(&wire, &given, &question, &still).expect("answered");
    for told in &reply.scenarios {
        assert!(told.lower_bound <= told.objective && told.plan.is_some() && told.certificate.is_some());
    }
    assert!(reply.scenarios[2].objective >= given.lower_bound);
    assert_eq!(reply.scenarios[3].kpis.containers, given.plan.kpis.containers + 2);
}

#[test]
fn every_scenario_that_cannot_be_is_named() {
    let wire = generate(Style::Weekly, 6, 20, 1);
    let given = solved(&wire);
    let question = asked(serde_json::json!({"scenarios": [
        {"changes": [{"change": "capacity", "resource": "nothing", "capacity": 3}]},
        {"changes": [{"change": "cancel", "sailing": "nobody"}, {"change": "remove_lot", "lot": "none"}]},
        {"changes": [{"change": "capacity", "resource": "S0 leg 0", "capacity": -1}]}
    ]}));
    let issues = answer(&wire, &given, &question, &still).expect_err("wrong");
    let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/scenarios/0/changes/0/resource",
            "/scenarios/1/changes/0/sailing",
            "/scenarios/1/changes/1/lot",
            "/scenarios/2/changes/0/capacity"
        ]
    );
    let none = asked(serde_json::json!({"scenarios": []}));
    assert_eq!(answer(&wire, &given, &none, &still).expect_err("none")[0].code, "scenarios_out_of_range");
}
