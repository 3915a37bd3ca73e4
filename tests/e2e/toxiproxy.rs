//! Shopify's toxiproxy between two ends: counts what crosses, and cuts it.

use std::{
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use crate::world::{eventually, run};

/// A server, which ends with the test.
pub struct Toxiproxy {
    server: Child,
    url: String,
}

/// One of its proxies.
pub struct Proxy<'a> {
    of: &'a Toxiproxy,
    name: &'static str,
    /// Where it listens.
    pub listen: String,
}

impl Toxiproxy {
    pub fn start() -> Self {
        let port = free_port("127.0.0.1");
        let url = format!("http://127.0.0.1:{port}");
        let server = Command::new("toxiproxy-server")
            .args(["-host", "127.0.0.1", "-port", &port.to_string(), "-proxy-metrics"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/cluster/up --clients builds toxiproxy-server");
        let this = Self { server, url };
        eventually("toxiproxy", || {
            let asked = Command::new("curl")
                .args(["-sf", &format!("{}/version", this.url)])
                .output();
            asked.unwrap().status.success()
        });
        this
    }

    /// Opens a way from an address of this machine to `upstream`.
    pub fn proxy(&self, name: &'static str, address: &str, upstream: &str) -> Proxy<'_> {
        let listen = format!("{address}:{}", free_port(address));
        let proxy = json!({"name": name, "listen": listen, "upstream": upstream, "enabled": true});
        self.ask("POST", "/proxies", Some(proxy));
        Proxy {
            of: self,
            name,
            listen,
        }
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> String {
        let mut curl = Command::new("curl");
        curl.args([
            "-sS",
            "--fail-with-body",
            "-X",
            method,
            &format!("{}{path}", self.url),
        ]);
        if let Some(body) = body {
            curl.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
        }
        run(&mut curl)
    }
}

impl Drop for Toxiproxy {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Proxy<'_> {
    /// Bytes that it let through from clients, on connections that have ended. (What it received is not
    /// counted where it cuts.)
    pub fn bytes(&self) -> u64 {
        let metrics = self.of.ask("GET", "/metrics", None);
        let of_this = metrics.lines().filter(|line| {
            line.starts_with("toxiproxy_proxy_sent_bytes_total")
                && line.contains("direction=\"upstream\"")
                && line.contains(&format!("proxy=\"{}\"", self.name))
        });
        of_this
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64)
            .sum()
    }

    /// Cuts connections from the client after so many bytes of each, one cut after the other, until
    /// all are made or `is_over`. Returns how many were.
    pub fn cut(&self, after_bytes: &[u64], is_over: &AtomicBool) -> usize {
        let toxics = format!("/proxies/{}/toxics", self.name);
        let mut before = self.bytes();
        let mut cuts = 0;
        for &bytes in after_bytes {
            let attributes = json!({"bytes": bytes});
            if cuts == 0 {
                let toxic = json!({"name": "cut", "type": "limit_data", "stream": "upstream",
                                   "attributes": attributes});
                self.of.ask("POST", &toxics, Some(toxic));
            } else {
                let change = json!({"attributes": attributes});
                self.of.ask("POST", &format!("{toxics}/cut"), Some(change));
            }
            // Counted when the connection ends.
            while self.bytes() < before + bytes {
                if is_over.load(Ordering::SeqCst) {
                    return cuts;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            before = self.bytes();
            cuts += 1;
        }
        self.of.ask("DELETE", &format!("{toxics}/cut"), None);
        cuts
    }

    /// Resets every connection that is open.
    pub fn reset_all(&self) {
        let toxics = format!("/proxies/{}/toxics", self.name);
        let toxic = |stream: &str| json!({"name": stream, "type": "reset_peer", "stream": stream, "attributes": {"timeout": 0}});
        self.of.ask("POST", &toxics, Some(toxic("upstream")));
        self.of.ask("DELETE", &format!("{toxics}/upstream"), None);
    }

    /// Ends all its connections, so that all bytes are counted.
    pub fn close(&self) {
        self.of.ask(
            "POST",
            &format!("/proxies/{}", self.name),
            Some(json!({"enabled": false})),
        );
    }
}

fn free_port(address: &str) -> u16 {
    let listener = std::net::TcpListener::bind((address, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
