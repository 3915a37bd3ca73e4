//! Our layers from this machine into the registry, where no staging Pod is between.

use std::{
    collections::BTreeMap,
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryFutureExt, TryStreamExt, stream};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::failure;
use crate::{
    error::Result,
    model::{Event, Events, Layer, Step, Uploaded},
    oci::{Digest, Reference},
    registry::Client,
};

/// How many layers are sent at the same time.
const UPLOADS: usize = 3;
const PIECE_BYTES: usize = 128 * 1024;

/// Sends the layers that the registry lacks; those in `always` without asking, since it said that
/// it has them, and was wrong.
///
/// # Errors
/// What the registry has against it.
pub async fn from_here(
    layers: &[Layer],
    destination: &Reference,
    client: &Client,
    always: &[Digest],
    events: &Events,
) -> Result<Uploaded> {
    let repository = &destination.repository;
    let refused = |error: &crate::registry::Error| {
        let what = format!("could not push `{}`", destination.name());
        failure::refused(what, client, repository, error)
    };
    // Two layers may be the same bytes; they are sent once.
    let layers: BTreeMap<Digest, &Layer> = layers
        .iter()
        .map(|layer| (layer.described.descriptor.digest, layer))
        .collect();
    let mut uploaded = Uploaded::default();
    let mut missing = Vec::new();
    for (digest, layer) in layers {
        let is_there = !always.contains(&digest)
            && client
                .blob_exists(repository, digest)
                .await
                .map_err(|e| refused(&e))?;
        if is_there {
            uploaded.skipped.push(digest);
        } else {
            uploaded.sent.push(digest);
            uploaded.uploaded_bytes += layer.described.descriptor.size_bytes;
            missing.push(layer);
        }
    }
    let (done, total) = (AtomicU64::new(0), uploaded.uploaded_bytes);
    stream::iter(missing)
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
        .map_err(|error| refused(&error))?;
    Ok(uploaded)
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
