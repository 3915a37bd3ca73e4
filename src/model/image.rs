//! An image that is made and not pushed yet: the bytes of its config and manifest, and where the
//! blobs that they name are to be had.

use super::LayerDescriptor;
use crate::oci::{Descriptor, Digest, Reference};

/// An image, for one platform or several.
#[derive(Clone, Debug)]
pub struct Image {
    /// One for each platform, in the order that was asked for.
    pub manifests: Vec<ImageManifest>,
    /// What names the manifests, where there are several platforms.
    pub index: Option<Blob>,
    /// Our layers, which every manifest has on top.
    pub layers: Vec<LayerDescriptor>,
    /// What is below them; `None` for scratch.
    pub base: Option<BaseImage>,
}

/// Bytes with their digest and media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What the bytes are.
    pub descriptor: Descriptor,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The image of one platform.
#[derive(Clone, Debug)]
pub struct ImageManifest {
    /// The manifest.
    pub manifest: Blob,
    /// The config that it names.
    pub config: Blob,
    /// The base's layers that it names, bottom first.
    pub base_layers: Vec<Descriptor>,
}

/// A base image that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// As it was asked for, with the digest that its tag means now.
    pub reference: Reference,
    /// Where it was pulled from: itself, or a mirror.
    pub source: Reference,
}

impl Blob {
    /// Makes a blob of bytes.
    #[must_use]
    pub fn new(media_type: &str, bytes: Vec<u8>) -> Self {
        Self {
            descriptor: Descriptor::of(media_type, &bytes),
            bytes,
        }
    }
}

impl Image {
    /// Returns what a tag of the image names: the index, or the only manifest.
    ///
    /// # Panics
    /// Never: an image has a manifest at least.
    #[must_use]
    pub fn top(&self) -> &Blob {
        let first = || &self.manifests.first().expect("an image of no platform").manifest;
        self.index.as_ref().unwrap_or_else(first)
    }

    /// Returns the digest of [`Self::top`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.top().descriptor.digest
    }

    /// Returns each of the base's layers once: platforms may share them, and a base may have the
    /// same layer twice.
    #[must_use]
    pub fn base_layers(&self) -> Vec<&Descriptor> {
        let mut layers: Vec<&Descriptor> = Vec::new();
        for layer in self.manifests.iter().flat_map(|manifest| &manifest.base_layers) {
            if layers.iter().all(|known| known.digest != layer.digest) {
                layers.push(layer);
            }
        }
        layers
    }
}
