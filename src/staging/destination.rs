//! Where blobs go. The room next door speaks to registries; this is all that we ask of it.

use std::{future::Future, io};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::Replay;
use crate::{
    error::Failure,
    oci::{Descriptor, Digest},
};

/// One repository of one registry.
pub trait Destination: Send + Sync + 'static {
    /// Returns once it is known that blobs may be put here, and whatever else a build needs is there.
    fn ready(&self) -> impl Future<Output = Result<(), DestinationError>> + Send {
        async { Ok(()) }
    }

    /// Returns whether the repository has a blob.
    fn exists(&self, digest: Digest) -> impl Future<Output = Result<bool, DestinationError>> + Send;

    /// Returns the bytes of a blob that the repository has. A digest or a size that is wrong is an
    /// error at the end of the stream.
    fn pull(
        &self,
        descriptor: &Descriptor,
    ) -> impl Future<Output = Result<BoxStream<'static, io::Result<Bytes>>, DestinationError>> + Send;

    /// Puts a blob into the repository and returns once it is committed. May read `body` from its
    /// beginning as often as it needs to; the last byte comes only when the digest is right.
    fn push(
        &self,
        digest: Digest,
        size_bytes: u64,
        body: Replay,
    ) -> impl Future<Output = Result<(), DestinationError>> + Send;
}

/// Why a registry did not do it. Travels to the plugin, which knows the push Secret's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationError {
    /// It does not know who we are (401).
    #[error("{why}")]
    Unauthorized {
        /// The request and the registry's own words.
        why: String,
        /// Whether the push Secret holds a login for it.
        has_login: bool,
    },
    /// It knows us, and we may not push there (403).
    #[error("{why}")]
    Denied {
        /// The request and the registry's own words.
        why: String,
    },
    /// Anything else, with its own advice.
    #[error("{0}")]
    Failed(Box<Failure>),
}
