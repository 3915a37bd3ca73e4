//! The logs of several Pods at once.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{AsyncBufRead, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, api::LogParams, runtime::watcher::Config};
use tokio::sync::mpsc;

use super::{Line, Options};
use crate::{
    cluster::{
        Cluster, LogLines,
        error::of_watch,
        objects::labels,
        snapshots,
        trouble::{container, container_state},
    },
    error::{Failure, Result},
    model::AppName,
};

/// Reads the logs that there are, one Pod after the other, so that no line is between another's.
pub(super) async fn read(
    cluster: &Cluster,
    app: &AppName,
    pods: &[Pod],
    options: &Options,
    sender: &mpsc::Sender<Result<Line>>,
) {
    let several = AtomicBool::new(pods.len() > 1);
    for pod in pods {
        let container = labels::container_of(pod.annotations(), app.as_str());
        if has_log(pod, container, options.previous) {
            let params = options.params(container);
            log(cluster, &pod.name_any(), &params, &several, sender).await;
        }
    }
}

/// Follows the logs of all Pods, those that come later and containers that are started again
/// included, until the reader is gone.
pub(super) async fn follow(
    cluster: &Cluster,
    app: &AppName,
    selector: &str,
    options: &Options,
    sender: mpsc::Sender<Result<Line>>,
) {
    let snapshots = snapshots::<Pod>(cluster, Config::default().labels(selector));
    futures_util::pin_mut!(snapshots);
    let mut followed = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let several = Arc::new(AtomicBool::new(false));
    let mut is_first = true;
    loop {
        let pods = tokio::select! {
            Some(pods) = snapshots.next() => pods,
            () = sender.closed() => return,
        };
        let pods = match pods {
            Ok(pods) => pods,
            Err(error) => {
                let what = format!("could not follow the Pods of `{app}`");
                sender
                    .send(Err(cluster.failure(what, &of_watch(error))))
                    .await
                    .ok();
                return;
            }
        };
        // A Pod that has gone counts too: its lines are on the screen.
        seen.extend(pods.iter().map(ResourceExt::name_any));
        several.store(seen.len() > 1, Ordering::Relaxed);
        for pod in &pods {
            let container_name = labels::container_of(pod.annotations(), app.as_str());
            if !has_started(pod, container_name) {
                continue;
            }
            let restarts = container(pod, container_name).map_or(0, |it| it.restart_count);
            if !followed.insert((pod.name_any(), restarts)) {
                continue;
            }
            let mut params = options.params(container_name);
            if !is_first {
                // What came after the first look is wanted whole.
                params.tail_lines = None;
                params.since_seconds = None;
            }
            let (cluster, name) = (cluster.clone(), pod.name_any());
            let (several, sender) = (several.clone(), sender.clone());
            tokio::spawn(async move { log(&cluster, &name, &params, &several, &sender).await });
        }
        is_first = false;
    }
}

/// Reads one container's log to its end, or until the reader is gone. `several` becomes true with the second Pod.
pub(super) async fn log(
    cluster: &Cluster,
    pod: &str,
    params: &LogParams,
    several: &AtomicBool,
    sender: &mpsc::Sender<Result<Line>>,
) {
    match cluster.api::<Pod>().log_stream(pod, params).await {
        Ok(log) => copy(cluster, pod, log, several, sender).await,
        Err(error) => {
            sender.send(Err(failure(cluster, pod, &error))).await.ok();
        }
    }
}

pub(super) fn failure(cluster: &Cluster, pod: &str, error: &kube::Error) -> Failure {
    cluster.failure(format!("could not read the log of `{pod}`"), error)
}

/// Reads an open log to its end, or until the reader is gone.
pub(super) async fn copy(
    cluster: &Cluster,
    pod: &str,
    log: impl AsyncBufRead,
    several: &AtomicBool,
    sender: &mpsc::Sender<Result<Line>>,
) {
    futures_util::pin_mut!(log);
    let mut lines = LogLines::of(log);
    loop {
        let read = tokio::select! {
            read = lines.next() => read,
            () = sender.closed() => return,
        };
        match read {
            Ok(None) => return,
            Ok(Some(text)) => {
                let line = Line {
                    pod: pod.to_owned(),
                    text,
                    of_several: several.load(Ordering::Relaxed),
                };
                if sender.send(Ok(line)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let error = kube::Error::Service(Box::new(error));
                sender.send(Err(failure(cluster, pod, &error))).await.ok();
                return;
            }
        }
    }
}

/// Whether a container runs or ran, so that it has a log.
pub(super) fn has_started(pod: &Pod, name: &str) -> bool {
    let state = container_state(pod, name);
    state.is_some_and(|state| state.running.is_some() || state.terminated.is_some())
        || has_log(pod, name, true)
}

/// Whether there is a log; `previous` is that of the container before the last restart.
fn has_log(pod: &Pod, name: &str, previous: bool) -> bool {
    let Some(status) = container(pod, name) else {
        return false;
    };
    let ran_before = status
        .last_state
        .as_ref()
        .is_some_and(|state| state.terminated.is_some());
    if previous {
        ran_before
    } else {
        has_started(pod, name)
    }
}
