//! What the steps of a berth plan cost, on generated problems. `cargo bench -p portolan`
//!
//! Solves stop at a work limit, so that a run does the same work on every machine.

use std::time::Duration;

use divan::Bencher;
use portolan::berth::generate::{Style, generate};
use portolan::problem::{AnyProblem, Request};
use portolan::{Budget, Document};

fn main() {
    divan::main();
}

const SIZES: [(usize, usize); 3] = [(30, 3), (60, 7), (200, 15)];

fn berth() -> &'static dyn AnyProblem {
    portolan::problem::find("berth").expect("berth is a problem")
}

fn document(calls: usize, berths: usize) -> Vec<u8> {
    let wire = generate(Style::Congested, calls, berths, 1);
    serde_json::to_vec(&wire).expect("a problem is JSON")
}

fn request(calls: usize, berths: usize) -> Box<dyn Request> {
    berth().read(&document(calls, berths)).expect("generated problems are valid")
}

fn answer(request: &dyn Request, ticks: u64) -> portolan::AnyAnswer {
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock).work_limit(ticks);
    request.solve(&mut budget, &mut |_| ()).expect("what the solver says is true")
}

#[divan::bench(args = SIZES)]
fn read_and_validate(bencher: Bencher<'_, '_>, (calls, berths): (usize, usize)) {
    let document = document(calls, berths);
    bencher.bench(|| berth().read(divan::black_box(&document)).is_ok());
}

#[divan::bench(args = SIZES)]
fn first_plan(bencher: Bencher<'_, '_>, (calls, berths): (usize, usize)) {
    let request = request(calls, berths);
    bencher.bench(|| answer(request.as_ref(), 1));
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn ten_million_ticks(bencher: Bencher<'_, '_>, (calls, berths): (usize, usize)) {
    let request = request(calls, berths);
    bencher.bench(|| answer(request.as_ref(), 10_000_000));
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn verify(bencher: Bencher<'_, '_>, (calls, berths): (usize, usize)) {
    let request = request(calls, berths);
    let answer = answer(request.as_ref(), 10_000_000);
    let document = Document { instance: request.to_json(), answer };
    let document = serde_json::to_vec(&document).expect("an answer is JSON");
    bencher.bench(|| berth().verify(divan::black_box(&document)).is_ok());
}
