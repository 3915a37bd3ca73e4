//! The log of a container, line by line while it is written.

use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use tokio::sync::mpsc;

use crate::cluster::{Cluster, LogLines};

/// A log that breaks off is read anew so often; the build's end does not depend on it.
const ATTEMPTS: usize = 5;

/// Follows the log of a container that has started; the channel closes with the log.
pub(super) fn follow(cluster: &Cluster, pod: &str, container: &str) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(64);
    let (cluster, pod, container) = (cluster.clone(), pod.to_owned(), container.to_owned());
    tokio::spawn(async move {
        let mut sent = 0;
        for _ in 0..ATTEMPTS {
            if read(&cluster, &pod, &container, &mut sent, &sender).await.is_ok() {
                break;
            }
        }
    });
    receiver
}

/// Sends the lines that come after the first `sent`, and counts them. Fails where the log breaks off.
async fn read(
    cluster: &Cluster,
    pod: &str,
    container: &str,
    sent: &mut usize,
    sender: &mpsc::Sender<String>,
) -> anyhow::Result<()> {
    let params = LogParams {
        container: Some(container.to_owned()),
        follow: true,
        ..LogParams::default()
    };
    let log = cluster.api::<Pod>().log_stream(pod, &params).await?;
    futures_util::pin_mut!(log);
    let mut lines = LogLines::of(log);
    let mut number = 0;
    while let Some(line) = lines.next().await? {
        number += 1;
        if number > *sent {
            if sender.send(line).await.is_err() {
                break;
            }
            *sent = number;
        }
    }
    Ok(())
}
