use super::super::table::tests::{SEA, solved};
use super::*;
use crate::time::Time;

/// The codes found in a small answer after `change`.
fn found(change: impl FnOnce(&mut Answer<Plan, Certificate>)) -> Vec<String> {
    let (instance, mut answer) = solved(SEA);
    change(&mut answer);
    let violations = verify(&instance, &answer).err().unwrap_or_default();
    violations.into_iter().map(|violation| violation.code).collect()
}

#[test]
fn honest_answers_are_confirmed() {
    assert_eq!(found(|_| ()), [""; 0]);
}

#[test]
fn ways_that_are_none_are_found() {
    let route = |change: fn(&mut Route)| found(|answer| change(&mut answer.plan.lots[0].routes[1]));
    for codes in [
        route(|route| route.quantity += 1),
        route(|route| route.quantity = -1),
        route(|route| route.legs.clear()),
        route(|route| route.legs.reverse()),
        route(|route| route.legs[0].arc = Some(99)),
        route(|route| route.legs[0].to = "elsewhere".to_owned()),
        route(|route| route.cost_cents -= 1),
        route(|route| route.arrives = Some(Time::Offset(0))),
        route(|route| route.transit_s = 0),
        found(|answer| answer.plan.lots.swap(0, 1)),
        found(|answer| answer.plan.lots[2].rejected += 1),
    ] {
        assert!(codes.contains(&"lot_wrong".to_owned()), "{codes:?}");
    }
    assert_eq!(found(|answer| drop(answer.plan.lots.pop())), ["lots_differ"]);
}

#[test]
fn more_than_there_is_room_for_is_found() {
    let codes = found(|answer| {
        // One salt more goes the way of the wine.
        let way = answer.plan.lots[0].routes[0].clone();
        let salt = &mut answer.plan.lots[2];
        salt.rejected = 0;
        salt.routes = vec![Route { quantity: 4, ..way }];
    });
    assert!(codes.contains(&"over_capacity".to_owned()), "{codes:?}");
}

#[test]
fn figures_that_are_not_so_are_found() {
    assert_eq!(found(|answer| answer.objective += 1), ["objective_differs"]);
    assert_eq!(found(|answer| answer.plan.kpis.carried += 1), ["kpis_differ"]);
    assert_eq!(found(|answer| answer.plan.unserved.clear()), ["explanation_differs"]);
    assert_eq!(found(|answer| answer.plan.most_valuable.clear()), ["explanation_differs"]);
}

#[test]
fn a_bound_that_its_prices_do_not_prove_is_found() {
    // Other prices also make other explanations; the bound is looked at after them.
    for codes in [
        found(|answer| answer.certificate.scale = 1),
        found(|answer| answer.certificate.prices = vec![(7, 1)]),
        found(|answer| answer.certificate.prices = vec![(0, -1)]),
        found(|answer| answer.certificate.prices = vec![(1, 1), (0, 1)]),
    ] {
        assert_eq!(codes, ["bound_not_certified"]);
    }
    let codes = found(|answer| {
        answer.certificate.prices.clear();
        answer.plan.most_valuable.clear();
        for one in &mut answer.plan.unserved {
            if let crate::routing::plan::Cause::NoRoom { blocking } = &mut one.cause {
                for one in blocking {
                    one.worth_cents = 0;
                }
            }
        }
    });
    assert_eq!(codes, ["bound_not_certified"]);
}
