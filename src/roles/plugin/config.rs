//! The configuration: what holds for all of a person's apps, and what holds for all who deploy into
//! a namespace. Flags win over the person's, that over the namespace's, that over what is built in.

use std::{
    collections::BTreeMap,
    num::NonZero,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use super::{named_image::NamedImage, values};
use crate::{
    cluster::{Cluster, configuration, record},
    error::{Failure, Result},
    model::{Proxy, check_addresses},
    steps::plan::Catalogue,
};

/// What a configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Config {
    /// Image of the staging Pod and the builder Job.
    pub builder_image: Option<NamedImage>,
    /// Secret that the builder image is pulled with.
    pub builder_pull_secret: Option<String>,
    /// Image with a shell, by which the builder image is brought in where none is named.
    pub bootstrap_image: Option<NamedImage>,
    /// Secret that may push.
    pub push_secret: Option<String>,
    /// Secret that base images are pulled with.
    pub pull_secret: Option<String>,
    /// How long a staging Pod stays for the next run: `5m`; `0` for not at all.
    pub staging_idle: Option<String>,
    /// CPU limit of the Pods of a build.
    pub build_cpu_limit: Option<String>,
    /// How many builds of an app its record keeps.
    pub history_limit: Option<NonZero<u16>>,
    /// Registries whose certificate is not checked, or that speak plain HTTP.
    pub insecure_registries: Vec<String>,
    /// Private hosts that a registry may redirect to.
    pub registry_hosts: Vec<String>,
    /// Where Pods speak to the registries at the left, whose names only the nodes can reach.
    pub registry_addresses: BTreeMap<String, String>,
    /// File with certificates of authorities to trust.
    pub registry_ca: Option<PathBuf>,
    /// The proxies that Pods go through.
    pub proxy: Proxy,
    /// Whether only the namespace names them.
    #[serde(skip)]
    pub is_proxy_of_namespace: bool,
    /// Base images of the registry at the left are pulled from the one at the right.
    pub mirrors: BTreeMap<String, String>,
    /// Where an image goes: `registry.example.com/team`; the app's name is added.
    pub image_prefix: Option<String>,
    /// Changes of the catalogue, or the path of a file that holds them.
    catalogue: Option<Value>,
    /// The changes, the weakest first.
    #[serde(skip)]
    catalogue_changes: Vec<Value>,
}

impl Config {
    /// Reads the file that `B2I_CONFIG` names, else `kubectl-b2i/config.yaml` in the folder for
    /// configuration, which need not be there.
    pub(super) fn read(env: impl Fn(&str) -> Option<String>) -> Result<Self> {
        if let Some(named) = env("B2I_CONFIG").filter(|path| !path.is_empty()) {
            return Self::read_file(Path::new(&named));
        }
        match default_path(&env).filter(|path| path.exists()) {
            Some(path) => Self::read_file(&path),
            None => Ok(Self::default()),
        }
    }

    fn read_file(path: &Path) -> Result<Self> {
        let failure = || {
            Failure::usage(format!("could not read the configuration `{}`", path.display()))
                .next("mend the file, or point `B2I_CONFIG` at another one")
                .anchor("configuration")
        };
        let text = std::fs::read_to_string(path).map_err(|error| failure().because(error))?;
        Self::parse(&text, path.parent()).map_err(|why| failure().why(why))
    }

    /// Returns this configuration with the namespace's below it, where that has one.
    pub(super) async fn over_namespace(&self, cluster: &Cluster) -> Result<Self> {
        match configuration::read(cluster).await {
            Ok(texts) => self.over_texts(&texts, cluster),
            Err(error) => Err(cluster.failure(namespace_words(cluster), &error)),
        }
    }

