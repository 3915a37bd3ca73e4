//! Both ends of the upload, over loopback, in front of a registry that fails on demand.

mod deltas;

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Write},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use kubectl_b2i::{
    oci::{Descriptor, Digest},
    staging::{
        Client, Destination, DestinationError, Replay, Token,
        client::Error,
        protocol::{Hello, MissingBlob, Range, Refusal, WantedBlob},
        server::{self, Ended},
    },
};
use tempfile::{NamedTempFile, TempDir};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A registry in memory.
#[derive(Clone)]
struct Registry(Arc<Inner>);

struct Inner {
    blobs: Mutex<BTreeMap<Digest, Vec<u8>>>,
    /// What becomes of the next pushes; after them all go well.
    faults: Mutex<VecDeque<Fault>>,
    /// Most bytes that any one try of a push was given.
    most_given: Mutex<usize>,
    /// While false, no push reads anything.
    is_open: watch::Sender<bool>,
    /// What it has against all pushes.
    objection: Mutex<Option<DestinationError>>,
}

enum Fault {
    /// Breaks off after so many bytes and reads again from the beginning.
    Break(usize),
    /// Refuses before it reads anything.
    Refuse,
}

impl Registry {
    fn new() -> Self {
        Self(Arc::new(Inner {
            blobs: Mutex::default(),
            faults: Mutex::default(),
            most_given: Mutex::default(),
            is_open: watch::Sender::new(true),
            objection: Mutex::default(),
        }))
    }

    fn with_faults(faults: impl IntoIterator<Item = Fault>) -> Self {
        let registry = Self::new();
        registry.0.faults.lock().unwrap().extend(faults);
        registry
    }

    fn blob(&self, digest: Digest) -> Option<Vec<u8>> {
        self.0.blobs.lock().unwrap().get(&digest).cloned()
    }

    /// Returns once a push waits for it to open.
    async fn is_asked_to_push(&self) {
        while self.0.is_open.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn read(&self, body: &Replay, most: usize) -> io::Result<Vec<u8>> {
        let mut stream = std::pin::pin!(body.stream());
        let mut bytes = Vec::new();
        while bytes.len() < most
            && let Some(piece) = stream.try_next().await?
        {
            bytes.extend_from_slice(&piece);
            let mut most_given = self.0.most_given.lock().unwrap();
            *most_given = bytes.len().max(*most_given);
        }
        Ok(bytes)
    }
}

fn denied() -> DestinationError {
    DestinationError::Denied {
        why: "the registry answered 403 DENIED".to_owned(),
    }
}

impl Destination for Registry {
    async fn ready(&self) -> Result<(), DestinationError> {
        let objection = self.0.objection.lock().unwrap().clone();
        objection.map_or(Ok(()), Err)
    }

    async fn exists(&self, digest: Digest) -> Result<bool, DestinationError> {
        Ok(self.blob(digest).is_some())
    }

    async fn pull(
        &self,
        descriptor: &Descriptor,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, DestinationError> {
        let bytes = self.blob(descriptor.digest).ok_or_else(denied)?;
        let is_right = Digest::of(&bytes) == descriptor.digest;
        let end = (!is_right).then(|| Err(io::Error::other("the digest is wrong")));
        Ok(stream::iter([Ok(bytes.into())].into_iter().chain(end)).boxed())
    }

    async fn push(&self, digest: Digest, size_bytes: u64, body: Replay) -> Result<(), DestinationError> {
        let mut is_open = self.0.is_open.subscribe();
        is_open.wait_for(|&is_open| is_open).await.unwrap();
        let fault = self.0.faults.lock().unwrap().pop_front();
        match fault {
            Some(Fault::Refuse) => return Err(denied()),
            Some(Fault::Break(at)) => drop(self.read(&body, at).await),
            None => {}
        }
        let bytes = self.read(&body, usize::MAX).await.map_err(|_| denied())?;
        // As strict as a registry.
        assert_eq!(bytes.len() as u64, size_bytes);
        assert_eq!(Digest::of(&bytes), digest);
        self.0.blobs.lock().unwrap().insert(digest, bytes);
        Ok(())
    }
}

/// A staging Pod, without the Pod.
struct Pod {
    address: SocketAddr,
    token: Token,
    spool: TempDir,
    server: JoinHandle<io::Result<Ended>>,
}

impl Pod {
    async fn start(registry: &Registry) -> Self {
        Self::start_with(registry, |_| {}).await
    }

