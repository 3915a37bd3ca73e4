//! An answer of the API server, read to its end before anybody acts on it: one that breaks off is asked for again.

use bytes::{Buf, Bytes};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, Limited};
use tower::BoxError;

/// The most that one answer may have, uncompressed. The longest of ours lists the Secrets of a namespace, 1 MiB each.
const LONGEST_BYTES: usize = 128 << 20;

/// The body of an answer: all of it, or a stream.
pub(super) type AnswerBody<B> = Either<Full<Bytes>, B>;

/// An answer of the API server.
pub(super) enum Answer<B> {
    /// One that is here.
    Whole(Response<Bytes>),
    /// A watch, a log or a tunnel: it has no end that could be waited for.
    Stream(Response<B>),
}

impl<B> Answer<B> {
    /// Reads an answer, unless it is a stream. A refusal of a stream is no stream.
    ///
    /// # Errors
    /// Those of the connection, and an answer of more than [`LONGEST_BYTES`].
    pub(super) async fn read(answer: Response<B>, is_stream: bool) -> Result<Self, BoxError>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let is_begun = answer.status().is_success() || answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if is_stream && is_begun {
            return Ok(Self::Stream(answer));
        }
        let (head, body) = answer.into_parts();
        let body = Box::pin(Limited::new(body, LONGEST_BYTES)).collect().await?;
        Ok(Self::Whole(Response::from_parts(head, body.to_bytes())))
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Whole(answer) => answer.status(),
            Self::Stream(answer) => answer.status(),
        }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        match self {
            Self::Whole(answer) => answer.headers(),
            Self::Stream(answer) => answer.headers(),
        }
    }

    /// Whether its text has this word.
    pub(super) fn speaks_of(&self, word: &str) -> bool {
        match self {
            Self::Whole(answer) => String::from_utf8_lossy(answer.body().chunk()).contains(word),
            Self::Stream(_) => false,
        }
    }

    pub(super) fn into_response(self) -> Response<AnswerBody<B>> {
        match self {
            Self::Whole(answer) => answer.map(|body| Either::Left(Full::new(body))),
            Self::Stream(answer) => answer.map(Either::Right),
        }
    }
}
