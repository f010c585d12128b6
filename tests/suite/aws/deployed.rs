//! The whole stack as `template.yaml` has it, deployed on the emulator with functions built from this tree: `tests/run` does that and
//! says in `PORTOLAN_TEST_STACK` where the outputs are. Without it, these tests say loudly that they are skipped.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_tests::aws;
use portolan_tests::server_at::Reply;
use portolan_tests::yard::fresh as yard;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Held by tests that kill workers, count dead letters, or would not survive those that do.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The stack.
struct Stack {
    outputs: Value,
    base: String,
    client: Client,
    shared: SdkConfig,
    sqs: aws_sdk_sqs::Client,
}

impl Stack {
    /// The one that `sam deploy` made, where functions may do what the template lets them, and nothing else.
    async fn find() -> Option<Self> {
        let shared = aws::emulator().await?;
        let listed = read("PORTOLAN_TEST_STACK")?;
        let outputs = listed.as_array().unwrap().iter();
        let outputs =
            outputs.map(|output| (output["OutputKey"].as_str().unwrap().to_owned(), output["OutputValue"].clone()));
        Some(Self::with(outputs.collect(), &shared))
    }

    /// The one that `cdk deploy` made, on an emulator of its own.
    async fn find_by_cdk() -> Option<Self> {
        let outputs = read("PORTOLAN_TEST_CDK_STACK")?;
        let shared = aws::at(&std::env::var("PORTOLAN_TEST_CDK_AWS").unwrap()).await;
        Some(Self::with(outputs.as_object().unwrap().values().next().unwrap().clone(), &shared))
    }

    fn with(outputs: Value, shared: &SdkConfig) -> Self {
        let api = output(&outputs, "ApiId");
        let base = format!("{}/_aws/execute-api/{api}/$default", shared.endpoint_url().unwrap());
        let sqs = aws_sdk_sqs::Client::new(shared);
        Self { outputs, base, client: Client::new(), shared: shared.clone(), sqs }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    async fn defer(&self, body: &Value) -> String {
        let reply = self.send(Method::POST, "/v1/yard/plans", &[("prefer", "respond-async")], Some(body)).await;
        assert_eq!(reply.status, 202, "{:#}", reply.body);
        reply.header("location").to_owned()
    }

    async fn until(&self, place: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        aws::until("the plan got there", async || Some(self.get(place).await).filter(&wanted)).await
    }

    /// Messages that wait in a queue.
    async fn messages(&self, queue: &str) -> usize {
        self.count(queue, &[QueueAttributeName::ApproximateNumberOfMessages]).await
    }

    /// Those, and the ones that are being worked on.
    async fn unfinished_messages(&self, queue: &str) -> usize {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};
        self.count(queue, &[ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible]).await
    }

    async fn count(&self, queue: &str, names: &[QueueAttributeName]) -> usize {
        let asked = self.sqs.get_queue_attributes().queue_url(output(&self.outputs, queue));
        let asked = asked.set_attribute_names(Some(names.to_vec())).send().await.unwrap();
        let attributes = asked.attributes.unwrap_or_default();
        names.iter().filter_map(|name| attributes.get(name)?.parse::<usize>().ok()).sum()
    }
}

/// The outputs in the file that a variable names, or a loud word.
fn read(variable: &str) -> Option<Value> {
    let Ok(file) = std::env::var(variable) else {
        eprintln!("SKIPPED: {variable} names no stack; `tests/run` deploys one");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

fn output<'a>(outputs: &'a Value, name: &str) -> &'a str {
    outputs[name].as_str().unwrap_or_else(|| panic!("no output {name}"))
}

