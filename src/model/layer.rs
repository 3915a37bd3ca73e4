//! A layer on its way: made on this machine, then known to the registry.

use std::path::PathBuf;

use tokio::sync::watch;

use super::LayerDescriptor;
use crate::oci::Digest;

/// A layer that was made and waits in a file.
#[derive(Clone, Debug)]
pub struct Layer {
    /// How the image will name it.
    pub described: LayerDescriptor,
    /// The compressed blob on this machine.
    pub local_path: PathBuf,
}

/// A layer that is being made.
#[derive(Clone, Debug)]
pub struct GrowingLayer {
    /// Its name.
    pub name: String,
    /// The compressed blob on this machine, as far as it is.
    pub local_path: PathBuf,
    /// How far that is. Closed without a digest, it was given up.
    pub grown: watch::Receiver<Grown>,
}

/// How far a layer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grown {
    /// Compressed bytes that are in its file.
    pub size_bytes: u64,
    /// Digest of the compressed bytes, when these are all.
    pub digest: Option<Digest>,
}

/// What the upload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Bytes of layers that crossed the link, either way.
    pub uploaded_bytes: u64,
    /// Bytes of layers that did not have to, since a layer of the last build has them.
    pub reused_bytes: u64,
    /// Layers that were sent, as a whole or as their changes.
    pub sent: Vec<Digest>,
    /// Those of them that were sent as their changes.
    pub changed: Vec<Digest>,
    /// Layers that the registry had.
    pub skipped: Vec<Digest>,
}

impl Uploaded {
    /// Adds what another upload of the same build did.
    pub fn add(&mut self, other: Self) {
        self.uploaded_bytes += other.uploaded_bytes;
        self.reused_bytes += other.reused_bytes;
        self.sent.extend(other.sent);
        self.changed.extend(other.changed);
        self.skipped.extend(other.skipped);
        for digests in [&mut self.sent, &mut self.skipped] {
            digests.sort_unstable();
            digests.dedup();
        }
        // What was sent at one time was not there at another.
        self.skipped.retain(|digest| !self.sent.contains(digest));
    }
}
