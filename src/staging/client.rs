//! The plugin's end: one connection to a staging Pod, over anything that carries bytes both ways.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{
    HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST},
};
use http_body::Frame;
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::BoxBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Token, piece,
    protocol::{
        self, Hello, Missing, MissingBlob, PROTOCOL_HEADER, PROTOCOL_VERSION, Range, Refusal, Wanted,
        WantedBlob,
    },
    standstill,
};
use crate::oci::Digest;

/// The longest answer that is read.
const LONGEST_ANSWER_BYTES: usize = 1024 * 1024;
/// How long any other answer may take; the registry may have to be asked several times for one, and may ask to wait
/// a minute each time.
const LONGEST_QUESTION: Duration = Duration::from_mins(5);

type Body = BoxBody<Bytes, io::Error>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection is gone. What was sent is in the spool: connect again and go on.
    #[error("the connection to the staging Pod was cut")]
    Cut(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The staging Pod said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The layer's file on this machine cannot be read.
    #[error("could not read the layer's file")]
    File(#[source] io::Error),
    /// Whoever answers is no staging Pod of ours.
    #[error("the answer is not that of a staging Pod: {0}")]
    Garbled(String),
}

/// One connection to a staging Pod.
pub struct Client {
    requests: http1::SendRequest<Body>,
    authorization: HeaderValue,
    _connection: AbortOnDropHandle<()>,
}

impl Client {
    /// Starts to speak HTTP over a connection. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Cut`].
    pub async fn connect<T>(connection: T, token: &Token) -> Result<Self, Error>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (requests, connection) = http1::handshake(TokioIo::new(connection)).await?;
        let connection = async {
            // Whoever waits for an answer gets the error.
            let _ = connection.await;
        };
        Ok(Self {
            requests,
            authorization: token.authorization(),
            _connection: AbortOnDropHandle::new(tokio::spawn(connection)),
        })
    }

    /// Asks who is there, and whether it speaks our version of the protocol.
    ///
    /// # Errors
    /// [`Refusal::Protocol`] when it does not; any other [`Error`].
    pub async fn hello(&mut self) -> Result<Hello, Error> {
        let hello: Hello = self.ask(Method::GET, protocol::HELLO, &()).await?;
        if hello.protocol == PROTOCOL_VERSION {
            return Ok(hello);
        }
        Err(Error::Refused(Refusal::Protocol {
            ours: PROTOCOL_VERSION,
            theirs: hello.protocol,
            version: hello.version,
        }))
    }

    /// Asks which blobs the registry lacks, and where to go on with each: the first question of an upload.
    ///
    /// # Errors
    /// Any [`Error`]; [`Refusal::Registry`] when the registry does not answer the question.
    pub async fn begin(&mut self, blobs: &[WantedBlob]) -> Result<Vec<MissingBlob>, Error> {
        self.missing_of(blobs, true).await
    }

    /// Asks the same in the middle of an upload. What it has sent is not missing, whatever the registry says.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn missing(&mut self, blobs: &[WantedBlob]) -> Result<Vec<MissingBlob>, Error> {
        self.missing_of(blobs, false).await
    }

    async fn missing_of(&mut self, blobs: &[WantedBlob], begins: bool) -> Result<Vec<MissingBlob>, Error> {
        let blobs = blobs.to_vec();
        let missing: Missing = self
            .ask(Method::POST, protocol::MISSING, &Wanted { blobs, begins })
            .await?;
        Ok(missing.blobs)
    }

    /// Sends a blob from `offset` on, and returns once the registry has committed it. `progress` is
    /// told how many bytes of the blob are sent so far.
    ///
    /// # Errors
    /// Any [`Error`]; after [`Error::Cut`] ask for the offset and go on from there.
    pub async fn put(
        &mut self,
        digest: Digest,
        range: Range,
        local_path: &Path,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let Range { offset, size } = range;
        let uri = format!("{}{digest}?offset={offset}&size={size}", protocol::BLOBS);
        self.put_to(&uri, range, local_path, progress).await
    }

    /// Sends a file from an offset on, and returns once the staging Pod has done with it what the path
    /// stands for.
    pub(super) async fn put_to(
        &mut self,
        uri: &str,
        range: Range,
        local_path: &Path,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let mut file = File::open(local_path).map_err(Error::File)?;
        file.seek(SeekFrom::Start(range.offset)).map_err(Error::File)?;
        let (sent, sent_so_far) = watch::channel(range.offset);
        let report = move |offset| {
            progress(offset);
            sent.send_replace(offset);
        };
        let body = rest_of(file, range, report);
        let mut request = self.request(Method::PUT, uri, "application/octet-stream", body);
        let length = HeaderValue::from(range.size.saturating_sub(range.offset));
        request.headers_mut().insert(CONTENT_LENGTH, length);
        tokio::select! {
            answer = self.send(request, LONGEST_ANSWER_BYTES) => answer.map(|_| ()),
            why = standstill::noticed(sent_so_far, range.size) => Err(Error::Cut(why.into())),
        }
    }

    /// Tells the staging Pod to end.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn finish(&mut self) -> Result<(), Error> {
        self.ask(Method::POST, protocol::FINISH, &()).await
    }

    fn request(&self, method: Method, uri: &str, content_type: &str, body: Body) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(uri)
            .header(HOST, "staging")
            .header(AUTHORIZATION, &self.authorization)
            .header(PROTOCOL_HEADER, PROTOCOL_VERSION)
            .header(CONTENT_TYPE, content_type)
            .body(body)
            .expect("our own constants, numbers and a digest are valid")
    }

    async fn ask<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        question: &impl Serialize,
    ) -> Result<T, Error> {
        let answer = self.ask_for_bytes(method, path, question, LONGEST_ANSWER_BYTES);
        serde_json::from_slice(&answer.await?).map_err(|error| Error::Garbled(error.to_string()))
    }

    /// Asks a question in JSON whose answer is not.
    pub(super) async fn ask_for_bytes(
        &mut self,
        method: Method,
        path: &str,
        question: &impl Serialize,
        longest_answer_bytes: usize,
    ) -> Result<Bytes, Error> {
        let question = serde_json::to_vec(question).expect("our own plain data");
        let body = Full::from(question).map_err(|never| match never {}).boxed();
        let request = self.request(method, path, "application/json", body);
        timeout(LONGEST_QUESTION, self.send(request, longest_answer_bytes))
            .await
            .map_err(|_| Error::Cut("there was no answer".into()))?
    }

    async fn send(&mut self, request: Request<Body>, longest_answer_bytes: usize) -> Result<Bytes, Error> {
        self.requests.ready().await?;
        let (answer, body) = self.requests.send_request(request).await?.into_parts();
        let body = Limited::new(body, longest_answer_bytes).collect().await;
        let body = body.map_err(Error::Cut)?.to_bytes();
        if answer.status.is_success() {
            return Ok(body);
        }
        let refusal = serde_json::from_slice(&body);
        Err(refusal.map_or_else(|_| Error::Garbled(answer.status.to_string()), Error::Refused))
    }
}

impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        // A body of ours fails only where the layer's file does.
        let file = std::error::Error::source(&error)
            .filter(|_| error.is_user())
            .and_then(|source| source.downcast_ref::<io::Error>());
        match file {
            Some(file) => Self::File(io::Error::new(file.kind(), file.to_string())),
            None => Self::Cut(error.into()),
        }
    }
}

/// Returns the rest of a file as a body. `report` hears how far it was read.
fn rest_of(file: File, range: Range, report: impl Fn(u64) + Send + Sync + 'static) -> Body {
    let pieces = stream::try_unfold(
        (file, range.offset, report),
        move |(file, offset, report)| async move {
            if offset >= range.size {
                return Ok(None);
            }
            let (file, piece) = piece::read(file, range.size - offset).await?;
            let offset = offset + piece.len() as u64;
            report(offset);
            Ok(Some((Frame::data(piece), (file, offset, report))))
        },
    );
    BodyExt::boxed(StreamBody::new(pieces))
}
