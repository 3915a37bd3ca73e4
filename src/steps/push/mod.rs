//! Gives the registry what it lacks of an image, from the bottom up: layers, configs, manifests,
//! and the tags last, so that no tag ever names something that is not all there.

mod ahead;
mod archive;
mod failure;
mod from_here;
mod layers;
mod unchanged;

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, TryStreamExt, future::try_join3, stream};

pub use ahead::ahead;
pub use archive::archive;
pub use from_here::{from_here, missing};
pub use unchanged::unchanged;

use crate::{
    error::Failure,
    model::{Blob, BuildRequest, BuildResult, Event, Events, Image, Step},
    oci::Digest,
    registry::{self, Client, Kind},
};

/// Why an image was not pushed.
#[derive(Debug)]
pub enum Error {
    /// The registry lacks these layers of ours; they are on the person's machine.
    MissingBlobs(Vec<Digest>),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The anchor of a base that its registry does not show to this login.
const BASE_UNAUTHORIZED: &str = "base-unauthorized";
/// How often blobs may be lost: a registry may name them one by one.
const MOST_LOSSES: u32 = 3;
/// How many of the base's layers are copied at the same time.
const COPIES: usize = 3;

/// Everything that a push works with.
struct Push<'a> {
    image: &'a Image,
    request: &'a BuildRequest,
    destination: &'a Client,
    base: Option<&'a Client>,
    /// How long our layers may be on their way.
    patience: Duration,
    events: &'a Events,
}

/// Pushes an image to the request's destination, under its tags and under
/// `b2i-<first 12 of the digest>`. `base` is of the registry that the base's layers are copied
/// from, where they can be neither found nor mounted. Our own layers may still be on their way, for as
/// long as `patience`; the base's are seen to meanwhile.
///
/// # Errors
/// [`Error::MissingBlobs`] where layers of ours are not in the registry by then, or are not even
/// though it said so before.
pub async fn run(
    image: &Image,
    request: &BuildRequest,
    destination: &Client,
    base: Option<&Client>,
    patience: Duration,
    events: &Events,
) -> Result<BuildResult, Error> {
    let push = Push {
        image,
        request,
        destination,
        base,
        patience,
        events,
    };
    let on_their_way = push.on_their_way().await?;
    let of_base = stream::iter(image.base_layers())
        .map(|layer| push.base_layer(layer))
        .buffer_unordered(COPIES)
        .try_collect();
    let (ways, (), ()): (Vec<layers::Way>, (), ()) =
        try_join3(of_base, push.wait_for(on_their_way), push.configs()).await?;
    let mut losses = 0;
    while let Err(error) = push.manifests().await {
        losses += 1;
        if losses > MOST_LOSSES {
            return Err(push.refused(&error).into());
        }
        push.make_up_for_lost_blobs(&error).await?;
    }
    let tags = push.tags().await?;

    let copied_layers = ways.iter().filter(|way| **way == layers::Way::Copied).count();
    Ok(result(image, request, tags, copied_layers))
}

/// Returns what to report of a base that may not be pulled. Where the destination does not accept its login either,
/// the login is wrong, most often one and the same, and the base is not to blame.
pub async fn cause_of(failure: Failure, request: &BuildRequest, destination: &Client) -> Failure {
    if failure.anchor != BASE_UNAUTHORIZED {
        return failure;
    }
    match destination.ping().await {
        Err(error) if error.kind == Kind::Unauthorized => {
            let what = format!("could not log in to `{}`", destination.host());
            failure::refused(what, destination, &request.destination.repository, &error)
        }
        _ => failure,
    }
}

/// The tags of an image.
fn names(image: &Image, request: &BuildRequest) -> Vec<String> {
    let mut tags = request.tags.clone();
    // Registries delete what no tag names, and a rollback needs it.
    tags.push(format!("b2i-{}", image.digest().short()));
    tags
}

