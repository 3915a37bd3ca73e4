//! What the builder Job is asked to make. It travels through a `ConfigMap`, so it holds no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExposedPort, ImagePlan, RegistryAccess, ServletApi};
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
    /// Which servlet API a WAR needs of the base's container; `None` where there is none. The builder
    /// checks it, where the base says which Tomcat it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servlet_api: Option<ServletApi>,
    /// The platforms to make; more than one makes an index.
    pub platforms: Vec<Platform>,
    /// What changes in the base's config.
    pub config: ConfigChanges,
    /// Our layers, in order; their blobs are in the destination already.
    pub layers: Vec<LayerDescriptor>,
    /// How registries are reached. The build record does not keep it: a later build has its own.
    #[serde(default)]
    pub access: RegistryAccess,
}

impl BuildRequest {
    /// Returns what is to be made of a plan, whose layers are not known yet.
    #[must_use]
    pub fn of_plan(
        plan: &ImagePlan,
        destination: Reference,
        tags: Vec<String>,
        access: RegistryAccess,
    ) -> Self {
        Self {
            destination,
            tags,
            base: plan.base.clone(),
            s2i: plan.s2i,
            servlet_api: plan.servlet_api,
            platforms: vec![plan.platform.clone()],
            config: plan.config.clone(),
            layers: Vec::new(),
            access,
        }
    }

    /// Whether a JVM runs in the image: those get options for it.
    #[must_use]
    pub fn runs_a_jvm(&self) -> bool {
        let options = "JAVA_TOOL_OPTIONS";
        self.config.env.contains_key(options) || self.config.default_env.contains_key(options)
    }
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
    /// Ports to be named in the config.
    pub exposed_ports: Vec<ExposedPort>,
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
