//! A way into a Pod: our own port-forward. kube's sends frames of 4 KiB, which is slower than
//! `kubectl cp`; this one sends what it is given, up to [`LONGEST_FRAME_BYTES`] at one time.
//!
//! The protocol (`k8s.io/kubelet/pkg/cri/streaming/portforward`): binary websocket messages, whose
//! first byte is the channel (0 data, 1 error); the first message of each channel is the port. There
//! is no half-close, so both ends must know from the data where it ends.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as WebSocketError, Message},
};

use super::Cluster;

/// The longest frame, without its channel byte.
pub const LONGEST_FRAME_BYTES: usize = 128 * 1024;
const DATA: u8 = 0;
const ERROR: u8 = 1;

/// Why there is no way into a Pod.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The person may not. Over a websocket it takes `get` on
    /// `pods/portforward`, and newer servers ask for `create` as well.
    #[error("{0}")]
    Forbidden(String),
    /// The API server, or something before it, did not do it.
    #[error(transparent)]
    Failed(#[from] kube::Error),
}

/// A connection to a port that a Pod listens on, its loopback included. Dropping it closes it.
pub struct Tunnel<S = WebSocketStream<TokioIo<Upgraded>>> {
    socket: S,
    unread: Bytes,
    is_open: [bool; 2],
}

impl Tunnel {
    /// Connects to a port of a Pod. That nobody listens there shows only when it is read from.
    ///
    /// # Errors
    /// [`TunnelError`].
    pub async fn open(cluster: &Cluster, pod: &str, port: u16) -> Result<Self, TunnelError> {
        let uri = format!(
            "/api/v1/namespaces/{}/pods/{pod}/portforward?ports={port}",
            cluster.namespace
        );
        let request = http::Request::get(uri)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        match cluster.client.connect(request).await {
            Ok(connection) => Ok(Self::over(connection.into_stream())),
            Err(kube::Error::Api(status)) if status.code == 403 => {
                Err(TunnelError::Forbidden(status.message))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl<S> Tunnel<S> {
    /// Speaks the protocol over a websocket that is open.
    pub fn over(socket: S) -> Self {
        Self {
            socket,
            unread: Bytes::new(),
            is_open: [false; 2],
        }
    }

    /// Takes one message: keeps its data to be read.
    fn take(&mut self, mut message: Bytes) -> io::Result<()> {
        let channel = if message.has_remaining() {
            message.get_u8()
        } else {
            u8::MAX
        };
        let Some(is_open) = self.is_open.get_mut(usize::from(channel)) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a message for no channel of ours",
            ));
        };
        if !*is_open {
            // The port. We asked for one only, so it says nothing new.
            *is_open = true;
            return Ok(());
        }
        match channel {
            ERROR if message.has_remaining() => Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                String::from_utf8_lossy(&message).trim().to_owned(),
            )),
            DATA => {
                self.unread = message;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl<S> AsyncRead for Tunnel<S>
where
    S: Stream<Item = Result<Message, WebSocketError>> + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(message))) => self.take(message)?,
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                // Pings are answered by the library.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(io_error(error))),
            }
        }
        let length = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S> AsyncWrite for Tunnel<S>
where
    S: Sink<Message, Error = WebSocketError> + Unpin,
{
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(io_error)?;
        let length = bytes.len().min(LONGEST_FRAME_BYTES);
        let mut message = Vec::with_capacity(1 + length);
        message.push(DATA);
        message.extend_from_slice(&bytes[..length]);
        Pin::new(&mut self.socket)
            .start_send(Message::Binary(message.into()))
            .map_err(io_error)?;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(io_error)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(io_error)
    }
}

fn io_error(error: WebSocketError) -> io::Error {
    match error {
        WebSocketError::Io(error) => error,
        error => io::Error::new(io::ErrorKind::ConnectionReset, error),
    }
}
