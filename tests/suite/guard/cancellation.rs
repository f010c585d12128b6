//! A solve that nobody wants any longer gives its core back: within ten looks at the flag, each about a millisecond of the heaviest
//! ticks. Counted in ticks, so that it is the same on a busy machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portolan::{Budget, Stop, berth, routing, yard};
use serde_json::json;

const TEN_LOOKS: u64 = 10 * 4_096;

#[test]
fn a_cancelled_solve_stops_within_ten_looks() {
    let berths = berth::generate::generate(berth::generate::Style::Congested, 60, 5, 3);
    let yards = yard::generate::generate(yard::generate::Style::Full, 12, 6, 3);
    let routes = routing::generate::generate(routing::generate::Style::Weekly, 20, 400, 3);
    for (name, request) in [("berth", json!(berths)), ("yard", json!(yards)), ("routing", json!(routes))] {
        let request = portolan::problem::find(name).unwrap().read(request.to_string().as_bytes());
        let request = request.unwrap_or_else(|issues| panic!("{name}: {issues:?}"));
        for after in [1, 3] {
            let (flag, clock) = (AtomicBool::new(false), || Duration::ZERO);
            let (mut heard, mut raised_at) = (0, None);
            let mut budget = Budget::new(&clock).cancelled_by(&flag).work_limit(50_000_000);
            let answer = request.solve(&mut budget, &mut |snapshot| {
                heard += 1;
                if heard == after {
                    flag.store(true, Ordering::Relaxed);
                    raised_at = Some(snapshot.ticks);
                }
            });
            let answer = answer.unwrap_or_else(|violations| panic!("{name}: {violations:?}"));
            let Some(at) = raised_at else { continue };
            let more = answer.ticks - at;
            assert!(
                more <= TEN_LOOKS,
                "{name}: {more} ticks after the flag was raised at {at}, stop {:?}",
                answer.stop
            );
            // It may have ended by itself just then.
            assert!(answer.stop == Stop::Cancelled || answer.stop.is_reproducible(), "{name}: {:?}", answer.stop);
        }
    }
}
