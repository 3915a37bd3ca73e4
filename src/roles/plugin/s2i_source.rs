//! Where KubeSphere's `S2iBuilder` comes from: a file as kubectl takes it, or the cluster.

use std::{fs::File, io::Read, path::Path};

use kube::{
    Api,
    api::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::Value;

use super::{
    s2i_builder::{KIND, S2iBuilder},
    values,
};
use crate::{
    cluster::{Cluster, error::is_not_found},
    error::Failure,
};

/// Longer than any object that etcd takes.
const LARGEST_BYTES: u64 = 4 << 20;

/// Reads the only `S2iBuilder` of a file, `-` for what is piped in. The file may hold other objects too,
/// and may be what `kubectl get` prints.
///
/// # Errors
/// Why there is none that could be taken.
pub(super) fn from_file(path: &Path) -> Result<S2iBuilder, String> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(LARGEST_BYTES).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| error.to_string())?;
    only_one(&text)
}

fn only_one(text: &str) -> Result<S2iBuilder, String> {
    let documents: Vec<Value> =
        serde_yaml::from_multiple(text).map_err(|error| values::yaml_words(&error))?;
    let objects =
        documents
            .into_iter()
            .flat_map(|mut object| match object.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items,
                _ => vec![object],
            });
    let kind = |object: &Value| object["kind"].as_str().unwrap_or_default().to_owned();
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let (builders, others): (Vec<Value>, Vec<Value>) = objects.partition(|object| kind(object) == KIND);
    match &builders[..] {
        [one] => serde_json::from_value(one.clone()).map_err(|error| error.to_string()),
        [] => Err(match others.first().map(kind).filter(|kind| !kind.is_empty()) {
            Some(kind) => format!("it is a `{kind}`, not an `{KIND}`"),
            None => format!("there is no `{KIND}` in it"),
        }),
        several => {
            let names: Vec<String> = several.iter().map(|it| format!("`{}`", name(it))).collect();
            Err(format!("it has several: {}", names.join(", ")))
        }
    }
}

/// Reads an `S2iBuilder` from the cluster.
///
/// # Errors
/// There is none of this name, or KubeSphere is not there; what the API server answered.
pub(super) async fn from_cluster(cluster: &Cluster, name: &str) -> Result<S2iBuilder, Failure> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("devops.kubesphere.io", "v1alpha1", KIND));
    let all: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), &cluster.namespace, &resource);
    let what = format!("could not import `{name}`");
    let found = all.get(name).await.map_err(|error| {
        if is_not_found(&error) {
            Failure::usage(what.clone())
                .why(format!(
                    "namespace `{}` has no `{KIND}` of this name",
                    cluster.namespace
                ))
                .next("see what there is, here or with another `-n`; a file is named with `-f`:")
                .command(format!("kubectl get s2ibuilders -n {}", cluster.namespace))
                .anchor("import")
        } else {
            cluster.failure(what.clone(), &error)
        }
    })?;
    let object = serde_json::to_value(found).map_err(|error| Failure::new(what.clone()).because(error))?;
    serde_json::from_value(object).map_err(|error| Failure::usage(what).because(error).anchor("import"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_is_found_among_other_objects() {
        let builder = "kind: S2iBuilder\nmetadata: {name: shop}\n";
        for text in [
            builder.to_owned(),
            format!("{builder}---\nkind: S2iRun\n"),
            "kind: List\nitems: [{kind: S2iBuilder}]".to_owned(),
            r#"{"kind": "S2iBuilder"}"#.to_owned(),
        ] {
            assert!(only_one(&text).is_ok(), "{text}");
        }
        for (text, why) in [
            ("kind: S2iRun", "it is a `S2iRun`, not an `S2iBuilder`"),
            ("nonsense", "there is no `S2iBuilder` in it"),
            (
                "{kind: List, items: [{kind: S2iBuilder, metadata: {name: a}}, {kind: S2iBuilder, metadata: {name: b}}]}",
                "it has several: `a`, `b`",
            ),
        ] {
            assert_eq!(only_one(text).err().as_deref(), Some(why));
        }
        assert!(only_one("a: [").is_err());
    }
}
