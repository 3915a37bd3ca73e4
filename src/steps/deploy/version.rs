//! Which version of an app this deploy applied, and whether a workload still is that version.

use crate::cluster::Workload;

/// What makes a version of an app this deploy's: the image and the options. Everything else may change
/// beside us: autoscalers and `kubectl scale` set replicas, other people their own fields.
#[derive(Debug, Default)]
pub(super) struct Version<'a> {
    uid: Option<String>,
    generation: i64,
    /// Name of the container that runs the image.
    container: &'a str,
    image: Option<String>,
    options: Option<String>,
}

impl<'a> Version<'a> {
    /// Reads the version from the API server's answer to an apply: a webhook may have changed what was sent.
    pub(super) fn of(workload: &Workload, container: &'a str) -> Self {
        Self {
            uid: workload.metadata().uid.clone(),
            generation: workload.generation(),
            container,
            image: image(workload, container).map(ToOwned::to_owned),
            options: workload.options().map(ToOwned::to_owned),
        }
    }

    /// Reads the version of another time, of the same container.
    pub(super) fn with(&self, workload: &Workload) -> Self {
        Self::of(workload, self.container)
    }

    /// Whether a workload still is this version.
    pub(super) fn is_in(&self, workload: &Workload) -> bool {
        self.uid == workload.metadata().uid && self.has_image_of(workload) && self.has_options_of(workload)
    }

    /// Whether this was seen before the apply, so that it shows nothing of what became of it.
    pub(super) fn is_later_than(&self, workload: &Workload) -> bool {
        self.uid == workload.metadata().uid && workload.generation() < self.generation
    }

    /// Returns what took this version's place, in words.
    pub(super) fn replaced_by(&self, now: &Workload, name: &str) -> String {
        let image = image(now, self.container).unwrap_or("no image of ours");
        if !self.has_image_of(now) {
            format!("another deploy has replaced this one: `{name}` now runs {image}")
        } else if self.has_options_of(now) {
            format!("another deploy has replaced this one: `{name}` was deleted and deployed again")
        } else {
            "another deploy has replaced this one, with the same image and other options".to_owned()
        }
    }

    fn has_image_of(&self, workload: &Workload) -> bool {
        self.image.as_deref() == image(workload, self.container)
    }

    fn has_options_of(&self, workload: &Workload) -> bool {
        self.options.as_deref() == workload.options()
    }
}

fn image<'a>(workload: &'a Workload, container: &str) -> Option<&'a str> {
    let mut containers = workload.containers().iter();
    let found = containers.find(|it| it.name == container)?;
    found.image.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::objects::labels;

    fn live() -> Value {
        json!({
            "metadata": { "name": "shop", "uid": "1", "generation": 7, "annotations": { labels::OPTIONS: "{}" } },
            "spec": { "replicas": 1, "selector": {}, "template": { "spec": { "containers": [
                { "name": "mesh", "image": "mesh:1" }, { "name": "shop", "image": "shop:1" },
            ] } } },
        })
    }

    fn deployment(object: Value) -> Workload {
        Workload::Deployment(serde_json::from_value(object).expect("a Deployment"))
    }

    fn changed(pointer: &str, value: Value) -> Workload {
        let mut object = live();
        *object.pointer_mut(pointer).expect("a member") = value;
        deployment(object)
    }

    #[test]
    fn what_others_may_change_is_no_other_version() {
        let version = deployment(live());
        let version = Version::of(&version, "shop");
        for (pointer, value) in [
            ("/metadata/generation", json!(8)),
            ("/spec/replicas", json!(5)),
            ("/spec/template/spec/containers/0/image", json!("mesh:2")),
            (
                "/spec/template/spec/containers/1",
                json!({ "name": "shop", "image": "shop:1", "env": [{ "name": "A" }] }),
            ),
        ] {
            let now = changed(pointer, value);
            assert!(version.is_in(&now) && !version.is_later_than(&now), "{pointer}");
        }
    }

    #[test]
    fn another_image_other_options_and_another_object_are_another_version() {
        let version = deployment(live());
        let version = Version::of(&version, "shop");
        for (pointer, value, words) in [
            (
                "/spec/template/spec/containers/1/image",
                json!("shop:2"),
                "now runs shop:2",
            ),
            (
                "/metadata/annotations",
                json!({ labels::OPTIONS: "{\"a\":1}" }),
                "other options",
            ),
            ("/metadata/annotations", json!({}), "other options"),
            (
                "/spec/template/spec/containers/1/name",
                json!("other"),
                "no image of ours",
            ),
            ("/metadata/uid", json!("2"), "deleted and deployed again"),
        ] {
            let now = changed(pointer, value);
            assert!(!version.is_in(&now), "{pointer}");
            let told = version.replaced_by(&now, "shop");
            assert!(
                told.contains("another deploy has replaced this one") && told.contains(words),
                "{told}"
            );
        }
    }

    #[test]
    fn a_view_from_before_the_apply_shows_nothing() {
        let version = deployment(live());
        let version = Version::of(&version, "shop");
        assert!(version.is_later_than(&changed("/metadata/generation", json!(6))));
    }
}
