//! What the builder Job is asked to make. It travels through a `ConfigMap`, so it holds no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::oci::{Descriptor, Digest, Platform, Reference};

/// An image to be made: a base, a change of its config, our layers, a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildRequest {
    /// Where the image goes: registry and repository; the tags are apart.
    pub destination: Reference,
    /// Tags it gets, beside the immutable `b2i-<first 12 of the digest>`.
    pub tags: Vec<String>,
    /// What our layers go on top of.
    pub base: Base,
    /// Whether our layers are as source-to-image bases want them; `None` where nobody said so, and
    /// they are not. The builder checks it against the base's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s2i: Option<bool>,
    /// The platforms to make; more than one makes an index.
    pub platforms: Vec<Platform>,
    /// What changes in the base's config.
    pub config: ConfigChanges,
    /// Our layers, in order; their blobs are in the destination already.
    pub layers: Vec<LayerDescriptor>,
    /// How registries are reached.
    pub access: RegistryAccess,
}

/// What our layers go on top of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Base {
    /// Nothing.
    Scratch,
    /// An image.
    Image(Reference),
}

/// What changes in the base's config. What is `None` or empty stays as the base has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigChanges {
    /// Replaces the entrypoint, and clears the base's `Cmd`, which belongs to its entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the command.
    pub cmd: Option<Vec<String>>,
    /// Set, whatever the base says.
    pub env: BTreeMap<String, String>,
    /// Set where neither the base nor `env` does.
    pub default_env: BTreeMap<String, String>,
    /// Replaces the working directory.
    pub working_dir: Option<String>,
    /// Replaces the user: numbers, `uid:gid`, so that the kubelet can check `runAsNonRoot`.
    pub user: Option<String>,
    /// TCP ports to be named in the config.
    pub exposed_ports: Vec<u16>,
    /// Labels, added to the base's.
    pub labels: BTreeMap<String, String>,
}

/// One of our layers, as the manifest and the config will name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerDescriptor {
    /// What it is for: `dependencies`, `application` …
    pub name: String,
    /// Digest and size of the compressed blob.
    pub descriptor: Descriptor,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
}

/// How registries are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegistryAccess {
    /// Base images of the registry at the left are pulled from the one at the right.
    pub mirrors: BTreeMap<String, String>,
    /// Registries that speak plain HTTP.
    pub insecure: Vec<String>,
}

impl RegistryAccess {
    /// Returns where an image is pulled from: itself, or its place in its registry's mirror. A
    /// mirror may have a path of its own: `harbor.example.com/dockerhub`.
    #[must_use]
    pub fn source_of(&self, image: &Reference) -> Reference {
        let Some(mirror) = self.mirrors.get(&image.registry) else {
            return image.clone();
        };
        let mirror = mirror.trim_end_matches('/');
        let (registry, repository) = match mirror.split_once('/') {
            Some((host, path)) => (host, format!("{path}/{}", image.repository)),
            None => (mirror, image.repository.clone()),
        };
        Reference {
            registry: registry.to_owned(),
            repository,
            ..image.clone()
        }
    }

    /// Whether a registry speaks plain HTTP.
    #[must_use]
    pub fn is_insecure(&self, registry: &str) -> bool {
        self.insecure.iter().any(|insecure| insecure == registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_takes_the_registrys_place() {
        let mirrors = [("docker.io", "10.0.0.1:5000"), ("gcr.io", "h.example/gcr/")];
        let access = RegistryAccess {
            mirrors: mirrors.map(|(from, to)| (from.into(), to.into())).into(),
            ..RegistryAccess::default()
        };
        for (image, source) in [
            ("tomcat:10", "10.0.0.1:5000/library/tomcat:10"),
            (
                "gcr.io/distroless/static",
                "h.example/gcr/distroless/static:latest",
            ),
            ("quay.io/a/b:c", "quay.io/a/b:c"),
        ] {
            let image = image.parse().expect(image);
            assert_eq!(access.source_of(&image).to_string(), source);
        }
    }
}
