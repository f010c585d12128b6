//! The command line from outside: what it prints, where, and the exit code it ends with.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples/berth-week.json");
const TEXT: &str = "3 2\n1 2 3\n0 0\n5 9\n6 99999\n7 8\n100 100\n100 100 100\n";

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout))
    }
}

/// Runs the program with these arguments and this standard input.
fn portolan_with(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A program that refuses its arguments does not read.
    let _ = stdin.write_all(input);
    drop(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let run = Run { code: status.code().expect("no signal ends it"), stdout: text(stdout), stderr: text(stderr) };
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

fn portolan(arguments: &[&str]) -> Run {
    portolan_with(arguments, b"")
}

/// A folder of its own for a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portolan-cli-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file can be written");
        path.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const QUICK: [&str; 2] = ["--work-limit", "200000"];

fn solve(file: &str, more: &[&str]) -> Run {
    portolan(&[&["solve", file], &QUICK[..], more].concat())
}

#[test]
fn solve_prints_a_table_a_picture_or_a_document() {
    let table = solve(SAMPLE, &[]);
    assert_eq!((table.code, table.stderr.as_str()), (0, ""));
    assert!(table.stdout.starts_with("objective ") && table.stdout.contains("North 1"), "{}", table.stdout);
    let picture = solve(SAMPLE, &["--format", "svg"]);
    assert!(picture.stdout.starts_with("<svg ") && picture.stdout.ends_with("</svg>\n"));
    let document = solve(SAMPLE, &["--format", "json"]).json();
    let keys = [
        "instance",
        "objective",
        "lower_bound",
        "gap",
        "proof",
        "stop",
        "tier",
        "seed",
        "ticks",
        "plan",
        "certificate",
    ];
    for key in keys {
        assert!(document.get(key).is_some(), "{key}");
    }
    assert_eq!(document["instance"]["options"]["work_limit"], 200_000);
    assert_eq!(document["instance"]["options"]["time_limit_ms"], Value::Null, "a work limit sets the clock aside");
}

#[test]
fn the_same_work_gives_the_same_bytes() {
    let run = || solve(SAMPLE, &["--format", "json", "--seed", "7"]).stdout;
    assert_eq!(run(), run());
}

#[test]
fn solve_reads_standard_input_and_benchmark_text_and_writes_files() {
    let folder = Folder::new("input");
    let text = portolan_with(&["solve", "-", "--work-limit", "1000"], TEXT.as_bytes());
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(text.stdout.contains("3 calls on 2 berths"));
    let plan = folder.path("plan.json");
    let to_file = solve(SAMPLE, &["--format", "json", "--output", &plan]);
    assert_eq!((to_file.code, to_file.stdout.as_str()), (0, ""));
    let written = std::fs::read_to_string(&plan).expect("it was written");
    assert!(serde_json::from_str::<Value>(&written).is_ok());
}

#[test]
fn an_answer_is_confirmed_and_a_forged_one_is_refuted() {
    let folder = Folder::new("verify");
    let document = solve(SAMPLE, &["--format", "json"]);
    let plan = folder.file("plan.json", &document.stdout);
    let confirmed = portolan(&["verify", &plan]);
    assert_eq!((confirmed.code, confirmed.stderr.as_str()), (0, ""));
    assert!(confirmed.stdout.starts_with("confirmed"), "{}", confirmed.stdout);
    let piped = portolan_with(&["verify", "-", "--format", "json"], document.stdout.as_bytes());
    assert_eq!((piped.code, piped.json()["verified"].clone()), (0, Value::from(true)));

    let mut other = document.json();
    other["problem"] = "juggling".into();
    let other = folder.file("other.json", other.to_string());
    let refuted = portolan(&["verify", &other, "--format", "json"]);
    assert_eq!(refuted.code, 5, "{}", refuted.stderr);
    assert_eq!(refuted.json()["violations"][0]["code"], "other_problem");
    assert!(refuted.stderr.contains("other_problem"));

    let mut broken = document.json();
    broken["instance"]["berths"][0]["id"] = "".into();
    let broken = portolan(&["verify", &folder.file("broken.json", broken.to_string()), "--format", "json"]);
    assert_eq!(broken.code, 3);
    assert_eq!(broken.json()["issues"][0]["path"], "/instance/berths/0/id");
    for not_an_answer in ["{}", "[]", "null", "{\"problem\": 3}"] {
        assert_eq!(portolan_with(&["verify", "-"], not_an_answer.as_bytes()).code, 3, "{not_an_answer}");
    }
}

#[test]
fn every_issue_is_printed_on_a_line_of_its_own() {
    let bad = r#"{"berths": [{"id": ""}], "calls": [{"id": "A\u001b[31m", "arrival": -1}]}"#;
    let run = portolan_with(&["solve", "-"], bad.as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert_eq!(run.stderr.lines().count(), 5, "{}", run.stderr);
    assert!(run.stderr.contains("/berths/0/id: ") && run.stderr.contains("(unusable_time)"), "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'));
    let json = portolan_with(&["solve", "-", "--format", "json"], bad.as_bytes());
    assert_eq!((json.code, json.json()["issues"].as_array().map(Vec::len)), (3, Some(4)));
}

#[test]
fn files_that_are_none_are_said_to_be_so() {
    let folder = Folder::new("files");
    for (file, code, says) in [
        (folder.path("missing.json"), 2, "cannot read"),
        (folder.path(""), 2, "it is a folder"),
        (folder.file("empty.json", ""), 3, "document_empty"),
        (folder.file("blank.json", " \n\t"), 3, "document_empty"),
        (folder.file("latin.json", b"{\"berths\": \"\xe9\"}"), 3, "not_json"),
        (folder.file("half.json", "{\"berths\": [{"), 3, "not_json"),
        (folder.file("words.json", "hello"), 3, "not_json"),
        (folder.file("short.txt", "30 3 1 2"), 3, "text_too_short"),
        (folder.file("huge.json", vec![b' '; portolan::limits::MAX_DOCUMENT_BYTES + 1]), 3, "document_too_large"),
    ] {
        for command in ["solve", "bench", "verify"] {
            // A folder is what `bench` reads; verify knows no benchmark text.
            if (command == "bench" && code == 2) || (command == "verify" && says.starts_with("text")) {
                continue;
            }
            let run = portolan(&[command, &file]);
            assert_eq!(run.code, code, "{command} {file}: {}", run.stderr);
            assert!(run.stderr.contains(says), "{command} {file}: {}", run.stderr);
        }
    }
    let unwritable = solve(SAMPLE, &["--output", &folder.path("no/such/folder.json")]);
    assert_eq!(unwritable.code, 2);
    assert!(unwritable.stderr.contains("cannot write"));
}

#[cfg(unix)]
#[test]
fn endless_input_is_refused_without_reading_it_all() {
    let run = portolan(&["solve", "/dev/zero"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("document_too_large"));
}

#[test]
fn wrong_usage_ends_with_two_and_help_with_zero() {
    for wrong in [
        &["solve"][..],
        &["sail"],
        &["solve", SAMPLE, "--time-limit", "2h"],
        &["solve", SAMPLE, "--time-limit", "16m"],
        &["solve", SAMPLE, "--time-limit", "0s"],
        &["solve", SAMPLE, "--work-limit", "0"],
        &["solve", SAMPLE, "--gap", "200%"],
        &["solve", SAMPLE, "--gap", "-1"],
        &["solve", SAMPLE, "--threads", "0"],
        &["solve", SAMPLE, "--threads", "65"],
        &["solve", SAMPLE, "--seed", "-1"],
        &["solve", SAMPLE, "--problem", "sailing"],
        &["solve", SAMPLE, "--format", "pdf"],
        &["generate", "berth", "--calls", "0"],
        &["generate", "berth", "--calls", "5000", "--berths", "200"],
        &["bench"],
        &["bench", SAMPLE, "--best-known", SAMPLE],
        &["key", "new"],
    ] {
        let run = portolan(wrong);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{wrong:?}: {}", run.stderr);
        assert!(!run.stderr.is_empty(), "{wrong:?}");
    }
    let help = portolan(&["--help"]);
    assert_eq!(help.code, 0);
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "130 "] {
        assert!(
            help.stdout.lines().any(|line| line.trim_start().starts_with(code)),
            "{code} is not in {}",
            help.stdout
        );
    }
    assert_eq!(portolan(&["--version"]).code, 0);
}

#[test]
fn calls_left_out_end_with_four_only_where_asked() {
    let cannot = r#"{"berths": [{"id": "B"}], "calls": [{"id": "A", "arrival": 50, "handling_s": {"B": 10}, "latest_departure": 55}]}"#;
    let plain = portolan_with(&["solve", "-", "--format", "json"], cannot.as_bytes());
    assert_eq!((plain.code, plain.json()["plan"]["kpis"]["left_out"].clone()), (0, Value::from(1)));
    let strict = portolan_with(&["solve", "-", "--require-all"], cannot.as_bytes());
    assert_eq!(strict.code, 4, "{}", strict.stderr);
    assert!(strict.stdout.contains("left out: 1 call"), "the plan is printed all the same");
}

#[test]
fn generate_is_deterministic_and_solve_takes_what_it_makes() {
    for style in ["congested", "restricted", "light", "terminal"] {
        let make = |seed: &str| {
            let arguments = ["generate", "berth", "--style", style, "--calls", "12", "--berths", "3", "--seed", seed];
            portolan(&arguments).stdout
        };
        assert_eq!(make("1"), make("1"));
        assert_ne!(make("1"), make("2"));
        let run = portolan_with(&["solve", "-", "--work-limit", "100000"], make("1").as_bytes());
        assert_eq!(run.code, 0, "{style}: {}", run.stderr);
    }
}

#[test]
fn a_quay_is_generated_solved_verified_and_read_from_the_benchmark_form() {
    let make = portolan(&["generate", "quay", "--calls", "8", "--length", "700", "--seed", "3"]);
    assert_eq!(make.code, 0, "{}", make.stderr);
    let run = portolan_with(&["solve", "-", "--work-limit", "5000000"], make.stdout.as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("8 calls on a quay of 700 m") && run.stdout.contains("along the quay, m"),
        "{}",
        run.stdout
    );
    let document =
        portolan_with(&["solve", "-", "--format", "json", "--work-limit", "5000000"], make.stdout.as_bytes());
    let verified = portolan_with(&["verify", "-"], document.stdout.as_bytes());
    assert!(verified.stdout.contains("confirmed: a feasible berth plan"), "{}{}", verified.stdout, verified.stderr);

    let folder = Folder::new("quay-bench");
    let text = "Vessels,2\nBegin, 1,13 \nEnd, 7,20 \nProcessing, 7,12 \nLength, 0.3215,1.9 \nArrival, 0,3 \n";
    folder.file("two.csv", text);
    folder.file("best_known.csv", "instance,best_known\ntwo,23\n");
    let bench = portolan(&["bench", &folder.0.display().to_string(), "--work-limit", "1000000"]);
    assert_eq!(bench.code, 0, "{}", bench.stderr);
    assert!(bench.stdout.contains("2 on 200 m") && bench.stdout.contains("optimal"), "{}", bench.stdout);
}

/// A folder with two problems and what is known of one of them.
fn benchmark(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.file("one.txt", TEXT);
    folder.file("two.txt", TEXT);
    folder.file("README.md", "no problem");
    folder.file("best_known.csv", "instance,best_known,lower_bound\none,20,20\nother,,\n");
    folder
}

#[test]
fn bench_compares_with_what_is_known() {
    let folder = benchmark("bench");
    let path = folder.path("");
    let json = portolan(&["bench", &path, "--work-limit", "100000", "--format", "json"]);
    assert_eq!((json.code, json.stderr.as_str()), (0, ""));
    let report = json.json();
    assert_eq!(report["totals"]["files"], 2);
    let row = &report["rows"][0];
    assert_eq!((&row["instance"], &row["size"]), (&"one".into(), &"3 x 2".into()));
    assert_eq!(row["best_known"], 20);
    let objective = row["objective"].as_f64().expect("a number");
    assert!((row["above_best_known"].as_f64().expect("a number") - (objective - 20.0) / 20.0).abs() < 1e-9);
    assert_eq!(report["rows"][1]["best_known"], Value::Null);

    let table = portolan(&["bench", &path, "--work-limit", "1000"]);
    assert!(table.stdout.starts_with("instance") && table.stdout.contains("2 files, "), "{}", table.stdout);
    let markdown = portolan(&["bench", &path, "--work-limit", "1000", "--format", "markdown"]);
    assert!(markdown.stdout.starts_with("| instance |"));
    let cpu = portolan(&["bench", &path, "--time-limit", "1s", "--cpu-time", "--format", "json"]).json();
    assert!(cpu["rows"][0]["time_ms"].as_f64().is_some_and(|time| time > 0.0), "{cpu}");
}

#[test]
fn bench_goes_on_behind_a_bad_file() {
    let folder = benchmark("bench-bad");
    folder.file("bad.txt", "1 x");
    let run = portolan(&["bench", &folder.path(""), "--work-limit", "1000"]);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("one") && run.stdout.contains("two"), "{}", run.stdout);
    assert!(run.stderr.contains("text_not_a_number"));
    let empty = Folder::new("bench-empty");
    assert_eq!(portolan(&["bench", &empty.path("")]).code, 2);
}

#[test]
fn a_key_is_shown_apart_from_the_line_that_admits_it() {
    let made = portolan(&["key", "new", "acme", "--name", "nightly planner"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let entry = made.json();
    assert_eq!((&entry["tenant"], &entry["name"]), (&"acme".into(), &"nightly planner".into()));
    let secret = made.stderr.split_whitespace().find(|word| word.starts_with("ptl_")).expect("the key is shown");
    assert!(!made.stdout.contains(secret));
    assert_eq!(portolan(&["key", "new", "no tenant"]).code, 2);
}

#[test]
fn serve_refuses_what_it_must_not_do() {
    let open = portolan(&["serve", "--ephemeral", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.code, 2);
    assert!(open.stderr.contains("needs API keys"), "{}", open.stderr);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let run = portolan(&["serve", "--ephemeral", "--listen", &address]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("cannot listen"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(["generate", "berth", "--calls", "3000", "--berths", "40"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(unix)]
#[test]
fn a_link_and_a_device_can_be_written_to() {
    let folder = Folder::new("device");
    assert_eq!(solve(SAMPLE, &["--output", "/dev/null"]).code, 0);
    let target = folder.file("target.svg", "old and longer than nothing");
    let link = folder.path("link.svg");
    std::os::unix::fs::symlink(&target, &link).expect("a link can be made");
    assert_eq!(solve(SAMPLE, &["--format", "svg", "--output", &link]).code, 0);
    assert!(std::fs::read_to_string(Path::new(&target)).expect("it is there").starts_with("<svg "));
}

/// Hostile input of every kind: an issue or a plan, never a panic, never more than seconds.
#[test]
fn odd_documents_end_in_an_issue() {
    let mut deep = String::from("{\"berths\": ");
    for _ in 0..50_000 {
        write!(deep, "[").expect("a string takes it");
    }
    let calls: Vec<String> =
        (0..20_000).map(|n| format!("{{\"id\": \"{n}\", \"arrival\": 0, \"moves\": 1}}")).collect();
    let many = format!("{{\"berths\": [{{\"id\": \"B\"}}], \"calls\": [{}]}}", calls.join(","));
    let odd: [&[u8]; 8] = [
        deep.as_bytes(),
        many.as_bytes(),
        b"\0\0\0\0",
        b"\xff\xfe{\0}\0",
        b"9999999999999999999999 1",
        b"1 1 0 0 -5 10 10",
        b"{\"berths\": [{\"id\": \"B\"}], \"calls\": [{\"id\": \"A\", \"arrival\": 1e400}]}",
        b"{\"berths\": [{\"id\": \"B\", \"id\": \"C\"}], \"calls\": []}",
    ];
    for document in odd {
        let run = portolan_with(&["solve", "-"], document);
        let shown = String::from_utf8_lossy(&document[..document.len().min(60)]).into_owned();
        assert_eq!(run.code, 3, "{shown}: {}", run.stderr);
    }
}

const BAY: &str = "3 4 5\n2 1 4\n2 2 5\n1 3\n";

#[test]
fn problems_are_told_apart_and_yards_have_variants() {
    let folder = Folder::new("variants");
    let bay = folder.file("bay.txt", BAY);
    let named = |arguments: &[&str]| {
        let output = portolan(&[&["solve", &bay, "--format", "json"], arguments].concat());
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{arguments:?}");
        let answer = output.json();
        (answer["problem"].clone(), answer["instance"]["task"].clone(), answer["instance"]["moves"].clone())
    };
    assert_eq!(named(&[]), ("yard".into(), Value::Null, Value::Null));
    assert_eq!(named(&["--restricted"]), ("yard".into(), Value::Null, "restricted".into()));
    assert_eq!(named(&["--premarshal"]), ("yard".into(), "premarshal".into(), Value::Null));
    let sorting = folder.file("cpmp_3_4_5_5_2_1.bay", "3 5\n2 1 4\n2 2 5\n1 3\n");
    let answer = portolan(&["solve", &sorting, "--format", "json"]).json();
    assert_eq!((&answer["instance"]["task"], &answer["objective"]), (&"premarshal".into(), &4.into()));
    assert_eq!(answer["instance"]["stacks"][0]["max_tiers"], 4, "the height stands in the name");
    for wrong in [&["solve", SAMPLE, "--restricted"][..], &["solve", &bay, "--restricted", "--premarshal"]] {
        assert_eq!(portolan(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_yard_plan_can_be_stepped_through() {
    let folder = Folder::new("step");
    let bay = folder.file("bay.txt", BAY);
    let steps = portolan_with(&["solve", "-", "--step"], BAY.as_bytes());
    assert_eq!((steps.code, steps.stderr.as_str()), (0, ""));
    assert!(steps.stdout.starts_with("before\n") && steps.stdout.contains("of 8: 5 "), "{}", steps.stdout);
    assert_eq!(portolan(&["solve", SAMPLE, "--work-limit", "1000", "--step"]).code, 2, "a berth plan has no steps");
    assert_eq!(portolan(&["solve", &bay, "--step", "--format", "json"]).code, 2);
}

#[test]
fn best_known_values_may_differ_by_variant_and_be_listed_by_path() {
    let folder = Folder::new("known-variants");
    folder.file("bay.txt", BAY);
    let values = "instance,variant,best_known\nknown-variants/bay.txt,restricted,4\nbay,unrestricted,2\n";
    let values = values
        .replace("known-variants", Path::new(&folder.path("")).file_name().expect("a name").to_str().expect("text"));
    folder.file("best_known.csv", values);
    let known = |arguments: &[&str]| {
        let bay = folder.path("bay.txt");
        portolan(&[&["bench", &bay, "--format", "json"], arguments].concat()).json()["rows"][0]["best_known"].clone()
    };
    assert_eq!((known(&[]), known(&["--restricted"]), known(&["--premarshal"])), (2.into(), 4.into(), Value::Null));
}

#[test]
fn generated_yards_are_solved() {
    for style in ["full", "uneven", "groups", "premarshal", "terminal"] {
        let made = portolan(&["generate", "yard", "--style", style, "--stacks", "4", "--tiers", "4", "--seed", "3"]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        let solved =
            portolan_with(&["solve", "-", "--work-limit", "100000", "--format", "json"], made.stdout.as_bytes());
        assert_eq!((solved.code, &solved.json()["plan"]["kpis"]["left_out"]), (0, &0.into()), "{style}");
    }
    assert_eq!(portolan(&["generate", "yard", "--stacks", "2000", "--tiers", "1000"]).code, 2);
}
