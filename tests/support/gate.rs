//! A link to a server that goes down at a chosen request, as a server that is restarted does: all connections end, nobody
//! listens for a while.
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

/// When the link goes down.
#[derive(Clone, Copy)]
pub enum At {
    /// The request does not reach the server.
    Request,
    /// The server has done what was asked, and its answer is lost.
    Answer,
}

/// Leads to `server`; goes down for `away` once, or where that is zero ends just this connection, at the first request whose head `is_it` accepts. Calls `back` just before
/// it listens again. Returns its URL.
pub async fn start(
    server: &str,
    at: At,
    is_it: impl Fn(&str) -> bool + Send + Sync + 'static,
    away: Duration,
    back: impl FnOnce() + Send + 'static,
) -> String {
    let behind = server.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let down = Arc::new(Notify::new());
        let is_over = Arc::new(AtomicBool::new(false));
        let is_it: IsIt = Arc::new(is_it);
        let mut open = JoinSet::new();
        let mut listener = Some(listener);
        let mut back = Some(back);
        loop {
            let here = listener.as_ref().unwrap();
            tokio::select! {
                accepted = here.accept() => {
                    let (client, _) = accepted.unwrap();
                    open.spawn(forward(client, behind.clone(), at, is_it.clone(), is_over.clone(), down.clone()));
                }
                () = down.notified() => {
                    if away.is_zero() {
                        continue;
                    }
                    drop(listener.take());
                    open.shutdown().await;
                    tokio::time::sleep(away).await;
                    if let Some(back) = back.take() {
                        back();
                    }
                    listener = Some(bind(address).await);
                }
            }
        }
    });
    format!("http://{address}")
}

type IsIt = Arc<dyn Fn(&str) -> bool + Send + Sync>;

async fn bind(address: SocketAddr) -> TcpListener {
    loop {
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn forward(
    mut client: TcpStream,
    behind: String,
    at: At,
    is_it: IsIt,
    is_over: Arc<AtomicBool>,
    down: Arc<Notify>,
) {
    let mut server = TcpStream::connect(behind).await.unwrap();
    let (mut up, mut answers) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(count @ 1..) = read else { return };
                let text = String::from_utf8_lossy(&up[..count]).into_owned();
                let line = text.lines().next().unwrap_or_default().to_owned();
                let goes_down = is_it(&line) && !is_over.swap(true, Ordering::SeqCst);
                if goes_down && matches!(at, At::Request) {
                    down.notify_one();
                    return;
                }
                if server.write_all(&up[..count]).await.is_err() {
                    return;
                }
                if goes_down {
                    // A body may come after its head.
                    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(Duration::from_millis(100), client.read(&mut up)).await {
                        server.write_all(&up[..count]).await.ok();
                    }
                    let _lost = server.read(&mut answers).await;
                    down.notify_one();
                    return;
                }
            }
            read = server.read(&mut answers) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answers[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
