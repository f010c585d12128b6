//! `portolan terminal` from outside.

use std::path::{Path, PathBuf};
use std::process::Command;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples");

/// A data folder of its own for a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portolan-terminal-cli-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file can be written");
        path.display().to_string()
    }

    /// Exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
        command.arg("terminal").args(arguments).arg("--data").arg(self.0.join("data"));
        let output = command.output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(!stderr.contains("panicked"), "{stderr}");
        (output.status.code().expect("no signal ends it"), stdout, stderr)
    }

    fn done(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {stderr}");
        stdout
    }

    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let (ended, stdout, stderr) = self.run(arguments);
        assert_eq!(ended, code, "{arguments:?}: {stdout}{stderr}");
        stderr
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_terminal_is_loaded_shown_and_worked_in() {
    let folder = Folder::new("worked");
    let (list, layout) = (format!("{SAMPLES}/terminal-containers.csv"), format!("{SAMPLES}/terminal-layout.json"));
    let loaded = folder.done(&["load", "T1", &list, "--layout", &layout]);
    assert!(loaded.starts_with("T1 is laid out · version 1\n"), "{loaded}");
    let summary = folder.done(&["show", "T1"]);
    for word in ["containers in the yard", "block A", "4 bays x 6 rows x 5 tiers", "berth north    free"] {
        assert!(summary.contains(word), "{word} is not in {summary}");
    }
    let bay = folder.done(&["show", "T1", "A/1"]);
    assert!(bay.contains("\n  3  CSQU3054383") && bay.contains("6 plugs"), "{bay}");
    let picture = folder.0.join("bay.svg");
    let file = picture.display().to_string();
    folder.done(&["show", "T1", "A/1", "--format", "svg", "--output", &file]);
    let svg = std::fs::read_to_string(Path::new(&file)).expect("it was written");
    assert!(svg.starts_with("<svg ") && svg.contains("CSQU3054383") && svg.trim_end().ends_with("</svg>"));
    let json = folder.done(&["show", "T1", "A/1", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(json.as_array().is_some_and(|all| all.iter().any(|it| it["number"] == "CSQU3054383")));

    let moved = folder.done(&["move", "T1", "CSQU3054383", "A/1/1/3", "A/2/1"]);
    assert!(moved.starts_with("CSQU3054383 is at A/2/1/1 · version "), "{moved}");
    let why = folder.fails(6, &["move", "T1", "CSQU3054383", "A/1/1/3", "A/2/2"]);
    assert!(why.contains("is at A/2/1/1, not at A/1/1/3"), "{why}");
    let gone = folder.done(&["move", "T1", "CSQU3054383", "A/2/1/1", "out"]);
    assert!(gone.starts_with("CSQU3054383 is at outside"), "{gone}");
    let history = folder.done(&["history", "T1", "--container", "CSQU3054383"]);
    let kinds: Vec<String> = history
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON a line")["kind"].to_string())
        .collect();
    assert_eq!(kinds, ["\"put\"", "\"moved\"", "\"moved\""]);
    assert_eq!(folder.done(&["history", "T1", "--limit", "2"]).lines().count(), 2);
    let then = folder.fails(6, &["show", "T1", "--at", "2000-01-01T00:00:00Z"]);
    assert!(then.contains("there is no terminal T1 at 2000"), "{then}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = Folder::new("refused");
    assert!(folder.fails(6, &["show", "T1"]).contains("there is no terminal T1"));
    assert!(folder.fails(6, &["history", "T1"]).contains("there is no terminal T1"));
    let list = folder.file(
        "list.csv",
        "number,slot,size_type\nCSQU3054383,A/1/1/1,42G1\nnonsense,,42G1\nZEPU0037255,A/9/9/1,42G1\n",
    );
    assert!(folder.fails(6, &["load", "T1", &list]).contains("there is no such terminal"));
    let layout = folder.file("layout.json", r#"{"blocks":[{"id":"A","bays":1,"rows":1,"max_tiers":2}]}"#);
    let broken = folder.file("broken.json", r#"{"blocks":[{"id":"A","bays":0,"rows":1,"max_tiers":2}]}"#);
    assert!(folder.fails(3, &["load", "T1", "--layout", &broken]).contains("/blocks/0/bays"));
    folder.done(&["load", "T1", "--layout", &layout]);
    let said = folder.fails(3, &["load", "T1", &list]);
    assert!(said.contains("/lines/3/number") && said.contains("/lines/4/slot"), "{said}");
    let (code, stdout, stderr) = folder.run(&["load", "T1", &list, "--keep-good"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("1 containers taken over") && stderr.contains("/lines/3/number"), "{stdout}{stderr}");
    let lines =
        folder.file("list.ndjson", "{\"number\":\"ZEPU0037255\",\"slot\":\"A/1/1/2\",\"size_type\":\"42G1\"}\n");
    assert!(folder.done(&["load", "T1", &lines]).starts_with("1 containers taken over"));
    assert!(folder.fails(6, &["move", "T1", "CSQU3054383", "A/1/1/1", "out"]).contains("not on top"));
    assert!(folder.fails(6, &["show", "T1", "B/1"]).contains("no bay B/1"));
    folder.fails(2, &["show", "T1", "B"]);
    folder.fails(2, &["show", "T1", "--format", "svg"]);
    folder.fails(2, &["move", "T1", "CSQU3054383", "nowhere", "out"]);
    folder.fails(2, &["load", "T1"]);
    folder.fails(2, &["load", "T1", "/no/such/file"]);
}
