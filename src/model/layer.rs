//! A layer on its way: made on this machine, then known to the registry.

use std::path::PathBuf;

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

/// What the upload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Bytes of layers that crossed the link.
    pub uploaded_bytes: u64,
    /// Layers that were sent.
    pub sent: Vec<Digest>,
    /// Layers that the registry had.
    pub skipped: Vec<Digest>,
}
