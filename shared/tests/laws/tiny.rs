//! Random berth problems that are small enough to enumerate and still have every feature.

use portolan::berth::wire::{
    AssignmentWire, BerthWire, CallWire, ClosureWire, StabilityWire, TideWire, WindowWire, Wire,
};
use portolan::time::Time;
use proptest::prelude::*;

#[allow(clippy::unnecessary_wraps)] // most fields of the problem are optional
fn at(seconds: i64) -> Option<Time> {
    Some(Time::Offset(seconds))
}

fn window(from: i64, length: i64) -> WindowWire {
    WindowWire { from: at(from), to: at(from + length) }
}

fn berth() -> impl Strategy<Value = BerthWire> {
    let open = prop_oneof![
        4 => Just(None),
        1 => (0..10_i64, 10..40_i64).prop_map(|(from, length)| Some(vec![window(from, length)])),
        1 => (0..5_i64, 5..15_i64, 1..6_i64, 5..30_i64).prop_map(|(from, first, pause, second)| {
            Some(vec![window(from, first), window(from + first + pause, second)])
        }),
    ];
    let closures = prop::collection::vec((0..30_i64, 1..12_i64), 0..3).prop_map(|spans| {
        let closure =
            |(from, length)| ClosureWire { from: Time::Offset(from), to: Time::Offset(from + length), reason: None };
        spans.into_iter().map(closure).collect::<Vec<_>>()
    });
    let tide = prop_oneof![
        3 => Just(None),
        1 => (1..6_i64, 4..9_i64).prop_map(|(length, pause)| {
            let windows = (0..5).map(|k| window(2 + k * (length + pause), length)).collect();
            Some(TideWire { free_draft_m: 10.0, windows })
        }),
    ];
    let limits = (prop::option::of(Just(200.0)), prop::option::of(Just(13.0)));
    (open, closures, tide, limits, 0..3_i64).prop_map(|(open, closures, tide, (length_m, draft_m), clearance)| {
        BerthWire {
            open,
            closures,
            tide,
            length_m,
            draft_m,
            clearance_s: (clearance > 0).then_some(clearance),
            ..BerthWire::default()
        }
    })
}

#[derive(Clone, Debug)]
struct Draft {
    arrival: i64,
    handling: Vec<Option<i64>>,
    weights: (i64, i64),
    due: Option<i64>,
    latest: Option<i64>,
    vessel: (Option<f64>, Option<f64>),
    class: u8,
    earlier: Option<(usize, i64)>,
}

fn call(berths: usize) -> impl Strategy<Value = Draft> {
    let time = prop_oneof![5 => (1..12_i64).prop_map(Some), 1 => Just(None)];
    let vessel = (
        prop::option::of(prop_oneof![Just(150.0), Just(200.0), Just(250.0)]),
        prop::option::of(prop_oneof![Just(9.0), Just(12.0), Just(14.0)]),
    );
    let optional_time = |from: i64| prop_oneof![2 => Just(None), 1 => (from..from + 25).prop_map(Some)];
    (
        (0..20_i64, prop::collection::vec(time, berths), (0..4_i64, 0..4_i64)),
        (optional_time(8), prop_oneof![3 => Just(None), 1 => (12..50_i64).prop_map(Some)], vessel),
        (
            prop_oneof![3 => Just(0_u8), 1 => 0..3_u8],
            prop_oneof![3 => Just(None), 1 => (0..berths, 0..30_i64).prop_map(Some)],
        ),
    )
        .prop_map(|((arrival, handling, weights), (due, latest, vessel), (class, earlier))| Draft {
            arrival,
            handling,
            weights,
            due,
            latest,
            vessel,
            class,
            earlier,
        })
}

/// A problem with up to `calls` calls on up to `berths` berths. It may have issues: callers skip those that do.
pub(crate) fn problem(calls: usize, berths: usize) -> impl Strategy<Value = Wire> {
    prop::collection::vec(berth(), 1..=berths).prop_flat_map(move |berths| {
        let call = call(berths.len());
        let stability = (0..20_i64, 0..20_i64);
        (Just(berths), prop::collection::vec(call, 0..=calls), stability, any::<bool>())
            .prop_map(|(berths, drafts, stability, all_features)| wire(berths, drafts, stability, all_features))
    })
}

fn wire(mut berths: Vec<BerthWire>, drafts: Vec<Draft>, stability: (i64, i64), all_features: bool) -> Wire {
    for (at, berth) in berths.iter_mut().enumerate() {
        berth.id = format!("B{at}");
        if !all_features {
            *berth = BerthWire { id: berth.id.clone(), clearance_s: berth.clearance_s, ..BerthWire::default() };
        }
    }
    let calls = drafts.into_iter().enumerate().map(|(n, draft)| {
        let handling = draft.handling.iter().enumerate();
        let mut call = CallWire {
            handling_s: Some(handling.filter_map(|(at, time)| Some((format!("B{at}"), (*time)?))).collect()),
            weight: Some(draft.weights.0),
            ..CallWire::new(format!("C{n}"), Time::Offset(draft.arrival))
        };
        if all_features {
            call.due = draft.due.map(Time::Offset);
            call.tardiness_weight = draft.due.map(|_| draft.weights.1);
            call.latest_departure = draft.latest.map(Time::Offset);
            (call.length_m, call.draft_m) = draft.vessel;
            call.class = Some(draft.class);
            call.earlier =
                draft.earlier.map(|(at, start)| AssignmentWire { berth: format!("B{at}"), start: Time::Offset(start) });
        }
        call
    });
    Wire {
        calls: calls.collect(),
        berths,
        stability: all_features.then_some(StabilityWire { berth_change: stability.0, later_start: stability.1 }),
        ..Wire::default()
    }
}