#[tokio::test]
async fn a_plan_on_the_line_is_stored_and_the_second_time_known() {
    let Some(stack) = Stack::find().await else { return };
    let health = stack.get("/readyz").await;
    assert_eq!(health.body["dependencies"]["store"], "up", "{:#}", health.body);
    assert_eq!(health.body["dependencies"]["cache"], "up", "{:#}", health.body);
    let place = health.body["places"]["cache"].as_str().unwrap_or_default();
    assert!(place.starts_with("127.0.0.1:") && place.ends_with(", single node, no TLS"), "{:#}", health.body);
    let yard = yard(4, 3, 2000);
    let first = stack.post("/v1/yard/plans", &yard).await;
    assert_eq!((first.status.as_u16(), &first.body["proof"]), (200, &json!("optimal")), "{:#}", first.body);
    assert_eq!(first.header("cache-status"), "portolan; fwd=miss; stored");
    for _ in 0..2 {
        let second = stack.post("/v1/yard/plans", &yard).await;
        assert_eq!(second.header("cache-status"), "portolan; hit");
        assert_eq!((&second.body["id"], &second.body["tier"]), (&first.body["id"], &json!("cached")));
    }
    let place = first.header("location");
    let read = stack.get(&format!("{place}?include=instance")).await;
    assert_eq!((&read.body["objective"], read.status.as_u16()), (&first.body["objective"], 200));
    let verified = stack.post("/v1/yard/verify", &read.body).await;
    assert_eq!(verified.body["objective"], first.body["objective"], "{:#}", verified.body);
    let picture = stack.send(Method::GET, place, &[("accept", "image/svg+xml")], None).await;
    assert!(picture.body.as_str().is_some_and(|text| text.starts_with("<svg")));
    let deleted = stack.send(Method::DELETE, place, &[], None).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(stack.get(place).await.status, 404);
}

#[tokio::test]
async fn a_deferred_plan_goes_by_stream_and_queue_to_a_worker() {
    let Some(stack) = Stack::find().await else { return };
    for priority in ["u=0", "u=3", "u=7"] {
        let headers = [("prefer", "respond-async"), ("priority", priority)];
        let reply = stack.send(Method::POST, "/v1/yard/plans", &headers, Some(&yard(4, 3, 2000))).await;
        assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (202, "respond-async"));
        let done = stack.until(reply.header("location"), |reply| reply.body["status"] == "done").await;
        assert_eq!(done.body["proof"], "optimal", "{:#}", done.body);
    }
    let page = stack.get("/v1/plans?limit=2&status=done").await;
    assert_eq!(page.body["plans"].as_array().map(Vec::len), Some(2), "{:#}", page.body);
}

#[tokio::test]
async fn what_cdk_deploys_plans_now_and_later() {
    let Some(stack) = Stack::find_by_cdk().await else { return };
    let now = stack.post("/v1/yard/plans", &yard(4, 3, 2000)).await;
    assert_eq!((now.status.as_u16(), &now.body["proof"]), (200, &json!("optimal")), "{:#}", now.body);
    let later = stack.defer(&yard(4, 3, 2000)).await;
    stack.until(&later, |reply| reply.body["status"] == "done").await;
}

#[tokio::test]
async fn a_deferred_plan_can_be_cancelled_and_keeps_its_best() {
    let Some(stack) = Stack::find().await else { return };
    let place = stack.defer(&yard(10, 10, 60_000)).await;
    stack.until(&place, |reply| reply.body["objective"].is_i64()).await;
    let cancelled = stack.send(Method::DELETE, &place, &[], None).await;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.body["status"]),
        (200, &json!("cancelled")),
        "{:#}",
        cancelled.body
    );
    assert!(cancelled.body["plan"].is_object());
    // Longer than a worker needs to see it, and to write if it did not.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(stack.get(&place).await.body["status"], "cancelled");
}

#[tokio::test]
async fn a_worker_that_is_killed_loses_nothing() {
    let Some(stack) = Stack::find().await else { return };
    let _alone = ALONE.lock().await;
    let place = stack.defer(&yard(10, 10, 6_000)).await;
    let running = stack.until(&place, |reply| reply.body["objective"].is_i64()).await;
    assert!(running.header("etag").starts_with("\"1."), "{}", running.header("etag"));
    let killed = kill(output(&stack.outputs, "SolveFunction"));
    assert!(killed > 0, "no worker was found");
    let done = stack.until(&place, |reply| reply.body["status"] == "done").await;
    assert!(done.header("etag").starts_with("\"2."), "another worker, another epoch: {}", done.header("etag"));
    assert!(done.body["objective"].as_i64() <= running.body["objective"].as_i64(), "the best so far is kept");
    let read = stack.get(&format!("{place}?include=instance")).await;
    let verified = stack.post("/v1/yard/verify", &read.body).await;
    assert_eq!(verified.status, 200, "{:#}", verified.body);
}

