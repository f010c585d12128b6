//! Paths: what can be sent where, and what comes back.

use portolan::limits::{MAX_DOCUMENT_BYTES, MAX_WAIT_S};
use serde_json::{Map, Value, json};

use crate::plans::state::Status;

/// Troubles that any request under `/v1` may meet.
pub(super) const ALWAYS: &[u16] = &[400, 401, 406, 421, 429, 500, 503];

/// The paths of one problem.
pub(super) fn of_problem(problem: &str, request: &str, record: &str, document: &str) -> Map<String, Value> {
    let path = |action: &str| format!("/v1/{problem}/{action}");
    let with_body = [ALWAYS, &[408, 413, 415, 422]].concat();
    let mut paths = Map::new();
    paths.insert(
        path("plans"),
        json!({"post": {
            "operationId": format!("plan_{problem}"),
            "summary": "Plan",
            "description": format!(
                "Answers with the best plan found within the time limit, or with a promise (202) where `Prefer: respond-async` \
                 asks for one. At most {MAX_DOCUMENT_BYTES} bytes."
            ),
            "parameters": [
                header("Prefer", &format!("`wait=N`: answer within N seconds, {MAX_WAIT_S} at most. `respond-async`: a promise is enough.")),
                header("Priority", "`u=0` to `u=7` (RFC 9218): how soon the plan is wanted; 3 where nothing is said. 0 to 2 is urgent and does not wait behind the others."),
                header("Idempotency-Key", "The same key gets the same response, for 24 hours."),
            ],
            "requestBody": body(request, true),
            "responses": responses(&[
                (200, "The plan.", Some(record), &["Location", "ETag", "Cache-Status", "Preference-Applied"]),
                (202, "The plan will be there.", Some(record), &["Location", "ETag", "Cache-Status", "Preference-Applied", "Retry-After"]),
            ], &[&with_body[..], &[409]].concat()),
        }}),
    );
    paths.insert(
        path("validate"),
        json!({"post": {
            "operationId": format!("validate_{problem}"),
            "summary": "Check a request without solving it; every issue at once",
            "requestBody": body(request, true),
            "responses": responses(&[(200, "Nothing is wrong with it.", Some("Validated"), &[])], &with_body),
        }}),
    );
    paths.insert(
        path("verify"),
        json!({"post": {
            "operationId": format!("verify_{problem}"),
            "summary": "Check a plan, its objective and its bound without solving",
            "requestBody": body(document, false),
            "responses": responses(&[(200, "All that it claims is true.", Some("Verified"), &[])], &with_body),
        }}),
    );
    paths
}

/// The path of a problem's what-if questions.
pub(super) fn what_if(problem: &str, question: &str, reply: &str) -> Map<String, Value> {
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}});
    let bad = [ALWAYS, &[404, 408, 409, 413, 415, 422]].concat();
    let item = json!({"parameters": [id], "post": {
        "operationId": format!("what_if_{problem}"),
        "summary": "What would be if: scenarios answered from a plan that is there",
        "description": "Answered on the line within its time limit, and not stored.",
        "requestBody": body(question, false),
        "responses": responses(&[(200, "What would be.", Some(reply), &[])], &bad),
    }});
    Map::from_iter([(format!("/v1/{problem}/plans/{{id}}/what-if"), item)])
}

