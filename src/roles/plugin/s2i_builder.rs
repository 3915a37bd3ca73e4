//! KubeSphere's `S2iBuilder`, as options of ours
//! (<https://github.com/kubesphere/s2ioperator/blob/master/pkg/apis/devops/v1alpha1/s2ibuilder_types.go>).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    options_file::Entries,
    s2i_values::{self, OF_RUN_SCRIPTS, Pair, SETTLED},
};
use crate::{model::AppName, steps::plan::Catalogue};

/// The object's kind.
pub(super) const KIND: &str = "S2iBuilder";

/// The object; what we have no use for is left out.
#[derive(Deserialize)]
pub(super) struct S2iBuilder {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    config: Option<Config>,
    from_template: Option<Template>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Template {
    builder_image: String,
    parameters: Vec<Parameter>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameter {
    key: String,
    value: String,
    default_value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    display_name: String,
    description: String,
    builder_image: String,
    image_name: String,
    tag: String,
    source_url: String,
    #[serde(rename = "isBinaryURL")]
    is_binary_url: bool,
    environment: Vec<Pair>,
    labels: BTreeMap<String, String>,
    push_authentication: Option<Authentication>,
    pull_authentication: Option<Authentication>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Authentication {
    username: String,
    server_address: String,
    secret_ref: Option<SecretRef>,
}

#[derive(Deserialize)]
struct SecretRef {
    name: String,
}

/// What came of it.
#[derive(Debug, PartialEq)]
pub(super) struct Imported {
    /// The options.
    pub entries: Entries,
    /// Where it was.
    pub namespace: Option<String>,
    /// What could not be taken along, and what to look at.
    pub notes: Vec<String>,
}

impl S2iBuilder {
    /// Returns the options that make the same image.
    ///
    /// # Errors
    /// Why this object cannot be taken.
    pub(super) fn options(self) -> Result<Imported, String> {
        let Some(config) = self.spec.config else {
            return Err("it has no `spec.config`".to_owned());
        };
        if !config.is_binary_url {
            return Err(
                "it builds from source (`isBinaryURL` is not set), and only what is built already is taken"
                    .to_owned(),
            );
        }
        let template = self.spec.from_template.unwrap_or_default();
        let mut imported = Imported {
            entries: Map::new(),
            namespace: self.metadata.namespace,
            notes: Vec::new(),
        };
        imported.artifact(&config.source_url);
        if self.metadata.name.parse::<AppName>().is_ok() {
            imported.set("name", &self.metadata.name);
        }
        imported.image(&config);
        let builder_image = [&config.builder_image, &template.builder_image]
            .into_iter()
            .find(|image| !image.is_empty());
        let base = builder_image
            .map(|image| imported.base(image))
            .unwrap_or_default();
        let of_template = template.parameters.into_iter().map(|it| {
            let value = if it.value.is_empty() {
                it.default_value
            } else {
                it.value
            };
            Pair::new(it.key, value)
        });
        let pairs = of_template.chain(config.environment);
        imported.environment(pairs.filter(Pair::says_something), base == "binary");
        imported.labels(config.labels, &config.display_name, &config.description);
        imported.secrets(config.push_authentication, config.pull_authentication);
        for field in config
            .rest
            .keys()
            .filter(|field| !SETTLED.contains(&field.as_str()))
        {
            imported.notes.push(format!("`{field}` is left out"));
        }
        Ok(imported)
    }
}

impl Imported {
    fn set(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.entries.insert(key.to_owned(), Value::from(value));
        }
    }

    fn add(&mut self, key: &str, name: &str, value: &str) {
        let map = self.entries.entry(key).or_insert_with(|| json!({}));
        map[name] = Value::from(value);
    }

    fn artifact(&mut self, source: &str) {
        match s2i_values::path_of(source) {
            None => self.set("artifact", source),
            Some(Ok(path)) => self.set("artifact", &path),
            Some(Err(why)) => self.notes.push(format!("`artifact` is left out: {why}")),
        }
    }

    /// KubeSphere puts the registry of the push login before a name without one.
    fn image(&mut self, config: &Config) {
        if config.image_name.is_empty() {
            return;
        }
        let first = config.image_name.split('/').next().unwrap_or_default();
        let has_host =
            config.image_name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let server = config
            .push_authentication
            .as_ref()
            .map_or("", |login| login.server_address.as_str());
        let server = server
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let is_docker_hub = server.is_empty() || server.starts_with("index.docker.io");
        let mut image = config.image_name.clone();
        if !has_host && !is_docker_hub {
            image = format!("{server}/{image}");
        } else if !has_host {
            self.notes.push(format!(
                "`image: {image}` is at docker.io; if the push Secret is for another registry, put its host before it"
            ));
        }
        if !config.tag.is_empty() {
            image = format!("{image}:{}", config.tag);
        }
        self.set("image", &image);
    }

    /// Returns the name that the catalogue has for the builder image, where it has one.
    fn base(&mut self, image: &str) -> String {
        let last = image.rsplit('/').next().unwrap_or(image);
        let name = last.split([':', '@']).next().unwrap_or(last);
        let name = if name == "s2i-binary" { "binary" } else { name };
        if Catalogue::builtin().names.contains_key(name) {
            self.set("base", name);
            name.to_owned()
        } else {
            self.set("base", image);
            self.entries.insert("s2i".to_owned(), Value::Bool(true));
            self.notes.push(format!(
                "`{image}` stays the base, and its own `run` script starts the app"
            ));
            String::new()
        }
    }

    fn environment(&mut self, pairs: impl Iterator<Item = Pair>, is_binary: bool) {
        for pair in pairs {
            let key = pair.key_ref();
            let Pair {
                name,
                value,
                value_from,
            } = pair;
            if let Some(key) = key {
                self.add("env", &name, &key.to_string());
            } else if value_from.is_some() {
                self.notes.push(format!(
                    "`{name}` of `environment` is left out: its `valueFrom` has no counterpart"
                ));
            } else if is_binary && name == "ARGS" {
                self.set("args", &value);
            } else if OF_RUN_SCRIPTS.contains(&name.as_str()) {
                self.add("env", &name, &value);
            } else {
                self.add("imageEnv", &name, &value);
            }
        }
    }

    fn labels(&mut self, labels: BTreeMap<String, String>, display_name: &str, description: &str) {
        for (name, value) in labels {
            self.add("imageLabel", &name, &value);
        }
        for (name, value) in [
            ("io.k8s.display-name", display_name),
            ("io.k8s.description", description),
        ] {
            if !value.is_empty() {
                self.add("imageLabel", name, value);
            }
        }
    }

    fn secrets(&mut self, push: Option<Authentication>, pull: Option<Authentication>) {
        for (key, login) in [("pushSecret", push), ("pullSecret", pull)] {
            let Some(login) = login else { continue };
            match login.secret_ref {
                Some(secret) => self.set(key, &secret.name),
                // A password is not carried into a file.
                None if !login.username.is_empty() => {
                    let host = if login.server_address.is_empty() {
                        "docker.io"
                    } else {
                        &login.server_address
                    };
                    self.notes.push(format!(
                        "the login of `{}` is left out; put it into a Secret: kubectl b2i registry login {host}",
                        login.username
                    ));
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(yaml: &str) -> Result<Imported, String> {
        serde_yaml::from_str::<S2iBuilder>(yaml)
            .map_err(|error| error.to_string())?
            .options()
    }

    #[test]
    fn a_war_of_kubesphere() {
        let imported = imported(
            "apiVersion: devops.kubesphere.io/v1alpha1
kind: S2iBuilder
metadata: {name: shop-b2i, namespace: dev}
spec:
  config:
    displayName: Shop
    sourceUrl: https://repo.example.com/shop.war
    isBinaryURL: true
    imageName: team/shop
    tag: v1
    builderPullPolicy: if-not-present
    export: true
    builderImage: kubesphere/tomcat85-java11-centos7:v2.1.0
    environment: [{name: JAVA_OPTIONS, value: -Xss1m}, {name: A, value: '1'}, {name: N, valueFrom: {fieldRef: {}}}]
    pushAuthentication: {serverAddress: harbor.example.com, secretRef: {name: harbor}}
    taintKey: ci
",
        )
        .expect("an S2iBuilder");
        assert_eq!(
            Value::Object(imported.entries),
            json!({
                "artifact": "https://repo.example.com/shop.war",
                "name": "shop-b2i",
                "image": "harbor.example.com/team/shop:v1",
                "base": "tomcat85-java11-centos7",
                "env": {"JAVA_OPTIONS": "-Xss1m"},
                "imageEnv": {"A": "1"},
                "imageLabel": {"io.k8s.display-name": "Shop"},
                "pushSecret": "harbor",
            })
        );
        assert_eq!(
            (imported.namespace.as_deref(), imported.notes),
            (
                Some("dev"),
                vec![
                    "`N` of `environment` is left out: its `valueFrom` has no counterpart".to_owned(),
                    "`taintKey` is left out".to_owned(),
                ]
            )
        );
    }

    #[test]
    fn no_password_is_carried_along() {
        let imported = imported(
            "kind: S2iBuilder
metadata: {name: s2ibuilder}
spec:
  fromTemplate: {name: binary, builderImage: 'kubespheredev/s2i-binary:latest', parameters: [{key: ARGS, value: -v}]}
  config:
    isBinaryURL: true
    sourceUrl: http://127.0.0.1/tool
    imageName: jane/tool
    pushAuthentication: {username: jane, password: s3cret}
",
        )
        .expect("an S2iBuilder");
        let text = format!(
            "{}{}",
            Value::Object(imported.entries.clone()),
            imported.notes.join("\n")
        );
        assert!(
            !text.contains("s3cret") && text.contains("registry login docker.io"),
            "{text}"
        );
        assert_eq!(
            (&imported.entries["base"], &imported.entries["args"]),
            (&json!("binary"), &json!("-v"))
        );
    }

    #[test]
    fn an_image_of_ones_own_is_a_source_to_image_base() {
        let imported = imported(
            "kind: S2iBuilder\nspec: {config: {isBinaryURL: true, sourceUrl: a.jar, builderImage: 'r.example/java:9'}}",
        )
        .expect("an S2iBuilder");
        assert_eq!(
            (&imported.entries["base"], &imported.entries["s2i"]),
            (&json!("r.example/java:9"), &json!(true))
        );
    }

    #[test]
    fn what_is_no_binary_build_is_refused() {
        for (yaml, word) in [
            ("kind: S2iBuilder", "`spec.config`"),
            (
                "kind: S2iBuilder\nspec: {config: {sourceUrl: 'https://git'}}",
                "source",
            ),
        ] {
            let why = imported(yaml).expect_err(yaml);
            assert!(why.contains(word), "{why}");
        }
    }
}
