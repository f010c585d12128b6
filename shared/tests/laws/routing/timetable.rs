//! The laws of timetables: what a plan of the expanded network says is true of the words that it was expanded from.

use portolan::routing::generate::{Style, generate};
use portolan::routing::wire::Wire;
use portolan::time::Time;
use proptest::prelude::*;

use super::{solve, valid, verified, words};

fn month() -> impl Strategy<Value = Wire> {
    (3_usize..7, 4_usize..40, 0_u64..1_000)
        .prop_map(|(ports, lots, seed)| generate(Style::Timetable, ports, lots, seed))
}

/// Fewer moves, slots and yard, so that something is always in the way.
fn tightened(mut wire: Wire) -> Wire {
    for port in &mut wire.ports {
        port.moves_per_shift = port.moves_per_shift.map(|moves| moves / 3);
        port.yard_teu = port.yard_teu.map(|teu| teu / 8);
    }
    for service in &mut wire.services {
        (service.slots_teu, service.plugs) = (service.slots_teu / 5, service.plugs / 4);
    }
    wire.lots.retain(|lot| lot.pinned.is_empty());
    wire
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, max_global_rejects: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_keeps_the_timetable_that_it_was_made_from(wire in month(), is_tight in any::<bool>()) {
        let wire = if is_tight { tightened(wire) } else { wire };
        let instance = valid(&wire)?;
        let answer = verified(&instance, solve(&instance, Some(300_000)))?;
        if let Some(flaw) = words::flaw(&wire, &answer.plan) {
            prop_assert!(false, "{flaw}");
        }
    }

    #[test]
    fn a_sailing_that_is_later_takes_nothing_with_it_earlier(wire in month(), hours in 1_i64..60) {
        let mut late = wire;
        for call in &mut late.sailings[0].calls {
            let shift = |time: Time| match time {
                Time::Offset(seconds) => Time::Offset(seconds + 3_600 * hours),
                Time::Absolute(_) => time,
            };
            (call.arrive, call.depart) = (shift(call.arrive), shift(call.depart));
        }
        let instance = valid(&late)?;
        let answer = verified(&instance, solve(&instance, Some(200_000)))?;
        if let Some(flaw) = words::flaw(&late, &answer.plan) {
            prop_assert!(false, "{flaw}");
        }
    }

    #[test]
    fn more_moves_in_every_shift_never_hurt(wire in month()) {
        let tight = tightened(wire.clone());
        let mut roomier = tight.clone();
        for port in &mut roomier.ports {
            port.moves_per_shift = port.moves_per_shift.map(|moves| moves + 5);
        }
        let (tight, roomier) = (solve(&valid(&tight)?, Some(200_000)), solve(&valid(&roomier)?, Some(200_000)));
        prop_assert!(roomier.lower_bound <= tight.objective);
    }

    #[test]
    fn what_is_booked_stays_booked(wire in month()) {
        let instance = valid(&wire)?;
        let answer = verified(&instance, solve(&instance, Some(200_000)))?;
        let booked = answer.plan.lots.iter().find(|lot| lot.lot == "booked").expect("it is there");
        for route in &booked.routes {
            prop_assert_eq!(route.legs[0].id.as_deref(), Some("S0 2026-03-02"));
        }
    }
}

/// The checker of words finds what is wrong, so that its silence means something.
#[test]
fn the_checker_of_words_is_awake() {
    let wire = generate(Style::Timetable, 6, 40, 3);
    let instance = valid(&wire).expect("valid");
    let answer = verified(&instance, solve(&instance, Some(200_000))).expect("verified");
    assert_eq!(words::flaw(&wire, &answer.plan), None);
    let mut early = answer.plan.clone();
    let leg = early
        .lots
        .iter_mut()
        .flat_map(|lot| &mut lot.routes)
        .flat_map(|route| &mut route.legs)
        .find(|leg| leg.loaded.is_some());
    leg.expect("something is loaded").loaded = Some(Time::Offset(0));
    let mut slow = wire.clone();
    slow.ports.iter_mut().for_each(|port| port.moves_per_shift = Some(0));
    let mut narrow = wire.clone();
    narrow.services.iter_mut().for_each(|service| service.slots_teu = 0);
    for (wire, plan) in [(&wire, &early), (&slow, &answer.plan), (&narrow, &answer.plan)] {
        assert!(words::flaw(wire, plan).is_some());
    }
}
