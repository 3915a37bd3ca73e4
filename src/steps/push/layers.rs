//! Layers: ours must be in the registry already; the base's are found, mounted or copied there.

use std::{io, time::Duration};

use futures_util::{TryFutureExt, future::try_join_all};
use tokio::time::{Instant, sleep};

use super::{Error, Push};
use crate::{
    error::Failure,
    model::LayerDescriptor,
    oci::{Descriptor, Digest},
    registry::{Mount, Upload},
};

/// Pauses between two questions for a layer that is on its way: they double.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

fn missing(layers: &[&LayerDescriptor]) -> Error {
    Error::MissingBlobs(layers.iter().map(|layer| layer.descriptor.digest).collect())
}

/// How a layer of the base came to be in the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It was there, or the registry took it over from another repository.
    Mounted,
    /// Its bytes went through here.
    Copied,
}

impl Push<'_> {
    /// Returns those of our layers that the destination lacks.
    ///
    /// # Errors
    /// [`Error::MissingBlobs`] where none of them is on its way.
    pub(super) async fn on_their_way(&self) -> Result<Vec<&LayerDescriptor>, Error> {
        let mut on_their_way = Vec::new();
        let digests = self.image.layers.iter().map(|layer| layer.descriptor.digest);
        let there = try_join_all(digests.map(|digest| self.is_there(digest))).await?;
        for (layer, is_there) in self.image.layers.iter().zip(there) {
            let (name, digest) = (&layer.name, layer.descriptor.digest);
            if is_there {
                self.say(format!("layer {name} {} is there", digest.short()));
                continue;
            }
            let what = if self.patience.is_zero() {
                "is missing"
            } else {
                "is on its way"
            };
            self.say(format!("layer {name} {} {what}", digest.short()));
            on_their_way.push(layer);
        }
        if self.patience.is_zero() && !on_their_way.is_empty() {
            return Err(missing(&on_their_way));
        }
        Ok(on_their_way)
    }

    /// Waits for layers of ours.
    pub(super) async fn wait_for(&self, layers: Vec<&LayerDescriptor>) -> Result<(), Error> {
        let until = Instant::now() + self.patience;
        let mut late = Vec::new();
        for layer in layers {
            let (name, digest) = (&layer.name, layer.descriptor.digest);
            if self.arrives(digest, until).await? {
                self.say(format!("layer {name} {} is there", digest.short()));
            } else {
                self.say(format!("layer {name} {} did not come", digest.short()));
                late.push(layer);
            }
        }
        if late.is_empty() {
            Ok(())
        } else {
            Err(missing(&late))
        }
    }

    /// Returns whether a layer is there by then. The registry tells nobody when a blob comes, so that
    /// there is nothing but asking again.
    async fn arrives(&self, digest: Digest, until: Instant) -> Result<bool, Failure> {
        let mut pause = FIRST_PAUSE;
        while Instant::now() + pause <= until {
            sleep(pause).await;
            if self.is_there(digest).await? {
                return Ok(true);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(false)
    }

    async fn is_there(&self, digest: Digest) -> Result<bool, Failure> {
        self.destination
            .blob_exists(self.repository(), digest)
            .await
            .map_err(|error| self.refused(&error))
    }

    /// Sees to it that the destination has a layer of the base.
    pub(super) async fn base_layer(&self, layer: &Descriptor) -> Result<Way, Error> {
        let digest = layer.digest;
        // A foreign layer may not be redistributed; who runs the image fetches it from its URLs.
        if !layer.urls.is_empty() || self.is_there(digest).await? {
            self.say(format!("base layer {} is there", digest.short()));
            return Ok(Way::Mounted);
        }
        let opened = match self.mount(digest).await? {
            Mount::Mounted => {
                self.say(format!("mounted base layer {}", digest.short()));
                return Ok(Way::Mounted);
            }
            Mount::Opened(upload) => Some(upload),
            Mount::Refused => None,
        };
        self.copy(layer, opened).await?;
        Ok(Way::Copied)
    }

    /// Asks for a mount, which only works within one registry.
    async fn mount(&self, digest: Digest) -> Result<Mount, Failure> {
        let Some(base) = &self.image.base else {
            return Ok(Mount::Refused);
        };
        if base.source.registry != self.destination.host() || base.source.repository == self.repository() {
            return Ok(Mount::Refused);
        }
        self.destination
            .mount_blob(self.repository(), digest, &base.source.repository)
            .await
            .map_err(|error| self.refused(&error))
    }

    /// Copies a layer of the base: what comes in goes out, nothing is kept on disk. A refused mount
    /// may have opened an upload for it.
    pub(super) async fn copy(&self, layer: &Descriptor, opened: Option<Upload>) -> Result<(), Failure> {
        let (Some(base), Some(client)) = (&self.image.base, self.base) else {
            return Err(self
                .refused_copy(layer)
                .why("there is no registry to copy it from"));
        };
        let body = || {
            let (client, repository, layer) = (client.clone(), base.source.repository.clone(), layer.clone());
            async move { client.pull_blob(&repository, &layer).await }
                .map_err(io::Error::other)
                .try_flatten_stream()
        };
        let (repository, digest, size_bytes) = (self.repository(), layer.digest, layer.size_bytes);
        let push = self
            .destination
            .push_blob_into(opened, repository, digest, size_bytes, body);
        Box::pin(push).await.map_err(|error| {
            let what = self.refused_copy(layer).what;
            super::failure::refused(what, self.destination, repository, &error)
        })?;
        self.say(format!(
            "copied base layer {} ({} bytes)",
            layer.digest.short(),
            layer.size_bytes
        ));
        Ok(())
    }

    fn refused_copy(&self, layer: &Descriptor) -> Failure {
        Failure::new(format!(
            "could not copy the base's layer `{}` to `{}`",
            layer.digest,
            self.request.destination.name()
        ))
    }
}
