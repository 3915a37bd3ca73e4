//! Which fields of an object our applies own, and the part of an object that these fields are: what
//! an apply must say to make them again what they were. Pure.
//!
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use super::objects::labels;

/// Returns the fields that our applies own, as `FieldsV1` has them; empty where there are none.
#[must_use]
pub fn owned(metadata: &ObjectMeta) -> Value {
    let mut all = Value::Object(Map::new());
    for entry in metadata.managed_fields.iter().flatten() {
        let is_ours = entry.manager.as_deref() == Some(labels::MANAGER)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.as_deref().unwrap_or_default().is_empty();
        if let (true, Some(fields)) = (is_ours, &entry.fields_v1) {
            all = both(all, fields.0.clone());
        }
    }
    all
}

/// Returns the fields that are in either.
#[must_use]
pub fn both(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (key, fields) in other {
                let before = one.remove(&key).unwrap_or(Value::Null);
                one.insert(key, both(before, fields));
            }
            Value::Object(one)
        }
        (Value::Null, other) => other,
        (one, _) => one,
    }
}

/// Returns the part of an object that these fields are. A field without parts is taken whole; one
/// that the object does not have is left out.
#[must_use]
pub fn part(object: &Value, fields: &Value) -> Option<Value> {
    let Some(fields) = fields.as_object() else {
        return Some(object.clone());
    };
    let parts: Vec<(&String, &Value)> = fields.iter().filter(|(key, _)| *key != ".").collect();
    if parts.is_empty() {
        return Some(object.clone());
    }
    match object {
        Value::Object(map) => {
            let mut kept = Map::new();
            // In the object's order, as people read it.
            for (name, value) in map {
                let within = parts.iter().find(|(key, _)| key.strip_prefix("f:") == Some(name));
                if let Some(value) = within.and_then(|(_, within)| part(value, within)) {
                    kept.insert(name.clone(), value);
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(list) => {
            let mut kept = Vec::new();
            for item in list {
                let within = parts.iter().find(|(key, _)| is_item(item, key));
                if let Some(item) = within.and_then(|(_, within)| part(item, within)) {
                    kept.push(item);
                }
            }
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        other => Some(other.clone()),
    }
}

/// Whether a key of `FieldsV1` means this item of a list: `k:{"name":"A"}` by its keys, `v:"x"` by its
/// value.
fn is_item(item: &Value, key: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    if let Some(keys) = key.strip_prefix("k:").and_then(read) {
        let keys = keys.as_object().cloned().unwrap_or_default();
        return keys.iter().all(|(name, value)| item.get(name) == Some(value));
    }
    key.strip_prefix("v:").and_then(read).as_ref() == Some(item)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_own_is_left_out() {
        let object = json!({
            "spec": { "replicas": 3, "template": { "spec": { "containers": [
                { "name": "shop", "image": "one", "env": [{ "name": "A", "value": "1" }, { "name": "C", "value": "3" }] },
                { "name": "mesh", "image": "two" },
            ] } } },
        });
        let fields = json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"shop\"}": {
            ".": {}, "f:name": {}, "f:image": {}, "f:gone": {},
            "f:env": { "k:{\"name\":\"A\"}": { ".": {}, "f:name": {}, "f:value": {} } },
        } } } } } });
        let expected = json!({ "spec": { "template": { "spec": { "containers": [
            { "name": "shop", "image": "one", "env": [{ "name": "A", "value": "1" }] },
        ] } } } });
        assert_eq!(part(&object, &fields), Some(expected));
    }

    #[test]
    fn fields_of_two_applies_are_added() {
        let one = json!({ "f:spec": { "f:a": {} } });
        let other = json!({ "f:spec": { "f:b": { "f:c": {} } } });
        assert_eq!(
            both(one, other),
            json!({ "f:spec": { "f:a": {}, "f:b": { "f:c": {} } } })
        );
    }

    #[test]
    fn only_applies_of_ours_count() {
        let entry = |manager: &str, operation: &str| {
            json!({ "manager": manager, "operation": operation, "fieldsType": "FieldsV1",
                "fieldsV1": { format!("f:{manager}-{operation}"): {} } })
        };
        let metadata: ObjectMeta = serde_json::from_value(json!({ "managedFields": [
            entry("kubectl-b2i", "Apply"), entry("kubectl-b2i", "Update"), entry("helm", "Apply"),
        ] }))
        .expect("metadata");
        assert_eq!(owned(&metadata), json!({ "f:kubectl-b2i-Apply": {} }));
    }
}
