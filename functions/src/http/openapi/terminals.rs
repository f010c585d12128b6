//! Paths of `/v1/terminals`.

use serde_json::{Map, Value, json};

use super::Schemas;
use super::paths::{ALWAYS, body, header, query, responses};
use crate::http::terminal::records::{Items, Shown};
use crate::http::terminal::{actions, bulk, past, plans};
use crate::terminal::event::{Event, Move, Record};
use crate::terminal::{call, container, equipment, event, layout, planning};

/// Adds what terminals bring along.
pub(super) fn add(schemas: &mut Schemas, paths: &mut Map<String, Value>) {
    schemas.add::<layout::Spec>("TerminalSpec");
    schemas.add::<Shown<layout::Spec>>("Terminal");
    schemas.add::<container::Details>("ContainerSpec");
    schemas.add::<Shown<container::Container>>("StoredContainer");
    schemas.add::<call::Details>("CallSpec");
    schemas.add::<Shown<call::Call>>("TerminalCall");
    schemas.add::<equipment::Details>("EquipmentSpec");
    schemas.add::<Shown<equipment::Awake>>("EquipmentState");
    schemas.add::<container::Container>("ContainerInTerminal");
    schemas.add::<call::Call>("StoredCall");
    schemas.add::<equipment::Awake>("Awake");
    schemas.add::<Move>("ContainerMove");
    schemas.add::<event::Arrival>("ContainerLine");
    schemas.add::<Record>("TerminalRecord");
    schemas.add::<Event>("TerminalEvent");
    schemas.add::<Items<Event>>("TerminalHistory");
    schemas.add::<Items<Shown<layout::Spec>>>("TerminalPage");
    schemas.add::<Items<Shown<container::Container>>>("ContainerPage");
    schemas.add::<Items<Shown<call::Call>>>("CallPage");
    schemas.add::<Items<Shown<equipment::Awake>>>("EquipmentPage");
    schemas.add::<actions::NewEstimate>("NewEstimate");
    schemas.add::<actions::Heartbeats>("Heartbeats");
    schemas.add::<actions::Heard>("Heard");
    schemas.add::<bulk::Loaded>("Loaded");
    schemas.add::<past::Snapshot>("TerminalSnapshot");
    paths.insert(
        "/v1/terminals".to_owned(),
        json!({"get": listing("list_terminals", "Terminals", "TerminalPage", &[])}),
    );
    one(paths, "", "terminal", "TerminalSpec", "Terminal");
    one(paths, "/containers/{id}", "container", "ContainerSpec", "StoredContainer");
    one(paths, "/calls/{id}", "call", "CallSpec", "TerminalCall");
    one(paths, "/equipment/{id}", "equipment", "EquipmentSpec", "EquipmentState");
    schemas.add::<planning::berth::Asked>("TerminalBerthRequest");
    schemas.add::<planning::yard::Asked>("TerminalYardRequest");
    schemas.add::<plans::NextStep>("PlanStepRequest");
    schemas.add::<plans::CarriedOut>("PlanCarriedOut");
    lists(paths);
    writes(paths);
    planned(paths);
}

fn place(path: &str) -> String {
    format!("/v1/terminals/{{t}}{path}")
}

fn in_path(path: &str) -> Value {
    let name = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    if path.contains("{id}") { json!([name("t"), name("id")]) } else { json!([name("t")]) }
}

fn listing(id: &str, summary: &str, schema: &str, others: &[(&str, &str)]) -> Value {
    let mut parameters = vec![
        query(
            "limit",
            &json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
            "Entries on a page.",
        ),
        query("cursor", &json!({"type": "string"}), "Where the page begins; comes from `next`."),
    ];
    parameters.extend(others.iter().map(|(name, what)| query(name, &json!({"type": "string"}), what)));
    json!({
        "operationId": id, "summary": summary, "parameters": parameters,
        "responses": responses(&[(200, "A page.", Some(schema), &["Link"])], &[ALWAYS, &[404]].concat()),
    })
}

