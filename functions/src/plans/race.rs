//! Several solves of one request at once, each on a thread of its own and with a seed of its own: how a process that has one plan to make
//! uses all of its cores, though a solver uses one.
//!
//! Which of them is first depends on the machine. So whoever asked for a seed or a work limit, and with them for the same bytes, gets one solve; and
//! the answer of a race names the seed that it came from.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portolan::problem::Snapshot;
use portolan::{AnyAnswer, Request, Stop};

use super::run::Finished;

/// Time between two looks at whether somebody cancels.
const LOOK: Duration = Duration::from_millis(10);

/// Hears of every better plan.
pub(super) type Watch<'a> = dyn FnMut(&Snapshot<'_>) + Send + 'a;

/// How many solves of a deferred request may run at once, where the process lets one plan have `threads`.
pub(super) fn lanes(request: &dyn Request, threads: usize) -> usize {
    let options = request.options();
    if options.seed.is_some() || options.work_limit.is_some() {
        return 1;
    }
    threads.min(options.threads.unwrap_or(threads)).max(1)
}

/// Runs `solve` with each seed until one has reached what was asked for, all have ended, or `cancel` is raised. The flag that a solve is given stops it.
///
/// The answer is one of theirs, with its own certificate: one that reached what was asked for, else the cheapest, of these the best proven. A
/// solver that panics or whose plan is refuted is no less broken because others ran beside it: its end is that of all.
pub(super) fn race<S>(seeds: &[u64], cancel: &AtomicBool, watch: &mut Watch<'_>, solve: S) -> Finished
where
    S: Fn(u64, &AtomicBool, &mut dyn FnMut(&Snapshot<'_>)) -> Finished + Sync,
{
    let over = AtomicBool::new(false);
    let watch = Mutex::new(watch);
    let (solve, over, watch) = (&solve, &over, &watch);
    // Where a thread panics, the scope does so too, once all have ended.
    std::thread::scope(|scope| {
        let (send, ended) = mpsc::channel();
        for &seed in seeds {
            let send = send.clone();
            scope.spawn(move || {
                let _guard = StopsOthers(over);
                let found = solve(seed, over, &mut |snapshot| {
                    let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
                    watch(snapshot);
                });
                // The receiver lives until every sender is gone.
                let _ = send.send(found);
            });
        }
        drop(send);
        let mut best: Option<Finished> = None;
        loop {
            match ended.recv_timeout(LOOK) {
                Ok(found) => {
                    if found.as_ref().map_or(true, has_reached) {
                        over.store(true, Ordering::Relaxed);
                    }
                    best = Some(match best {
                        Some(best) => better(best, found),
                        None => found,
                    });
                }
                Err(RecvTimeoutError::Timeout) if cancel.load(Ordering::Relaxed) => over.store(true, Ordering::Relaxed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // There is none where all have panicked, and then the scope panics.
        best.unwrap_or_else(|| Err(Vec::new()))
    })
}

/// Stops the other solves where its own panics.
struct StopsOthers<'a>(&'a AtomicBool);

impl Drop for StopsOthers<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

fn has_reached(answer: &AnyAnswer) -> bool {
    matches!(answer.stop, Stop::Proven | Stop::TargetGap)
}

fn better(one: Finished, other: Finished) -> Finished {
    let (one, other) = (one?, other?);
    let merit = |answer: &AnyAnswer| (has_reached(answer), Reverse(answer.objective), answer.lower_bound);
    Ok(if merit(&other) > merit(&one) { other } else { one })
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    use portolan::outcome::Stats;
    use portolan::problem::{Violation, recognise};
    use portolan::{Options, Proof, Tier};
    use serde_json::json;

    use super::*;

    fn answer(seed: u64, objective: i64, lower_bound: i64, stop: Stop) -> AnyAnswer {
        let proof = if objective == lower_bound { Proof::Optimal } else { Proof::Bound };
        AnyAnswer {
            problem: "fake".to_owned(),
            version: 1,
            objective,
            lower_bound,
            gap: portolan::gap(objective, lower_bound),
            proof,
            stop,
            tier: Tier::Heuristic,
            seed,
            ticks: 1,
            reproducible: stop.is_reproducible(),
            levels: Vec::new(),
            stats: Stats::default(),
            plan: json!({}),
            certificate: json!({}),
        }
    }

    fn until_stopped(stop: &AtomicBool) {
        let begun = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            assert!(begun.elapsed() < Duration::from_mins(1), "nobody stops it");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn run(seeds: &[u64], solve: impl Fn(u64, &AtomicBool) -> Finished + Sync) -> Finished {
        race(seeds, &AtomicBool::new(false), &mut |_| {}, |seed, stop, _| solve(seed, stop))
    }

    #[test]
    fn the_first_proof_stops_the_others_and_goes_before_what_they_have() {
        for (stop, bound) in [(Stop::Proven, 10), (Stop::TargetGap, 9)] {
            let found = run(&[1, 2, 3], |seed, over| {
                if seed == 2 {
                    return Ok(answer(seed, 10, bound, stop));
                }
                until_stopped(over);
                Ok(answer(seed, if bound == 9 { 9 } else { 11 }, 1, Stop::Cancelled))
            });
            assert_eq!(found.map(|found| found.seed), Ok(2));
        }
    }

    #[test]
    fn without_a_proof_the_cheapest_is_kept_and_of_these_the_best_proven() {
        let all = [(1, 12, 11), (2, 11, 4), (3, 11, 7), (4, 11, 6)];
        let found = run(&[1, 2, 3, 4], |seed, _| {
            let (_, objective, bound) = all[seed as usize - 1];
            Ok(answer(seed, objective, bound, Stop::Deadline))
        });
        assert_eq!(found.map(|found| (found.seed, found.objective, found.lower_bound)), Ok((3, 11, 7)));
    }

    #[test]
    fn all_are_stopped_by_whoever_cancels_and_their_best_stands() {
        let (cancel, shown) = (AtomicBool::new(false), AtomicUsize::new(0));
        let watch = &mut |_: &Snapshot<'_>| {
            // Both have shown something.
            if shown.fetch_add(1, Ordering::Relaxed) == 1 {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let found = race(&[5, 6], &cancel, watch, |seed, over, watch| {
            watch(&Snapshot { objective: 9, lower_bound: 1, gap: 0.5, ticks: 1, plan: &|| json!({}) });
            until_stopped(over);
            Ok(answer(seed, 10 - seed as i64, 1, Stop::Cancelled))
        });
        assert_eq!(found.map(|found| (found.seed, found.stop)), Ok((6, Stop::Cancelled)));
    }

    #[test]
    fn one_broken_solver_is_the_end_of_all() {
        let refuted = || vec![Violation::new("too_good", "nothing costs 1")];
        let found = run(&[1, 2], |seed, over| {
            if seed == 1 {
                return Err(refuted());
            }
            until_stopped(over);
            Ok(answer(seed, 10, 10, Stop::Proven))
        });
        assert_eq!(found, Err(refuted()));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            run(&[1, 2], |seed, over| {
                assert_ne!(seed, 1, "on purpose");
                until_stopped(over);
                Ok(answer(seed, 10, 10, Stop::Proven))
            })
        }));
        assert!(panicked.is_err());
    }

    #[test]
    fn a_real_problem_is_solved_by_all_and_its_answer_is_that_of_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples/yard-bay.json");
        let document = std::fs::read(path).expect("the sample");
        let request = recognise(&document, None).expect("a yard").read(&document).expect("a valid one");
        let begun = Instant::now();
        let clock = move || begun.elapsed();
        let solve = |seed: u64, stop: &AtomicBool, watch: &mut dyn FnMut(&Snapshot<'_>)| {
            request.solve(&mut Options::default().budget(&clock).seed(seed).cancelled_by(stop), watch)
        };
        let mut best = i64::MAX;
        let watch = &mut |snapshot: &Snapshot<'_>| best = best.min(snapshot.objective);
        let found = race(&[1, 2, 3], &AtomicBool::new(false), watch, solve).expect("confirmed by its checker");
        assert_eq!((found.proof, found.objective, best), (Proof::Optimal, 16, 16));
        let mut alone = Options::default().budget(&clock).seed(found.seed);
        let alone = request.solve(&mut alone, &mut |_| {}).expect("confirmed");
        assert_eq!((alone.plan, alone.certificate), (found.plan, found.certificate), "with its seed, the same again");
    }

    #[test]
    fn who_asked_for_the_same_bytes_gets_one_solve() {
        let lanes = |options: Options| {
            let document = br#"{"stacks": [{"id": "A", "containers": ["1"]}], "departures": ["1"]}"#;
            let mut request = recognise(document, None).expect("a yard").read(document).expect("a valid one");
            request.set_options(options);
            lanes(request.as_ref(), 4)
        };
        assert_eq!(lanes(Options::default()), 4);
        assert_eq!(lanes(Options { threads: Some(2), ..Options::default() }), 2);
        assert_eq!(lanes(Options { seed: Some(1), ..Options::default() }), 1);
        assert_eq!(lanes(Options { work_limit: Some(1000), ..Options::default() }), 1);
    }
}
