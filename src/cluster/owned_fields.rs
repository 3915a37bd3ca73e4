//! Which fields of an object our applies own, and the part of an object that these fields are: what
//! an apply must say to make them again what they were. Pure.
//!
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value};

use super::objects::labels;

/// Returns the fields that our applies own, as `FieldsV1` has them; empty where there are none.
#[must_use]
pub fn owned(metadata: &ObjectMeta) -> Value {
    all_of(metadata, is_ours)
}

/// Returns the fields that an undo sets again, of an object as it was, as we left it, and as it is now: those that
/// are still ours, and those that our apply gave up, unless somebody else has set them since. What somebody has taken
/// from us stays theirs.
#[must_use]
pub fn to_put_back(was: &ObjectMeta, is: &ObjectMeta, now: &ObjectMeta) -> Value {
    let given_up = without(owned(was), &owned(is));
    let given_up = without(given_up, &all_of(now, |entry| !is_ours(entry)));
    both(owned(now), given_up)
}

fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(labels::MANAGER)
        && entry.operation.as_deref() == Some("Apply")
        && entry.subresource.as_deref().unwrap_or_default().is_empty()
}

fn all_of(metadata: &ObjectMeta, counts: impl Fn(&ManagedFieldsEntry) -> bool) -> Value {
    let mut all = Value::Object(Map::new());
    for entry in metadata.managed_fields.iter().flatten() {
        if let (true, Some(fields)) = (counts(entry), &entry.fields_v1) {
            all = both(all, fields.0.clone());
        }
    }
    all
}

/// Returns the fields that are not among the others.
fn without(fields: Value, others: &Value) -> Value {
    let Value::Object(fields) = fields else {
        return fields;
    };
    let mut kept = Map::new();
    for (key, within) in fields {
        let Some(other) = others.get(&key) else {
            kept.insert(key, within);
            continue;
        };
        // A field without parts is one whole; `.` is the item that holds the parts.
        let has_parts = |fields: &Value| {
            fields
                .as_object()
                .is_some_and(|it| it.keys().any(|key| key != "."))
        };
        if has_parts(&within) {
            let within = without(within, other);
            if has_parts(&within) {
                kept.insert(key, within);
            }
        }
    }
    Value::Object(kept)
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
    fn what_somebody_took_meanwhile_stays_theirs() {
        let metadata = |entries: &[(&str, Value)]| -> ObjectMeta {
            let entries: Vec<Value> = entries
                .iter()
                .map(|(manager, fields)| {
                    let operation = if *manager == labels::MANAGER { "Apply" } else { "Update" };
                    json!({ "manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields })
                })
                .collect();
            serde_json::from_value(json!({ "managedFields": entries })).expect("metadata")
        };
        let env = |name: &str| {
            let key = format!("k:{{\"name\":\"{name}\"}}");
            json!({ key: { ".": {}, "f:name": {}, "f:value": {} } })
        };
        let ours =
            |env: Value, others: Value| both(json!({ "f:spec": { "f:image": {}, "f:env": env } }), others);
        let was = metadata(&[(
            labels::MANAGER,
            ours(
                both(env("A"), env("B")),
                json!({ "f:spec": { "f:replicas": {} } }),
            ),
        )]);
        let is = metadata(&[(
            labels::MANAGER,
            ours(
                both(env("A"), env("C")),
                json!({ "f:spec": { "f:replicas": {} } }),
            ),
        )]);
        let now = metadata(&[
            (labels::MANAGER, ours(both(env("A"), env("C")), json!({}))),
            ("kubectl", json!({ "f:spec": { "f:replicas": {} } })),
        ]);
        let all = both(both(env("A"), env("B")), env("C"));
        assert_eq!(
            to_put_back(&was, &is, &now),
            ours(all, json!({})),
            "scaled meanwhile"
        );
        let now = metadata(&[
            (labels::MANAGER, owned(&is)),
            ("kubectl", json!({ "f:spec": { "f:env": env("B") } })),
        ]);
        assert_eq!(
            to_put_back(&was, &is, &now),
            owned(&is),
            "what we gave up, somebody else has set"
        );
        assert_eq!(
            to_put_back(&was, &is, &is).pointer("/f:spec/f:env/k:{\"name\":\"B\"}/f:value"),
            Some(&json!({}))
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
