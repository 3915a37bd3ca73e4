//! What we apply to a workload that somebody else made: the image, what the flags name, and the marks
//! by which we find it again. Everything else is left out, and so stays whose it is.

use serde_json::{Map, Value, json};

use super::{
    deployment::{self, App},
    labels, pod, restricted,
};

/// Returns what is applied to a Deployment or a `StatefulSet`, `kind`, whose container of this name runs
/// our image. It is no whole object: the selector is not ours to say.
#[must_use]
pub fn adopted(app: &App, kind: &str, container: &str) -> Value {
    let options = app.options;
    let mut template_annotations = options.pod.annotations.clone();
    template_annotations.insert(labels::CONTAINER.to_owned(), container.to_owned());
    let marks = labels::of_adopted(app.name);
    let with_marks = || {
        let mut all = options.pod.labels.clone();
        all.extend(marks.clone());
        all
    };
    let container = json!({
        "name": container,
        "image": app.image.to_string(),
        "command": pod::words(&options.pod.command),
        "args": pod::words(&[&options.pod.args[..], &app.derived.args].concat()),
        "env": pod::env(app),
        "envFrom": pod::env_from(options),
        "volumeMounts": pod::mounts(options),
        "resources": resources(app),
    });
    without_nothing(json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": app.name,
            "labels": with_marks(),
            "annotations": deployment::annotations(app),
        },
        "spec": {
            "replicas": app.replicas,
            "template": {
                "metadata": { "labels": with_marks(), "annotations": template_annotations },
                "spec": {
                    "containers": [container],
                    "imagePullSecrets": options.pull_secret.as_deref().map(restricted::pull_secrets),
                    "serviceAccountName": options.pod.service_account,
                    "nodeSelector": options.pod.node_selector,
                    "tolerations": pod::tolerations(options),
                    "volumes": pod::volumes(options),
                },
            },
        },
    }))
}

/// Only what was said: the defaults are for apps that we made.
fn resources(app: &App) -> Value {
    let (cpu, memory) = (&app.options.cpu, &app.options.memory);
    let cpu_limit = &app.options.cpu_limit;
    json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "cpu": cpu_limit, "memory": memory } })
}

/// Leaves out what is null, and what is empty then: an apply that names an empty field owns it.
fn without_nothing(value: Value) -> Value {
    let is_something = |value: &Value| match value {
        Value::Null => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().map(|(key, value)| (key, without_nothing(value)));
            Value::Object(
                kept.filter(|(_, value)| is_something(value))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(list) => list.into_iter().map(without_nothing).collect(),
        other => other,
    }
}
