//! The description of the API (`OpenAPI` 3.1): schemas from the very types that are sent, paths from the tables below.
//!
//! The committed copy is `infra/openapi.json`. A test fails where it differs from this, and another where this would break a
//! program that was written against it.

pub mod breaking;
mod paths;
mod terminals;

use std::sync::OnceLock;

use portolan::problem::Verified;
use portolan::{Document, Problem, berth, routing, yard};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::check::Validated;
use super::problem::ProblemDetails;
use super::resource::Resource;
use super::service::Health;
use super::stored::Listed;
use super::uploads::Begun;

/// The description, formatted for people.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("{:#}\n", document()))
}

/// The description.
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths = paths::shared();
    described::<berth::Berths>("Berth", &mut schemas, &mut paths);
    described_also::<berth::quay::Quays>("Quay", &mut schemas, &mut paths);
    described::<yard::Yards>("Yard", &mut schemas, &mut paths);
    described::<routing::Routing>("Routing", &mut schemas, &mut paths);
    schemas.add::<routing::whatif::Question>("RoutingWhatIf");
    schemas.add::<routing::whatif::Reply>("RoutingWhatIfReply");
    paths.extend(paths::what_if(routing::Routing::NAME, "RoutingWhatIf", "RoutingWhatIfReply"));
    terminals::add(&mut schemas, &mut paths);
    schemas.add::<Any>("Any");
    schemas.add::<Resource<Any, Any, Any>>("PlanRecord");
    schemas.add::<Listed<Resource<Any, Any, Any>>>("PlanPage");
    schemas.add::<Validated>("Validated");
    schemas.add::<Verified>("Verified");
    schemas.add::<Health>("Health");
    schemas.add::<Begun>("Upload");
    schemas.add::<ProblemDetails>("ProblemDetails");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portolan",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Plans for a container port, each with a proof of how good it is.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"bearer": []}, {"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.sorted(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"}
            }
        }
    })
}

/// Adds what a problem brings along. `prefix` begins the names of its schemas.
fn described<P: Problem>(prefix: &str, schemas: &mut Schemas, paths: &mut Map<String, Value>)
where
    P::Wire: ToSchema,
    P::Plan: ToSchema,
    P::Certificate: ToSchema,
{
    let (record, document) = named::<P>(prefix, schemas);
    paths.extend(paths::of_problem(P::NAME, &P::Wire::name(), &record, &document));
    paths::shows_also(paths, &record);
}

/// Adds another model of a problem that is described already.
fn described_also<P: Problem>(prefix: &str, schemas: &mut Schemas, paths: &mut Map<String, Value>)
where
    P::Wire: ToSchema,
    P::Plan: ToSchema,
    P::Certificate: ToSchema,
{
    let (record, document) = named::<P>(prefix, schemas);
    paths::takes_also(paths, P::NAME, &P::Wire::name(), &record, &document);
    paths::shows_also(paths, &record);
}

/// Adds a problem's schemas; the names of its record and its document.
fn named<P: Problem>(prefix: &str, schemas: &mut Schemas) -> (String, String)
where
    P::Wire: ToSchema,
    P::Plan: ToSchema,
    P::Certificate: ToSchema,
{
    let name = |kind: &str| format!("{prefix}{kind}");
    schemas.add::<P::Wire>(&P::Wire::name());
    schemas.add::<P::Plan>(&P::Plan::name());
    schemas.add::<P::Certificate>(&P::Certificate::name());
    schemas.add::<Resource<P::Wire, P::Plan, P::Certificate>>(&name("PlanRecord"));
    schemas.add::<Document<P::Wire, P::Plan, P::Certificate>>(&name("Document"));
    (name("PlanRecord"), name("Document"))
}

/// Any JSON: stands where a schema depends on the problem.
struct Any;

impl PartialSchema for Any {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::default())
    }
}

impl ToSchema for Any {
    fn name() -> std::borrow::Cow<'static, str> {
        "Any".into()
    }
}

/// Named schemas, each once.
#[derive(Default)]
struct Schemas(Map<String, Value>);

impl Schemas {
    fn add<T: ToSchema>(&mut self, name: &str) {
        let mut found = vec![(name.to_owned(), T::schema())];
        T::schemas(&mut found);
        for (name, schema) in found {
            // Schemas are plain data and always serialise.
            self.0.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
    }

    fn sorted(self) -> Map<String, Value> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_by(|(name, _), (other, _)| name.cmp(other));
        all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_OPENAPI=1 cargo test -p portolan-functions openapi` writes it.
    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.json");

    #[test]
    fn the_committed_description_is_this_one() {
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(COMMITTED, text()).expect("infra/ can be written");
        }
        let committed = std::fs::read_to_string(COMMITTED).expect("infra/openapi.json is committed");
        assert!(
            committed == text(),
            "infra/openapi.json differs from the types; write it anew: UPDATE_OPENAPI=1 cargo test -p portolan-functions openapi"
        );
    }

    #[test]
    fn every_problem_of_the_registry_is_described() {
        let document = document();
        for problem in portolan::problem::registry() {
            for action in ["plans", "validate", "verify"] {
                let path = format!("/v1/{}/{action}", problem.name());
                assert!(document["paths"][&path]["post"].is_object(), "{path}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, document: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(reference)) = fields.get("$ref") {
                        let pointer = reference.trim_start_matches('#');
                        assert!(document.pointer(pointer).is_some(), "{reference}");
                    }
                    fields.values().for_each(|value| check(value, document));
                }
                Value::Array(items) => items.iter().for_each(|value| check(value, document)),
                _ => {}
            }
        }
        let document = document();
        check(&document, &document);
    }
}
