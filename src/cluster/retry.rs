//! Retries requests over an outage of the API server: the one policy for all of them, watches included.
//!
//! - **No answer.** A kept connection may end while a request is sent on it
//!   (<https://github.com/hyperium/hyper/issues/2136>). That is common here: when a kubelet refuses a tunnel, the API
//!   server passes the refusal on as if the connection stayed, and closes it (`UpgradeAwareHandler` of
//!   k8s.io/apimachinery; seen with 1.34). A new connection is tried at once, as Go's client does.
//! - **No connection, or an answer that breaks off.** Retried for a minute, once the server has answered this run: before
//!   that, the address may be wrong, and the user should hear so at once.
//! - **Nothing.** A server that is frozen accepts connections and is silent. After [`PATIENCE`] that is an outage too.
//! - **Trouble of its own.** 429, 500 and 502 to 504 are retried. Whether the request took effect is then unknown.
//! - **Too early an answer.** An API server that has just started knows no accounts and no Roles, so it answers 401 and
//!   403 to what is allowed (seen with 1.34: for up to a second). Such an answer is final only if the server is ready
//!   and repeats it.

mod answer;
mod outage;
mod server;

use std::{
    error::Error,
    io::ErrorKind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use kube::client::Body;
use tokio::time::{Instant, sleep, timeout};
use tower::{BoxError, Layer, Service};

use crate::model::Events;
use answer::{Answer, AnswerBody};
use outage::Outage;
use server::{Asked, Server, Verdict};

/// How long one request may go unanswered. Longer than an admission webhook may take, which is 30 s
/// (<https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#timeouts>).
const PATIENCE: Duration = Duration::from_secs(35);
/// Connections that are tried at once after the first: another kept one may have ended as well.
const MORE_CONNECTIONS: u32 = 2;

/// Adds the retries to a client.
#[derive(Clone)]
pub(super) struct RetryLayer(Arc<Server>);

impl RetryLayer {
    /// Makes the retries for the server at this URL. Events hear of it when a request waits for long.
    pub(super) fn new(url: String, events: Events) -> Self {
        Self(Arc::new(Server::new(url, events)))
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, service: S) -> Retry<S> {
        Retry {
            service,
            server: self.0.clone(),
        }
    }
}

/// Sends requests, and repeats them where that may help.
///
/// Writes are repeated too. A patch or a deletion is the same twice. A create that succeeded unheard answers 409 when it
/// is repeated: see [`super::create`].
#[derive(Clone)]
pub(super) struct Retry<S> {
    service: S,
    server: Arc<Server>,
}

/// What sends one request, once.
pub(super) trait Sends<B>:
    Service<Request<Body>, Response = Response<B>, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<B, S> Sends<B> for S where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

impl<B, S> Service<Request<Body>> for Retry<S>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Response = Response<AnswerBody<B>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Each attempt waits for the service itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { service, server } = self.clone();
        Box::pin(async move {
            let asked = Asked::from(&request);
            let sending = send(&service, &server, &asked, request);
            if asked.is_of_node() {
                return sending.await.map(Answer::into_response);
            }
            tokio::select! {
                answer = sending => answer.map(Answer::into_response),
                never = server.say_that_it_waits() => match never {},
            }
        })
    }
}

async fn send<B, S>(
    service: &S,
    server: &Server,
    asked: &Asked,
    mut request: Request<Body>,
) -> Result<Answer<B>, BoxError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    S: Sends<B>,
{
    let mut outage = Outage::default();
    let mut connections = MORE_CONNECTIONS;
    let mut is_confirmed = false;
    loop {
        // `None` for a body that can be read only once; ours cannot.
        let kept = copy(&request);
        let sent = Instant::now();
        let answer = read(service, asked, request).await;
        let Some(kept) = kept else { return answer };
        let is_doubtful = answer.as_ref().is_ok_and(|answer| is_doubtful(asked, answer));
        if is_doubtful && !is_confirmed {
            is_confirmed = true;
            if server.verdict(service, asked, &mut outage).await == Verdict::AskAgain {
                request = kept;
                continue;
            }
            return answer;
        }
        let pause = match &answer {
            Err(error) if connections > 0 && is_closed(error.as_ref()) => {
                connections -= 1;
                Some(Duration::ZERO)
            }
            Err(error) if server.has_answered() && is_lost(error.as_ref()) => {
                is_confirmed = false;
                outage.began(sent);
                outage.pause()
            }
            Ok(answer) if is_trouble(asked, answer) => {
                outage.began(sent);
                outage.pause_at_least(asked_pause(answer))
            }
            Ok(answer) => {
                server.note(asked, answer.status());
                None
            }
            Err(_) => None,
        };
        let Some(pause) = pause else { return answer };
        sleep(pause).await;
        request = kept;
    }
}

/// Sends a request once, and reads the answer to its end where it has one.
async fn read<B, S>(service: &S, asked: &Asked, request: Request<Body>) -> Result<Answer<B>, BoxError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    S: Sends<B>,
{
    let answer = async {
        let answer = once(service, request).await?;
        Answer::read(answer, asked.is_stream()).await
    };
    // A node may be slow, and whoever talks to one waits for as long as is right there.
    if asked.is_of_node() {
        return answer.await;
    }
    match timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(std::io::Error::new(ErrorKind::TimedOut, "no answer").into()),
    }
}