/// The processes of functions whose names begin so, with their environments.
fn processes(function: &str) -> Vec<(u32, String)> {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let found = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let pids = found.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let environment = |pid: u32| {
        let bootstrap = std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("bootstrap"));
        let environment = String::from_utf8(std::fs::read(format!("/proc/{pid}/environ")).ok()?).ok()?;
        (bootstrap && environment.split('\0').any(|variable| variable.starts_with(&wanted)))
            .then_some((pid, environment))
    };
    pids.filter_map(environment).collect()
}

/// Kills the processes of a function with SIGKILL.
fn kill(function: &str) -> usize {
    let found = processes(function);
    for (pid, _) in &found {
        assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    }
    found.len()
}

#[tokio::test]
async fn a_role_may_do_what_its_function_does_and_nothing_else() {
    let Some(stack) = Stack::find().await else { return };
    let place = stack.post("/v1/yard/plans", &yard(3, 3, 1000)).await.header("location").to_owned();
    assert_eq!(stack.get(&place).await.status, 200);
    // What a function may do, asked with the credentials that its process has from its role.
    let stack_name = output(&stack.outputs, "SolveFunction").split("-Solve").next().unwrap();
    let of = async |function: &str| {
        let name = format!("{stack_name}-{function}-");
        let found = aws::until("the function runs", async || processes(&name).pop()).await.1;
        let variable = |name: &str| found.split('\0').find_map(|it| it.strip_prefix(name)?.strip_prefix('=')).unwrap();
        let token = Some(variable("AWS_SESSION_TOKEN").to_owned());
        let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
        let provider = SharedCredentialsProvider::new(Credentials::new(id, secret, token, None, "a role"));
        aws_sdk_dynamodb::Client::new(&stack.shared.clone().into_builder().credentials_provider(provider).build())
    };
    let table = output(&stack.outputs, "PlansTable");
    let id = place.rsplit('/').next().unwrap();
    let key = || {
        [("tenant", "local".to_owned()), ("key", format!("plan#{id}"))]
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text)))
    };
    let (reader, relay) = (of("PlansApi").await, of("Relay").await);
    let read = reader.get_item().table_name(table).set_key(Some(key().into())).send().await.unwrap();
    assert!(read.item.is_some(), "who serves plans reads them");
    let written = reader.put_item().table_name(table).set_item(Some(key().into())).send().await.unwrap_err();
    assert_eq!(written.code(), Some("AccessDeniedException"), "and does not make any: {written:?}");
    let read = relay.get_item().table_name(table).set_key(Some(key().into())).send().await.unwrap_err();
    assert_eq!(read.code(), Some("AccessDeniedException"), "the relay sees the stream alone: {read:?}");
    assert_eq!(stack.get(&place).await.status, 200, "it is as it was");
}

#[tokio::test]
async fn a_message_that_is_none_of_ours_ends_among_the_dead_letters_and_can_be_sent_back() {
    let Some(stack) = Stack::find().await else { return };
    let _alone = ALONE.lock().await;
    let (queue, dead) = (output(&stack.outputs, "StandardQueueUrl"), output(&stack.outputs, "DeadLettersUrl"));
    stack.sqs.send_message().queue_url(queue).message_body("{\"not\": \"ours\"}").send().await.unwrap();
    aws::until("the message is given up", async || (stack.messages("DeadLettersUrl").await == 1).then_some(())).await;

    // A message of a plan that is gone does nothing, once.
    let received = stack.sqs.receive_message().queue_url(dead).send().await.unwrap();
    let letter = &received.messages()[0];
    assert_eq!(letter.body(), Some("{\"not\": \"ours\"}"));
    let gone = json!({"tenant": Tenant::local(), "plan": PlanId::fresh(), "epoch": 1}).to_string();
    stack.sqs.send_message().queue_url(queue).message_body(gone).send().await.unwrap();
    let delete = stack.sqs.delete_message().queue_url(dead).receipt_handle(letter.receipt_handle().unwrap());
    delete.send().await.unwrap();
    aws::until("the queue is empty", async || (stack.messages("StandardQueueUrl").await == 0).then_some(())).await;
    assert_eq!(stack.messages("DeadLettersUrl").await, 0);
}