    async fn start_with(registry: &Registry, change: impl FnOnce(&mut server::Settings)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spool = TempDir::new().unwrap();
        let token = Token::generate().unwrap();
        let mut settings = server::Settings {
            registry: "registry.example.com".to_owned(),
            repository: "team/shop".to_owned(),
            token_sha256: token.sha256(),
            idle: Duration::from_secs(60),
            spool_folder: spool.path().to_owned(),
            spool_limit_bytes: 64 * 1024 * 1024,
        };
        change(&mut settings);
        let server = tokio::spawn(server::serve(listener, settings, registry.clone()));
        Self {
            address,
            token,
            spool,
            server,
        }
    }

    async fn client(&self) -> Client {
        let connection = TcpStream::connect(self.address).await.unwrap();
        Client::connect(connection, &self.token).await.unwrap()
    }

    async fn put(&self, layer: &Layer, offset: u64) -> Result<(), Error> {
        self.client()
            .await
            .put(layer.digest, layer.from(offset), layer.path(), |_| {})
            .await
    }

    async fn offset(&self, layer: &Layer) -> Option<u64> {
        let missing = self.client().await.missing(&[layer.wanted()]).await.unwrap();
        missing.first().map(|blob| blob.offset)
    }

    fn spooled_files(&self) -> usize {
        self.spool.path().read_dir().unwrap().count()
    }

