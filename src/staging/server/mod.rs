//! The staging Pod's end. It serves whoever holds the token, for one repository, and ends when it
//! is told to or when nobody with the token has asked for anything for a while.

mod admission;
mod blobs;
mod deltas;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::BodyDataStream,
    extract::{DefaultBodyLimit, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use futures_util::StreamExt;
use tokio::{net::TcpListener, sync::watch, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Destination,
    protocol::{self, Hello, PROTOCOL_VERSION, Refusal},
    spool::Spool,
};
use crate::oci::Digest;

/// Bounds what is kept in memory of a request; a question about 4000 layers fits in.
const LONGEST_JSON_BYTES: usize = 1024 * 1024;
/// How long open requests may take to end after the end was decided.
const GRACE: Duration = Duration::from_secs(2);

/// How long the rest of a refused body is read.
const LINGER: Duration = Duration::from_secs(10);

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Host of the registry that the destination is in, for [`Hello`].
    pub registry: String,
    /// The one repository, for [`Hello`].
    pub repository: String,
    /// Digest of the token that requests must bring.
    pub token_sha256: Digest,
    /// Without a request that has the token for so long, it ends; a request without bytes for so long is cut.
    pub idle: Duration,
    /// Where the spool's files go.
    pub spool_folder: PathBuf,
    /// How many bytes of layers may be on their way at one time.
    pub spool_limit_bytes: u64,
}

/// Why a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Finished,
    /// Nobody asked for anything.
    Idle,
}

/// What all requests share.
struct Server<D> {
    settings: Settings,
    destination: Arc<D>,
    spool: Arc<Spool>,
    is_finished: CancellationToken,
    open_requests: watch::Sender<usize>,
}

/// Serves until it is told to end or is idle.
///
/// # Errors
/// When the listener fails, or the spool's folder cannot be read.
pub async fn serve<D: Destination>(
    listener: TcpListener,
    settings: Settings,
    destination: D,
) -> io::Result<Ended> {
    let (folder, limit_bytes) = (settings.spool_folder.clone(), settings.spool_limit_bytes);
    let spool = spawn_blocking(move || Spool::reopen(folder, limit_bytes)).await??;
    let server = Arc::new(Server {
        destination: Arc::new(destination),
        spool: Arc::new(spool),
        is_finished: CancellationToken::new(),
        open_requests: watch::Sender::new(0),
        settings,
    });
    let stop = CancellationToken::new();
    let serving =
        axum::serve(listener, routes(&server)).with_graceful_shutdown(stop.clone().cancelled_owned());
    let serving = tokio::spawn(serving.into_future());
    let ended = tokio::select! {
        () = server.is_finished.cancelled() => Ended::Finished,
        () = idle(server.open_requests.subscribe(), server.settings.idle) => Ended::Idle,
    };
    stop.cancel();
    match timeout(GRACE, serving).await {
        Ok(Ok(result)) => result.map(|()| ended),
        Ok(Err(panic)) => Err(panic.into()),
        Err(_) => Ok(ended),
    }
}

/// Returns when there was no request with the token for so long.
async fn idle(mut open_requests: watch::Receiver<usize>, limit: Duration) {
    while open_requests.wait_for(|&open| open == 0).await.is_ok() {
        if timeout(limit, open_requests.changed()).await.is_err() {
            return;
        }
    }
}

fn routes<D: Destination>(server: &Arc<Server<D>>) -> Router {
    Router::new()
        .route(protocol::HELLO, get(hello))
        .route(protocol::MISSING, post(blobs::missing))
        .route(&format!("{}{{digest}}", protocol::BLOBS), put(blobs::put))
        .route(protocol::BASES, post(deltas::base))
        .route(protocol::CHUNKS, post(deltas::chunks))
        .route(&format!("{}{{digest}}", protocol::DELTAS), put(deltas::put))
        .route(protocol::FINISH, post(finish))
        .fallback(async || Refusal::NotFound)
        .method_not_allowed_fallback(async || Refusal::NotFound)
        .layer(DefaultBodyLimit::max(LONGEST_JSON_BYTES))
        .layer(middleware::from_fn_with_state(server.clone(), admission::admit))
        .with_state(server.clone())
}

/// Reads and drops the rest of a body. A connection that is closed with bytes unread is reset, and
/// the answer may be lost with it; so the plugin gets the time to read it and to stop sending.
fn linger(mut body: BodyDataStream) {
    tokio::spawn(timeout(LINGER, async move {
        while let Some(Ok(_)) = body.next().await {}
    }));
}

async fn hello<D: Destination>(State(server): State<Arc<Server<D>>>) -> Json<Hello> {
    Json(Hello {
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        registry: server.settings.registry.clone(),
        repository: server.settings.repository.clone(),
    })
}

async fn finish<D: Destination>(State(server): State<Arc<Server<D>>>) -> Json<()> {
    server.is_finished.cancel();
    Json(())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), Json(self)).into_response()
    }
}
