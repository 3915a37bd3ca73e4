//! What the bootstrap Pod is asked for. It travels in the Pod's spec, so it holds no secret.

use serde::{Deserialize, Serialize};

use super::RegistryAccess;
use crate::oci::Reference;

/// Where the builder image goes, which is made of the executable that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BootstrapRequest {
    /// Registry and repository; the tag is the version.
    pub destination: Reference,
    /// How registries are reached.
    pub access: RegistryAccess,
}
