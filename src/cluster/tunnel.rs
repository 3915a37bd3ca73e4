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

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    type Socket = WebSocketStream<DuplexStream>;

    /// A tunnel, and the kubelet's end of its websocket, which has named the port already.
    async fn tunnel() -> (Tunnel<Socket>, Socket) {
        let (ours, theirs) = duplex(1024 * 1024);
        let ours = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let mut theirs = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        for channel in [DATA, ERROR] {
            send(&mut theirs, channel, &7318_u16.to_le_bytes()).await;
        }
        (Tunnel::over(ours), theirs)
    }

    async fn send(socket: &mut Socket, channel: u8, bytes: &[u8]) {
        let message = [&[channel], bytes].concat();
        socket.send(Message::Binary(message.into())).await.expect("sent");
    }

    #[tokio::test]
    async fn the_port_is_no_data() {
        let (mut tunnel, mut kubelet) = tunnel().await;
        send(&mut kubelet, DATA, b"hello").await;
        send(&mut kubelet, ERROR, b"").await;
        send(&mut kubelet, DATA, b", you").await;
        kubelet.close(None).await.expect("closed");
        let mut text = String::new();
        tunnel.read_to_string(&mut text).await.expect("read");
        assert_eq!(text, "hello, you");
    }

    #[tokio::test]
    async fn an_error_of_the_kubelet_is_an_error_of_reading() {
        let (mut tunnel, mut kubelet) = tunnel().await;
        send(&mut kubelet, ERROR, b"connect: connection refused\n").await;
        let error = tunnel.read_u8().await.expect_err("no data");
        assert_eq!(error.to_string(), "connect: connection refused");
    }

    #[tokio::test]
    async fn a_message_for_another_channel_is_an_error() {
        for message in [vec![], vec![2, 1, 2]] {
            let (mut tunnel, mut kubelet) = tunnel().await;
            let message = Message::Binary(message.into());
            kubelet.send(message).await.expect("sent");
            assert!(tunnel.read_u8().await.is_err());
        }
    }

    #[tokio::test]
    async fn much_is_sent_in_long_frames() {
        let (mut tunnel, mut kubelet) = tunnel().await;
        let sent: Vec<u8> = (0..=3 * LONGEST_FRAME_BYTES)
            .map(|n| u8::try_from(n % 251).expect("small"))
            .collect();
        let expected = sent.clone();
        let sending = tokio::spawn(async move {
            tunnel.write_all(&sent).await.expect("written");
            tunnel.shutdown().await.expect("closed");
        });
        let mut lengths = Vec::new();
        let mut received = Vec::new();
        while let Some(Ok(Message::Binary(message))) = kubelet.next().await {
            assert_eq!(message[0], DATA);
            lengths.push(message.len() - 1);
            received.extend_from_slice(&message[1..]);
        }
        sending.await.expect("sent");
        assert_eq!(
            lengths,
            [LONGEST_FRAME_BYTES, LONGEST_FRAME_BYTES, LONGEST_FRAME_BYTES, 1]
        );
        assert!(received == expected);
    }

    #[tokio::test]
    async fn a_ping_is_answered_while_reading() {
        let (mut tunnel, mut kubelet) = tunnel().await;
        kubelet
            .send(Message::Ping("are you there".into()))
            .await
            .expect("sent");
        send(&mut kubelet, DATA, b"x").await;
        assert_eq!(tunnel.read_u8().await.expect("data"), b'x');
        tunnel.flush().await.expect("flushed");
        let answer = kubelet.next().await.expect("an answer").expect("a message");
        assert_eq!(answer, Message::Pong("are you there".into()));
    }
}
