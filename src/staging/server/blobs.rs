//! Blobs: which are missing, and taking them.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State, rejection::JsonRejection, rejection::QueryRejection},
};
use bytes::Bytes;
use futures_util::{
    Stream, StreamExt,
    stream::{self, TryStreamExt},
};
use http::{HeaderMap, StatusCode, header::CONTENT_LENGTH};
use tokio::{sync::watch, time::timeout};

use super::{Server, linger};
use crate::{
    oci::Digest,
    staging::{
        Destination,
        blob::{Blob, Intake, Push},
        protocol::{Missing, MissingBlob, Range, Refusal, Wanted, WantedBlob},
    },
};

/// A request whose body stands still for so long is cut: its connection is dead, and the Pod may stay
/// for longer than that.
const LONGEST_STANDSTILL: Duration = Duration::from_mins(1);
/// Questions to the registry at one time.
const QUESTIONS_AT_ONCE: usize = 8;

/// Answers which blobs the registry lacks, and how much of each is here.
pub(super) async fn missing<D: Destination>(
    State(server): State<Arc<Server<D>>>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Missing>, Refusal> {
    let Json(wanted) = wanted.map_err(|error| bad_request(&error))?;
    // Before anything is sent: what the registry has against it.
    server.destination.ready().await?;
    if wanted.begins {
        server
            .spool
            .forget_committed(wanted.blobs.iter().map(|blob| blob.digest));
    }
    let blobs: Vec<Option<MissingBlob>> = stream::iter(wanted.blobs)
        .map(|blob| server.find(blob))
        .buffered(QUESTIONS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(Json(Missing {
        blobs: blobs.into_iter().flatten().collect(),
    }))
}

/// Takes a blob, or the rest of one, and answers once the registry has committed it.
pub(super) async fn put<D: Destination>(
    State(server): State<Arc<Server<D>>>,
    Path(digest): Path<String>,
    range: Result<Query<Range>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let digest = digest.parse::<Digest>().map_err(|error| bad_request(&error))?;
    let Query(range) = range.map_err(|error| bad_request(&error))?;
    ensure_body_is_the_rest(&headers, range)?;
    let mut body = body.into_data_stream();
    let taken = match server.spool.open(digest, range.size) {
        Ok(Some(blob)) => server.take(&blob, range.offset, &mut body).await,
        Ok(None) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    linger(body);
    taken.map(|()| StatusCode::CREATED)
}

impl<D: Destination> Server<D> {
    /// Returns where to go on with a blob; `None` when the registry has it.
    async fn find(&self, blob: WantedBlob) -> Result<Option<MissingBlob>, Refusal> {
        let digest = blob.digest;
        if !blob.always && self.destination.exists(digest).await? {
            return Ok(None);
        }
        let offset = self.spool.offset(digest).await;
        Ok(offset.map(|offset| MissingBlob { digest, offset }))
    }

    /// Takes a blob, or the rest of one, hands it on to the registry, and returns once that has
    /// committed it.
    pub(super) async fn take<E: ToString>(
        &self,
        blob: &Blob,
        offset: u64,
        body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    ) -> Result<(), Refusal> {
        let mut push = self.receive(blob, offset, body, || self.push(blob)).await?;
        ended(&mut push).await
    }

    /// Takes a blob, or the rest of one, into the spool. `push` begins what is done with it meanwhile,
    /// and ends the receiving when it fails.
    pub(super) async fn receive<E: ToString>(
        &self,
        blob: &Blob,
        offset: u64,
        body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
        push: impl FnOnce() -> watch::Receiver<Push>,
    ) -> Result<watch::Receiver<Push>, Refusal> {
        let (mut intake, superseded) = blob.take_over().await;
        if offset != intake.received() {
            let offset = intake.received();
            return Err(Refusal::WrongOffset { offset });
        }
        let mut push = push();
        while intake.received() < blob.size_bytes {
            let piece = tokio::select! {
                biased;
                () = superseded.cancelled() => return Err(Refusal::Superseded),
                ended = ended(&mut push) => return ended.map(|()| push),
                piece = timeout(self.settings.idle.min(LONGEST_STANDSTILL), body.next()) => piece,
            };
            let why = match piece {
                Ok(Some(Ok(piece))) => {
                    intake = self.or_forget(blob.digest, Intake::append(intake, piece).await)?;
                    continue;
                }
                Ok(Some(Err(error))) => error.to_string(),
                Ok(None) => "the body ended early".to_owned(),
                Err(_) => "the body stood still".to_owned(),
            };
            // The spool keeps what came, and the push waits for the rest.
            return Err(Refusal::BadRequest { why });
        }
        self.or_forget(blob.digest, blob.verify(&intake))?;
        Ok(push)
    }

    /// Starts the push of a blob, unless it runs already.
    fn push(&self, blob: &Blob) -> watch::Receiver<Push> {
        let (digest, size_bytes) = (blob.digest, blob.size_bytes);
        let (destination, spool) = (self.destination.clone(), self.spool.clone());
        blob.push_with(|body, state| async move {
            let ended = match destination.push(digest, size_bytes, body).await {
                Ok(()) => {
                    spool.committed(digest);
                    Push::Committed
                }
                Err(error) => Push::Failed(error),
            };
            state.send_replace(ended);
        })
    }

    /// Passes a result on; a spool that failed or bytes that are wrong are of no further use.
    fn or_forget<T>(&self, digest: Digest, result: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
        result.map_err(|refusal| {
            self.spool.forget(digest);
            refusal.into()
        })
    }
}

/// Returns how a push ended, once it has.
async fn ended(push: &mut watch::Receiver<Push>) -> Result<(), Refusal> {
    let ended = push
        .wait_for(|push| matches!(push, Push::Failed(_) | Push::Committed))
        .await;
    match ended.as_deref() {
        Ok(Push::Failed(error)) => Err(error.clone().into()),
        Ok(_) => Ok(()),
        // Somebody else's bytes for the same blob were wrong, so it was forgotten.
        Err(_) => Err(Refusal::Superseded),
    }
}

pub(super) fn ensure_body_is_the_rest(headers: &HeaderMap, range: Range) -> Result<(), Refusal> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length: Option<u64> = length.and_then(|text| text.parse().ok());
    if length.is_some() && length == range.size.checked_sub(range.offset) {
        return Ok(());
    }
    let why = "the body is not as long as the rest of the blob".to_owned();
    Err(Refusal::BadRequest { why })
}

pub(super) fn bad_request(error: &impl ToString) -> Refusal {
    let why = error.to_string();
    Refusal::BadRequest { why }
}
