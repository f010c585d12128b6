//! What a change of the description would break for programs written against an earlier one: a path, method, response or
//! response field that is gone, a request field or parameter that is newly required, a type that is another.

use serde_json::Value;

/// Everything that `new` breaks of what `old` promised, each with where it stands.
pub fn changes(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, old_item) in fields(&old["paths"]) {
        for (method, old_operation) in fields(old_item).filter(|(name, _)| *name != "parameters") {
            let place = format!("{} {path}", method.to_uppercase());
            match &new["paths"][path][method] {
                Value::Null => found.push(format!("{place} is gone")),
                operation => compare_operations(&place, old_operation, operation, &mut found),
            }
        }
    }
    for (name, old_schema) in fields(&old["components"]["schemas"]) {
        match &new["components"]["schemas"][name] {
            Value::Null => found.push(format!("schema {name} is gone")),
            schema => compare_schemas(name, old_schema, schema, &mut found),
        }
    }
    found
}

fn compare_operations(place: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    for (status, response) in fields(&old["responses"]) {
        for (media_type, _) in fields(&response["content"]) {
            if new["responses"][status]["content"][media_type].is_null() {
                found.push(format!("{place}: response {status} as {media_type} is gone"));
            }
        }
        if new["responses"][status].is_null() {
            found.push(format!("{place}: response {status} is gone"));
        }
    }
    for (media_type, _) in fields(&old["requestBody"]["content"]) {
        if new["requestBody"]["content"][media_type].is_null() {
            found.push(format!("{place}: a body as {media_type} is not read anymore"));
        }
    }
    let required = |operation: &Value| {
        let all = operation["parameters"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|one| one["required"] == true).map(|one| one["name"].to_string()).collect::<Vec<_>>()
    };
    let before = required(old);
    for name in required(new).iter().filter(|name| !before.contains(name)) {
        found.push(format!("{place}: parameter {name} is newly required"));
    }
}

fn compare_schemas(place: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    for (field, old_field) in fields(&old["properties"]) {
        let place = format!("{place}.{field}");
        match &new["properties"][field] {
            Value::Null => found.push(format!("{place} is gone")),
            new_field => compare_schemas(&place, old_field, new_field, found),
        }
    }
    let required = |schema: &Value| schema["required"].as_array().cloned().unwrap_or_default();
    let before = required(old);
    // A schema may stand in requests; only a field that is new and optional is safe there.
    for field in required(new).iter().filter(|field| !before.contains(field)) {
        found.push(format!("{place}: {field} is newly required"));
    }
    for keyword in ["type", "$ref", "format"] {
        if old[keyword] != new[keyword] && !old[keyword].is_null() {
            found.push(format!("{place}: {keyword} was {}, is {}", old[keyword], new[keyword]));
        }
    }
    for value in old["enum"].as_array().into_iter().flatten() {
        if !new["enum"].as_array().is_some_and(|values| values.contains(value)) {
            found.push(format!("{place}: value {value} is gone"));
        }
    }
    if old["items"].is_object() {
        compare_schemas(&format!("{place}[]"), &old["items"], &new["items"], found);
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        let old_choices = old[choice].as_array().map(Vec::as_slice).unwrap_or_default();
        for (at, old_choice) in old_choices.iter().enumerate() {
            compare_schemas(&format!("{place}/{choice}/{at}"), old_choice, &new[choice][at], found);
        }
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::openapi::document;

    #[test]
    fn nothing_that_is_committed_is_broken() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.json");
        let committed = std::fs::read(committed).expect("infra/openapi.json is committed");
        let committed = serde_json::from_slice(&committed).expect("it is JSON");
        assert_eq!(changes(&committed, &document()), [""; 0]);
    }

    #[test]
    fn what_breaks_a_program_is_found_and_an_addition_is_not() {
        let old = document();
        let broken = |change: &dyn Fn(&mut Value)| {
            let mut new = document();
            change(&mut new);
            changes(&old, &new)
        };
        let remove = |value: &mut Value, name: &str| {
            value.as_object_mut().and_then(|fields| fields.remove(name)).expect("it was there");
        };
        assert_eq!(broken(&|_| ()), [""; 0]);
        assert_eq!(broken(&|new| new["paths"]["/v1/new"] = json!({"get": {}})), [""; 0]);
        let record = "BerthPlanRecord";
        let schema = |new: &mut Value, change: &dyn Fn(&mut Value)| change(&mut new["components"]["schemas"][record]);
        assert_eq!(broken(&|new| schema(new, &|it| it["properties"]["added"] = json!({"type": "string"}))), [""; 0]);
        assert_eq!(broken(&|new| remove(&mut new["paths"], "/livez")), ["GET /livez is gone"]);
        assert_eq!(
            broken(&|new| schema(new, &|it| remove(&mut it["properties"], "gap"))),
            ["BerthPlanRecord.gap is gone"]
        );
        assert_eq!(
            broken(&|new| remove(&mut new["paths"]["/v1/plans"]["get"]["responses"], "200")),
            ["GET /v1/plans: response 200 as application/json is gone", "GET /v1/plans: response 200 is gone"]
        );
        let problem = |new: &mut Value| {
            let required = new["components"]["schemas"]["BerthProblem"]["required"].as_array_mut();
            required.expect("some fields are required").push(json!("stability"));
        };
        assert_eq!(broken(&problem), ["BerthProblem: \"stability\" is newly required"]);
    }
}
