//! The part of JSON Schema that `docs/reference` uses; a keyword that it does not know is refused.
use serde_json::Value;

/// Says where a value is not what a schema wants; nothing where it is.
pub fn check(schema: &Value, value: &Value) -> Result<(), String> {
    at(schema, schema, value, "")
}

fn at(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    for (keyword, wanted) in schema.as_object().unwrap() {
        let is_right = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "additionalProperties" => true,
            "$ref" => {
                let target = root.pointer(wanted.as_str().unwrap().trim_start_matches('#'));
                at(root, target.unwrap_or_else(|| panic!("{wanted}")), value, path).map(|()| true)?
            }
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|wanted| is_of_type(value, wanted)),
                wanted => is_of_type(value, wanted),
            },
            "enum" => wanted.as_array().unwrap().contains(value),
            "anyOf" => {
                let mut choices = wanted.as_array().unwrap().iter();
                choices.any(|choice| at(root, choice, value, path).is_ok())
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    at(root, wanted, item, &format!("{path}/{index}"))?;
                }
                true
            }
            "required" => {
                let mut names = wanted.as_array().unwrap().iter();
                names.all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    match wanted.get(name) {
                        Some(schema) => at(root, schema, value, &format!("{path}/{name}"))?,
                        None if schema["additionalProperties"] == false => {
                            return Err(format!("{path}/{name} is not in the schema"));
                        }
                        None => {}
                    }
                }
                true
            }
            unknown => panic!("the keyword {unknown}"),
        };
        if !is_right {
            return Err(format!("{path}: {value} is not {keyword} {wanted}"));
        }
    }
    Ok(())
}

fn is_of_type(value: &Value, wanted: &Value) -> bool {
    match wanted.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        unknown => panic!("the type {unknown}"),
    }
}