/// What comes with every write.
fn conditions() -> Vec<Value> {
    vec![
        header("Idempotency-Key", "The same key has one effect and gets the same answer, for 24 hours."),
        header("If-Match", "An ETag; 412 where the record is no longer that, with who changed it."),
        header("x-actor", "Who asks; kept in the history."),
    ]
}

const ON_WRITE: &[u16] = &[400, 401, 404, 406, 408, 409, 412, 413, 415, 421, 422, 500, 503];

fn one(paths: &mut Map<String, Value>, path: &str, name: &str, spec: &str, record: &str) {
    let mut put = conditions();
    put.push(header("If-None-Match", "`*`: only where it is not there yet."));
    let item = json!({
        "parameters": in_path(path),
        "get": {
            "operationId": format!("get_{name}"), "summary": "As it is now",
            "parameters": [header("If-None-Match", "An ETag; 304 where it is still that.")],
            "responses": responses(&[
                (200, "The record.", Some(record), &["ETag"]), (304, "It has not changed.", None, &["ETag"]),
            ], &[ALWAYS, &[404]].concat()),
        },
        "put": {
            "operationId": format!("put_{name}"), "summary": "Make it or change it", "parameters": put,
            "requestBody": body(spec, false),
            "responses": responses(&[
                (200, "It is so now.", Some(record), &["ETag", "Location"]), (201, "It is new.", Some(record), &["ETag", "Location"]),
            ], ON_WRITE),
        },
        "delete": {
            "operationId": format!("remove_{name}"), "summary": "Remove it; its history stays", "parameters": conditions(),
            "responses": responses(&[(204, "It is gone.", None, &[])], ON_WRITE),
        },
    });
    paths.insert(place(path), item);
}

fn lists(paths: &mut Map<String, Value>) {
    let by = [
        ("slot", "The container in this slot: `A/1/2/3`."),
        ("stack", "Those of this stack, from the ground up: `A/1/2`."),
        ("destination", "Those that go there: `call:ID`, `gate:WINDOW` or `rail:ID`."),
        ("at", "As text/csv or application/x-ndjson: as it was at this time."),
    ];
    let summary =
        "Containers by page; as text/csv or application/x-ndjson without limit and cursor all of them, at one version";
    let mut list = listing("list_containers", summary, "ContainerPage", &by);
    for kind in ["text/csv", "application/x-ndjson"] {
        list["responses"]["200"]["content"][kind] = json!({"schema": {"type": "string"}});
    }
    let line =
        json!({"schema": {"type": "string", "description": "Columns as exported, or a ContainerLine in JSON a line."}});
    // A list has no entity tag.
    let mut parameters = conditions();
    parameters.retain(|parameter| parameter["name"] != "If-Match");
    parameters.push(query(
        "keep",
        &json!({"type": "string", "enum": ["good"]}),
        "Keeps good lines where others are bad.",
    ));
    let load = json!({
        "operationId": "load_containers", "summary": "Take containers over, line by line; all, or with `keep=good` the good ones",
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"text/csv": line, "application/x-ndjson": line}},
        "responses": responses(&[(200, "They are there.", Some("Loaded"), &[])], ON_WRITE),
    });
    paths.insert(place("/containers"), json!({"parameters": in_path(""), "get": list, "post": load}));
    let calls = listing("list_calls", "Calls", "CallPage", &[]);
    paths.insert(place("/calls"), json!({"parameters": in_path(""), "get": calls}));
    let online = [("online", "`true`: heard of within 30 s; `false`: silent for longer.")];
    let equipment = listing("list_equipment", "Equipment, and whether it is online", "EquipmentPage", &online);
    paths.insert(place("/equipment"), json!({"parameters": in_path(""), "get": equipment}));
    let span = [("from", "Not before this time."), ("to", "Not after this time.")];
    for (path, id, summary) in [
        ("/history", "terminal_history", "What happened, oldest first"),
        ("/containers/{id}/history", "container_history", "What happened to a container, oldest first"),
        ("/calls/{id}/history", "call_history", "What happened to a call, with every estimate, oldest first"),
        ("/equipment/{id}/history", "equipment_history", "What happened to a piece of equipment, oldest first"),
    ] {
        let mut list = listing(id, summary, "TerminalHistory", &span);
        list["responses"]["200"]["content"]["application/x-ndjson"] = json!({"schema": {"type": "string"}});
        paths.insert(place(path), json!({"parameters": in_path(path), "get": list}));
    }
    paths.insert(
        place("/snapshot"),
        json!({"parameters": in_path(""), "get": {
            "operationId": "terminal_snapshot", "summary": "All of it at one version, now or at a past time",
            "parameters": [query("at", &json!({"type": "string", "format": "date-time"}), "A past time.")],
            "responses": responses(&[
                (200, "All records.", Some("TerminalSnapshot"), &["ETag"]), (304, "It has not changed.", None, &["ETag"]),
            ], &[ALWAYS, &[404]].concat()),
        }}),
    );
}

