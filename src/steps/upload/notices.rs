//! What the staging Pod says of a registry that makes it wait, for the user to see. Nothing depends on it.

use std::{convert::Infallible, future::pending, time::Duration};

use futures_util::{AsyncBufReadExt, AsyncReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use tokio::time::sleep;

use super::link::Link;
use crate::{
    cluster::{Cluster, objects::staging_job::STAGING},
    model::{Event, Events},
};

/// Most uploads end before this and need no log.
const FIRST_LOOK: Duration = Duration::from_secs(3);
/// The kubelet cuts an entry at 16 KiB; a stranger's Pod might not.
const LONGEST_LINE_BYTES: u64 = 64 << 10;
/// What `registry` says when it is asked to wait.
const NOTICE: &str = " asks to wait ";

/// Shows notices until it is dropped.
pub(super) async fn show(cluster: &Cluster, link: &Link<'_>, events: &Events) -> Infallible {
    sleep(FIRST_LOOK).await;
    // A log that cannot be read, or has ended, has no more to show.
    let _ = follow(cluster, &link.pod(), events).await;
    pending().await
}

async fn follow(cluster: &Cluster, pod: &str, events: &Events) -> anyhow::Result<()> {
    let params = LogParams {
        container: Some(STAGING.to_owned()),
        follow: true,
        // Since the upload began, and not what an earlier run saw.
        since_seconds: Some(i64::try_from(FIRST_LOOK.as_secs())?),
        ..LogParams::default()
    };
    let log = cluster.api::<Pod>().log_stream(pod, &params).await?;
    futures_util::pin_mut!(log);
    let mut line = Vec::new();
    while (&mut log)
        .take(LONGEST_LINE_BYTES)
        .read_until(b'\n', &mut line)
        .await?
        > 0
    {
        let text = String::from_utf8_lossy(&line);
        if text.contains(NOTICE) {
            events.send(Event::Warning(text.trim_end().to_owned()));
        }
        line.clear();
    }
    Ok(())
}