    /// Waits until the spool is empty: what was answered is removed a moment after the answer.
    async fn has_spooled_nothing(&self) {
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while self.spooled_files() > 0 {
            assert!(
                std::time::Instant::now() < deadline,
                "{} files stay",
                self.spooled_files()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a request as it is written here, and returns the status and the body of the answer.
    async fn raw(&self, request: &str) -> (u16, String) {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }
}

/// A layer in a file.
struct Layer {
    digest: Digest,
    bytes: Vec<u8>,
    file: NamedTempFile,
}

impl Layer {
    fn new(seed: u64, size: usize) -> Self {
        let mut state = seed;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            // Knuth's MMIX generator: no byte may look like its neighbour.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(size)
        .collect();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        Self {
            digest: Digest::of(&bytes),
            bytes,
            file,
        }
    }

    fn path(&self) -> &std::path::Path {
        self.file.path()
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn from(&self, offset: u64) -> Range {
        Range {
            offset,
            size: self.size(),
        }
    }

    fn wanted(&self) -> WantedBlob {
        WantedBlob {
            digest: self.digest,
            size_bytes: self.size(),
            always: false,
        }
    }
}

/// A connection that breaks after so many bytes were sent over it.
struct Breaking {
    connection: TcpStream,
    left: usize,
}

impl AsyncRead for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let length = bytes.len().min(self.left);
        let written = Pin::new(&mut self.connection).poll_write(cx, &bytes[..length]);
        if let Poll::Ready(Ok(written)) = written {
            self.left -= written;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_layer_goes_through() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(1, 3_000_001);
    let mut client = pod.client().await;

    let hello = client.hello().await.unwrap();
    assert_eq!(
        hello,
        Hello {
            protocol: 2,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            registry: "registry.example.com".to_owned(),
            repository: "team/shop".to_owned(),
        }
    );
    let missing = client.missing(&[layer.wanted()]).await.unwrap();
    assert_eq!(
        missing,
        [MissingBlob {
            digest: layer.digest,
            offset: 0
        }]
    );
    let seen = Arc::new(Mutex::new(Vec::new()));
    let progress = seen.clone();
    client
        .put(layer.digest, layer.from(0), layer.path(), move |bytes| {
            progress.lock().unwrap().push(bytes);
        })
        .await
        .unwrap();

    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
    assert_eq!(client.missing(&[layer.wanted()]).await.unwrap(), []);
    pod.has_spooled_nothing().await;
    let seen = seen.lock().unwrap();
    assert!(seen.is_sorted());
    assert_eq!(seen.last(), Some(&layer.size()));
}

#[tokio::test]
async fn an_empty_layer_and_one_of_a_byte_go_through() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    for size in [0, 1] {
        let layer = Layer::new(2, size);
        pod.put(&layer, 0).await.unwrap();
        assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
    }
}

#[tokio::test]
async fn a_cut_link_costs_only_what_was_on_it() {
    let size = 2_000_000;
    // The head of the request is about 300 bytes long.
    for cut_after in [100, 1_000, 500_000, size, size + 100] {
        let registry = Registry::new();
        let pod = Pod::start(&registry).await;
        let layer = Layer::new(3, size);

        let connection = TcpStream::connect(pod.address).await.unwrap();
        let breaking = Breaking {
            connection,
            left: cut_after,
        };
        let mut client = Client::connect(breaking, &pod.token).await.unwrap();
        let cut = client
            .put(layer.digest, layer.from(0), layer.path(), |_| {})
            .await;
        assert!(matches!(cut, Err(Error::Cut(_))), "{cut:?}");
        drop(client);

        // What is still in the network may arrive after the question; then the answer to the next
        // request says where to go on.
        let mut offset = pod.offset(&layer).await.unwrap();
        while let Err(error) = pod.put(&layer, offset).await {
            let Error::Refused(Refusal::WrongOffset { offset: true_one }) = error else {
                panic!("{error}");
            };
            assert!(true_one > offset);
            offset = true_one;
        }
        assert!(offset <= cut_after as u64);
        assert!(registry.blob(layer.digest).unwrap() == layer.bytes, "{cut_after}");
        pod.has_spooled_nothing().await;
    }
}

#[tokio::test]
async fn a_container_that_was_killed_finds_its_spool() {
    let registry = Registry::new();
    let layer = Layer::new(5, 1_000_000);
    let pod = Pod::start_with(&registry, |settings| {
        let name = format!("{}.{}.left", layer.digest.hex(), layer.size());
        std::fs::write(settings.spool_folder.join(name), &layer.bytes[..400_000]).unwrap();
    })
    .await;
    let offset = pod.offset(&layer).await.unwrap();
    assert_eq!(offset, 400_000);
    pod.put(&layer, offset).await.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
    pod.has_spooled_nothing().await;
}

#[tokio::test]
async fn a_request_that_hangs_is_taken_over() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(4, 1_000_000);
    // A connection that never sends its body: the other end's cable was pulled.
    let (hanging, pipe) = tokio::io::duplex(64 * 1024);
    let connection = TcpStream::connect(pod.address).await.unwrap();
    let (mut from_pod, mut to_pod) = connection.into_split();
    let (mut from_plugin, mut to_plugin) = tokio::io::split(pipe);
    tokio::spawn(async move {
        let mut some = [0; 10_000];
        from_plugin.read_exact(&mut some).await.unwrap();
        to_pod.write_all(&some).await.unwrap();
        // Keeps both halves open.
        tokio::io::copy(&mut from_pod, &mut to_plugin).await.unwrap();
        drop((from_plugin, to_pod));
    });
    let mut hanging = Client::connect(hanging, &pod.token).await.unwrap();
    let first = hanging.put(layer.digest, layer.from(0), layer.path(), |_| {});
    let second = async {
        let mut offset = 0;
        while offset == 0 {
            offset = pod.offset(&layer).await.unwrap();
            tokio::task::yield_now().await;
        }
        pod.put(&layer, offset).await
    };
    let (first, second) = tokio::join!(first, second);
    assert!(
        matches!(first, Err(Error::Refused(Refusal::Superseded))),
        "{first:?}"
    );
    second.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
}

#[tokio::test]
async fn wrong_bytes_are_not_committed() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(5, 700_000);
    let other = Layer::new(6, 700_000);
    let wrong = pod
        .client()
        .await
        .put(layer.digest, layer.from(0), other.path(), |_| {})
        .await;
    let Err(Error::Refused(Refusal::WrongDigest { found })) = wrong else {
        panic!("{wrong:?}");
    };
    assert_eq!(found, other.digest);
    assert_eq!(registry.blob(layer.digest), None);
    assert!(*registry.0.most_given.lock().unwrap() < layer.bytes.len());
    pod.has_spooled_nothing().await;

    // It begins anew.
    assert_eq!(pod.offset(&layer).await, Some(0));
    pod.put(&layer, 0).await.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
}

#[tokio::test]
async fn a_registry_that_breaks_off_is_served_again_from_the_spool() {
    let registry = Registry::with_faults([Fault::Break(1_000_000)]);
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(7, 2_000_000);
    pod.put(&layer, 0).await.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
}

#[tokio::test]
async fn after_a_refusal_nothing_is_sent_twice() {
    let registry = Registry::with_faults([Fault::Refuse]);
    registry.0.is_open.send_replace(false);
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(8, 900_000);
    let mut client = pod.client().await;
    let put = client.put(layer.digest, layer.from(0), layer.path(), |_| {});
    let refuse_when_all_is_here = async {
        while pod.offset(&layer).await != Some(layer.size()) {
            tokio::task::yield_now().await;
        }
        registry.0.is_open.send_replace(true);
    };
    let (refused, ()) = tokio::join!(put, refuse_when_all_is_here);
    let Err(Error::Refused(Refusal::Registry { error })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error, denied());

    let all = pod.offset(&layer).await.unwrap();
    assert_eq!(all, layer.size());
    pod.put(&layer, all).await.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
}

#[tokio::test]
async fn what_the_registry_has_against_it_is_told_before_anything_is_sent() {
    let registry = Registry::new();
    *registry.0.objection.lock().unwrap() = Some(denied());
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(5, 1000);
    let refused = pod.client().await.missing(&[layer.wanted()]).await;
    let Err(Error::Refused(Refusal::Registry { error })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error, denied());
}

#[tokio::test]
async fn a_refusal_comes_through_while_the_body_is_on_its_way() {
    let registry = Registry::with_faults([Fault::Refuse]);
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(9, 32 * 1024 * 1024);
    let refused = pod.put(&layer, 0).await;
    assert!(
        matches!(&refused, Err(Error::Refused(Refusal::Registry { error })) if *error == denied()),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_refusal_waits_for_those_who_write_first_and_read_then() {
    let registry = Registry::with_faults([Fault::Refuse]);
    let pod = Pod::start_with(&registry, with_known_token).await;
    let size = 16 * 1024 * 1024;
    let line = format!("PUT /v2/blobs/{}?offset=0&size={size}", Digest::of(b"x"));
    let headers = format!("b2i-protocol: 2\r\ncontent-length: {size}");
    let (status, _) = pod.raw(&by_hand(&line, &headers, &"x".repeat(size))).await;
    assert_eq!(status, 502);
}

#[tokio::test]
async fn a_slow_registry_does_not_hold_up_the_link() {
    let registry = Registry::new();
    registry.0.is_open.send_replace(false);
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(10, 5_000_000);
    let mut client = pod.client().await;
    let put = client.put(layer.digest, layer.from(0), layer.path(), |_| {});
    let open = async {
        while pod.offset(&layer).await != Some(layer.size()) {
            tokio::task::yield_now().await;
        }
        assert_eq!(registry.blob(layer.digest), None);
        registry.0.is_open.send_replace(true);
    };
    let (put, ()) = tokio::join!(put, open);
    put.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
}

#[tokio::test]
async fn the_registry_takes_what_is_here_while_the_rest_is_missing() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(11, 1_000_000);
    let connection = TcpStream::connect(pod.address).await.unwrap();
    let breaking = Breaking {
        connection,
        left: 600_000,
    };
    let mut client = Client::connect(breaking, &pod.token).await.unwrap();
    client
        .put(layer.digest, layer.from(0), layer.path(), |_| {})
        .await
        .unwrap_err();
    while *registry.0.most_given.lock().unwrap() < 500_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_layers_go_through_at_once() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layers: Vec<Layer> = (20..26).map(|seed| Layer::new(seed, 3_000_000)).collect();
    futures_util::stream::iter(&layers)
        .for_each_concurrent(None, async |layer| pod.put(layer, 0).await.unwrap())
        .await;
    for layer in &layers {
        assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
    }
    pod.has_spooled_nothing().await;
}

#[tokio::test]
async fn a_layer_that_the_registry_only_claims_to_have_can_be_sent() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(12, 1_000);
    registry
        .0
        .blobs
        .lock()
        .unwrap()
        .insert(layer.digest, b"not there, really".to_vec());
    let mut client = pod.client().await;
    assert_eq!(client.missing(&[layer.wanted()]).await.unwrap(), []);
    let always = WantedBlob {
        always: true,
        ..layer.wanted()
    };
    assert_eq!(client.missing(&[always]).await.unwrap().len(), 1);
    client
        .put(layer.digest, layer.from(0), layer.path(), |_| {})
        .await
        .unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
    // Once it was sent it is no longer missing, whoever asks.
    assert_eq!(client.missing(&[always]).await.unwrap(), []);
}

/// The Pod stays for some minutes, and a garbage collection does not wait for it.
#[tokio::test]
async fn a_layer_that_the_registry_has_lost_since_is_sent_again_by_the_next_upload() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(19, 1_000);
    pod.put(&layer, 0).await.unwrap();
    registry.0.blobs.lock().unwrap().clear();
    let mut client = pod.client().await;
    // Within one upload only an answer was lost.
    assert_eq!(client.missing(&[layer.wanted()]).await.unwrap(), []);
    assert_eq!(client.begin(&[layer.wanted()]).await.unwrap().len(), 1);
    pod.put(&layer, 0).await.unwrap();
    assert!(registry.blob(layer.digest).unwrap() == layer.bytes);
}

#[tokio::test]
async fn another_token_opens_nothing() {
    let registry = Registry::new();
    let pod = Pod::start(&registry).await;
    let layer = Layer::new(13, 10);
    let connection = TcpStream::connect(pod.address).await.unwrap();
    let mut client = Client::connect(connection, &Token::generate().unwrap())
        .await
        .unwrap();
    let unauthorized =
        |error: Error| assert!(matches!(error, Error::Refused(Refusal::Unauthorized)), "{error}");
    unauthorized(client.hello().await.unwrap_err());
    unauthorized(client.missing(&[layer.wanted()]).await.unwrap_err());
    unauthorized(
        client
            .put(layer.digest, layer.from(0), layer.path(), |_| {})
            .await
            .unwrap_err(),
    );
    unauthorized(client.finish().await.unwrap_err());
    assert!(!pod.server.is_finished());
    pod.has_spooled_nothing().await;

    let (status, _) = pod
        .raw("GET /hello HTTP/1.1\r\nhost: a\r\nb2i-protocol: 2\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!(status, 401);
}

/// Settings of a server whose token is known to the requests that are written by hand.
fn with_known_token(settings: &mut server::Settings) {
    settings.token_sha256 = Digest::of(b"known");
}

fn by_hand(line: &str, headers: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer known\r\nconnection: close\r\n{headers}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn another_version_of_the_protocol_is_told_which_side_is_older() {
    let pod = Pod::start_with(&Registry::new(), with_known_token).await;
    for (version, older) in [("3", "builder image"), ("1", "plugin"), ("x", "plugin")] {
        let (status, body) = pod
            .raw(&by_hand("GET /hello", &format!("b2i-protocol: {version}"), ""))
            .await;
        assert_eq!(status, 400);
        let refusal: Refusal = serde_json::from_str(&body).unwrap();
        assert!(
            refusal.to_string().ends_with(&format!("the {older} is older")),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn only_a_digest_names_a_blob() {
    let registry = Registry::new();
    let pod = Pod::start_with(&registry, with_known_token).await;
    let digest = Digest::of(b"x");
    let upper = format!("sha256:{}", digest.hex().to_uppercase());
    let headers = "b2i-protocol: 2\r\ncontent-length: 1";
    for (path, expected) in [
        (digest.to_string(), 201),
        (upper, 400),
        (digest.hex(), 400),
        (format!("sha512:{}", digest.hex()), 400),
        (format!("..%2f{digest}"), 400),
        (format!("{digest}%2f.."), 400),
        (format!("{digest}%00"), 400),
        (format!("../{digest}"), 404),
        (format!("{digest}/.."), 404),
        (String::new(), 404),
    ] {
        let line = format!("PUT /v2/blobs/{path}?offset=0&size=1");
        let (status, body) = pod.raw(&by_hand(&line, headers, "x")).await;
        assert_eq!(status, expected, "{path}: {body}");
    }
    assert_eq!(registry.0.blobs.lock().unwrap().len(), 1);
    pod.has_spooled_nothing().await;
}

#[tokio::test]
async fn there_is_nothing_but_blobs() {
    let pod = Pod::start_with(&Registry::new(), with_known_token).await;
    for line in [
        "PUT /v2/manifests/latest",
        "PUT /v2/team/shop/manifests/latest",
        "GET /v2/",
        "DELETE /v2/blobs/sha256:00",
        "GET /v2/finish",
        "GET /",
    ] {
        let (status, _) = pod
            .raw(&by_hand(line, "b2i-protocol: 2\r\ncontent-length: 0", ""))
            .await;
        assert_eq!(status, 404, "{line}");
    }
    assert!(!pod.server.is_finished());
}

#[tokio::test]
async fn a_body_must_say_its_length_and_be_the_rest() {
    let pod = Pod::start_with(&Registry::new(), with_known_token).await;
    let digest = Digest::of(b"x");
    for (query, headers) in [
        ("offset=0&size=1", "transfer-encoding: chunked"),
        ("offset=0&size=2", "content-length: 1"),
        ("offset=2&size=1", "content-length: 1"),
        ("offset=-1&size=0", "content-length: 1"),
        ("size=1", "content-length: 1"),
    ] {
        let line = format!("PUT /v2/blobs/{digest}?{query}");
        let headers = format!("b2i-protocol: 2\r\n{headers}");
        let body = if headers.contains("chunked") {
            "1\r\nx\r\n0\r\n\r\n"
        } else {
            "x"
        };
        let (status, body) = pod.raw(&by_hand(&line, &headers, body)).await;
        assert_eq!(status, 400, "{query}, {headers}: {body}");
    }
}

#[tokio::test]
async fn a_question_is_bounded() {
    let pod = Pod::start_with(&Registry::new(), with_known_token).await;
    let body = format!("{{\"blobs\":[{}]}}", " ".repeat(2 * 1024 * 1024));
    let headers = format!(
        "b2i-protocol: 2\r\ncontent-type: application/json\r\ncontent-length: {}",
        body.len()
    );
    let (status, _) = pod.raw(&by_hand("POST /v2/blobs/missing", &headers, &body)).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_spool_is_bounded() {
    let registry = Registry::new();
    registry.0.is_open.send_replace(false);
    let pod = Pod::start_with(&registry, |settings| settings.spool_limit_bytes = 1_000).await;
    let too_large = |result: Result<(), Error>| {
        let Err(Error::Refused(Refusal::TooLarge { limit_bytes })) = result else {
            panic!("{result:?}");
        };
        assert_eq!(limit_bytes, 1_000);
    };
    too_large(pod.put(&Layer::new(14, 1_001), 0).await);

    // One that fits is in; another has to wait until the registry has the first.
    let (first, second) = (Layer::new(15, 600), Layer::new(16, 600));
    let mut client = pod.client().await;
    let put = client.put(first.digest, first.from(0), first.path(), |_| {});
    let refused = async {
        while pod.offset(&first).await != Some(600) {
            tokio::task::yield_now().await;
        }
        too_large(pod.put(&second, 0).await);
        registry.0.is_open.send_replace(true);
    };
    let (put, ()) = tokio::join!(put, refused);
    put.unwrap();
    pod.put(&second, 0).await.unwrap();
}

#[tokio::test]
async fn a_file_that_shrank_is_no_cut_link() {
    let pod = Pod::start(&Registry::new()).await;
    let layer = Layer::new(17, 1_000_000);
    layer.file.as_file().set_len(700_000).unwrap();
    let result = pod.put(&layer, 0).await;
    assert!(matches!(result, Err(Error::File(_))), "{result:?}");
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let pod = Pod::start(&Registry::new()).await;
    // Another connection that is open and idle does not hold it up.
    let mut other = pod.client().await;
    other.hello().await.unwrap();
    pod.client().await.finish().await.unwrap();
    assert_eq!(pod.server.await.unwrap().unwrap(), Ended::Finished);
}

#[tokio::test]
async fn it_ends_when_nobody_asks() {
    let pod = Pod::start_with(&Registry::new(), |settings| {
        settings.idle = Duration::from_millis(20);
    })
    .await;
    assert_eq!(pod.server.await.unwrap().unwrap(), Ended::Idle);
}

/// Sends a request as anybody who may port-forward into the namespace can, and waits a little for the answer.
async fn stranger_asks(address: SocketAddr, method: &str, path: &str, authorization: &str) -> String {
    let Ok(mut connection) = TcpStream::connect(address).await else {
        return String::new();
    };
    // The body never comes to its end.
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nb2i-protocol: 2\r\n{authorization}content-length: 9999\r\n\r\n{{"
    );
    connection.write_all(head.as_bytes()).await.ok();
    let mut answer = vec![0; 1024];
    let read = connection.read(&mut answer);
    let read = tokio::time::timeout(Duration::from_millis(100), read).await;
    String::from_utf8_lossy(&answer[..read.map_or(0, Result::unwrap_or_default)]).into_owned()
}

#[tokio::test]
async fn requests_without_the_token_do_not_keep_it_alive() {
    let digest = Digest::of(b"x");
    let strangers = [
        ("GET", "/hello".to_owned(), String::new()),
        (
            "POST",
            "/v2/blobs/missing".to_owned(),
            "authorization: Bearer wrong\r\n".to_owned(),
        ),
        (
            "PUT",
            format!("/v2/blobs/{digest}"),
            format!("authorization: Bearer {}\r\n", "0".repeat(64)),
        ),
        (
            "POST",
            "/v2/finish".to_owned(),
            "authorization: Basic Zm9vOmJhcg==\r\n".to_owned(),
        ),
        ("POST", "/nowhere".to_owned(), String::new()),
    ];
    let idle = Duration::from_secs(1);
    let pod = Pod::start_with(&Registry::new(), |settings| settings.idle = idle).await;
    let address = pod.address;
    let asking = tokio::spawn(async move {
        for (method, path, authorization) in strangers.iter().cycle() {
            let answer = stranger_asks(address, method, path, authorization).await;
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 401"),
                "{answer}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    // Each asks more often than once in this time; and some seconds for what is open to end.
    let ended = tokio::time::timeout(idle * 8, pod.server).await;
    assert!(!asking.is_finished(), "a stranger was not refused");
    asking.abort();
    assert_eq!(ended.expect("it ends").unwrap().unwrap(), Ended::Idle);
}

#[tokio::test]
async fn it_is_not_idle_while_the_registry_works() {
    let registry = Registry::new();
    registry.0.is_open.send_replace(false);
    // Longer than this test may be kept waiting between its two requests, on a machine that is busy.
    let idle = Duration::from_secs(2);
    let pod = Pod::start_with(&registry, |settings| settings.idle = idle).await;
    let layer = Layer::new(18, 1_000);
    let mut client = pod.client().await;
    let put = client.put(layer.digest, layer.from(0), layer.path(), |_| {});
    let mut server = pod.server;
    let open = async {
        registry.is_asked_to_push().await;
        let still_there = tokio::time::timeout(idle + idle / 4, &mut server).await;
        assert!(still_there.is_err());
        registry.0.is_open.send_replace(true);
    };
    let (put, ()) = tokio::join!(put, open);
    put.unwrap();
    assert_eq!(server.await.unwrap().unwrap(), Ended::Idle);
}
