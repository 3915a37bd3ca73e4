//! Where blobs go. The room next door speaks to registries; this is all that we ask of it.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::Replay;
use crate::oci::Digest;

/// One repository of one registry.
pub trait Destination: Send + Sync + 'static {
    /// Returns whether the repository has a blob.
    fn exists(&self, digest: Digest) -> impl Future<Output = Result<bool, DestinationError>> + Send;

    /// Puts a blob into the repository and returns once it is committed. May read `body` from its
    /// beginning as often as it needs to; the last byte comes only when the digest is right.
    fn push(
        &self,
        digest: Digest,
        size_bytes: u64,
        body: Replay,
    ) -> impl Future<Output = Result<(), DestinationError>> + Send;
}

/// What a registry answered, or that it did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{why}")]
pub struct DestinationError {
    /// What kind of trouble it is.
    pub obstacle: Obstacle,
    /// The facts, for people: the request and the registry's own words, without secrets.
    pub why: String,
}

/// The kinds of trouble that ask for different advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It does not know the credentials (401).
    Unauthorized,
    /// It knows them, and they may not push here (403).
    Denied,
    /// It cannot be reached: name, route, time.
    Unreachable,
    /// Its certificate is not trusted, or it speaks no TLS.
    Tls,
    /// Anything else.
    Other,
}
