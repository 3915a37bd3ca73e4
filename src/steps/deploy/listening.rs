//! Which port an app answers on, when it is not the one that was named: asked through the API
//! server, as `kubectl port-forward` would, since nothing in the image can be relied on to look.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cluster::{Cluster, Loopback, Tunnel, Way};

/// Where servers listen that nobody told otherwise.
const USUAL: [u16; 12] = [
    80, 3000, 4000, 5000, 8000, 8080, 8081, 8090, 8443, 9000, 9080, 9090,
];
/// An answer comes at once, and so does a refusal; what says nothing is not taken for one.
const PATIENCE: Duration = Duration::from_secs(3);

/// Returns the ports of a Pod's loopback on which something answers, the named one first if it is
/// among them: then it listens there, and on the loopback only.
pub(super) async fn ports(cluster: &Cluster, pod: &str, named: u16) -> Vec<u16> {
    let usual = USUAL.into_iter().filter(|port| *port != named);
    let asked = [named].into_iter().chain(usual).map(async |port| {
        let answers = tokio::time::timeout(PATIENCE, answers(cluster, pod, port)).await;
        answers.unwrap_or(false).then_some(port)
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn answers(cluster: &Cluster, pod: &str, port: u16) -> bool {
    let to = Loopback {
        pod,
        // Of no matter to a port-forward.
        container: "",
        port,
    };
    let Ok(mut tunnel) = Tunnel::open(cluster, to, Way::PortForward).await else {
        return false;
    };
    // Whatever speaks, be it TLS or a database, says something to this, if only that it is wrong.
    if tunnel.write_all(b"GET / HTTP/1.0\r\n\r\n").await.is_err() || tunnel.flush().await.is_err() {
        return false;
    }
    matches!(tunnel.read(&mut [0]).await, Ok(1))
}