    /// Returns this configuration with those of a cluster's namespace below it, the strongest first.
    pub(super) fn over_texts(&self, texts: &[(&'static str, String)], cluster: &Cluster) -> Result<Self> {
        let name = configuration::NAME;
        texts.iter().try_fold(self.clone(), |config, (key, text)| {
            let below = Self::parse(text, None).map_err(|why| {
                Failure::new(namespace_words(cluster))
                    .why(format!("`{key}` of the ConfigMap `{name}`: {why}"))
                    .next("mend it, or ask whoever looks after the namespace to:")
                    .command(format!("kubectl edit configmap {name} -n {}", cluster.namespace))
                    .anchor("namespace-configuration")
            })?;
            Ok(config.over(below.of_namespace()))
        })
    }

    /// Reads a configuration; `folder` is where a path in it starts, where there may be one.
    fn parse(text: &str, folder: Option<&Path>) -> Result<Self, String> {
        let has_content = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if !text.lines().any(has_content) {
            return Ok(Self::default());
        }
        let mut config: Self = serde_yaml::from_str(text).map_err(|error| values::yaml_words(&error))?;
        if let (Some(path), None) = (&config.registry_ca, folder) {
            let path = path.display();
            return Err(format!(
                "`registryCa` is a path (`{path}`), and there is no file here"
            ));
        }
        if let Some(limit) = &config.build_cpu_limit {
            values::amount_of_cpu(limit).map_err(|why| format!("`buildCpuLimit`: {why}"))?;
        }
        // Else whoever may write here could have a push Secret's login sent to an address of theirs.
        check_addresses(&config.registry_addresses).map_err(|why| format!("`registryAddresses`: {why}"))?;
        let change = match (config.catalogue.take(), folder) {
            (Some(Value::String(path)), Some(folder)) => {
                let path = folder.join(path);
                let in_file = |why: String| format!("the catalogue `{}`: {why}", path.display());
                let text = std::fs::read_to_string(&path).map_err(|error| in_file(error.to_string()))?;
                Some(serde_yaml::from_str(&text).map_err(|error| in_file(values::yaml_words(&error)))?)
            }
            (Some(Value::String(_)), None) => {
                return Err("`catalogue` is a path, and there is no file here; write it out".to_owned());
            }
            (change, _) => change,
        };
        // Each alone must make sense, so that who wrote it is told.
        config.catalogue_changes.extend(change);
        config.catalogue().map_err(|failure| failure.why)?;
        Ok(config)
    }

    /// Returns how many builds of an app its record keeps, where no flag says so.
    pub(super) fn history_limit(&self) -> usize {
        self.history_limit
            .map_or(record::HISTORY_LIMIT, |limit| usize::from(limit.get()))
    }

    /// The same, as one that the namespace's configuration says.
    fn of_namespace(self) -> Self {
        Self {
            builder_image: self.builder_image.map(NamedImage::by_namespace),
            bootstrap_image: self.bootstrap_image.map(NamedImage::by_namespace),
            is_proxy_of_namespace: !self.proxy.is_none(),
            ..self
        }
    }

    /// Lays this configuration over a weaker one.
    fn over(self, below: Self) -> Self {
        let both = |above: Vec<String>, below| [above, below].concat();
        let both_maps = |below: BTreeMap<_, _>, above| below.into_iter().chain(above).collect();
        Self {
            builder_image: self.builder_image.or(below.builder_image),
            builder_pull_secret: self.builder_pull_secret.or(below.builder_pull_secret),
            bootstrap_image: self.bootstrap_image.or(below.bootstrap_image),
            push_secret: self.push_secret.or(below.push_secret),
            pull_secret: self.pull_secret.or(below.pull_secret),
            staging_idle: self.staging_idle.or(below.staging_idle),
            build_cpu_limit: self.build_cpu_limit.or(below.build_cpu_limit),
            history_limit: self.history_limit.or(below.history_limit),
            insecure_registries: both(self.insecure_registries, below.insecure_registries),
            registry_hosts: both(self.registry_hosts, below.registry_hosts),
            registry_addresses: both_maps(below.registry_addresses, self.registry_addresses),
            registry_ca: self.registry_ca,
            is_proxy_of_namespace: if self.proxy.is_none() {
                below.is_proxy_of_namespace
            } else {
                self.is_proxy_of_namespace
            },
            // As a whole: the exceptions belong to their proxies.
            proxy: if self.proxy.is_none() {
                below.proxy
            } else {
                self.proxy
            },
            mirrors: both_maps(below.mirrors, self.mirrors),
            image_prefix: self.image_prefix.or(below.image_prefix),
            catalogue: None,
            catalogue_changes: [below.catalogue_changes, self.catalogue_changes].concat(),
        }
    }

    /// Returns the built-in catalogue with all changes laid over it.
    pub(super) fn catalogue(&self) -> Result<Catalogue> {
        Catalogue::changed_by(&self.catalogue_changes)
    }
}

fn namespace_words(cluster: &Cluster) -> String {
    format!(
        "could not read the configuration of the namespace `{}`",
        cluster.namespace
    )
}

/// The XDG folder where it is set or usual, `%APPDATA%` on Windows.
fn default_path(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME")
        .or_else(|| set("APPDATA"))
        .or_else(|| set("HOME").map(|home| home.join(".config")));
    Some(folder?.join("kubectl-b2i").join("config.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("written");
        let path = file.path().display().to_string();
        Config::read(move |name| (name == "B2I_CONFIG").then(|| path.clone()))
    }

    #[test]
    fn reads_what_it_knows() {
        let config = read("builderImage: r:5000/builder:1\nmirrors:\n  docker.io: r:5000\n").expect("valid");
        assert_eq!(config.builder_image, Some("r:5000/builder:1".to_owned().into()));
        assert_eq!(config.mirrors["docker.io"], "r:5000");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let failure = read("builderimage: x\n").expect_err("a typing error");
        assert!(failure.why.contains("builderimage"), "{failure}");
    }

    #[test]
    fn the_persons_own_wins_over_the_namespaces() {
        let parse = |text: &str| Config::parse(text, None).expect(text);
        let own = parse(
            "builderImage: own\ninsecureRegistries: [a]\nmirrors: {docker.io: own}\ncatalogue: {jar: {17: own}}",
        );
        let below = parse(
            "builderImage: ns\nbuilderPullSecret: ns\nimagePrefix: r.example/ns\ninsecureRegistries: [b]\n\
             mirrors: {docker.io: ns, gcr.io: ns}\ncatalogue: {jar: {17: ns, 21: ns}}",
        );
        let config = own.over(below);
        assert_eq!(config.builder_image, Some("own".to_owned().into()));
        assert_eq!(config.builder_pull_secret.as_deref(), Some("ns"));
        assert_eq!(config.image_prefix.as_deref(), Some("r.example/ns"));
        assert_eq!(config.insecure_registries, ["a", "b"]);
        assert!(!config.is_proxy_of_namespace);
        assert_eq!(
            (&*config.mirrors["docker.io"], &*config.mirrors["gcr.io"]),
            ("own", "ns")
        );
        let catalogue = config.catalogue().expect("valid");
        assert_eq!(catalogue.jar[&17].image.repository, "library/own");
        assert_eq!(catalogue.jar[&21].image.repository, "library/ns");
        assert_eq!(catalogue.jar[&25], Catalogue::builtin().jar[&25]);
    }

    #[test]
    fn a_catalogue_may_be_a_file_beside_the_configuration() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("bases.yaml"), "jar: {17: r.example/jre}").expect("written");
        let config = Config::parse("catalogue: bases.yaml", Some(folder.path())).expect("valid");
        let catalogue = config.catalogue().expect("valid");
        assert_eq!(catalogue.jar[&17].image.registry, "r.example");
        let none = Config::parse("catalogue: other.yaml", Some(folder.path())).expect_err("no file");
        assert!(none.contains("other.yaml"), "{none}");
        assert!(Config::parse("catalogue: bases.yaml", None).is_err());
        let wrong = Config::parse("catalogue: {jar: {x: y}}", None).expect_err("no Java");
        assert!(wrong.contains('x'), "{wrong}");
    }

    #[test]
    fn only_a_registry_that_is_nobodys_host_may_be_elsewhere() {
        assert!(Config::parse("registryAddresses: {\"localhost:30500\": 10.96.0.1:5000}", None).is_ok());
        for host in ["registry.example.com", "localhost.example.com:5000", "docker.io"] {
            let text = format!("registryAddresses: {{\"{host}\": 10.96.0.1:5000}}");
            let why = Config::parse(&text, None).expect_err(host);
            assert!(why.contains(host), "{why}");
        }
    }

    #[test]
    fn nothing_but_comments_is_no_configuration() {
        for text in ["", "\n", "# nothing\n"] {
            assert_eq!(Config::parse(text, None), Ok(Config::default()));
        }
    }

    #[test]
    fn no_file_is_no_configuration() {
        assert_eq!(
            Config::read(|_| None).expect("nothing to read"),
            Config::default()
        );
    }
}