/// The paths that all problems share.
pub(super) fn shared() -> Map<String, Value> {
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}});
    let statuses = Status::ALL.map(Status::name);
    let paths = json!({
        "/v1/plans": {"get": {
            "operationId": "list_plans",
            "summary": "Plans, newest first",
            "parameters": [
                query("limit", &json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}), "Plans on a page."),
                query("cursor", &json!({"type": "string"}), "Where the page begins; comes from `next`."),
                query("status", &json!({"type": "string", "enum": statuses}), "Only plans in this status."),
            ],
            "responses": responses(&[(200, "A page.", Some("PlanPage"), &["Link"])], ALWAYS),
        }},
        "/v1/uploads": {"post": {
            "operationId": "begin_upload",
            "summary": "A place for a request that is too large for a gateway; then send `{\"upload\": ID}` instead of it",
            "responses": responses(&[(201, "Put the document there.", Some("Upload"), &[])], &[ALWAYS, &[404]].concat()),
        }},
        "/v1/plans/{id}": {
            "parameters": [id],
            "get": {
                "operationId": "get_plan",
                "summary": "A plan as it is now, also while it is solved",
                "parameters": [
                    query("include", &json!({"type": "string", "enum": ["instance"]}), "Adds the request."),
                    header("If-None-Match", "An ETag; 304 where the plan is still that."),
                ],
                "responses": responses(&[
                    (200, "The plan.", None, &["ETag", "Retry-After"]),
                    (304, "It has not changed.", None, &["ETag"]),
                ], &[ALWAYS, &[404, 409]].concat()),
            },
            "delete": {
                "operationId": "remove_plan",
                "summary": "Cancel a plan that is worked on, delete one that has ended",
                "parameters": [header("If-Match", "An ETag; 412 where the plan is no longer that.")],
                "responses": responses(&[
                    (200, "It was stopped; the best plan so far stands.", None, &["ETag"]),
                    (202, "It will stop soon.", None, &["ETag"]),
                    (204, "It is gone.", None, &[]),
                ], &[ALWAYS, &[404, 412]].concat()),
            },
        },
        "/livez": {"get": {
            "operationId": "livez", "summary": "Whether the process lives", "security": [],
            "responses": responses(&[(200, "It does.", Some("Health"), &[])], &[]),
        }},
        "/readyz": {"get": {
            "operationId": "readyz", "summary": "Whether it can do its work", "security": [],
            "responses": responses(&[
                (200, "It can.", Some("Health"), &[]), (503, "It cannot.", Some("Health"), &[]),
            ], &[]),
        }},
        "/metrics": {"get": {
            "operationId": "metrics", "summary": "Numbers about the process, in the text form of Prometheus", "security": [],
            "responses": {"200": {"description": "The numbers.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        }},
        "/openapi.json": {"get": {
            "operationId": "openapi", "summary": "This description", "security": [],
            "responses": {"200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}}},
        }},
    });
    match paths {
        Value::Object(paths) => paths,
        _ => Map::new(),
    }
}

/// Adds a problem's record to what `/v1/plans/{id}` may answer.
pub(super) fn shows_also(paths: &mut Map<String, Value>, record: &str) {
    let Some(plan) = paths.get_mut("/v1/plans/{id}") else { return };
    for (method, status) in [("get", "200"), ("delete", "200"), ("delete", "202")] {
        let response = &mut plan[method]["responses"][status];
        if !response["content"].is_object() {
            response["content"] = json!({"application/json": {"schema": {"anyOf": []}}});
            if method == "get" {
                response["content"]["image/svg+xml"] = json!({"schema": {"type": "string"}});
                response["content"]["text/plain"] = json!({"schema": {"type": "string"}});
            }
        }
        if let Some(any_of) = response["content"]["application/json"]["schema"]["anyOf"].as_array_mut() {
            any_of.push(reference(record));
        }
    }
}

/// Lets a problem's paths take and answer another model of it as well.
pub(super) fn takes_also(paths: &mut Map<String, Value>, problem: &str, request: &str, record: &str, document: &str) {
    let mut also = |action: &str, place: &[&str], name: &str| {
        let Some(mut at) = paths.get_mut(&format!("/v1/{problem}/{action}")).map(|path| &mut path["post"]) else {
            return;
        };
        for step in place.iter().chain(&["content", "application/json", "schema"]) {
            at = &mut at[*step];
        }
        let first = at.take();
        *at = json!({"anyOf": [first, reference(name)]});
    };
    also("plans", &["requestBody"], request);
    also("plans", &["responses", "200"], record);
    also("plans", &["responses", "202"], record);
    also("validate", &["requestBody"], request);
    also("verify", &["requestBody"], document);
}

pub(super) fn responses(good: &[(u16, &str, Option<&str>, &[&str])], bad: &[u16]) -> Value {
    let mut all = Map::new();
    for (status, description, schema, headers) in good {
        let mut response = json!({"description": description});
        if let Some(schema) = schema {
            response["content"] = json!({"application/json": {"schema": reference(schema)}});
        }
        if !headers.is_empty() {
            response["headers"] = named(headers);
        }
        all.insert(status.to_string(), response);
    }
    let mut bad = bad.to_vec();
    bad.sort_unstable();
    for status in bad {
        let content = json!({"application/problem+json": {"schema": reference("ProblemDetails")}});
        let mut response = json!({"description": trouble(status), "content": content});
        let fields: &[&str] = match status {
            429 => &["Retry-After", "RateLimit", "RateLimit-Policy"],
            503 => &["Retry-After"],
            _ => &[],
        };
        if !fields.is_empty() {
            response["headers"] = named(fields);
        }
        all.insert(status.to_string(), response);
    }
    Value::Object(all)
}

/// Header fields of a response.
fn named(fields: &[&str]) -> Value {
    Value::Object(fields.iter().map(|name| ((*name).to_owned(), json!({"schema": {"type": "string"}}))).collect())
}

fn trouble(status: u16) -> &'static str {
    match status {
        400 => "The body is no JSON, or a parameter is not understood.",
        401 => "A valid API key is needed.",
        404 => "Nothing is there.",
        406 => "No acceptable media type is on offer.",
        408 => "The body took too long to arrive.",
        409 => "Not now: see the code.",
        412 => "It has changed.",
        413 => "The body is too large.",
        415 => "The body is of no media type that is read here.",
        421 => "Sent to, or by a page of, another name than this machine's, without API keys in use.",
        429 => "The tenant has had its share: see `Retry-After`, `RateLimit` and `RateLimit-Policy`.",
        422 => "The document is not valid; every issue with its JSON pointer.",
        500 => "A bug, logged under the request id.",
        _ => "Not now: try again after `Retry-After`.",
    }
}

pub(super) fn body(schema: &str, text_too: bool) -> Value {
    let mut content = json!({"application/json": {"schema": reference(schema)}});
    if text_too {
        let note = "The benchmark text form of the field.";
        content["text/plain"] = json!({"schema": {"type": "string", "description": note}});
    }
    json!({"required": true, "content": content})
}

pub(super) fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}})
}

pub(super) fn query(name: &str, schema: &Value, description: &str) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}
