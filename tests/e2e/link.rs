//! A TCP proxy between the plugin and the API server: it counts what crosses the link, and can
//! make the link slow.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// The address of the API server behind it.
pub const API_SERVER: &str = "10.250.0.11:6443";

pub struct Link {
    pub url: String,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
}

impl Link {
    /// Listens on loopback; `bytes_per_second` bounds what goes to the API server.
    pub fn to_api_server(bytes_per_second: Option<u64>) -> Self {
        Self::to(API_SERVER, bytes_per_second)
    }

    /// The same, where something stands before the API server.
    pub fn to(server: &str, bytes_per_second: Option<u64>) -> Self {
        let address = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicU64::new(0));
        let received = Arc::new(AtomicU64::new(0));
        let (counter, back) = (sent.clone(), received.clone());
        thread::spawn(move || {
            for plugin in listener.incoming().flatten() {
                let server = TcpStream::connect(&address);
                // Nobody listens: the plugin hears of it.
                let Ok(server) = server else { continue };
                let (from, to) = (plugin.try_clone().unwrap(), server.try_clone().unwrap());
                let (counter, back) = (counter.clone(), back.clone());
                thread::spawn(move || forward(from, to, bytes_per_second, &counter));
                thread::spawn(move || forward(server, plugin, None, &back));
            }
        });
        Self { url, sent, received }
    }

    /// Bytes that went to the API server so far.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Bytes that crossed it so far, both ways.
    pub fn bytes(&self) -> u64 {
        self.sent_bytes() + self.received.load(Ordering::SeqCst)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, bytes_per_second: Option<u64>, counter: &AtomicU64) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        counter.fetch_add(count as u64, Ordering::SeqCst);
        if let Some(rate) = bytes_per_second {
            thread::sleep(Duration::from_secs_f64(count as f64 / rate as f64));
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
