//! A plan from an earlier state of a terminal is given out where none can be made in time, if it still holds.

use std::time::Duration;

use portolan_tests::server_at::Server;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{load, post};
use super::number;
use super::plans::with_a_yard;

/// A problem that keeps a thread for as long as it is let.
fn hard(seed: u64) -> Value {
    let mut problem =
        json!(portolan::berth::generate::generate(portolan::berth::generate::Style::Congested, 200, 15, seed));
    problem["options"] = json!({"time_limit_ms": 20_000});
    problem
}

async fn plan(server: &Server) -> portolan_tests::server_at::Reply {
    let asked = json!({"destination": "call:X", "options": {"time_limit_ms": 200}});
    post(server, "yard/plans", asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_from_an_earlier_state_is_checked_against_today_s() {
    let server = with_a_yard().await;
    let first = plan(&server).await;
    assert_eq!((first.status.as_u16(), &first.body["tier"]), (200, &json!("proven")), "{:#}", first.body);
    let busy = |seed| {
        let request = server.request(Method::POST, "/v1/berth/plans").json(&hard(seed));
        tokio::spawn(request.send())
    };
    let crowd: Vec<_> = (0..2).map(busy).collect();
    portolan_tests::aws::until("the threads are held", async || (server.plans.load().1 >= 2).then_some(())).await;
    // They have taken longer then than was expected, and are expected to take as long again.
    tokio::time::sleep(Duration::from_millis(500)).await;

    // Another container, in another block: the terminal has moved on, and not in what the plan is about.
    let line = json!({"number": number(7), "slot": "A/1/2/1", "size_type": "42G1"});
    assert_eq!(load(&server, "", "application/x-ndjson", format!("{line}\n")).await.body["loaded"], 1);
    let stale = plan(&server).await;
    assert_eq!((stale.status.as_u16(), &stale.body["tier"]), (200, &json!("stale")), "{:#}", stale.body);
    assert_eq!((&stale.body["id"], &stale.body["plan"]), (&first.body["id"], &first.body["plan"]));

    assert!(stale.body["terminal"]["version"].as_u64() < Some(super::plans::version(&server).await));

    // One on top of those that leave.
    let line = json!({"number": number(8), "slot": "B/1/1/4", "size_type": "42G1"});
    assert_eq!(load(&server, "", "application/x-ndjson", format!("{line}\n")).await.body["loaded"], 1);
    plan(&server).await.is_problem(503, "overloaded");
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
    server.close().await;
}
