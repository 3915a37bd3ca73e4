//! Opens a websocket with a subprotocol of our choice; kube's client only knows those of channels.

use http::{Request, Response, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::{client::generate_key, derive_accept_key},
        protocol::Role,
    },
};

/// Opens a websocket; `None` where the server does not, for whatever reason.
///
/// # Errors
/// When there is no answer.
pub(super) async fn connect(
    client: &kube::Client,
    uri: &str,
    subprotocol: &str,
) -> Result<Option<WebSocketStream<TokioIo<Upgraded>>>, kube::Error> {
    let key = generate_key();
    let request = Request::get(uri)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key)
        .header(header::SEC_WEBSOCKET_PROTOCOL, subprotocol)
        .body(Body::empty())
        .map_err(kube::Error::HttpError)?;
    let response = client.send(request).await?;
    if !has_switched(&response, &key, subprotocol) {
        return Ok(None);
    }
    let Ok(upgraded) = hyper::upgrade::on(response).await else {
        return Ok(None);
    };
    Ok(Some(
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await,
    ))
}

/// Whether the server speaks the subprotocol from here on (RFC 6455, section 4.1).
fn has_switched(response: &Response<Body>, key: &str, subprotocol: &str) -> bool {
    let says = |name: header::HeaderName, what: &str| {
        let value = response.headers().get(name);
        value.is_some_and(|value| value.as_bytes() == what.as_bytes())
    };
    response.status() == StatusCode::SWITCHING_PROTOCOLS
        && says(header::SEC_WEBSOCKET_ACCEPT, &derive_accept_key(key.as_bytes()))
        && says(header::SEC_WEBSOCKET_PROTOCOL, subprotocol)
}
