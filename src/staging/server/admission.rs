//! Who may ask: whoever brings the token and speaks our version of the protocol.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header::AUTHORIZATION};
use tokio::sync::watch;

use super::{Server, linger};
use crate::{
    oci::Digest,
    staging::protocol::{PROTOCOL_HEADER, PROTOCOL_VERSION, Refusal},
};

/// Lets a request through, and counts it as open until it is answered or its connection is gone. Only a request with the
/// token counts: everyone who may port-forward into the namespace can send others, and they must not keep the Pod alive.
pub(super) async fn admit<D: Send + Sync + 'static>(
    State(server): State<Arc<Server<D>>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if let Err(refusal) = ensure_token_is_right(request.headers(), server.settings.token_sha256) {
        return refuse(request, refusal);
    }
    let _open = OpenRequest::new(&server.open_requests);
    match ensure_protocol_is_ours(request.headers()) {
        Ok(()) => Ok(next.run(request).await),
        Err(refusal) => refuse(request, refusal),
    }
}

fn refuse(request: Request, refusal: Refusal) -> Result<Response, Refusal> {
    linger(request.into_body().into_data_stream());
    Err(refusal)
}

fn ensure_token_is_right(headers: &HeaderMap, expected: Digest) -> Result<(), Refusal> {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .ok_or(Refusal::Unauthorized)?;
    let differs = Digest::of(token)
        .hex()
        .bytes()
        .zip(expected.hex().bytes())
        // Every byte is looked at, so that the time tells nothing.
        .fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs));
    if differs == 0 {
        Ok(())
    } else {
        Err(Refusal::Unauthorized)
    }
}

fn ensure_protocol_is_ours(headers: &HeaderMap) -> Result<(), Refusal> {
    let named = headers.get(PROTOCOL_HEADER).and_then(|value| value.to_str().ok());
    let ours = named.and_then(|text| text.parse().ok()).unwrap_or(0);
    if ours == PROTOCOL_VERSION {
        return Ok(());
    }
    Err(Refusal::Protocol {
        ours,
        theirs: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// A request that is not answered yet.
struct OpenRequest(watch::Sender<usize>);

impl OpenRequest {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|open| *open += 1);
        Self(count.clone())
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}
