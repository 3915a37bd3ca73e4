//! Layers: ours must be in the registry already; the base's are found, mounted or copied there.

use std::io;

use futures_util::{TryFutureExt, future::try_join_all};

use super::{Error, Push};
use crate::{
    error::Failure,
    oci::{Descriptor, Digest},
    registry::{Mount, Upload},
};

/// How a layer of the base came to be in the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It was there, or the registry took it over from another repository.
    Mounted,
    /// Its bytes went through here.
    Copied,
}

impl Push<'_> {
    pub(super) async fn ensure_our_layers_are_there(&self) -> Result<(), Error> {
        let mut missing: Vec<Digest> = Vec::new();
        let digests = self.image.layers.iter().map(|layer| layer.descriptor.digest);
        let there = try_join_all(digests.map(|digest| self.is_there(digest))).await?;
        for (layer, is_there) in self.image.layers.iter().zip(there) {
            let digest = layer.descriptor.digest;
            if is_there {
                self.say(format!("layer {} {} is there", layer.name, digest.short()));
            } else {
                self.say(format!("layer {} {} is missing", layer.name, digest.short()));
                missing.push(digest);
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Error::MissingBlobs(missing))
        }
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
