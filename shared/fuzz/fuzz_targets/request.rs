//! Any bytes as a request of any problem: issues or an instance, never a panic; and what was read writes and reads back the same.
//!
//! `cd shared && cargo +nightly fuzz run request -- -max_total_time=60`
#![no_main]

libfuzzer_sys::fuzz_target!(|document: &[u8]| {
    let _ = portolan::problem::recognise(document, Some("cpmp_3_4_9"));
    for problem in portolan::problem::registry() {
        match problem.read(document) {
            Err(issues) => assert!(!issues.is_empty()),
            Ok(request) => {
                let written = request.to_json().to_string();
                let again = problem.read(written.as_bytes()).expect("what was read once reads again");
                assert_eq!(again.canonical(), request.canonical());
                solve_briefly(request.as_ref());
            }
        }
        let _ = problem.verify(document);
    }
    if let Ok(text) = std::str::from_utf8(document) {
        let _ = portolan::yard::import::departures(text);
    }
});

fn solve_briefly(request: &dyn portolan::Request) {
    let clock = || std::time::Duration::ZERO;
    let mut budget = portolan::Budget::new(&clock).work_limit(20_000);
    request.solve(&mut budget, &mut |_| ()).expect("what the solver says is true");
}