/// A finished plan, as its row has it.
struct Row<'a> {
    stack: &'a Stack,
    id: String,
    head: Value,
    request: AttributeValue,
}

impl Row<'_> {
    async fn update(
        &self,
        change: &str,
        values: &[(&str, AttributeValue)],
    ) -> Option<std::collections::HashMap<String, AttributeValue>> {
        let client = aws_sdk_dynamodb::Client::new(&self.stack.shared);
        let mut update = client.update_item().table_name(output(&self.stack.outputs, "PlansTable"));
        for (name, value) in values {
            update = update.expression_attribute_values(*name, value.clone());
        }
        let update = update
            .key("tenant", AttributeValue::S("local".to_owned()))
            .key("key", AttributeValue::S(format!("plan#{}", self.id)))
            .update_expression(change)
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld);
        update.send().await.unwrap().attributes
    }

    /// A plan that waits for a worker, whose request is where nothing is.
    async fn without_its_request(stack: &Stack) -> Row<'_> {
        let made = stack.post("/v1/yard/plans", &yard(4, 3, 2000)).await;
        let mut row = Row { stack, id: made.text("id"), head: Value::Null, request: AttributeValue::Null(true) };
        let old = row.update("SET touched = :now", &[(":now", AttributeValue::Bool(true))]).await.unwrap();
        row.head = serde_json::from_str(old["head"].as_s().unwrap()).unwrap();
        row.request = old["request_here"].clone();
        row.head["state"]["status"] = "queued".into();
        row.head["deferred"] = true.into();
        let (head, nowhere) = (AttributeValue::S(row.head.to_string()), AttributeValue::S("bodies/none".to_owned()));
        let change = "SET head = :head, request_at = :at REMOVE request_here";
        row.update(change, &[(":head", head), (":at", nowhere)]).await;
        row
    }

    async fn mend(&self) {
        self.update("SET request_here = :request REMOVE request_at", &[(":request", self.request.clone())]).await;
    }
}

#[tokio::test]
async fn plans_whose_messages_were_given_up_are_made_once_what_was_wrong_is_mended() {
    let Some(stack) = Stack::find().await else { return };
    let _alone = ALONE.lock().await;
    let (queue, dead) = (output(&stack.outputs, "StandardQueueUrl"), output(&stack.outputs, "DeadLettersUrl"));
    let (one, other) = (Row::without_its_request(&stack).await, Row::without_its_request(&stack).await);
    aws::until("both are given up", async || (stack.messages("DeadLettersUrl").await == 2).then_some(())).await;
    for row in [&one, &other] {
        row.mend().await;
    }
    // The letters: what is in them is sent back as it is; of the other plan it gets lost.
    let mut letters = Vec::new();
    while letters.len() < 2 {
        let received = stack.sqs.receive_message().queue_url(dead).max_number_of_messages(10).send().await.unwrap();
        for letter in received.messages() {
            letters.push(letter.body().unwrap().to_owned());
            let delete = stack.sqs.delete_message().queue_url(dead).receipt_handle(letter.receipt_handle().unwrap());
            delete.send().await.unwrap();
        }
    }
    let letter = letters.iter().find(|letter| letter.contains(&one.id)).unwrap();
    stack.sqs.send_message().queue_url(queue).message_body(letter).send().await.unwrap();
    stack.until(&format!("/v1/plans/{}", one.id), |reply| reply.body["status"] == "done").await;

    // By hand, as for a plan whose change never became a message: its entity tag has the epoch.
    let place = format!("/v1/plans/{}", other.id);
    let waiting = stack.get(&place).await;
    assert_eq!(waiting.body["status"], "queued", "{:#}", waiting.body);
    let epoch: u32 = waiting.header("etag").trim_matches('"').split('.').next().unwrap().parse().unwrap();
    let body = json!({"tenant": Tenant::local(), "plan": other.id, "epoch": epoch}).to_string();
    stack.sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
    let done = stack.until(&place, |reply| reply.body["status"] == "done").await;
    assert_eq!(done.body["proof"], "optimal", "{:#}", done.body);
    assert_eq!(stack.messages("DeadLettersUrl").await, 0);
}

