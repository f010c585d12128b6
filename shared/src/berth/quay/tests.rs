//! Laws that hold for every instance: answers against enumeration and against the checker.

use std::time::Duration;

use super::{Certificate, Instance, MAX_NUMBER, Refuted, Schedule, Tides, Vessel, check_certificate, check_plan};
use super::{Port, solve, text, verify};
use crate::Budget;
use crate::outcome::{Outcome, Stop};
use crate::rng::Rng;

type Found = Outcome<Schedule, Certificate>;

/// The least cost by enumeration of starts and positions, straight from the definition: a vessel leaves at the first sailing tide after its
/// handling and lies alongside until then.
fn enumerate(instance: &Instance, horizon: i64, below: i64) -> Option<i64> {
    fn place(
        instance: &Instance,
        horizon: i64,
        at: usize,
        cost: i64,
        best: &mut i64,
        placed: &mut Vec<(i64, i64, i64, i64)>,
    ) {
        let Some(v) = instance.vessels().get(at) else {
            *best = (*best).min(cost);
            return;
        };
        let free = |tide: bool, tides: &Tides, t: i64| !tide || tides.next(t) == Some(t);
        for start in v.arrival..horizon {
            let may_start = |fixed: i64| fixed == start;
            if !v.fixed.map_or(free(v.berths_on_tide, instance.berthing(), start), may_start) {
                continue;
            }
            let Some(leave) = (start + v.handling..).take(400).find(|&t| free(v.sails_on_tide, instance.sailing(), t))
            else {
                continue;
            };
            let now = cost + v.weight * leave;
            if now >= *best {
                break;
            }
            let (from, to) = v.section.unwrap_or((0, instance.quay()));
            for x in from..=to - v.length {
                let clear = placed.iter().all(|&(s, d, y, length)| {
                    s >= leave || start >= d || x + v.length + instance.gap() <= y || y + length + instance.gap() <= x
                });
                if clear {
                    placed.push((start, leave, x, v.length));
                    place(instance, horizon, at + 1, now, best, placed);
                    placed.pop();
                }
            }
        }
    }
    let mut best = below;
    place(instance, horizon, 0, 0, &mut best, &mut Vec::new());
    (best < below).then_some(best)
}

fn random(rng: &mut Rng, most: usize, quay: i64) -> Instance {
    let count = 1 + rng.below(most);
    let gap = rng.below(2) as i64;
    let mut vessels: Vec<Vessel> = (0..count)
        .map(|_| Vessel {
            length: rng.below(quay as usize + 1) as i64,
            handling: 1 + rng.below(6) as i64,
            arrival: rng.below(8) as i64,
            weight: 1 + rng.below(3) as i64 * rng.below(2) as i64,
            berths_on_tide: rng.below(3) == 0,
            sails_on_tide: rng.below(3) > 0,
            ..Vessel::default()
        })
        .collect();
    // Some lie within a part of the quay only, and one may be alongside already.
    for v in &mut vessels {
        if rng.below(4) == 0 {
            let from = rng.below((quay - v.length) as usize + 1) as i64;
            v.section = Some((from, from + v.length + rng.below((quay - v.length - from) as usize + 1) as i64));
        }
    }
    if rng.below(4) == 0 {
        let v = &mut vessels[0];
        let from = rng.below((quay - v.length) as usize + 1) as i64;
        (v.section, v.fixed) = (Some((from, from + v.length)), Some(v.arrival + rng.below(4) as i64));
    }
    let tides = |rng: &mut Rng| {
        let begin = rng.below(4) as i64;
        let long = rng.below(4) as i64;
        Tides::new(vec![(begin, begin + long)], Some(long + 1 + 1 + rng.below(5) as i64)).expect("in order")
    };
    let (berthing, sailing) = (tides(rng), tides(rng));
    Instance::new(quay, gap, vessels, berthing, sailing).expect("in range")
}

