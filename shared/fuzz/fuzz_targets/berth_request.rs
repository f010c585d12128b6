//! Any bytes as a berth request: issues or an instance, never a panic; and what was read writes and reads back the same.
//!
//! `cd shared && cargo +nightly fuzz run berth_request -- -max_total_time=60`
#![no_main]

libfuzzer_sys::fuzz_target!(|document: &[u8]| {
    let berth = portolan::problem::find("berth").expect("berth is a problem");
    match berth.read(document) {
        Err(issues) => assert!(!issues.is_empty()),
        Ok(request) => {
            let written = request.to_json().to_string();
            let again = berth.read(written.as_bytes()).expect("what was read once reads again");
            assert_eq!(again.canonical(), request.canonical());
            solve_briefly(request.as_ref());
        }
    }
    let _ = berth.verify(document);
});

fn solve_briefly(request: &dyn portolan::Request) {
    let clock = || std::time::Duration::ZERO;
    let mut budget = portolan::Budget::new(&clock).work_limit(20_000);
    request.solve(&mut budget, &mut |_| ()).expect("what the solver says is true");
}
