use super::super::wire::{BerthWire, CallWire, Wire};
use super::*;
use crate::time::Time;

/// Two calls in two classes on one berth.
fn instance() -> Instance {
    let call = |id: &str, class| CallWire {
        handling_s: Some([("B".to_owned(), 100)].into()),
        class: Some(class),
        due: Some(Time::Offset(150)),
        tardiness_weight: Some(2),
        ..CallWire::new(id, Time::Offset(0))
    };
    let berth = BerthWire { id: "B".to_owned(), ..BerthWire::default() };
    Instance::try_from(&Wire {
        berths: vec![berth],
        calls: vec![call("first", 0), call("second", 3)],
        ..Wire::default()
    })
    .expect("nothing is wrong with it")
}

#[test]
fn a_cost_counts_time_in_port_and_tardiness() {
    let instance = instance();
    let at = |start| Assignment { berth: BerthIdx::new(0), start: Seconds(start) };
    assert_eq!(instance.class_cost(CallIdx::new(0), at(0), Seconds(100)), 100);
    assert_eq!(instance.class_cost(CallIdx::new(0), at(100), Seconds(200)), 200 + 2 * 50);
    let class = instance.class_of(CallIdx::new(0));
    assert_eq!(instance.cost(CallIdx::new(0), at(0), Seconds(100)), 100 * class.multiplier);
    assert_eq!(instance.left_out_cost(CallIdx::new(1)), instance.class_of(CallIdx::new(1)).left_out);
}

#[test]
fn later_classes_are_unproven_until_the_first_is_proven() {
    let instance = instance();
    let multiplier = instance.classes()[0].multiplier;
    // Costs 100 in class 0 and 300 in class 3.
    let objective = 100 * multiplier + 300;
    let bounds = |lower_bound| {
        let levels = instance.levels(&[100, 300], lower_bound);
        (levels[0].lower_bound, levels[1].lower_bound, instance.gap(objective, lower_bound))
    };
    assert_eq!(bounds(50 * multiplier), (50, 0, 0.5));
    assert_eq!(bounds(100 * multiplier), (100, 0, 1.0));
    assert_eq!(bounds(100 * multiplier + 225), (100, 250, 1.0 / 6.0));
    assert_eq!(bounds(objective), (100, 300, 0.0));
    assert_eq!(bounds(0), (0, 0, 1.0));
}
