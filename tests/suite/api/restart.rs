//! What survives the end of the process, however it comes.

use portolan_tests::server_at::Reply;
use serde_json::json;

use super::script;
use crate::process::{Folder, Process, command};

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let folder = Folder::new("kill");
    let first = Process::start(&folder.0);
    let promised = first.defer(&script("killed", "slow"), "key of the killed").await;
    assert_eq!(promised.status, 202, "{:#}", promised.body);
    let place = promised.header("location").to_owned();
    let posted = first.client.post(format!("{}/v1/fake/plans", first.base)).json(&script("done before", "quick"));
    let done = Reply::of(posted.send().await.unwrap()).await;
    assert_eq!(done.status, 200, "{:#}", done.body);
    // Somebody waits on a connection when the process dies.
    let waits = first.client.post(format!("{}/v1/fake/plans", first.base)).json(&script("waits", "slow"));
    let waiting = tokio::spawn(waits.send());
    first.until("/v1/plans?status=running", |page| page["plans"].as_array().is_some_and(|all| all.len() == 2)).await;
    let seen = first.until(&place, |plan| plan["objective"].as_i64() < Some(999_990)).await;
    // A checkpoint follows within its period; two looks apart, the first incumbent seen is surely on disk.
    first.until(&place, |plan| plan["objective"].as_i64() < seen["objective"].as_i64().map(|was| was - 500)).await;
    first.kill();
    assert!(waiting.await.unwrap().is_err());

    let second = Process::start(&folder.0);
    let resumed = second.get(&place).await;
    assert_eq!(resumed.text("id"), promised.text("id"));
    assert!(["queued", "running"].contains(&resumed.text("status").as_str()));
    assert!(resumed.body["objective"].as_i64() <= seen["objective"].as_i64(), "the incumbent stays in view");
    assert!(resumed.body["plan"].is_object());
    let answer = second.get(done.header("location")).await;
    assert_eq!(answer.body, done.body);
    let again = second.defer(&script("killed", "slow"), "key of the killed").await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &promised.body));
    let interrupted = second.get("/v1/plans?status=interrupted").await;
    let count = interrupted.body["plans"].as_array().unwrap().len();
    assert!(count <= 1, "{:#}", interrupted.body);
    assert_eq!(second.get("/v1/plans?status=failed").await.body, json!({"plans": []}));
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_leaves_deferred_plans_to_the_next_start() {
    let folder = Folder::new("term");
    let first = Process::start(&folder.0);
    let promised = first.defer(&script("ended", "slow"), "k").await;
    let place = promised.header("location").to_owned();
    let seen = first.until(&place, |plan| plan["objective"].as_i64() < Some(999_990)).await;
    first.end();
    let second = Process::start(&folder.0);
    let resumed = second.until(&place, |plan| plan["status"] == "running").await;
    assert!(resumed["objective"].as_i64() <= seen["objective"].as_i64());
    second.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_an_open_address_and_foreign_pages_are_refused() {
    let folder = Folder::new("used");
    let first = Process::start(&folder.0);
    let second = command(&folder.0, "127.0.0.1:0").output().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("InUse") || said.contains("is in use"), "{said}");
    for (name, value) in [("host", "rebound.example"), ("origin", "https://page.example"), ("origin", "null")] {
        let request = first.client.get(format!("{}/v1/plans", first.base)).header(name, value);
        Reply::of(request.send().await.unwrap()).await.is_problem(421, "misdirected");
    }
    first.end();
    let open = command(&folder.0, "0.0.0.0:0").output().unwrap();
    assert!(!open.status.success());
    assert!(String::from_utf8_lossy(&open.stderr).contains("OpenToAll"));
}