/// What a push comes to.
fn result(image: &Image, request: &BuildRequest, tags: Vec<String>, copied_layers: usize) -> BuildResult {
    let base_layers = image.base_layers();
    let ours = image.layers.iter().map(|layer| layer.descriptor.size_bytes);
    let theirs = base_layers.iter().map(|layer| layer.size_bytes);
    BuildResult {
        image: request.destination.with_digest(image.digest()),
        tags,
        size_bytes: ours.chain(theirs).sum(),
        base: image.base.as_ref().map(|base| base.reference.clone()),
        copied_layers,
        mounted_layers: base_layers.len() - copied_layers,
    }
}

impl Push<'_> {
    fn repository(&self) -> &str {
        &self.request.destination.repository
    }

    fn say(&self, text: String) {
        self.events.send(Event::Doing(Step::Build, text));
    }

    fn refused(&self, error: &registry::Error) -> Failure {
        let what = format!("could not push `{}`", self.request.destination.name());
        failure::refused(what, self.destination, self.repository(), error)
    }

    async fn configs(&self) -> Result<(), Error> {
        for manifest in &self.image.manifests {
            self.config(&manifest.config)
                .await
                .map_err(|error| self.refused(&error))?;
        }
        Ok(())
    }

    async fn config(&self, config: &Blob) -> Result<(), registry::Error> {
        let digest = config.descriptor.digest;
        let bytes = bytes::Bytes::copy_from_slice(&config.bytes);
        let body = || stream::iter([Ok(bytes.clone())]);
        // Small, so it is sent without asking: one round trip less, and no wrong "yes".
        self.destination
            .push_blob(self.repository(), digest, config.descriptor.size_bytes, body)
            .await
    }

    /// Pushes the manifests and the index under their digests.
    async fn manifests(&self) -> Result<(), registry::Error> {
        let manifests = self.image.manifests.iter().map(|image| &image.manifest);
        for manifest in manifests.chain(&self.image.index) {
            self.manifest(manifest, &manifest.descriptor.digest.to_string())
                .await?;
        }
        Ok(())
    }

    async fn manifest(&self, manifest: &Blob, reference: &str) -> Result<(), registry::Error> {
        let media_type = &manifest.descriptor.media_type;
        self.destination
            .push_manifest(self.repository(), reference, media_type, manifest.bytes.clone())
            .await
    }

    /// Names the image; returns the names.
    async fn tags(&self) -> Result<Vec<String>, Error> {
        let digest = self.image.digest();
        let tags = names(self.image, self.request);
        for tag in &tags {
            let named = self.request.destination.with_tag(tag);
            self.manifest(self.image.top(), tag).await.map_err(|error| {
                let what = format!("could not push `{named}`");
                failure::refused(what, self.destination, self.repository(), &error)
            })?;
        }
        self.say(format!(
            "pushed manifest {} as {}",
            digest.short(),
            tags.join(", ")
        ));
        Ok(tags)
    }

    /// A registry may say that it has a blob, and not know it when a manifest names it (seen after
    /// a garbage collection). The base's are copied here, without asking those that it names; ours are
    /// not at hand.
    async fn make_up_for_lost_blobs(&self, error: &registry::Error) -> Result<(), Error> {
        let Kind::BlobUnknown(named) = &error.kind else {
            return Err(self.refused(error).into());
        };
        let lost: BTreeSet<Digest> = named.iter().copied().collect();
        let is_lost = |digest: Digest| lost.is_empty() || lost.contains(&digest);
        let ours = self.image.layers.iter().map(|layer| layer.descriptor.digest);
        let ours: Vec<Digest> = ours.filter(|digest| is_lost(*digest)).collect();
        if !ours.is_empty() {
            self.say(format!("the registry has lost {} of our layers", ours.len()));
            return Err(Error::MissingBlobs(ours));
        }
        for layer in self.image.base_layers() {
            if is_lost(layer.digest) {
                self.copy(layer, None).await?;
            } else {
                self.base_layer(layer).await?;
            }
        }
        self.configs().await
    }
}
