//! The laws, for quays.

use portolan::berth::quay::wire::{CallWire, PlaceWire, QuayWire, SectionWire, TideWire, Wire};
use portolan::berth::quay::{Port, Quays};
use portolan::berth::wire::WindowWire;
use portolan::time::Time;
use portolan::{Answer, Problem};
use proptest::prelude::*;

use crate::contract;

const QUAY: i64 = 12;

fn call() -> impl Strategy<Value = CallWire> {
    let place = (0..QUAY, 0..QUAY, 0..5_u8);
    (0..10_i64, 1..7_i64, 1..=QUAY, 1..4_i64, prop::option::of(10..15_i64), place).prop_map(
        |(arrival, handling, length, weight, draft, (from, more, kind))| {
            let from = from.min(QUAY - length);
            let to = (from + length + more).min(QUAY);
            CallWire {
                id: String::new(),
                vessel: None,
                arrival: Time::Offset(arrival),
                length_m: length as f64,
                draft_m: draft.map(|draft| draft as f64),
                handling_s: Some(handling),
                moves: None,
                weight: Some(weight),
                section: (kind == 0).then_some(SectionWire { from_m: from as f64, to_m: to as f64 }),
                frozen: (kind == 1)
                    .then_some(PlaceWire { position_m: from as f64, start: Time::Offset(arrival + more % 3) }),
            }
        },
    )
}

fn window(from: i64, length: i64) -> WindowWire {
    WindowWire { from: Some(Time::Offset(from)), to: Some(Time::Offset(from + length)) }
}

fn problem(most: usize) -> impl Strategy<Value = Wire> {
    let tide = (0..4_i64, 1..4_i64, 1..5_i64, 0..3_u8).prop_map(|(from, length, pause, kind)| TideWire {
        free_draft_m: (kind > 0).then_some(12.0),
        arrivals: if kind == 2 { vec![window(from + 1, length)] } else { Vec::new() },
        departures: vec![window(from, length)],
        period_s: Some(length + pause + 1),
    });
    (prop::collection::vec(call(), 1..=most), prop::option::of(tide), 0..2_i64).prop_map(|(mut calls, tide, gap)| {
        for (at, call) in calls.iter_mut().enumerate() {
            call.id = format!("C{at}");
            // More than one would often overlap.
            if at > 0 {
                call.frozen = None;
            }
        }
        let quay = QuayWire { length_m: QUAY as f64, clearance_m: Some(gap as f64), tide, ..QuayWire::default() };
        Wire { horizon_start: None, time_step_s: None, quay, calls, options: None }
    })
}

fn answered(
    port: &Port,
    work_limit: Option<u64>,
) -> Result<Answer<portolan::berth::quay::Plan, portolan::berth::quay::Certificate>, TestCaseError> {
    contract::verified::<Quays>(port, contract::solve::<Quays>(port, work_limit, 1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_stops_early_is_still_true_and_repeats_to_the_byte(wire in problem(9), ticks in 1_u64..20_000) {
        let port = contract::valid::<Quays>(&wire)?;
        let first = answered(&port, Some(ticks))?;
        let again = answered(&port, Some(ticks))?;
        prop_assert_eq!(serde_json::to_string(&first).expect("serializes"), serde_json::to_string(&again).expect("serializes"));
        let whole = answered(&port, None)?;
        prop_assert!(first.lower_bound <= whole.objective && whole.lower_bound <= first.objective);
        let read: Answer<portolan::berth::quay::Plan, portolan::berth::quay::Certificate> =
            serde_json::from_str(&serde_json::to_string(&first).expect("serializes")).expect("reads back");
        prop_assert!(Quays::verify(&port, &read).is_ok());
    }

    #[test]
    fn order_of_the_calls_and_a_mirrored_quay_keep_the_optimum(wire in problem(7)) {
        let mut other = wire.clone();
        other.calls.reverse();
        for call in &mut other.calls {
            let mirrored = |from: f64, to: f64| (QUAY as f64 - to, QUAY as f64 - from);
            if let Some(section) = &mut call.section {
                (section.from_m, section.to_m) = mirrored(section.from_m, section.to_m);
            }
            if let Some(frozen) = &mut call.frozen {
                frozen.position_m = mirrored(frozen.position_m, frozen.position_m + call.length_m).0;
            }
        }
        let (one, other) = (contract::valid::<Quays>(&wire)?, contract::valid::<Quays>(&other)?);
        let (one, other) = (answered(&one, None)?, answered(&other, None)?);
        prop_assert!(one.lower_bound <= other.objective && other.lower_bound <= one.objective);
        if one.lower_bound == one.objective && other.lower_bound == other.objective {
            prop_assert_eq!(one.objective, other.objective);
        }
    }

    #[test]
    fn a_quay_without_tides_sections_or_clearance_never_costs_more(wire in problem(7)) {
        let mut freer = wire.clone();
        freer.quay.tide = None;
        freer.quay.clearance_m = None;
        freer.calls.iter_mut().for_each(|call| call.section = None);
        let (tight, free) = (contract::valid::<Quays>(&wire)?, contract::valid::<Quays>(&freer)?);
        let (tight, free) = (answered(&tight, None)?, answered(&free, None)?);
        prop_assert!(free.lower_bound <= tight.objective);
    }

    #[test]
    fn a_forged_answer_is_refuted(wire in problem(6), which in 0..7_u8) {
        let port = contract::valid::<Quays>(&wire)?;
        let mut answer = answered(&port, None)?;
        match which {
            0 => answer.objective -= 1,
            1 => answer.lower_bound += 1,
            2 => answer.plan.assignments[0].waiting_s += 1,
            3 => answer.plan.kpis.max_waiting_s += 1,
            4 => answer.plan.assignments[0].position_m += QUAY as f64,
            5 => drop(answer.plan.assignments.pop()),
            _ => answer.plan.assignments[0].call.push('x'),
        }
        prop_assert!(Quays::verify(&port, &answer).is_err());
    }
}