/// Plans from what is stored are asked for as other plans are, with another body.
fn planned(paths: &mut Map<String, Value>) {
    let what = [
        ("berth", "TerminalBerthRequest", "Plan the berths from the calls and equipment that are stored"),
        ("yard", "TerminalYardRequest", "Plan how containers of a block are brought out"),
    ];
    for (problem, asked, summary) in what {
        let Some(mut operation) = paths.get(&format!("/v1/{problem}/plans")).map(|path| path["post"].clone()) else {
            continue;
        };
        operation["operationId"] = json!(format!("plan_terminal_{problem}"));
        operation["summary"] = json!(summary);
        operation["requestBody"] = body(asked, false);
        operation["responses"]["404"] = responses(&[], &[404])["404"].clone();
        let path = format!("/{problem}/plans");
        paths.insert(place(&path), json!({"parameters": in_path(&path), "post": operation}));
    }
    let path = "/plans/{id}";
    let get = json!({
        "operationId": "plan_progress", "summary": "How far a yard plan has been carried out, and its next step",
        "parameters": [header("If-None-Match", "An ETag; 304 where it is still that.")],
        "responses": responses(&[
            (200, "So far.", Some("PlanCarriedOut"), &["ETag"]), (304, "It has not changed.", None, &["ETag"]),
        ], &[ALWAYS, &[404, 409]].concat()),
    });
    paths.insert(place(path), json!({"parameters": in_path(path), "get": get}));
}

fn writes(paths: &mut Map<String, Value>) {
    let mut add = |path: &str, id: &str, summary: &str, asked: &str, given: &str| {
        let operation = json!({
            "operationId": id, "summary": summary, "parameters": conditions(), "requestBody": body(asked, false),
            "responses": responses(&[(200, "It is done.", Some(given), &["ETag"])], ON_WRITE),
        });
        paths.insert(place(path), json!({"parameters": in_path(path), "post": operation}));
    };
    add(
        "/moves",
        "move_container",
        "Move a container: one transaction, or a refusal that says why",
        "ContainerMove",
        "StoredContainer",
    );
    add("/calls/{id}/estimates", "estimate_call", "A call is expected at another time", "NewEstimate", "TerminalCall");
    add("/heartbeats", "heartbeats", "Signs of life of many", "Heartbeats", "Heard");
    add(
        "/plans/{id}/steps",
        "carry_out_step",
        "Carry out the next step of a yard plan; where that cannot be done, the rest of the plan is stale",
        "PlanStepRequest",
        "PlanCarriedOut",
    );
    let path = "/equipment/{id}/heartbeat";
    let operation = json!({
        "operationId": "heartbeat", "summary": "A sign of life; no body",
        "responses": responses(&[(204, "It was heard.", None, &[])], &[ALWAYS, &[404]].concat()),
    });
    paths.insert(place(path), json!({"parameters": in_path(path), "post": operation}));
}
