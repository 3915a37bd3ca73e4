//! What the staging Pod is asked to do. It travels in the Pod's spec, so it holds no secret.

use serde::{Deserialize, Serialize};

use super::{RegistryAccess, SecretName};
use crate::oci::{Digest, Reference};

/// Where layers may go, who may send them, and what bounds the Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagingRequest {
    /// Host of the one registry that layers go to.
    pub registry: String,
    /// The one repository there.
    pub repository: String,
    /// How registries are reached.
    pub access: RegistryAccess,
    /// Base image of the build: what is wrong with it is told before a layer is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Reference>,
    /// The Secret that is mounted to push with.
    pub push_secret: SecretName,
    /// Digest of the token that the plugin brings. The token itself is in nobody's spec.
    pub token_sha256: Digest,
    /// The Pod ends when nobody asks for anything for so long.
    pub idle_seconds: u64,
    /// Bytes of layers that may be on their way at one time.
    pub spool_limit_bytes: u64,
    /// Port that it listens on, on its loopback.
    pub port: u16,
}
