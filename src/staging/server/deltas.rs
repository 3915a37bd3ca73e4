//! Deltas: a layer is put together here from the chunks of an earlier one, which the registry has,
//! and from the bytes that are new. Only those cross the link.

use std::{
    io::{self, Write},
    sync::Arc,
};

use axum::{
    Json,
    body::{Body, BodyDataStream},
    extract::{Path, Query, State, rejection::JsonRejection, rejection::QueryRejection},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use tokio::{
    sync::{OnceCell, mpsc},
    task::spawn_blocking,
};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{
    Server,
    blobs::{bad_request, ensure_body_is_the_rest},
    linger,
};
use crate::{
    oci::{Compression, Digest, chunk_groups, chunks::Fingerprint, delta, media_type},
    staging::{
        Destination,
        base::Base,
        blob::Blob,
        protocol::{self, DeltaOf, Refusal},
        spool::{Room, Spool},
    },
};

/// A node has many cores, and this Pod little memory: each thread holds some MiB.
const THREADS: usize = 2;
/// Pieces of a layer between the thread that makes it and the spool; one is a mebibyte at most.
const PIECES: usize = 2;
const NOT_ASKED_FOR: &str = "the earlier layer was not asked for";

/// Unpacks an earlier layer, unless that was done, and answers with the names of its groups of chunks.
pub(super) async fn base<D: Destination>(
    State(server): State<Arc<Server<D>>>,
    asked: Result<Json<protocol::Base>, JsonRejection>,
) -> Result<Vec<u8>, Refusal> {
    let Json(asked) = asked.map_err(|error| bad_request(&error))?;
    let cell = server.spool.base(asked.descriptor.digest);
    let base = cell.get_or_try_init(|| server.unpack(&asked)).await?;
    Ok(listed(&chunk_groups::names(&base.fingerprints)))
}

/// Answers with the chunks of some groups of an earlier layer.
pub(super) async fn chunks<D: Destination>(
    State(server): State<Arc<Server<D>>>,
    asked: Result<Json<protocol::Groups>, JsonRejection>,
) -> Result<Vec<u8>, Refusal> {
    let Json(asked) = asked.map_err(|error| bad_request(&error))?;
    let cell = server.spool.base(asked.base);
    let base = cell.get().ok_or_else(|| no_base(&NOT_ASKED_FOR))?;
    let groups: Vec<&[Fingerprint]> = chunk_groups::split(&base.fingerprints).collect();
    let mut chunks = Vec::new();
    for range in asked.groups {
        let range = range.start as usize..range.end as usize;
        let groups = groups
            .get(range)
            .ok_or_else(|| bad_request(&"there is no such group"))?;
        chunks.extend(groups.iter().copied().flatten());
        if chunks.len() > base.fingerprints.len() {
            return Err(bad_request(&"a group is asked for twice"));
        }
    }
    Ok(listed(&chunks))
}

fn listed(fingerprints: &[Fingerprint]) -> Vec<u8> {
    fingerprints
        .iter()
        .flat_map(|fingerprint| fingerprint.to_bytes())
        .collect()
}

fn no_base(error: &impl ToString) -> Refusal {
    let why = error.to_string();
    Refusal::NoBase { why }
}

/// Takes a delta, or the rest of one, and answers once the registry has the layer that it makes.
pub(super) async fn put<D: Destination>(
    State(server): State<Arc<Server<D>>>,
    Path(digest): Path<String>,
    of: Result<Query<DeltaOf>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let digest = digest.parse::<Digest>().map_err(|error| bad_request(&error))?;
    let Query(of) = of.map_err(|error| bad_request(&error))?;
    ensure_body_is_the_rest(&headers, of.range())?;
    let mut body = body.into_data_stream();
    let taken = server.take_delta(digest, of, &mut body).await;
    linger(body);
    taken.map(|()| StatusCode::CREATED)
}

impl<D: Destination> Server<D> {
    async fn unpack(&self, asked: &protocol::Base) -> Result<Base, Refusal> {
        let descriptor = &asked.descriptor;
        if descriptor.media_type != media_type::LAYER {
            return Err(no_base(&format!("it is `{}`", descriptor.media_type)));
        }
        let pulled = self.destination.pull(descriptor).await;
        let blob = StreamReader::new(pulled.map_err(|error| no_base(&error))?);
        let blob = SyncIoBridge::new(blob);
        let (average, folder) = (asked.average_chunk_bytes, self.spool.folder.clone());
        let room = Room::new(self.spool.clone());
        spawn_blocking(move || Base::unpack(blob, average, &folder, room))
            .await
            .map_err(io::Error::from)
            .flatten()
            .map_err(|error| no_base(&error))
    }

    async fn take_delta(
        &self,
        digest: Digest,
        of: DeltaOf,
        body: &mut BodyDataStream,
    ) -> Result<(), Refusal> {
        if self.spool.is_committed(of.layer) {
            // The registry has committed the layer, and only the answer was lost.
            return Ok(());
        }
        let made = match self.receive_delta(digest, of, body).await {
            Ok(delta) => self.make(&delta, of).await,
            // The plugin goes on with it.
            Err(cut @ (Refusal::WrongOffset { .. } | Refusal::Superseded | Refusal::BadRequest { .. })) => {
                return Err(cut);
            }
            Err(refusal) => Err(refusal),
        };
        self.spool.forget(digest);
        self.spool.forget_base(of.base);
        made
    }

    async fn receive_delta(
        &self,
        digest: Digest,
        of: DeltaOf,
        body: &mut BodyDataStream,
    ) -> Result<Arc<Blob>, Refusal> {
        let delta = self.spool.open(digest, of.size)?.ok_or(Refusal::NotFound)?;
        self.receive(&delta, of.offset, body, || delta.pushed()).await?;
        Ok(delta)
    }

    /// Puts a layer together, and returns once the registry has committed it.
    async fn make(&self, delta: &Arc<Blob>, of: DeltaOf) -> Result<(), Refusal> {
        let base = self.spool.base(of.base);
        // A part that another request has made is of no use: it cannot be gone on with.
        self.spool.forget(of.layer);
        let Some(layer) = self.spool.open(of.layer, of.layer_size)? else {
            return Ok(());
        };
        let _unfinished = Unfinished {
            spool: self.spool.clone(),
            layer: layer.clone(),
        };
        let (out, mut pieces) = mpsc::channel(PIECES);
        let delta = delta.clone();
        spawn_blocking(move || {
            let left = of.layer_size;
            let to = Pieces {
                out: out.clone(),
                left,
            };
            if let Err(error) = put_together(&delta, &base, to) {
                // Whoever waits for pieces gets the error; it may have gone.
                let _ = out.blocking_send(Err(error));
            }
        });
        let mut pieces = stream::poll_fn(move |context| pieces.poll_recv(context));
        self.take(&layer, 0, &mut pieces)
            .await
            .map_err(|refusal| match refusal {
                Refusal::BadRequest { why } => Refusal::NoBase { why },
                refusal => refusal,
            })
    }
}

/// Forgets a layer that was not made to its end: the whole layer would be sent from there on, and
/// nobody has checked what is there. One that the registry has committed is forgotten already.
struct Unfinished {
    spool: Arc<Spool>,
    layer: Arc<Blob>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.spool.forget_this(&self.layer);
    }
}

/// The compressed layer, on its way to the spool.
struct Pieces {
    out: mpsc::Sender<io::Result<Bytes>>,
    left: u64,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::other("the layer came out longer than it should be"))?;
        self.out
            .blocking_send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes the compressed layer, byte for byte as the plugin has made it.
fn put_together(delta: &Blob, base: &OnceCell<Base>, out: Pieces) -> io::Result<()> {
    let base = base.get().ok_or_else(|| io::Error::other(NOT_ASKED_FOR))?;
    let mut layer = Compression::default().writer_with_threads(out, THREADS)?;
    delta::apply(delta.open()?, base.open()?, &base.starts, &mut layer)?;
    layer.finish().map(drop)
}
