//! The README's tour, run as printed.
//!
//! In a `console` block a line that begins with `$` is a command; the lines below it must appear in its output, in this order. `…` stands for
//! anything. Commands run at the root of the repository, against a server of their own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use portolan_tests::repository;

/// The command line under the name that the README gives it.
static PORTOLAN: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bin");
    std::fs::create_dir_all(&folder).expect("a folder for a link");
    let link = folder.join("portolan");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_portolan-under-test"), &link).expect("a link");
    link
});

struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server on a free port, and its address.
fn serve() -> Server {
    use std::io::BufRead;
    let mut child = Command::new(&*PORTOLAN)
        .args(["--ephemeral", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("portolan starts");
    let lines: Vec<String> = std::io::BufReader::new(child.stdout.take().expect("piped"))
        .lines()
        .take(3)
        .map(|line| line.expect("text"))
        .collect();
    let address = lines[0].split("http://").nth(1).expect("an address").split_whitespace().next().expect("one word");
    let server = Server(child, address.to_owned());
    assert!(lines[1].contains("curl"), "{lines:?}");
    server
}

/// Commands of the `console` blocks, each with the lines it must print.
fn commands(readme: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            commands.push((command.to_owned(), Vec::new()));
        } else if inside {
            commands.last_mut().expect("output follows a command").1.push(line.to_owned());
        }
    }
    commands
}

#[test]
fn the_tour_prints_what_the_readme_says() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let commands = commands(&readme);
    assert!(commands.len() >= 12, "the tour was not found");
    let server = serve();
    let folder = PORTOLAN.parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    for (command, expected) in commands {
        let here = command.replace("127.0.0.1:8080", &server.1);
        let output = Command::new("sh")
            .args(["-c", &here])
            .current_dir(repository())
            .env("PATH", &path)
            .output()
            .expect("sh runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{printed}");
        let mut rest = printed.as_str();
        for piece in expected.iter().flat_map(|line| line.split('…')).filter(|piece| !piece.is_empty()) {
            let Some(at) = rest.find(piece) else {
                panic!("{command}\nshould go on with {piece:?}, and goes on with\n{rest}")
            };
            rest = &rest[at + piece.len()..];
        }
    }
}

#[test]
fn the_requests_in_the_readme_are_valid_ones() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let requests: Vec<&str> =
        readme.split("```json\n").skip(1).map(|rest| rest.split("```").next().expect("a json block")).collect();
    let mut shown = std::collections::BTreeSet::new();
    for request in requests {
        let problem = portolan::problem::recognise(request.as_bytes(), None).expect("it looks like a problem");
        if let Err(issues) = problem.read(request.as_bytes()) {
            panic!("{}: {issues:?}", problem.name());
        }
        shown.insert(problem.name());
    }
    assert_eq!(shown.len(), portolan::problem::registry().len(), "a request for each problem");
}
