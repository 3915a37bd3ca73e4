//! The person's own configuration: what holds for all their apps. Flags win over it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    error::{Failure, Result},
    model::Proxy,
};

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Config {
    /// Image of the staging Pod and the builder Job.
    pub builder_image: Option<String>,
    /// Secret that the builder image is pulled with.
    pub builder_pull_secret: Option<String>,
    /// Secret that base images are pulled with.
    pub pull_secret: Option<String>,
    /// Registries whose certificate is not checked, or that speak plain HTTP.
    pub insecure_registries: Vec<String>,
    /// File with certificates of authorities to trust.
    pub registry_ca: Option<PathBuf>,
    /// The proxies that Pods go through.
    pub proxy: Proxy,
    /// Base images of the registry at the left are pulled from the one at the right.
    pub mirrors: BTreeMap<String, String>,
    /// Where an image goes: `registry.example.com/team`; the app's name is added.
    pub image_prefix: Option<String>,
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
        serde_yaml::from_str(&text).map_err(|error| failure().why(error))
    }
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
        assert_eq!(config.builder_image.as_deref(), Some("r:5000/builder:1"));
        assert_eq!(config.mirrors["docker.io"], "r:5000");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let failure = read("builderimage: x\n").expect_err("a typing error");
        assert!(failure.why.contains("builderimage"), "{failure}");
    }

    #[test]
    fn no_file_is_no_configuration() {
        assert_eq!(
            Config::read(|_| None).expect("nothing to read"),
            Config::default()
        );
    }
}
