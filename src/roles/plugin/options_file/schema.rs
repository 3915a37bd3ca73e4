//! The schema of the options file, for editors: what `docs/reference/b2i.schema.json` holds.

use clap::Command;
use serde_json::{Map, Value, json};

use super::{
    key::{self, Key, Shape},
    read::ARTIFACT,
};

/// Returns the schema for the flags of a command.
pub(crate) fn schema(command: &Command) -> Value {
    let artifact = json!({
        "description": "The artifact: a path, seen from this file, or https://…",
        "type": "string",
    });
    let keys = key::of(command)
        .into_iter()
        .map(|key| (key.name.clone(), of_key(&key)));
    let properties: Map<String, Value> = [(ARTIFACT.to_owned(), artifact)]
        .into_iter()
        .chain(keys)
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "b2i.yaml: options of kubectl-b2i's deploy",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn of_key(key: &Key) -> Value {
    let value = json!({ "type": ["string", "number", "boolean"] });
    let list = json!({ "type": "array", "items": value });
    let map = json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean", "null"] } });
    let mut schema = match key.shape {
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Maybe if key.possible == ["true", "false"] => json!({ "type": "boolean" }),
        Shape::One if key.possible.is_empty() => value,
        Shape::One => json!({ "enum": key.possible }),
        Shape::Maybe | Shape::Words | Shape::Many => json!({ "anyOf": [value, list] }),
        Shape::Pairs => json!({ "anyOf": [value, list, map] }),
    };
    schema["description"] = Value::from(key.help.as_str());
    schema
}
