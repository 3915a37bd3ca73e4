//! Retries requests over an outage of the API server: the one policy for all of them, watches included.
//!
//! - **No answer.** A kept connection may end while a request is sent on it
//!   (<https://github.com/hyperium/hyper/issues/2136>). That is common here: when a kubelet refuses a tunnel, the API
//!   server passes the refusal on as if the connection stayed, and closes it (`UpgradeAwareHandler` of
//!   k8s.io/apimachinery; seen with 1.34). A new connection is tried at once, as Go's client does.
//! - **No connection.** Retried for a minute, once the server has answered this run: before that, the address may be
//!   wrong, and the user should hear so at once.
//! - **Too early an answer.** An API server that has just started knows no accounts and no Roles, so it answers 401 and
//!   403 to what is allowed (seen with 1.34: for up to a second). Such an answer is final only if the server is ready
//!   and repeats it.

mod server;

use std::{
    error::Error,
    io::ErrorKind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, StatusCode, header};
use kube::client::Body;
use tokio::time::{Instant, sleep};
use tower::{BoxError, Layer, Service};

use server::{Asked, Server, Verdict};

/// How long an outage may last. A restart of an API server takes seconds.
const LONGEST: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Connections that are tried at once after the first: another kept one may have ended as well.
const MORE_CONNECTIONS: u32 = 2;

/// Adds the retries to a client.
#[derive(Clone, Default)]
pub(super) struct RetryLayer(Arc<Server>);

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
    B: Send + 'static,
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Each attempt waits for the service itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { service, server } = self.clone();
        Box::pin(async move { send(&service, &server, request).await })
    }
}

async fn send<B, S: Sends<B>>(
    service: &S,
    server: &Server,
    mut request: Request<Body>,
) -> Result<Response<B>, BoxError> {
    let asked = Asked::from(&request);
    let mut outage = Outage::default();
    let mut connections = MORE_CONNECTIONS;
    let mut is_confirmed = false;
    loop {
        // `None` for a body that can be read only once; ours cannot.
        let kept = copy(&request);
        let answer = once(service, request).await;
        let Some(kept) = kept else { return answer };
        let is_doubtful = answer.as_ref().is_ok_and(|answer| is_doubtful(&asked, answer));
        if is_doubtful && !is_confirmed {
            is_confirmed = true;
            if server.verdict(service, &asked, &mut outage).await == Verdict::AskAgain {
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
                outage.pause()
            }
            Ok(answer) if is_busy(answer) => outage.pause_at_least(asked_pause(answer)),
            Ok(answer) => {
                server.note(&asked, answer.status());
                None
            }
            Err(_) => None,
        };
        let Some(pause) = pause else { return answer };
        sleep(pause).await;
        request = kept;
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

/// How long nothing has come through.
#[derive(Default)]
struct Outage {
    since: Option<Instant>,
    last: Option<Duration>,
}

impl Outage {
    fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    fn lasts(&self) -> Duration {
        self.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Returns how long to wait now; `None` when it has lasted too long.
    fn pause(&mut self) -> Option<Duration> {
        self.pause_at_least(Duration::ZERO)
    }

    fn pause_at_least(&mut self, asked: Duration) -> Option<Duration> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let next = self
            .last
            .map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.last = Some(next);
        let left = LONGEST.checked_sub(since.elapsed())?;
        // The server may ask for any time; what is left is the most that it gets.
        Some(next.max(asked).min(left)).filter(|pause| !pause.is_zero())
    }
}

/// Overloaded, shutting down, or behind a proxy that reaches no server. kube's own retries are switched off: they go on
/// for minutes, and wait for as long as the server asks.
fn is_busy<B>(answer: &Response<B>) -> bool {
    matches!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

fn asked_pause<B>(answer: &Response<B>) -> Duration {
    let asked = answer.headers().get(header::RETRY_AFTER);
    let seconds = asked.and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

/// Whether a server that has just started may have answered so without meaning it.
fn is_doubtful<B>(asked: &Asked, answer: &Response<B>) -> bool {
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
        (listener, client(config, None).expect("a client"))
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
