//! A disk that is full, under a real process: what was confirmed stays and is read, what cannot be kept is not confirmed, and once there
//! is room again the service goes on by itself.

use std::process::Command;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::killed::Process;
use super::{number, spec_json};

/// Bytes to which a file may grow at first. The log fits, and a small database.
const ROOM: u64 = 17 << 20;
/// Containers in a list.
const LIST: usize = 500;

/// Sends the list of number `at`.
async fn send(http: &Client, base: &str, at: usize) -> (u16, Value) {
    let mut csv = "number,size_type,destination\n".to_owned();
    (at * LIST..(at + 1) * LIST).for_each(|at| csv.push_str(&format!("{},22G1,call:C-{at}\n", number(at))));
    let post = http.post(format!("{base}/containers")).header("content-type", "text/csv").body(csv);
    let reply = post.header("idempotency-key", format!("list-{at}")).send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

/// Containers of a list that are there.
async fn kept(http: &Client, base: &str, list: usize) -> usize {
    let mut kept = 0;
    for at in (list * LIST..(list + 1) * LIST).step_by(LIST / 4) {
        let reply = http.get(format!("{base}/containers/{}", number(at))).send().await.unwrap();
        assert!([200, 404].contains(&reply.status().as_u16()), "{}", reply.text().await.unwrap());
        kept += usize::from(reply.status() == 200);
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_is_overcome() {
    let folder = std::env::temp_dir().join(format!("portolan-terminal-full-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    // A write beyond the limit then fails, as on a disk that is full, and kills nobody.
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("trap '' XFSZ; exec prlimit --fsize={ROOM}: \"$@\"")).arg("sh");
    limited.arg(env!("CARGO_BIN_EXE_fake-portolan"));
    let process = Process::start_as(limited, &folder);
    let (http, base) = (Client::new(), process.1.clone());
    assert_eq!(http.put(&base).json(&spec_json()).send().await.unwrap().status(), 201);

    let mut full = 0;
    let problem = loop {
        match send(&http, &base, full).await {
            (200, _) => full += 1,
            (status, problem) => break (status, problem),
        }
        assert!(full < 400, "it never gets full");
    };
    assert_eq!((problem.0, &problem.1["code"]), (503, &json!("store_unavailable")), "{:#}", problem.1);
    assert!(full > 2, "it was full after {full} lists");
    for list in 0..full {
        assert_eq!(kept(&http, &base, list).await, 4, "list {list} was confirmed, and is read while the disk is full");
    }
    assert_eq!(send(&http, &base, full).await.0, 503, "still full");

    let room = Command::new("prlimit").args(["--pid", &process.id().to_string(), "--fsize=unlimited:"]).status();
    assert!(room.unwrap().success());
    let mut tries = 0;
    while send(&http, &base, full).await.0 != 200 {
        tries += 1;
        assert!(tries < 100, "there is room, and nothing is kept");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(send(&http, &base, full + 1).await.0, 200);
    drop(process); // kill -9
    let again = Process::start(&folder);
    for list in 0..full + 2 {
        assert_eq!(kept(&http, &again.1, list).await, 4, "list {list} was confirmed");
    }
    drop(again);
    std::fs::remove_dir_all(folder).unwrap();
}
