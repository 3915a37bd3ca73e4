//! A way into a Pod: our own port-forward, and `exec` of our own program where that is forbidden.
//! kube's send frames of 4 KiB, which is slower than `kubectl cp`; this one sends what it is given,
//! up to [`LONGEST_FRAME_BYTES`] at one time. A connection that nothing is heard of is asked whether
//! it is still there: a laptop that slept, or a gateway that forgot it, tells nobody.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as WebSocketError, Message},
};

use super::{
    Cluster, Loopback, TunnelError, Way,
    spdy::{self, Spdy},
    websocket,
    wire::{Meaning, Wire},
};

/// The longest frame, without its channel byte.
pub const LONGEST_FRAME_BYTES: usize = 128 * 1024;
/// How long the way may take to open.
const OPENING: Duration = Duration::from_secs(30);
/// How long a connection may be quiet.
const PATIENCE: Patience = Patience {
    quiet: Duration::from_secs(15),
    answer: Duration::from_mins(1),
};

/// A connection to a port that a Pod listens on, its loopback included. Dropping it closes it.
pub struct Tunnel<S = WebSocketStream<TokioIo<Upgraded>>> {
    socket: S,
    wire: Wire,
    unread: Bytes,
    /// Runs out when nothing was sent or received for too long.
    quiet: Pin<Box<Sleep>>,
    is_asked: bool,
    patience: Patience,
}

struct Patience {
    /// When nothing was sent or received for so long, a ping goes out.
    quiet: Duration,
    /// How long its answer may take; there may be a slow link's worth of data before it.
    answer: Duration,
}

impl Tunnel {
    /// Connects to a port of a Pod. That nobody listens there shows only when it is read from.
    ///
    /// # Errors
    /// [`TunnelError`].
    pub async fn open(cluster: &Cluster, to: Loopback<'_>, way: Way) -> Result<Self, TunnelError> {
        timeout(OPENING, Self::open_now(cluster, to, way))
            .await
            .unwrap_or_else(|_| Err(TunnelError::Slow))
    }

