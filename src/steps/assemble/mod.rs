//! Makes an image of a base and of our layers: looks the base up, changes its config, and writes
//! the manifests. The same request and the same base give the same bytes.

mod base;
mod config;
mod failure;
mod manifest;
mod s2i;

use crate::{
    error::{Failure, Result},
    model::{Base, BaseImage, BuildRequest, Image, ImageManifest},
    oci::{Digest, Platform},
    registry::Client,
};

/// What one platform's image is made from.
struct Ground {
    platform: Platform,
    /// The config to change, as JSON: what we do not know of it (`Healthcheck`, `OnBuild`, `Shell`)
    /// must survive, so it never becomes a type of ours.
    config: serde_json::Value,
    /// The base's layers, bottom first.
    layers: Vec<crate::oci::Descriptor>,
    /// Digest of the base's manifest for this platform.
    digest: Option<Digest>,
}

/// What an image is made on top of, looked up.
pub struct Found {
    base: Option<BaseImage>,
    /// One for each platform.
    grounds: Vec<Ground>,
}

/// Makes the image that a request describes. `client` is of the registry that the base is pulled
/// from, which mirrors decide ([`crate::model::RegistryAccess::source_of`]); scratch needs none.
///
/// # Errors
/// The base is not there, not for the platform, or not to be read.
pub async fn run(request: &BuildRequest, client: Option<&Client>) -> Result<Image> {
    image(request, look_up(request, client).await?)
}

/// Looks up what a request's image is made on top of, for which its layers need not be known.
///
/// # Errors
/// As [`run`].
pub async fn look_up(request: &BuildRequest, client: Option<&Client>) -> Result<Found> {
    match (&request.base, client) {
        (Base::Scratch, _) => Ok(Found {
            base: None,
            grounds: request.platforms.iter().map(scratch).collect(),
        }),
        (Base::Image(reference), Some(client)) => {
            let source = request.access.source_of(reference);
            let (base, grounds) = base::resolve(client, reference, &source, &request.platforms).await?;
            Ok(Found {
                base: Some(base),
                grounds,
            })
        }
        (Base::Image(reference), None) => {
            Err(failure::unusable(reference).why("there is no registry to pull it from"))
        }
    }
}

/// Makes the image of what was looked up. Pure.
///
/// # Errors
/// The base and the layers do not fit.
pub fn image(request: &BuildRequest, found: Found) -> Result<Image> {
    let Found { base, grounds } = found;
    let mut manifests: Vec<ImageManifest> = Vec::new();
    for ground in &grounds {
        let of = base.as_ref().map(|base| &base.reference).zip(ground.digest);
        let changes = match &request.base {
            Base::Scratch => request.config.clone(),
            Base::Image(reference) => s2i::changes(ground, request, reference)?,
        };
        let config = config::make(ground, &changes, &request.layers, of);
        manifests.push(manifest::make(ground, config, &request.layers, of));
    }
    if manifests.is_empty() {
        return Err(Failure::new("could not make an image").why("the request names no platform"));
    }
    let platforms = grounds.iter().map(|ground| &ground.platform);
    let index = (manifests.len() > 1).then(|| manifest::index(platforms.zip(&manifests), base.as_ref()));
    Ok(Image {
        manifests,
        index,
        layers: request.layers.clone(),
        base,
    })
}

fn scratch(platform: &Platform) -> Ground {
    Ground {
        platform: platform.clone(),
        config: config::scratch(platform),
        layers: Vec::new(),
        digest: None,
    }
}
