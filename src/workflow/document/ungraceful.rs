//! What a step does in ungraceful mode, as it is written: the word `skip`, or other keys.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::step::CompensateDoc;

#[derive(Clone, Debug)]
pub(in crate::workflow) enum UngracefulDoc {
    Skip,
    /// The keys of a compensation; what is left out is as in the step.
    Other(Box<CompensateDoc>),
}

impl<'de> Deserialize<'de> for UngracefulDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;
        impl<'de> Visitor<'de> for Shapes {
            type Value = UngracefulDoc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("skip, or what the step does otherwise, such as {run: ./force.sh}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<UngracefulDoc, E> {
                match text {
                    "skip" => Ok(UngracefulDoc::Skip),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UngracefulDoc, A::Error> {
                let other = CompensateDoc::deserialize(MapAccessDeserializer::new(map))?;
                Ok(UngracefulDoc::Other(Box::new(other)))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}

impl JsonSchema for UngracefulDoc {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ungraceful".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let other = generator.subschema_for::<CompensateDoc>();
        json_schema!({"anyOf": [{"const": "skip"}, other]})
    }
}
