//! The image config: <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>.

use serde_json::{Map, Value, json};

use super::Ground;
use crate::{
    model::{ConfigChanges, LayerDescriptor},
    oci::{Digest, Platform, Reference},
};

/// When every image of ours was made: the same input gives the same digest, and tools that take 0
/// for "unknown" (or print 1970) are not met. 1980-02-01 is what ZIP can say in any time zone.
pub(super) const CREATED: &str = "1980-02-01T00:00:00Z";

/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys>
pub(super) const BASE_NAME: &str = "org.opencontainers.image.base.name";
pub(super) const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// The config of an image of nothing.
pub(super) fn scratch(platform: &Platform) -> Value {
    let mut config = json!({
        "created": CREATED,
        "architecture": platform.architecture,
        "os": platform.os,
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [] },
        "history": [],
    });
    if let Some(variant) = &platform.variant {
        config["variant"] = json!(variant);
    }
    config
}

/// Returns the config's bytes: the ground's, changed, with our layers.
pub(super) fn make(
    ground: &Ground,
    changes: &ConfigChanges,
    layers: &[LayerDescriptor],
    base: Option<(&Reference, Digest)>,
) -> Vec<u8> {
    let mut config = ground.config.clone();
    let top = object(&mut config);
    top.insert("created".to_owned(), json!(CREATED));

    let run = object(top.entry("config").or_insert(Value::Null));
    change(run, changes);
    if let Some((name, digest)) = base {
        let labels = object(run.entry("Labels").or_insert(Value::Null));
        labels.insert(
            BASE_NAME.to_owned(),
            json!(Reference {
                digest: None,
                ..name.clone()
            }),
        );
        labels.insert(BASE_DIGEST.to_owned(), json!(digest));
    }

    let rootfs = object(top.entry("rootfs").or_insert_with(|| json!({ "type": "layers" })));
    let diff_ids = array(rootfs.entry("diff_ids").or_insert(Value::Null));
    diff_ids.extend(layers.iter().map(|layer| json!(layer.diff_id)));

    let history = array(top.entry("history").or_insert(Value::Null));
    history.extend(
        layers
            .iter()
            .map(|layer| json!({ "created": CREATED, "created_by": format!("kubectl-b2i {}", layer.name) })),
    );
    config.to_string().into_bytes()
}

/// What the container runs with: Docker's names, which the specification kept.
fn change(run: &mut Map<String, Value>, changes: &ConfigChanges) {
    if let Some(entrypoint) = &changes.entrypoint {
        run.insert("Entrypoint".to_owned(), json!(entrypoint));
        // `shift_remove`, since the rest must keep its order.
        run.shift_remove("Cmd");
    }
    if let Some(cmd) = &changes.cmd {
        run.insert("Cmd".to_owned(), json!(cmd));
    }
    if let Some(working_dir) = &changes.working_dir {
        run.insert("WorkingDir".to_owned(), json!(working_dir));
    }
    if let Some(user) = &changes.user {
        run.insert("User".to_owned(), json!(user));
    }
    if !(changes.env.is_empty() && changes.default_env.is_empty()) {
        merge_env(array(run.entry("Env").or_insert(Value::Null)), changes);
    }
    if !changes.exposed_ports.is_empty() {
        let ports = object(run.entry("ExposedPorts").or_insert(Value::Null));
        for port in &changes.exposed_ports {
            ports.insert(port.to_string(), json!({}));
        }
    }
    if !changes.labels.is_empty() {
        let labels = object(run.entry("Labels").or_insert(Value::Null));
        for (key, value) in &changes.labels {
            labels.insert(key.clone(), json!(value));
        }
    }
}

/// A variable keeps its place in the base's list; new ones come after it.
fn merge_env(list: &mut Vec<Value>, changes: &ConfigChanges) {
    let place_of = |list: &[Value], name: &str| {
        let is_it = |entry: &Value| entry.as_str().and_then(|entry| entry.split('=').next()) == Some(name);
        list.iter().position(is_it)
    };
    for (name, value) in &changes.env {
        let entry = json!(format!("{name}={value}"));
        match place_of(list, name) {
            Some(place) => list[place] = entry,
            None => list.push(entry),
        }
    }
    for (name, value) in &changes.default_env {
        if place_of(list, name).is_none() {
            list.push(json!(format!("{name}={value}")));
        }
    }
}

/// The object in this place. What is not one is `null`, as Go writes an empty map.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("just made one")
}

/// The list in this place, likewise.
fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().expect("just made one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ExposedPort;

    fn changed(base: Value, changes: &ConfigChanges) -> Value {
        let mut base = base;
        change(object(&mut base), changes);
        base
    }

    #[test]
    fn an_entrypoint_takes_the_bases_command_with_it() {
        let base = json!({"Cmd": ["jshell"], "Entrypoint": ["/x"], "Shell": ["/bin/bash"]});
        let changes = ConfigChanges {
            entrypoint: Some(vec!["java".into()]),
            ..ConfigChanges::default()
        };
        assert_eq!(
            changed(base.clone(), &changes),
            json!({"Entrypoint": ["java"], "Shell": ["/bin/bash"]})
        );
        assert_eq!(changed(base.clone(), &ConfigChanges::default()), base);
    }

    #[test]
    fn a_default_gives_way() {
        let changes = ConfigChanges {
            env: [("A".to_owned(), "1".to_owned()), ("N".to_owned(), "2".to_owned())].into(),
            default_env: ["A", "PATH", "D"]
                .map(|name| (name.to_owned(), "d".to_owned()))
                .into(),
            ..ConfigChanges::default()
        };
        let base = json!({"Env": ["PATH=/bin", "A=0", "AB=3"]});
        assert_eq!(
            changed(base, &changes),
            json!({"Env": ["PATH=/bin", "A=1", "AB=3", "N=2", "D=d"]})
        );
        assert_eq!(changed(json!({"Env": null}), &changes)["Env"][0], "A=1");
    }

    #[test]
    fn ports_and_labels_are_added() {
        let changes = ConfigChanges {
            exposed_ports: vec![
                ExposedPort::tcp(8080),
                ExposedPort::from(&"53/udp".parse().expect("a port")),
            ],
            labels: [("b".to_owned(), "2".to_owned())].into(),
            ..ConfigChanges::default()
        };
        let base = json!({"ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "1", "b": "1"}});
        assert_eq!(
            changed(base, &changes),
            json!({"ExposedPorts": {"80/tcp": {}, "8080/tcp": {}, "53/udp": {}}, "Labels": {"a": "1", "b": "2"}})
        );
    }
}
