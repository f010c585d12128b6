//! More requests than can be served: who is served, who is refused, how soon.

mod abuse;
mod admission;
mod cancellation;
mod chaos;
mod crashes;
mod flights;
mod quota;
mod remembered;

use serde_json::{Value, json};

/// A request whose solver behaves like this for this long.
fn script(name: &str, behaviour: &str, time_limit_ms: u64) -> Value {
    json!({"name": name, "behaviour": behaviour, "options": {"time_limit_ms": time_limit_ms}})
}
