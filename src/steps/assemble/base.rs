//! Looks the base image up: its tag becomes a digest, and each platform a config and layers.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Ground, failure};
use crate::{
    error::Result,
    model::BaseImage,
    oci::{Descriptor, Digest, Platform, Reference, media_type},
    registry::{self, Client, RawManifest},
};

/// Configs are a few kB; nobody was seen with one of 1 MiB.
const CONFIG_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

/// A base image on its way to be known.
struct Lookup<'a> {
    client: &'a Client,
    /// As it was asked for.
    asked: &'a Reference,
    /// Where it is pulled from.
    source: &'a Reference,
}

pub(super) async fn resolve(
    client: &Client,
    asked: &Reference,
    source: &Reference,
    platforms: &[Platform],
) -> Result<(BaseImage, Vec<Ground>)> {
    let lookup = Lookup {
        client,
        asked,
        source,
    };
    let top = lookup.manifest(&source.manifest_reference()).await?;
    let mut grounds = Vec::new();
    match kind_of(&top) {
        media_type::INDEX | media_type::DOCKER_INDEX => {
            let index: Index = lookup.read(&top.bytes)?;
            for wanted in platforms {
                let of_platform = lookup.choose(&index, wanted)?;
                let manifest = lookup.manifest(&of_platform.digest.to_string()).await?;
                grounds.push(lookup.ground(&manifest, wanted).await?);
            }
        }
        _ => {
            for wanted in platforms {
                grounds.push(lookup.ground(&top, wanted).await?);
            }
        }
    }
    let base = BaseImage {
        reference: Reference {
            digest: Some(top.digest),
            ..asked.clone()
        },
        source: Reference {
            digest: Some(top.digest),
            ..source.clone()
        },
    };
    Ok((base, grounds))
}

/// What the registry says that it is; failing that, what it says itself.
fn kind_of(manifest: &RawManifest) -> &'static str {
    const KNOWN: [&str; 4] = [
        media_type::INDEX,
        media_type::DOCKER_INDEX,
        media_type::MANIFEST,
        media_type::DOCKER_MANIFEST,
    ];
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Own {
        media_type: Option<String>,
    }
    let known = |text: &str| KNOWN.into_iter().find(|known| *known == text);
    let own = || {
        let own: Own = serde_json::from_slice(&manifest.bytes).ok()?;
        known(&own.media_type?)
    };
    known(&manifest.media_type).or_else(own).unwrap_or("")
}

impl Lookup<'_> {
    async fn manifest(&self, reference: &str) -> Result<RawManifest> {
        self.client
            .pull_manifest(&self.source.repository, reference)
            .await
            .map_err(|error| self.refused(&error))
    }

    /// The first of an index that runs on a platform.
    fn choose<'i>(&self, index: &'i Index, wanted: &Platform) -> Result<&'i Descriptor> {
        let platform_of = |manifest: &&Descriptor| manifest.platform.clone();
        let serves = |manifest: &&Descriptor| platform_of(manifest).is_some_and(|it| it.serves(wanted));
        index.manifests.iter().find(serves).ok_or_else(|| {
            let there = index
                .manifests
                .iter()
                .filter_map(|manifest| platform_of(&manifest));
            failure::not_for_platform(self.asked, wanted, there)
        })
    }

    /// Reads the manifest of one platform, and its config.
    async fn ground(&self, manifest: &RawManifest, wanted: &Platform) -> Result<Ground> {
        if !matches!(
            kind_of(manifest),
            media_type::MANIFEST | media_type::DOCKER_MANIFEST
        ) {
            return Err(self.no_image(manifest));
        }
        let Manifest { config, layers } = self.read(&manifest.bytes)?;
        let bytes = self
            .client
            .pull_small_blob(&self.source.repository, &config, CONFIG_BYTES)
            .await
            .map_err(|error| self.refused(&error))?;
        let config: Value = self.read(&bytes)?;
        let platform: Platform = self.read(&bytes)?;
        if !platform.serves(wanted) {
            return Err(failure::not_for_platform(self.asked, wanted, [platform]));
        }
        let diff_ids: Vec<Digest> = self.value(&config["rootfs"]["diff_ids"])?;
        if diff_ids.len() != layers.len() {
            let why = format!(
                "its config has {} layers and its manifest {}",
                diff_ids.len(),
                layers.len()
            );
            return Err(failure::unreadable(self.asked, why));
        }
        Ok(Ground {
            platform,
            config,
            layers,
            digest: Some(manifest.digest),
        })
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| failure::unreadable(self.asked, error))
    }

    fn value<T: DeserializeOwned>(&self, value: &Value) -> Result<T> {
        T::deserialize(value).map_err(|error| failure::unreadable(self.asked, error))
    }

    fn refused(&self, error: &registry::Error) -> crate::error::Failure {
        failure::refused(self.asked, self.source, self.client, error)
    }

    fn no_image(&self, manifest: &RawManifest) -> crate::error::Failure {
        if manifest
            .media_type
            .starts_with("application/vnd.docker.distribution.manifest.v1")
        {
            failure::schema_1(self.asked)
        } else {
            let why = format!("`{}` is no image", manifest.media_type);
            failure::unreadable(self.asked, why)
        }
    }
}
