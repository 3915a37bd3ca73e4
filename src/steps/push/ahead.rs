//! Layers that go while they are made: into a repository that is known to have none of them, so that
//! nothing can go in vain. What fails here is no failure: the layer is sent when it is done.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::{fs::File, io::AsyncReadExt, sync::mpsc::UnboundedReceiver};

use crate::{
    model::{Event, Events, GrowingLayer, Step, Uploaded},
    oci::Reference,
    registry::Client,
};

const PIECE_BYTES: usize = 1 << 20;

/// Sends each of the layers that begin to be made, one after the other as they are made; `None` where
/// none was sent.
pub async fn ahead(
    mut begun: UnboundedReceiver<GrowingLayer>,
    destination: &Reference,
    client: &Client,
    events: &Events,
) -> Option<Uploaded> {
    let mut layer = begun.recv().await?;
    let repository = &destination.repository;
    if !client.is_empty(repository).await.unwrap_or(false) {
        return None;
    }
    events.send(Event::Started(Step::Upload));
    let mut uploaded = Uploaded::default();
    loop {
        events.send(Event::Doing(Step::Upload, format!("sending {}", layer.name)));
        let body = || bytes_of(&layer);
        let digest = || layer.grown.borrow().digest;
        if client.push_growing(repository, body, digest).await.is_err() {
            break;
        }
        let grown = *layer.grown.borrow();
        uploaded.uploaded_bytes += grown.size_bytes;
        uploaded.sent.extend(grown.digest);
        match begun.recv().await {
            Some(next) => layer = next,
            None => break,
        }
    }
    (!uploaded.sent.is_empty()).then_some(uploaded)
}

/// The bytes of a layer's file as they come, to the end that is told.
fn bytes_of(layer: &GrowingLayer) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let (path, grown) = (layer.local_path.clone(), layer.grown.clone());
    stream::try_unfold((None::<File>, grown, 0_u64), move |(file, mut grown, at)| {
        let path = path.clone();
        async move {
            let there = loop {
                let now = *grown.borrow_and_update();
                if now.size_bytes > at {
                    break now.size_bytes - at;
                }
                if now.digest.is_some() {
                    return Ok(None);
                }
                let given_up = |_| io::Error::other("the layer was not made");
                grown.changed().await.map_err(given_up)?;
            };
            let mut file = match file {
                Some(file) => file,
                None => File::open(&path).await?,
            };
            let length = PIECE_BYTES.min(usize::try_from(there).unwrap_or(PIECE_BYTES));
            let mut piece = BytesMut::zeroed(length);
            file.read_exact(&mut piece).await?;
            Ok(Some((piece.freeze(), (Some(file), grown, at + length as u64))))
        }
    })
}