async fn once<B, S: Sends<B>>(service: &S, request: Request<Body>) -> Result<Response<B>, BoxError> {
    let mut service = service.clone();
    std::future::poll_fn(|context| service.poll_ready(context)).await?;
    service.call(request).await
}

fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

/// Overloaded, shutting down, without its etcd, or behind a proxy that reaches no server. kube's own retries are switched
/// off: they go on for minutes, and wait for as long as the server asks.
fn is_trouble<B>(asked: &Asked, answer: &Answer<B>) -> bool {
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => true,
        // A kubelet answers so as well, for good: its container is gone.
        StatusCode::BAD_GATEWAY => !asked.is_of_node(),
        // etcd that has no leader passes. A webhook that fails does not, and the user should hear its name at once.
        StatusCode::INTERNAL_SERVER_ERROR => !asked.is_of_node() && !answer.speaks_of("webhook"),
        _ => false,
    }
}

fn asked_pause<B>(answer: &Answer<B>) -> Duration {
    let asked = answer.headers().get(header::RETRY_AFTER);
    let seconds = asked.and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

/// Whether a server that has just started may have answered so without meaning it.
fn is_doubtful<B>(asked: &Asked, answer: &Answer<B>) -> bool {
    match answer.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
        // The API server says in JSON that an object does not exist. Other answers come from a proxy, from a server that
        // does not know this API yet, or to an upgrade from a kubelet.
        StatusCode::NOT_FOUND => {
            let kind = answer.headers().get(header::CONTENT_TYPE);
            let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
            !is_json && !asked.is_upgrade
        }
        _ => false,
    }
}

/// Whether the connection ended before an answer began.
fn is_closed(error: &(dyn Error + 'static)) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    // The last is how rustls reports an end that was not announced.
    has_cause(error, true, &[ConnectionReset, BrokenPipe, UnexpectedEof])
}

/// Whether there was no connection, or it ended before an answer began. Not a certificate that is refused.
fn is_lost(error: &(dyn Error + 'static)) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable, NotConnected,
        TimedOut,
    };
    let unreachable = [
        ConnectionAborted,
        ConnectionRefused,
        HostUnreachable,
        NetworkDown,
        NetworkUnreachable,
        NotConnected,
        TimedOut,
    ];
    is_closed(error) || has_cause(error, false, &unreachable)
}

fn has_cause(error: &(dyn Error + 'static), or_incomplete: bool, kinds: &[ErrorKind]) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let of_http = error.downcast_ref::<hyper::Error>();
        if or_incomplete && of_http.is_some_and(hyper::Error::is_incomplete_message) {
            return true;
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return kinds.contains(&error.kind());
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::{Api, PostParams};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::cluster::connect::client;

    /// A server on loopback, and a client as the plugin makes it.
    async fn server() -> (TcpListener, kube::Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let config = kube::Config::new(url.parse().expect("a URL"));
        (
            listener,
            client(config, None, Events::nowhere()).expect("a client"),
        )
    }

    /// Reads a request whose body, if any, comes with its head or right after; returns its first line.
    async fn request(connection: &mut TcpStream) -> String {
        let mut read = vec![0; 4096];
        let length = connection.read(&mut read).await.expect("a request");
        let text = String::from_utf8_lossy(&read[..length]).into_owned();
        text.lines().next().unwrap_or_default().to_owned()
    }

    async fn answer(connection: &mut TcpStream, status: &str, body: &str) {
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.write_all(text.as_bytes()).await.expect("an answer");
    }

    fn named(name: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.name = Some(name.to_owned());
        object
    }

    #[tokio::test]
    async fn what_goes_to_a_connection_that_ends_is_asked_on_another() {
        let (listener, client) = server().await;
        let serving = tokio::spawn(async move {
            // As the API server does when a kubelet has refused a way: it seems to stay, and ends.
            let (mut first, _) = listener.accept().await.expect("a connection");
            let upgrade = request(&mut first).await;
            answer(&mut first, "404 Not Found", "{}").await;
            let unanswered = request(&mut first).await;
            drop(first);
            let (mut second, _) = listener.accept().await.expect("another connection");
            let answered = request(&mut second).await;
            let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shop"}}"#;
            answer(&mut second, "201 Created", body).await;
            [upgrade, unanswered, answered]
        });
        let way = Request::get("/api/v1/namespaces/dev/pods/p/portforward").body(Vec::new());
        assert!(client.connect(way.expect("a request")).await.is_err());
        let api: Api<ConfigMap> = Api::namespaced(client, "dev");
        let created = api.create(&PostParams::default(), &named("shop")).await;
        assert_eq!(created.expect("created").metadata.name.as_deref(), Some("shop"));

        let create = "POST /api/v1/namespaces/dev/configmaps? HTTP/1.1";
        let asked = serving.await.expect("served");
        assert_eq!(asked[0], "GET /api/v1/namespaces/dev/pods/p/portforward HTTP/1.1");
        assert_eq!(asked[1..], [create, create]);
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_left() {
        let (listener, client) = server().await;
        let serving = tokio::spawn(async move {
            for _ in 0..=MORE_CONNECTIONS {
                let (mut connection, _) = listener.accept().await.expect("a connection");
                request(&mut connection).await;
            }
            listener
        });
        let api: Api<ConfigMap> = Api::namespaced(client, "dev");
        let error = api.get("shop").await.expect_err("no answer");
        assert!(is_closed(&error), "{error}");
        serving.await.expect("asked so often and not more");
    }
}
