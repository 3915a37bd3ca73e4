//! Layers that go while they are made: into a repository that is known to have none of them, so that
//! nothing can go in vain. What fails here is no failure: the layer is sent when it is done.

use std::{
    io::{self, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    sync::mpsc::UnboundedReceiver,
};

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
        let size_bytes = Arc::new(AtomicU64::new(0));
        let body = || bytes_of(&layer, size_bytes.clone());
        let digest = || layer.grown.borrow().digest;
        if client.push_growing(repository, body, digest).await.is_err() {
            break;
        }
        uploaded.uploaded_bytes += size_bytes.load(Ordering::Relaxed);
        uploaded.sent.extend(digest());
        // How many there will be in all is not known before the last.
        events.send(Event::Bytes {
            step: Step::Upload,
            done: uploaded.uploaded_bytes,
            total: uploaded.uploaded_bytes,
        });
        match begun.recv().await {
            Some(next) => layer = next,
            None => break,
        }
    }
    (!uploaded.sent.is_empty()).then_some(uploaded)
}

/// The bytes of a layer's file as they come, to the end that is told. `size_bytes` is how many those
/// were.
fn bytes_of(
    layer: &GrowingLayer,
    size_bytes: Arc<AtomicU64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let (path, grown) = (layer.local_path.clone(), layer.grown.clone());
    stream::try_unfold((None::<File>, grown, 0_u64), move |(file, mut grown, at)| {
        let (path, size_bytes) = (path.clone(), size_bytes.clone());
        async move {
            let there = loop {
                let now = *grown.borrow_and_update();
                if now.size_bytes > at {
                    break now.size_bytes - at;
                }
                if now.digest.is_some() {
                    size_bytes.store(at, Ordering::Relaxed);
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
            file.seek(SeekFrom::Start(at)).await?;
            file.read_exact(&mut piece).await?;
            Ok(Some((piece.freeze(), (Some(file), grown, at + length as u64))))
        }
    })
}