#[tokio::test]
async fn messages_that_come_twice_late_or_out_of_order_solve_a_plan_once() {
    let Some(stack) = Stack::find().await else { return };
    let _alone = ALONE.lock().await;
    let queue = output(&stack.outputs, "StandardQueueUrl");
    let place = stack.defer(&yard(10, 10, 4_000)).await;
    let id = place.rsplit('/').next().unwrap();
    let send = async |epoch: u32| {
        let body = json!({"tenant": Tenant::local(), "plan": id, "epoch": epoch}).to_string();
        stack.sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
    };
    // A later epoch than there is, the right one twice more, and an earlier one.
    for epoch in [2, 1, 1, 0] {
        send(epoch).await;
    }
    let done = stack.until(&place, |reply| reply.body["status"] == "done").await;
    assert!(done.header("etag").starts_with("\"1."), "one worker, one epoch: {}", done.header("etag"));
    send(1).await;
    let none_left = async || (stack.unfinished_messages("StandardQueueUrl").await == 0).then_some(());
    aws::until("the messages have done nothing, and are gone", none_left).await;
    assert_eq!(stack.get(&place).await.header("etag"), done.header("etag"), "published once");
    assert_eq!(stack.messages("DeadLettersUrl").await, 0);
}

#[tokio::test]
async fn who_wants_to_know_is_told_that_a_plan_has_ended() {
    let Some(stack) = Stack::find().await else { return };
    let place = stack.defer(&yard(4, 3, 2000)).await;
    let id = place.rsplit('/').next().unwrap();
    let queue = output(&stack.outputs, "EndedQueueUrl");
    let told = aws::until("it is told", async || {
        let ask = stack.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
        let received =
            ask.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId).send().await.unwrap();
        received.messages.unwrap_or_default().into_iter().find_map(|message| {
            let body: Value = serde_json::from_str(message.body()?).ok()?;
            (body["plan"] == id).then_some((body, message.attributes.unwrap_or_default()))
        })
    });
    let (told, attributes) = told.await;
    let group = attributes.get(&MessageSystemAttributeName::MessageGroupId).map(String::as_str);
    assert_eq!(group, Some("local"), "a tenant with a long queue lets the others pass");
    assert_eq!((&told["status"], &told["problem"], &told["tenant"]), (&json!("done"), &json!("yard"), &json!("local")));
    let plan = stack.get(&place).await;
    assert_eq!(plan.header("etag"), format!("{}", told["version"]), "the entity tag of what it tells of");
}

