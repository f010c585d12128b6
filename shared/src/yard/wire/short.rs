//! The short forms: a container as its name, a departure as one name.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ContainerWire, Departure};

/// A container written out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ContainerFields))]
struct Fields {
    /// Name, unique in the yard. One of ISO 6346's form (four letters, seven digits) must have its check digit right.
    id: String,
    /// Gross weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight_kg: Option<u32>,
    /// Length in feet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length_ft: Option<u32>,
    /// Whether it needs a plug.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reefer: bool,
    /// Hazard class (IMDG).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hazard: Option<String>,
}

impl Serialize for ContainerWire {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, weight_kg, length_ft, reefer, hazard } = self.clone();
        if (weight_kg, length_ft, reefer, &hazard) == (None, None, false, &None) {
            return id.serialize(serializer);
        }
        Fields { id, weight_kg, length_ft, reefer, hazard }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ContainerWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Container;

        impl<'de> Visitor<'de> for Container {
            type Value = ContainerWire;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a container: its name, or an object with its id")
            }

            fn visit_str<E>(self, id: &str) -> Result<ContainerWire, E> {
                Ok(ContainerWire::new(id))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ContainerWire, A::Error> {
                let Fields { id, weight_kg, length_ft, reefer, hazard } =
                    Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ContainerWire { id, weight_kg, length_ft, reefer, hazard })
            }
        }

        deserializer.deserialize_any(Container)
    }
}

impl Serialize for Departure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.containers.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Departure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Departure;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a container, or a list of names")
            }

            fn visit_str<E>(self, id: &str) -> Result<Departure, E> {
                Ok(Departure { containers: vec![id.to_owned()] })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Departure, A::Error> {
                Ok(Departure { containers: Vec::deserialize(SeqAccessDeserializer::new(list))? })
            }
        }

        deserializer.deserialize_any(Names)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use std::borrow::Cow;

    use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Type};
    use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    use super::{ContainerWire, Departure, Fields};

    fn name(description: &str) -> ObjectBuilder {
        ObjectBuilder::new().schema_type(Type::String).description(Some(description))
    }

    impl PartialSchema for ContainerWire {
        fn schema() -> RefOr<Schema> {
            let fields = Ref::from_schema_name(Fields::name());
            let either = OneOfBuilder::new().item(name("The container's id")).item(fields);
            either.description(Some("A container, or only its id")).into()
        }
    }

    impl ToSchema for ContainerWire {
        fn name() -> Cow<'static, str> {
            "Container".into()
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((Fields::name().into(), Fields::schema()));
        }
    }

    impl PartialSchema for Departure {
        fn schema() -> RefOr<Schema> {
            let group = ArrayBuilder::new().items(name("The container's id"));
            let either = OneOfBuilder::new().item(name("The container's id")).item(group);
            either.description(Some("A container that leaves, or several that leave in any order")).into()
        }
    }

    impl ToSchema for Departure {
        fn name() -> Cow<'static, str> {
            "Departure".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms_read_and_write() {
        let json = r#"["A",{"id":"B","reefer":true}]"#;
        let containers: Vec<ContainerWire> = serde_json::from_str(json).expect("two containers");
        assert_eq!(containers[0], ContainerWire::new("A"));
        assert!(containers[1].reefer);
        assert_eq!(serde_json::to_string(&containers).expect("writes"), json);

        let json = r#"["A",["B","C"],[]]"#;
        let departures: Vec<Departure> = serde_json::from_str(json).expect("three departures");
        assert_eq!(departures[1].containers, ["B", "C"]);
        assert_eq!(serde_json::to_string(&departures).expect("writes"), json);
    }

    #[test]
    fn other_forms_are_refused_in_plain_words() {
        let wrong = |json: &str| serde_json::from_str::<ContainerWire>(json).expect_err("wrong").to_string();
        assert!(wrong("7").contains("expected a container: its name, or an object with its id"), "{}", wrong("7"));
        assert!(wrong(r#"{"id":"A","lenght":4}"#).contains("unknown field `lenght`"));
        let wrong = serde_json::from_str::<Departure>("[7]").expect_err("wrong").to_string();
        assert!(wrong.contains("expected a string"), "{wrong}");
    }
}
