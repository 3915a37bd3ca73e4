//! The manifest and the index. Always OCI's own media types: a base that has Docker's is the same
//! bytes under other names, and a manifest must not mix the two.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Ground,
    config::{BASE_DIGEST, BASE_NAME},
};
use crate::{
    model::{BaseImage, Blob, ImageManifest, LayerDescriptor},
    oci::{Descriptor, Digest, Platform, Reference, media_type},
};

/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: &'a Descriptor,
    layers: Vec<&'a Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'a str, String>,
}

/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u32,
    media_type: &'a str,
    manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'a str, String>,
}

pub(super) fn make(
    ground: &Ground,
    config: Vec<u8>,
    layers: &[LayerDescriptor],
    base: Option<(&Reference, Digest)>,
) -> ImageManifest {
    let config = Blob::new(media_type::CONFIG, config);
    let base_layers: Vec<Descriptor> = ground.layers.iter().map(as_oci).collect();
    let manifest = to_bytes(&Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST,
        config: &config.descriptor,
        layers: base_layers
            .iter()
            .chain(layers.iter().map(|layer| &layer.descriptor))
            .collect(),
        annotations: base_annotations(base),
    });
    ImageManifest {
        manifest: Blob::new(media_type::MANIFEST, manifest),
        config,
        base_layers,
    }
}

pub(super) fn index<'a>(
    manifests: impl Iterator<Item = (&'a Platform, &'a ImageManifest)>,
    base: Option<&BaseImage>,
) -> Blob {
    let of_platform = |(platform, image): (&Platform, &ImageManifest)| Descriptor {
        platform: Some(platform.clone()),
        ..image.manifest.descriptor.clone()
    };
    let bytes = to_bytes(&Index {
        schema_version: 2,
        media_type: media_type::INDEX,
        manifests: manifests.map(of_platform).collect(),
        annotations: base_annotations(base.and_then(|base| Some((&base.reference, base.reference.digest?)))),
    });
    Blob::new(media_type::INDEX, bytes)
}

/// What tells tools (and a later rebuild) what an image stands on, and at which digest.
fn base_annotations(base: Option<(&Reference, Digest)>) -> BTreeMap<&'static str, String> {
    let annotations = base.map(|(name, digest)| {
        let name = Reference {
            digest: None,
            ..name.clone()
        };
        [(BASE_NAME, name.to_string()), (BASE_DIGEST, digest.to_string())]
    });
    annotations.into_iter().flatten().collect()
}

/// Docker's media types of layers, each with OCI's name for the same bytes.
const LAYER_TYPES: [(&str, &str); 5] = [
    (media_type::DOCKER_LAYER, media_type::LAYER),
    (
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.oci.image.layer.v1.tar",
    ),
    (
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.oci.image.layer.v1.tar+zstd",
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ),
];

fn as_oci(layer: &Descriptor) -> Descriptor {
    let known = LAYER_TYPES.iter().find(|(docker, _)| *docker == layer.media_type);
    Descriptor {
        media_type: known.map_or(layer.media_type.clone(), |(_, oci)| (*oci).to_owned()),
        ..layer.clone()
    }
}

fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("texts and numbers always become JSON")
}
