//! A link that breaks: each of the first connections after so many bytes from the client.
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct Cutter {
    pub host: String,
    cuts: Arc<Mutex<VecDeque<usize>>>,
    bytes: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Cutter {
    /// Leads to `behind`; a connection takes the next cut that is not used up.
    pub async fn start(behind: &str, cuts: impl IntoIterator<Item = usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let cuts: Arc<Mutex<VecDeque<usize>>> = Arc::new(Mutex::new(cuts.into_iter().collect()));
        let bytes = Arc::new(AtomicUsize::new(0));
        let (behind, left, counted) = (behind.to_owned(), cuts.clone(), bytes.clone());
        let server = tokio::spawn(async move {
            loop {
                let (outside, _) = listener.accept().await.unwrap();
                let inside = TcpStream::connect(&behind).await.unwrap();
                tokio::spawn(forward(outside, inside, left.clone(), counted.clone()));
            }
        });
        Self {
            host,
            cuts,
            bytes,
            server,
        }
    }

    pub fn cuts_left(&self) -> usize {
        self.cuts.lock().unwrap().len()
    }

    /// What clients have sent in all.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.server.abort()
    }
}

/// Hands bytes on until a large request has used up the next cut.
async fn forward(
    outside: TcpStream,
    inside: TcpStream,
    cuts: Arc<Mutex<VecDeque<usize>>>,
    counted: Arc<AtomicUsize>,
) {
    let (mut from_client, mut to_client) = outside.into_split();
    let (mut from_server, mut to_server) = inside.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut sent = 0;
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        sent += read;
        counted.fetch_add(read, Ordering::SeqCst);
        if to_server.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        let is_cut = {
            let mut cuts = cuts.lock().unwrap();
            let is_cut = cuts.front().is_some_and(|cut| sent >= *cut);
            is_cut.then(|| cuts.pop_front());
            is_cut
        };
        if is_cut {
            // The client's side first: what the server says to a request that broke off never gets there.
            back.abort();
            let _ = back.await;
            return;
        }
    }
    let _ = to_server.shutdown().await;
    let _ = back.await;
}