    async fn open_now(cluster: &Cluster, to: Loopback<'_>, way: Way) -> Result<Self, TunnelError> {
        // An API server that does not know it says so in many ways, and the older way is tried.
        if way == Way::PortForward
            && let Some(tunnel) = Self::open_spdy(cluster, to).await?
        {
            return Ok(tunnel);
        }
        let request = http::Request::get(way.uri(&cluster.namespace, to))
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        match cluster.client.connect(request).await {
            Ok(connection) => Ok(Self::over(connection.into_stream(), way.wire())),
            Err(kube::Error::Api(status)) if status.code == 403 => {
                Err(TunnelError::Forbidden(status.message))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Tunnel {
    async fn open_spdy(cluster: &Cluster, to: Loopback<'_>) -> Result<Option<Self>, TunnelError> {
        let uri = Way::PortForward.uri(&cluster.namespace, to);
        let Some(mut socket) = websocket::connect(&cluster.client, &uri, spdy::SUBPROTOCOL).await? else {
            return Ok(None);
        };
        let mut spdy = Spdy::default();
        let broken = |error| TunnelError::Broken(io_error(error));
        let opening = Message::Binary(Spdy::opening(to.port));
        socket.send(opening).await.map_err(broken)?;
        while !spdy.is_open {
            match socket.next().await {
                Some(Ok(Message::Binary(message))) => {
                    spdy.read(&message).map_err(TunnelError::Broken)?;
                }
                Some(Ok(Message::Close(_))) | None => {
                    return Err(TunnelError::Broken(io::ErrorKind::ConnectionReset.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(broken(error)),
            }
        }
        Ok(Some(Self::over(socket, Wire::Spdy(spdy))))
    }
}

impl<S> Tunnel<S> {
    /// Speaks a protocol over a websocket that is open.
    fn over(socket: S, wire: Wire) -> Self {
        Self {
            socket,
            wire,
            unread: Bytes::new(),
            quiet: Box::pin(sleep(PATIENCE.quiet)),
            is_asked: false,
            patience: PATIENCE,
        }
    }

    /// Notes that something was sent: that is no sign of life, but an answer may have to wait for it.
    fn sent(&mut self) {
        let patience = if self.is_asked {
            self.patience.answer
        } else {
            self.patience.quiet
        };
        self.quiet.as_mut().reset(Instant::now() + patience);
    }

    fn heard(&mut self) {
        self.is_asked = false;
        let next = Instant::now() + self.patience.quiet;
        self.quiet.as_mut().reset(next);
    }
}

impl<S> Tunnel<S>
where
    S: Sink<Message, Error = WebSocketError> + Unpin,
{
    /// Asks a connection that is quiet whether it is there, and fails when it did not answer.
    fn poll_alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.quiet.as_mut().poll(cx).is_ready() {
            if self.is_asked {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "nothing was heard of the other end",
                ));
            }
            // Where it takes nothing, whoever sends sees that by himself.
            if let Poll::Ready(ready) = Pin::new(&mut self.socket).poll_ready(cx) {
                ready.map_err(io_error)?;
                Pin::new(&mut self.socket)
                    .start_send(Message::Ping(Bytes::new()))
                    .map_err(io_error)?;
                if let Poll::Ready(Err(error)) = Pin::new(&mut self.socket).poll_flush(cx) {
                    return Err(io_error(error));
                }
                self.is_asked = true;
            }
            self.sent();
        }
        Ok(())
    }
}

impl<S> Tunnel<S>
where
    S: Sink<Message, Error = WebSocketError> + Unpin,
{
    /// Sends what the other end waits for. Where there is no room for it, it goes the next time.
    fn answer(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Poll::Ready(ready) = Pin::new(&mut self.socket).poll_ready(cx) {
            ready.map_err(io_error)?;
            if let Some(answer) = self.wire.answer() {
                let answer = Message::Binary(answer);
                Pin::new(&mut self.socket).start_send(answer).map_err(io_error)?;
                if let Poll::Ready(Err(error)) = Pin::new(&mut self.socket).poll_flush(cx) {
                    return Err(io_error(error));
                }
            }
        }
        Ok(())
    }
}

impl<S> AsyncRead for Tunnel<S>
where
    S: Stream<Item = Result<Message, WebSocketError>> + Sink<Message, Error = WebSocketError> + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            let Poll::Ready(message) = Pin::new(&mut self.socket).poll_next(cx) else {
                self.poll_alive(cx)?;
                return Poll::Pending;
            };
            self.heard();
            self.answer(cx)?;
            match message {
                Some(Ok(Message::Binary(message))) => match self.wire.read(message)? {
                    Meaning::Data(data) => self.unread = data,
                    Meaning::Nothing => {}
                    Meaning::End => return Poll::Ready(Ok(())),
                },
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
        self.sent();
        let length = bytes.len().min(LONGEST_FRAME_BYTES);
        let message = Message::Binary(self.wire.message(&bytes[..length]));
        Pin::new(&mut self.socket).start_send(message).map_err(io_error)?;
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    const DATA: u8 = 0;
    const ERROR: u8 = 1;

    type Socket = WebSocketStream<DuplexStream>;

    /// A tunnel, and the kubelet's end of its websocket, which has named the port already.
    async fn tunnel() -> (Tunnel<Socket>, Socket) {
        let (ours, theirs) = duplex(1024 * 1024);
        let ours = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let mut theirs = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        for channel in [DATA, ERROR] {
            send(&mut theirs, channel, &7318_u16.to_le_bytes()).await;
        }
        (Tunnel::over(ours, Wire::port_forward()), theirs)
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

    #[tokio::test]
    async fn who_answers_is_asked_again_and_again() {
        let (mut tunnel, mut kubelet) = tunnel().await;
        tunnel.patience.quiet = Duration::from_millis(1);
        let answering = async {
            for _ in 0..3 {
                // While it is read from, the library answers.
                let asked = kubelet.next().await.expect("a ping").expect("a message");
                assert_eq!(asked, Message::Ping(Bytes::new()));
                kubelet.flush().await.expect("answered");
            }
        };
        tunnel.heard();
        tokio::select! {
            end = tunnel.read_u8() => panic!("{end:?}"),
            () = answering => {}
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_is_gone() {
        let (mut tunnel, _kubelet) = tunnel().await;
        let moment = Duration::from_millis(1);
        tunnel.patience = Patience {
            quiet: moment,
            answer: moment,
        };
        tunnel.heard();
        let error = loop {
            // The port comes first.
            match tunnel.read_u8().await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
