//! What the staging Pod is asked to do. It travels in the Pod's spec, so it holds no secret.

use serde::{Deserialize, Serialize};

use super::Proxy;
use crate::oci::Digest;

/// Where layers may go, who may send them, and what bounds the Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagingRequest {
    /// Host of the one registry that layers go to.
    pub registry: String,
    /// Where it is spoken to, when not at its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The one repository there.
    pub repository: String,
    /// Whether the registry's certificate is not looked at, or it speaks plain HTTP.
    pub insecure: bool,
    /// Certificates of authorities to trust beside the public ones, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// The way out of the Pod's network.
    #[serde(default, skip_serializing_if = "Proxy::is_none")]
    pub proxy: Proxy,
    /// Digest of the token that the plugin brings. The token itself is in nobody's spec.
    pub token_sha256: Digest,
    /// The Pod ends when nobody asks for anything for so long.
    pub idle_seconds: u64,
    /// Bytes of layers that may be on their way at one time.
    pub spool_limit_bytes: u64,
    /// Port that it listens on, on its loopback.
    pub port: u16,
}
