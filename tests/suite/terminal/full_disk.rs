//! A disk that is full, under a real process: what was confirmed stays and is read, what cannot be kept is not confirmed, and once there
//! is room again the service goes on by itself.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::killed::place;
use super::{number, spec_json};
use crate::process::{Folder, Process, let_grow, serving, with_room};

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
    let folder = Folder::new("terminal-full");
    let limited = with_room(env!("CARGO_BIN_EXE_fake-portolan"), &ROOM.to_string());
    let process = Process::start_as(serving(limited, &folder.0, "127.0.0.1:0"), &folder.0);
    let (http, base) = (Client::new(), place(&process));
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

    let_grow(process.id(), "unlimited");
    let mut tries = 0;
    while send(&http, &base, full).await.0 != 200 {
        tries += 1;
        assert!(tries < 100, "there is room, and nothing is kept");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(send(&http, &base, full + 1).await.0, 200);
    process.kill();
    let again = Process::start(&folder.0);
    for list in 0..full + 2 {
        assert_eq!(kept(&http, &place(&again), list).await, 4, "list {list} was confirmed");
    }
}