/// Solves, and looks at what the watcher hears: plans that never get worse, each as good as it claims.
fn solved(instance: &Instance, ticks: u64, seed: u64) -> Found {
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock).work_limit(ticks).seed(seed);
    let mut last = (i64::MAX, i64::MIN);
    let outcome = solve(instance, &mut budget, &mut |progress| {
        assert_eq!(check_plan(instance, progress.incumbent), Ok(progress.objective));
        let now = (progress.objective, progress.lower_bound);
        assert!(now.1 <= now.0 && now.0 <= last.0 && now.1 >= last.1, "{now:?} after {last:?}");
        last = now;
    });
    assert_eq!(last, (outcome.objective, outcome.lower_bound), "the watcher hears of all");
    outcome
}

fn verified(instance: &Instance, outcome: &Found) {
    assert_eq!(verify(instance, outcome), Ok(()), "{instance:?}");
    let proven = check_certificate(instance, &outcome.certificate);
    assert_eq!(proven, Ok(outcome.lower_bound), "{instance:?}");
    assert!(outcome.lower_bound <= outcome.objective);
    assert_eq!(outcome.stop == Stop::Proven, outcome.lower_bound == outcome.objective);
}

#[test]
fn tiny_instances_equal_enumeration() {
    let mut rng = Rng::new(11);
    let mut proven = 0;
    for case in 0..400 {
        let quay = 2 + rng.below(5) as i64;
        let instance = random(&mut rng, 5, quay);
        let outcome = solved(&instance, u64::MAX, 1 + case);
        verified(&instance, &outcome);
        let better = enumerate(&instance, 80, outcome.objective);
        assert!(better.is_none_or(|least| least >= outcome.lower_bound), "bound above {better:?}: {instance:?}");
        if outcome.stop == Stop::Proven {
            proven += 1;
            assert_eq!(better, None, "{instance:?}");
        }
    }
    // Where vessels lie in parts of the quay only, the sweep's plan may have no positions.
    assert!(proven >= 375, "{proven} proven");
}

#[test]
fn larger_instances_are_verified_and_repeat() {
    let mut rng = Rng::new(12);
    for case in 0..40 {
        let instance = random(&mut rng, 14, 40);
        let outcome = solved(&instance, 3_000_000, case);
        verified(&instance, &outcome);
        let again = solved(&instance, 3_000_000, case);
        assert_eq!((outcome.solution.clone(), outcome.lower_bound), (again.solution, again.lower_bound));
        assert_eq!(outcome.certificate, again.certificate);
        let text = serde_json::to_string(&outcome.certificate).expect("writes");
        assert_eq!(serde_json::from_str::<Certificate>(&text).expect("reads"), outcome.certificate);
    }
}

/// Vessels of which few fit together and long schedules: the linear relaxation is needed.
#[test]
fn crowded_quays_are_verified() {
    let mut rng = Rng::new(15);
    for case in 0..6 {
        let vessels = (0..18)
            .map(|_| Vessel {
                length: 30 + rng.below(70) as i64,
                handling: 8 + rng.below(10) as i64,
                arrival: rng.below(120) as i64,
                weight: 1,
                sails_on_tide: true,
                ..Vessel::default()
            })
            .collect();
        let sailing = Tides::new(vec![(1, 6)], Some(12)).expect("in order");
        let instance = Instance::new(100, 0, vessels, Tides::default(), sailing).expect("in range");
        verified(&instance, &solved(&instance, 200_000_000, case));
    }
}

#[test]
fn a_unit_of_time_that_is_too_fine_still_gives_a_plan() {
    let vessel = |k: i64| Vessel {
        length: 60,
        handling: 900_000 + k,
        arrival: 1000 * k,
        weight: 1,
        sails_on_tide: true,
        ..Vessel::default()
    };
    let sailing = Tides::new(vec![(0, 20_000)], Some(45_000)).expect("in order");
    let instance = Instance::new(100, 5, (0..9).map(vessel).collect(), Tides::default(), sailing).expect("in range");
    let outcome = solved(&instance, 2_000_000, 1);
    verified(&instance, &outcome);
    assert!(outcome.lower_bound > 0);
}

