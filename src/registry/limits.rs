//! Time limits of one request: no limit on the whole, since links are slow, but on each wait.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use reqwest::Body;
use tokio::time::{Instant, sleep_until};

/// How long a server may make us wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the first byte of an answer, once the request is sent.
    pub first_byte: Duration,
    /// The same for an upload: registries copy large blobs before they answer.
    pub commit: Duration,
    /// For the next bytes, in either direction.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(1),
            commit: Duration::from_mins(4),
            stall: Duration::from_mins(1),
        }
    }
}

/// hyper asks for more once it has written what it holds, up to 16 pieces; smaller ones show a slow link's progress.
const PIECE_BYTES: usize = 8 << 10;

/// How far the body of a request is.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There was no body worth the name, or nothing of it was asked for yet.
    Answer,
    /// The server takes bytes, or does not.
    Sending,
    /// The bytes are not here yet, for which the server cannot be blamed.
    Source,
    /// All bytes are sent.
    Commit,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            phase: Phase::Answer,
            since: Instant::now(),
        })))
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            phase,
            since: Instant::now(),
        };
    }

    /// Starts to wait anew: for a redirect's answer.
    pub(super) fn restart(&self) {
        self.enter(Phase::Answer);
    }

    /// Returns once the server has made us wait for too long, and what for.
    pub(super) async fn exceeded(&self, limits: Limits) -> &'static str {
        loop {
            let (phase, since) = {
                let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                (state.phase, state.since)
            };
            let (limit, words) = match phase {
                Phase::Answer => (limits.connect + limits.first_byte, "no answer in time"),
                Phase::Sending => (limits.stall, "it stopped taking bytes"),
                Phase::Commit => (limits.commit, "no answer in time"),
                Phase::Source => (limits.stall, ""),
            };
            let end = since + limit;
            if phase != Phase::Source && Instant::now() >= end {
                return words;
            }
            sleep_until(end.max(Instant::now() + limits.stall / 20)).await;
        }
    }

    /// Makes a request's body of a stream, whose progress is noted. hyper does not ask for more than the size that
    /// it knows, so the end of the stream alone would not show.
    pub(super) fn body<S, E>(&self, size_bytes: Option<u64>, stream: S) -> Body
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Body::wrap_stream(Paced {
            stream: Box::pin(stream),
            piece: Bytes::new(),
            left_bytes: size_bytes,
            progress: self.clone(),
        })
    }

    /// The same of bytes that are all here.
    pub(super) fn body_of(&self, bytes: Bytes) -> Body {
        let size_bytes = bytes.len() as u64;
        self.body(
            Some(size_bytes),
            futures_util::stream::iter([Ok::<_, io::Error>(bytes)]),
        )
    }
}

struct Paced<S> {
    stream: Pin<Box<S>>,
    /// What is left of the stream's last item.
    piece: Bytes,
    left_bytes: Option<u64>,
    progress: Progress,
}

impl<S, E> Stream for Paced<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.piece.is_empty() {
            match self.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.piece = bytes,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    self.progress.enter(Phase::Commit);
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    self.progress.enter(Phase::Source);
                    return Poll::Pending;
                }
            }
        }
        let length = self.piece.len().min(PIECE_BYTES);
        self.left_bytes = self.left_bytes.map(|left| left.saturating_sub(length as u64));
        self.progress.enter(match self.left_bytes {
            Some(0) => Phase::Commit,
            _ => Phase::Sending,
        });
        Poll::Ready(Some(Ok(self.piece.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    const LIMITS: Limits = Limits {
        connect: Duration::ZERO,
        first_byte: Duration::from_millis(300),
        commit: Duration::from_millis(500),
        stall: Duration::from_millis(100),
    };

    fn paced(
        progress: &Progress,
        pieces: usize,
        left_bytes: Option<u64>,
    ) -> Paced<impl Stream<Item = io::Result<Bytes>>> {
        let item = Ok(Bytes::from(vec![0; PIECE_BYTES * pieces]));
        Paced {
            stream: Box::pin(futures_util::stream::iter([item])),
            piece: Bytes::new(),
            left_bytes,
            progress: progress.clone(),
        }
    }

    /// Waits for the limit; it may not be exceeded before it is over.
    async fn exceeded(progress: &Progress, limit: Duration) -> &'static str {
        let begun = Instant::now();
        let words = progress.exceeded(LIMITS).await;
        assert!(
            begun.elapsed() + LIMITS.stall / 2 >= limit,
            "{:?}",
            begun.elapsed()
        );
        words
    }

    #[tokio::test]
    async fn each_wait_has_its_limit() {
        let progress = Progress::new();
        assert_eq!(exceeded(&progress, LIMITS.first_byte).await, "no answer in time");
        for left_bytes in [None, Some(2 * PIECE_BYTES as u64)] {
            let mut body = paced(&progress, 2, left_bytes);
            let piece = body.next().await.expect("a piece").expect("bytes");
            assert_eq!(piece.len(), PIECE_BYTES);
            assert_eq!(exceeded(&progress, LIMITS.stall).await, "it stopped taking bytes");
            body.next().await.expect("the rest").expect("bytes");
            if left_bytes.is_none() {
                assert!(body.next().await.is_none());
            }
            assert_eq!(exceeded(&progress, LIMITS.commit).await, "no answer in time");
        }
    }

    #[tokio::test]
    async fn a_slow_upload_goes_on_and_a_slow_source_is_waited_for() {
        let progress = Progress::new();
        let mut body = paced(&progress, 8, None);
        let slowly = async {
            while body.next().await.is_some() {
                tokio::time::sleep(LIMITS.stall / 2).await;
            }
        };
        tokio::select! {
            words = progress.exceeded(LIMITS) => panic!("{words}"),
            () = slowly => {}
        }
        let mut body = Paced {
            stream: Box::pin(futures_util::stream::pending::<io::Result<Bytes>>()),
            piece: Bytes::new(),
            left_bytes: None,
            progress: progress.clone(),
        };
        tokio::select! {
            words = progress.exceeded(LIMITS) => panic!("{words}"),
            _ = body.next() => {}
            () = tokio::time::sleep(LIMITS.commit * 2) => {}
        }
    }
}
