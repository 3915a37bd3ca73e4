//! Asks once more where the API server closed the connection instead of answering.
//!
//! A connection that is kept for the next request may end at the moment that one is sent; nobody can know
//! (<https://github.com/hyperium/hyper/issues/2136>). Here it is no rare chance: when a kubelet refuses to open a way
//! into a Pod (that of an earlier run, which is gone by now), the API server passes the refusal on as if the connection
//! stayed, and closes it a tenth of a millisecond later (`UpgradeAwareHandler` of k8s.io/apimachinery; seen with 1.34).
//! Go's client, and so kubectl, asks again too, for what it may.

use std::{error::Error, future, io::ErrorKind};

use http::{Request, Response};
use kube::client::Body;
use tower::{BoxError, retry::Policy};

/// The connections that an answer is looked for on after the first: another one that is kept may have ended as well.
const MORE_CONNECTIONS: u32 = 2;

/// For [`tower::retry::Retry`]. Writes are asked for again too, which is safe with ours: a patch or a deletion is the
/// same twice, and objects are created under names that are chosen here. The worst is an answer 409 to what did
/// happen, where there was an error anyway.
#[derive(Clone)]
pub(super) struct OnceMore {
    connections: u32,
}

impl Default for OnceMore {
    fn default() -> Self {
        Self {
            connections: MORE_CONNECTIONS,
        }
    }
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for OnceMore {
    type Future = future::Ready<()>;

    fn retry(
        &mut self,
        _request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        let is_closed = result.as_ref().is_err_and(|error| is_closed(error.as_ref()));
        if !is_closed || self.connections == 0 {
            return None;
        }
        self.connections -= 1;
        Some(future::ready(()))
    }

    /// `None` for a body that can be read only once; ours cannot.
    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        let body = request.body().try_clone()?;
        let mut clone = Request::new(body);
        *clone.method_mut() = request.method().clone();
        *clone.uri_mut() = request.uri().clone();
        *clone.headers_mut() = request.headers().clone();
        *clone.extensions_mut() = request.extensions().clone();
        Some(clone)
    }
}

/// Whether the connection ended before an answer began.
fn is_closed(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_incomplete_message)
        {
            return true;
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            // The last is how rustls tells of an end that was not announced.
            return matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
            );
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