#[test]
fn a_longer_quay_never_hurts() {
    let mut rng = Rng::new(13);
    for case in 0..60 {
        let instance = random(&mut rng, 7, 10);
        let wider = Instance::new(
            instance.quay() + 3,
            instance.gap(),
            instance.vessels().to_vec(),
            instance.berthing().clone(),
            instance.sailing().clone(),
        )
        .expect("in range");
        let (narrow, wide) = (solved(&instance, u64::MAX, case), solved(&wider, u64::MAX, case));
        assert!(wide.lower_bound <= narrow.objective);
    }
}

#[test]
fn a_certificate_that_claims_more_is_refuted() {
    let mut rng = Rng::new(14);
    for case in 0..40 {
        let instance = random(&mut rng, 6, 10);
        let outcome = solved(&instance, u64::MAX, case);
        if outcome.stop != Stop::Proven {
            continue;
        }
        let mut forged = outcome.certificate.clone();
        forged.upper += 1;
        let proven = check_certificate(&instance, &forged);
        assert!(proven.clone().is_ok_and(|bound| bound <= outcome.objective), "{proven:?}");
        if let Some(rule) = forged.rules.first_mut().filter(|rule| rule.capacity > 0) {
            rule.coefficients.iter_mut().for_each(|a| *a += rule.capacity + 1);
            assert!(check_certificate(&instance, &forged).is_err());
        }
    }
}

#[test]
fn a_plan_that_breaks_a_rule_is_refuted() {
    let mut rng = Rng::new(16);
    for case in 0..40 {
        let instance = random(&mut rng, 6, 10);
        let outcome = solved(&instance, 100_000, case);
        let refuted = |forge: &dyn Fn(&mut Found)| {
            let mut forged = outcome.clone();
            forge(&mut forged);
            verify(&instance, &forged).expect_err("a forgery")
        };
        assert_eq!(refuted(&|o| o.objective -= 1), Refuted::Objective(outcome.objective));
        assert!(matches!(refuted(&|o| o.lower_bound = o.objective + 1), Refuted::Bound(_)));
        assert_eq!(refuted(&|o| o.solution.0.truncate(o.solution.0.len() - 1)), Refuted::Vessels);
        for wrong in [-1, 11, i64::MIN, i64::MAX] {
            assert_eq!(refuted(&|o| o.solution.0[0].position = wrong), Refuted::Berth(0));
        }
        for wrong in [-1, i64::MIN, i64::MAX] {
            assert_eq!(refuted(&|o| o.solution.0[0].stay.start = wrong), Refuted::Berth(0));
            assert_eq!(refuted(&|o| o.solution.0[0].stay.departure = wrong), Refuted::Berth(0));
        }
    }
    let vessel = Vessel { length: 5, handling: 3, arrival: 0, weight: 1, ..Vessel::default() };
    let instance = Instance::new(10, 0, vec![vessel; 2], Tides::default(), Tides::default()).expect("in range");
    let mut plan = solved(&instance, u64::MAX, 1).solution;
    (plan.0[0].position, plan.0[1].position) = (4, 0);
    assert_eq!(check_plan(&instance, &plan), Err(Refuted::Overlap(0, 1)));
}

/// Nothing that a certificate says makes the checker panic, run for ever or take all memory.
#[test]
fn a_hostile_certificate_is_refuted_in_time() {
    let mut rng = Rng::new(17);
    let numbers = [i64::MIN, -1, 0, 1, 7, 1 << 40, i64::MAX];
    for case in 0..200 {
        let instance = random(&mut rng, 8, 10);
        let mut forged = solved(&instance, 50_000, case).certificate;
        let honest = check_certificate(&instance, &forged).expect("honest");
        let mut any = || numbers[rng.below(numbers.len())];
        match case % 6 {
            0 => forged.upper = any(),
            1 => forged.scale = any(),
            2 => forged.rules.iter_mut().for_each(|rule| rule.capacity = any()),
            3 => forged.rules.iter_mut().flat_map(|rule| &mut rule.coefficients).for_each(|a| *a = any()),
            4 => forged.prices.iter_mut().flatten().for_each(|(_, price)| *price = any()),
            _ => {
                for cut in &mut forged.cuts {
                    if let super::Cut::Load { begin, end, .. } = cut {
                        (*begin, *end) = (any(), any());
                    }
                }
            }
        }
        let upper = solved(&instance, 50_000, case).objective;
        if let Ok(proven) = check_certificate(&instance, &forged) {
            assert!(proven <= upper, "case {case}: {proven} instead of {honest}");
        }
    }
}

