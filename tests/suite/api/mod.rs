//! The HTTP API over a real connection.

mod bad_input;
mod idempotency;
mod plans;
mod quay;
mod restart;
mod routing;
mod store;
mod tenants;
mod worker;
mod yard;

use serde_json::{Value, json};

/// A request whose solver behaves like this.
fn script(name: &str, behaviour: &str) -> Value {
    json!({"name": name, "behaviour": behaviour})
}

/// Compact JSON with sorted keys, without what differs from run to run.
fn json_shape(value: &Value) -> String {
    let mut value = value.clone();
    for (name, shown) in [
        ("id", "[id]"),
        ("created_at", "[time]"),
        ("updated_at", "[time]"),
        ("expires_at", "[time]"),
        ("fingerprint", "[digest]"),
        ("request_id", "[id]"),
    ] {
        if value.get(name).is_some() {
            value[name] = json!(shown);
        }
    }
    value.sort_all_objects();
    value.to_string()
}
