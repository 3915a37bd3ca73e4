//! Our layers from this machine into the registry, where no staging Pod is between.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryFutureExt, TryStreamExt, stream};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::failure;
use crate::{
    error::{Failure, Result},
    model::{Event, Events, Layer, LayerDescriptor, Step, Uploaded},
    oci::{Digest, Reference},
    registry::Client,
};

/// How many layers are sent at the same time.
const UPLOADS: usize = 3;
/// How many are asked for at the same time.
const QUESTIONS: usize = 8;
const PIECE_BYTES: usize = 1 << 20;

/// Asks which of these layers the registry lacks, of all at the same time.
///
/// # Errors
/// What the registry has against it.
pub async fn missing(
    layers: &[LayerDescriptor],
    destination: &Reference,
    client: &Client,
) -> Result<Vec<Digest>> {
    let digests: BTreeSet<Digest> = layers.iter().map(|layer| layer.descriptor.digest).collect();
    let asked = stream::iter(digests).map(|digest| async move {
        let is_there = client.blob_exists(&destination.repository, digest).await?;
        Ok((!is_there).then_some(digest))
    });
    asked
        .buffered(QUESTIONS)
        .try_filter_map(|missing| std::future::ready(Ok(missing)))
        .try_collect()
        .await
        .map_err(|error| refused(destination, client, &error))
}

/// Sends the layers of these digests, several at the same time.
///
/// # Errors
/// What the registry has against it.
pub async fn from_here(
    layers: &[Layer],
    missing: &[Digest],
    destination: &Reference,
    client: &Client,
    events: &Events,
) -> Result<Uploaded> {
    let repository = &destination.repository;
    // Two layers may be the same bytes; they are sent once.
    let missing: BTreeMap<Digest, &Layer> = layers
        .iter()
        .map(|layer| (layer.described.descriptor.digest, layer))
        .filter(|(digest, _)| missing.contains(digest))
        .collect();
    let size = |layer: &&Layer| layer.described.descriptor.size_bytes;
    let uploaded = Uploaded {
        uploaded_bytes: missing.values().map(size).sum(),
        sent: missing.keys().copied().collect(),
        ..Uploaded::default()
    };
    let (done, total) = (AtomicU64::new(0), uploaded.uploaded_bytes);
    stream::iter(missing.into_values())
        .map(|layer| {
            let descriptor = &layer.described.descriptor;
            let body = || told(layer, events);
            let push = client.push_blob(repository, descriptor.digest, descriptor.size_bytes, body);
            let (done, size_bytes) = (&done, descriptor.size_bytes);
            Box::pin(push.map_ok(move |()| done.fetch_add(size_bytes, Ordering::Relaxed) + size_bytes))
        })
        .buffer_unordered(UPLOADS)
        .try_for_each(|done| {
            let step = Step::Upload;
            events.send(Event::Bytes { step, done, total });
            std::future::ready(Ok(()))
        })
        .await
        .map_err(|error| refused(destination, client, &error))?;
    Ok(uploaded)
}

fn refused(destination: &Reference, client: &Client, error: &crate::registry::Error) -> Failure {
    let what = format!("could not push `{}`", destination.name());
    failure::refused(what, client, &destination.repository, error)
}

/// A layer's bytes.
fn told(layer: &Layer, events: &Events) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    events.send(Event::Doing(
        Step::Upload,
        format!("sending {}", layer.described.name),
    ));
    let path = layer.local_path.clone();
    async move { File::open(path).await }
        .map_ok(|file| ReaderStream::with_capacity(file, PIECE_BYTES))
        .try_flatten_stream()
}