#[test]
fn numbers_at_their_limits_are_no_trouble() {
    let vessel = |k: i64| Vessel {
        length: MAX_NUMBER,
        handling: MAX_NUMBER,
        arrival: MAX_NUMBER * (k % 2),
        weight: crate::limits::MAX_WEIGHT,
        berths_on_tide: true,
        sails_on_tide: true,
        ..Vessel::default()
    };
    let tides = || Tides::new(vec![(0, 0)], Some(2 * MAX_NUMBER + 1)).expect("in order");
    let vessels: Vec<Vessel> = (0..64).map(vessel).collect();
    let instance = Instance::new(MAX_NUMBER, MAX_NUMBER, vessels, tides(), tides()).expect("in range");
    verified(&instance, &solved(&instance, 1_000_000, 1));
    // Two short calls far apart: a schedule of many instants and few choices.
    let short = |arrival| Vessel { length: 1, handling: 9, arrival, weight: 1, ..Vessel::default() };
    let vessels = vec![short(0), short(0), short(MAX_NUMBER)];
    let instance = Instance::new(1, 0, vessels, Tides::default(), Tides::default()).expect("in range");
    verified(&instance, &solved(&instance, 1_000_000, 1));
}

#[test]
fn no_vessels_are_a_plan_that_costs_nothing() {
    let instance = Instance::new(10, 0, Vec::new(), Tides::default(), Tides::default()).expect("in range");
    let outcome = solved(&instance, u64::MAX, 1);
    verified(&instance, &outcome);
    assert_eq!((outcome.objective, outcome.stop), (0, Stop::Proven));
}

#[test]
fn no_work_and_a_target_gap_are_reasons_to_stop() {
    let mut rng = Rng::new(18);
    for case in 0..20 {
        let instance = random(&mut rng, 10, 10);
        verified(&instance, &solved(&instance, 0, case));
        let clock = || Duration::ZERO;
        let outcome = solve(&instance, &mut Budget::new(&clock).target_gap(0.5), &mut |_| ());
        verified(&instance, &outcome);
        assert!(outcome.gap <= 0.5 && matches!(outcome.stop, Stop::TargetGap | Stop::Proven));
    }
}

/// Public files with what two solvers agree on.
#[test]
fn public_files_have_the_known_optima() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/bench/berth");
    let folder = std::env::var_os("PORTOLAN_BENCH").map_or_else(|| beside.into(), std::path::PathBuf::from);
    let folder = folder.join("ernst2017");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no benchmark files in {}; set PORTOLAN_BENCH", folder.display());
        return;
    }
    let known = [
        ("16_1_2c_Noon_3c_2", 1712),
        ("16_1_Uniform_Uniform_16_3", 1659),
        ("18_1_2c_Uniform_3c_1", 2321),
        ("20_1_Unit_Noon_16_1", 2366),
        ("20_1_Uniform_Noon_5_2", 2164),
    ];
    for (name, optimum) in known {
        let text = std::fs::read_to_string(folder.join(name).with_extension("csv")).expect("readable");
        let wire = text::read(&text).expect("of the form").expect("complete");
        let port = Port::try_from(&wire).expect("valid");
        let instance = port.instance();
        let outcome = solved(instance, u64::MAX, 1);
        verified(instance, &outcome);
        assert_eq!((outcome.objective, outcome.lower_bound), (optimum, optimum), "{name}");
    }
}
