//! What KubeSphere's `S2iBuilder` says that is written otherwise here, or not at all: env that comes from
//! a Secret or a `ConfigMap`, where the artifact is, how KubeSphere's builder works.

use serde::Deserialize;
use serde_json::Value;

use crate::model::KeyRef;

/// Fields that say how KubeSphere's builder works, or that hold by themselves here.
pub(super) const SETTLED: [&str; 12] = [
    "builderPullPolicy",
    "builderImageVersion",
    "export",
    "outputImageName",
    "outputBuildResult",
    "buildVolumes",
    "dockerConfig",
    "incremental",
    "removePreviousImage",
    "preserveWorkingDir",
    "workingDir",
    "contextDir",
];
/// Words of KubeSphere's `run` scripts that hold on every base when they are the app's env.
pub(super) const OF_RUN_SCRIPTS: [&str; 2] = ["JAVA_OPTIONS", "JAVA_ARGS"];

/// A name and its value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair {
    /// The name.
    pub name: String,
    /// What was written out.
    #[serde(default)]
    pub value: String,
    /// Where it comes from otherwise: Kubernetes' `EnvVarSource`.
    #[serde(default)]
    pub value_from: Option<Value>,
}

impl Pair {
    /// Returns a pair that is written out.
    pub(super) fn new(name: String, value: String) -> Self {
        let value_from = None;
        Self {
            name,
            value,
            value_from,
        }
    }

    /// Whether there is a value; where there is none, KubeSphere sets nothing either.
    pub(super) fn says_something(&self) -> bool {
        !self.value.is_empty() || self.value_from.is_some()
    }

    /// Returns the key that the value comes from, where `--env` can say so too.
    pub(super) fn key_ref(&self) -> Option<KeyRef> {
        let from = self.value_from.as_ref()?;
        let kinds = [("secretKeyRef", "secret"), ("configMapKeyRef", "configmap")];
        kinds.iter().find_map(|(field, kind)| {
            let (name, key) = (from[field]["name"].as_str()?, from[field]["key"].as_str()?);
            format!("{kind}:{name}/{key}").parse().ok()
        })
    }
}

/// Returns the path that a `file:` URL names, or why it names none here; `None` for every other source.
pub(super) fn path_of(source: &str) -> Option<Result<String, String>> {
    let url = reqwest::Url::parse(source).ok()?;
    (url.scheme() == "file").then(|| {
        url.to_file_path()
            .map(|path| path.to_string_lossy().into_owned())
            .map_err(|()| format!("`{source}` names no file of this machine"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_value_comes_from() {
        let key_ref = |from: &str| {
            let pair: Pair =
                serde_yaml::from_str(&format!("{{name: A, valueFrom: {from}}}")).expect("a pair");
            pair.key_ref().map(|key| key.to_string())
        };
        let secret = key_ref("{secretKeyRef: {name: db, key: password}}");
        assert_eq!(secret.as_deref(), Some("secret:db/password"));
        let map = key_ref("{configMapKeyRef: {name: app, key: a.b}}");
        assert_eq!(map.as_deref(), Some("configmap:app/a.b"));
        assert_eq!(key_ref("{fieldRef: {fieldPath: metadata.name}}"), None);
    }

    #[cfg(unix)]
    #[test]
    fn files_and_other_sources() {
        assert_eq!(
            path_of("file:///srv/my%20shop.war"),
            Some(Ok("/srv/my shop.war".to_owned()))
        );
        assert!(path_of("file://host/shop.war").is_some_and(|path| path.is_err()));
        assert_eq!(path_of("https://repo.example.com/shop.war"), None);
        assert_eq!(path_of("./shop.war"), None);
    }
}
