use proptest::prelude::*;

use super::super::instance::{Assignment, Instance};
use super::super::naive;
use super::super::wire::{AssignmentWire, BerthWire, CallWire, ClosureWire, TideWire, WindowWire, Wire};
use super::*;
use crate::ids::CallIdx;
use crate::time::Time;

/// Spans that neither touch nor overlap, from gaps and lengths.
fn spans(pieces: Vec<(i64, i64)>) -> Vec<WindowWire> {
    let mut end = -1;
    let mut windows = Vec::new();
    for (gap, length) in pieces {
        let from = end + 1 + gap;
        end = from + length;
        windows.push(WindowWire { from: Some(Time::Offset(from)), to: Some(Time::Offset(end)) });
    }
    windows
}

prop_compose! {
    fn disjoint(most: usize)(pieces in prop::collection::vec((0_i64..12, 1_i64..25), 1..=most)) -> Vec<WindowWire> {
        spans(pieces)
    }
}

prop_compose! {
    fn port()(
        open in prop::option::of(disjoint(4)),
        closures in prop::collection::vec((0_i64..60, 1_i64..20), 0..4),
        tide in prop::option::of(disjoint(6)),
        arrival in 0_i64..40,
        handling in 1_i64..30,
        draft in prop::option::of(8_u8..14),
        latest in prop::option::of(1_i64..90),
        frozen in prop::option::weighted(0.2, 0_i64..40),
    ) -> Wire {
        let closure = |(from, length)| ClosureWire { from: Time::Offset(from), to: Time::Offset(from + length), reason: None };
        let berth = BerthWire {
            id: "B".to_owned(),
            draft_m: Some(13.0),
            open,
            closures: closures.into_iter().map(closure).collect(),
            tide: tide.map(|windows| TideWire { free_draft_m: 10.0, windows }),
            ..BerthWire::default()
        };
        // A second berth that takes everything keeps the problem valid.
        let spare = BerthWire { id: "spare".to_owned(), ..BerthWire::default() };
        let call = CallWire {
            handling_s: Some([("B".to_owned(), handling), ("spare".to_owned(), 1)].into()),
            draft_m: draft.map(f64::from),
            latest_departure: latest.map(Time::Offset),
            frozen: frozen.map(|start| AssignmentWire { berth: "B".to_owned(), start: Time::Offset(start) }),
            ..CallWire::new("C", Time::Offset(arrival))
        };
        Wire { berths: vec![berth, spare], calls: vec![call], ..Wire::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn slots_are_the_allowed_starts_and_their_departures(wire in port()) {
        let Ok(instance) = Instance::try_from(&wire) else {
            // The only thing that can be wrong: the frozen start.
            prop_assert!(wire.calls[0].frozen.is_some());
            return Ok(());
        };
        let (call, berth) = (CallIdx::new(0), BerthIdx::new(0));
        let slots = instance.slots(call, berth);
        prop_assert!(slots.windows(2).all(|pair| pair[0].last < pair[1].first), "sorted and disjoint: {slots:?}");
        for start in (0..=horizon(instance.berths(), instance.calls()).0).map(Seconds) {
            let expected = naive::departure(&instance, call, Assignment { berth, start });
            let slot = slots.iter().find(|slot| slot.first <= start && start <= slot.last);
            let departure = slot.map(|slot| instance.departure(call, berth, slot, start));
            prop_assert_eq!(departure, expected, "start {} of {:?}", start.0, slots);
        }
    }

    #[test]
    fn a_frozen_start_is_refused_exactly_where_it_is_not_allowed_and_says_why(wire in port()) {
        let Some(frozen) = wire.calls[0].frozen.clone() else { return Ok(()) };
        let refused = Instance::try_from(&wire).err();
        let mut thawed = wire.clone();
        thawed.calls[0].frozen = None;
        let instance = Instance::try_from(&thawed).expect("only the frozen start can be wrong");
        let start = frozen.start.after(None).expect("an offset");
        let place = Assignment { berth: BerthIdx::new(0), start };
        let is_allowed = naive::departure(&instance, CallIdx::new(0), place).is_some();
        prop_assert_eq!(refused.is_none(), is_allowed);
        if let Some(issues) = refused {
            prop_assert_eq!(issues[0].code.as_ref(), "frozen_not_possible");
        }
    }

    #[test]
    fn the_time_step_divides_every_time(wire in port()) {
        let Ok(instance) = Instance::try_from(&wire) else { return Ok(()) };
        let step = instance.time_step().0;
        let (call, berth) = (&instance.calls()[0], &instance.berths()[0]);
        prop_assert_eq!(call.arrival.0 % step, 0);
        prop_assert!(call.handling.iter().flatten().all(|time| time.0 % step == 0));
        prop_assert!(berth.closures.iter().all(|closure| closure.window.from.0 % step == 0 && closure.window.to.0 % step == 0));
    }
}

#[test]
fn a_berth_that_closes_for_good_is_open_until_then() {
    let closure = ClosureWire { from: Time::Offset(50), to: Time::Offset(70), reason: None };
    let berth = BerthWire { id: "B".to_owned(), closures: vec![closure], ..BerthWire::default() };
    let call = CallWire { handling_s: Some([("B".to_owned(), 10)].into()), ..CallWire::new("C", Time::Offset(0)) };
    let instance = Instance::try_from(&Wire { berths: vec![berth], calls: vec![call], ..Wire::default() });
    let instance = instance.expect("nothing is wrong with it");
    assert_eq!(open_time(&instance.berths()[0], Seconds(60)), Seconds(50));
    assert_eq!(open_time(&instance.berths()[0], Seconds(100)), Seconds(80));
    assert_eq!(gcd(0, 6), 6);
    assert_eq!(gcd(-4, 6), 2);
}