#[tokio::test]
async fn a_terminal_is_kept_in_its_table() {
    let Some(stack) = Stack::find().await else { return };
    let place = format!("/v1/terminals/T-{}", PlanId::fresh().number() as u32);
    let layout = json!({"blocks": [{"id": "A", "bays": 2, "rows": 3, "max_tiers": 3}]});
    let made = stack.send(Method::PUT, &place, &[], Some(&layout)).await;
    assert_eq!(made.status, 201, "{:#}", made.body);
    let container = format!("{place}/containers/CSQU3054383");
    let details = json!({"size_type": "22G1", "destination": "call:X"});
    assert_eq!(stack.send(Method::PUT, &container, &[], Some(&details)).await.status, 201);
    let wanted = json!({"container": "CSQU3054383", "from": "out", "to": "A/1/2"});
    let headers = [("idempotency-key", "move-1"), ("x-actor", "RTG-1")];
    let moved = stack.send(Method::POST, &format!("{place}/moves"), &headers, Some(&wanted)).await;
    assert_eq!((moved.status.as_u16(), &moved.body["slot"]), (200, &json!("A/1/2/1")), "{:#}", moved.body);
    let again = stack.send(Method::POST, &format!("{place}/moves"), &headers, Some(&wanted)).await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &moved.body));
    let refused = stack.send(Method::POST, &format!("{place}/moves"), &[], Some(&wanted)).await;
    assert_eq!((refused.status.as_u16(), &refused.body["won"]["by"]), (409, &json!("RTG-1")), "{:#}", refused.body);
    let csv = "number,slot,size_type\nZEPU0037255,A/1/2/2,22G1\n";
    let load =
        stack.client.post(format!("{}{place}/containers", stack.base)).header("content-type", "text/csv").body(csv);
    let loaded = Reply::of(load.send().await.unwrap()).await;
    assert_eq!(loaded.body["loaded"], 1, "{:#}", loaded.body);
    let crane = json!({"kind": "yard_crane", "at": "A"});
    assert_eq!(stack.send(Method::PUT, &format!("{place}/equipment/RTG-1"), &[], Some(&crane)).await.status, 201);
    assert_eq!(stack.send(Method::POST, &format!("{place}/equipment/RTG-1/heartbeat"), &[], None).await.status, 204);
    let awake = stack.get(&format!("{place}/equipment?online=true")).await;
    assert_eq!(awake.body["items"][0]["id"], "RTG-1", "{:#}", awake.body);
    let history = stack.get(&format!("{place}/containers/CSQU3054383/history")).await;
    assert_eq!(history.body["items"].as_array().map(Vec::len), Some(2), "{:#}", history.body);
    let snapshot = stack.get(&format!("{place}/snapshot")).await;
    assert_eq!(snapshot.body["version"], 5, "{:#}", snapshot.body);
    assert!(stack.get("/v1/terminals").await.body["items"].as_array().is_some_and(|all| !all.is_empty()));
    let held = stack.send(Method::DELETE, &place, &[], None).await;
    held.is_problem(409, "in_use");

    // Another function reads plans; it tells whether the terminal has moved on.
    let made = stack.post(&format!("{place}/yard/plans"), &json!({"containers": ["CSQU3054383"]})).await;
    assert_eq!(made.status, 200, "{:#}", made.body);
    let plan = format!("/v1/plans/{}", made.text("id"));
    let standing = async || stack.get(&plan).await.body["terminal"].clone();
    let before = standing().await;
    assert_eq!((&before["id"], &before["has_moved_on"]), (&made.body["terminal"]["id"], &json!(false)), "{before:#}");
    let aside = json!({"container": "ZEPU0037255", "from": "A/1/2/2", "to": "A/2/3"});
    assert_eq!(stack.post(&format!("{place}/moves"), &aside).await.status, 200);
    let after = standing().await;
    assert_eq!((&after["has_moved_on"], &after["current_version"]), (&json!(true), &json!(6)), "{after:#}");
}

#[tokio::test]
async fn a_request_that_is_too_large_for_the_gateway_is_uploaded() {
    let Some(stack) = Stack::find().await else { return };
    let begun = stack.send(Method::POST, "/v1/uploads", &[], None).await;
    assert_eq!(begun.status, 201, "{:#}", begun.body);
    let named = json!({"upload": begun.body["upload"]});
    let missing = stack.post("/v1/yard/plans", &named).await;
    assert_eq!(missing.body["issues"][0]["code"], "unknown_upload", "{:#}", missing.body);
    let yard = yard(4, 3, 2000);
    let put = stack.client.put(begun.text("url")).body(yard.to_string()).send().await.unwrap();
    assert!(put.status().is_success(), "{put:?}");
    let valid = stack.post("/v1/yard/validate", &named).await;
    assert_eq!(valid.body["valid"], true, "{:#}", valid.body);
    let planned = stack.post("/v1/yard/plans", &named).await;
    assert_eq!((planned.status.as_u16(), &planned.body["status"]), (200, &json!("done")), "{:#}", planned.body);
}

#[tokio::test]
async fn bad_input_is_told_the_same_as_on_one_machine() {
    let Some(stack) = Stack::find().await else { return };
    stack.post("/v1/yard/plans", &json!({"stacks": 3})).await.is_problem(422, "invalid");
    stack.get("/v1/plans/none").await.is_problem(404, "not_found");
    let key = PlanId::fresh().to_string();
    let key = [("idempotency-key", key.as_str()), ("prefer", "wait=20")];
    let body = yard(3, 3, 1000);
    let first = stack.send(Method::POST, "/v1/yard/plans", &key, Some(&body)).await;
    let again = stack.send(Method::POST, "/v1/yard/plans", &key, Some(&body)).await;
    assert_eq!((&first.body, again.header("idempotent-replayed")), (&again.body, "true"));
    stack
        .send(Method::POST, "/v1/yard/plans", &key, Some(&yard(3, 3, 1000)))
        .await
        .is_problem(422, "idempotency_mismatch");
}
