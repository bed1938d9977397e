//! The JSON Schema that editors complete from.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::file::Document;

/// The JSON Schema (draft 2020-12) of a workflow file.
pub fn schema() -> Json {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), "flightdeck workflow".into());
    schema.insert("required".to_owned(), serde_json::json!(["name", "steps"]));
    schema.into()
}
