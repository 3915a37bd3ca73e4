//! A port of this machine's loopback that leads to a port of a Pod, for what opens connections by
//! itself.

use std::{io, net::Ipv4Addr};

use tokio::{io::copy_bidirectional_with_sizes, net::TcpListener, task::JoinHandle};

use super::{Cluster, LONGEST_FRAME_BYTES, Loopback, Tunnel, Way};

/// The way to a port of a Pod. Ends when it is dropped, with the connections through it.
pub struct Forward {
    /// Host and port on this machine.
    pub address: String,
    accepting: JoinHandle<()>,
}

impl Forward {
    /// Opens the way. That the Pod cannot be reached shows with the first connection, which is
    /// closed.
    ///
    /// # Errors
    /// No port is free.
    pub async fn open(cluster: &Cluster, pod: &str, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (cluster, pod) = (cluster.clone(), pod.to_owned());
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut here, _)) = listener.accept().await {
                let (cluster, pod) = (cluster.clone(), pod.clone());
                connections.spawn(async move {
                    let to = Loopback {
                        pod: &pod,
                        container: "",
                        port,
                    };
                    let mut there = Tunnel::open(&cluster, to, Way::PortForward).await.ok()?;
                    let size = LONGEST_FRAME_BYTES;
                    copy_bidirectional_with_sizes(&mut here, &mut there, size, size)
                        .await
                        .ok()
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting })
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
