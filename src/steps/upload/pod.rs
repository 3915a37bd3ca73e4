//! Brings the staging Pod up, and finds out why it does not come.

use std::{pin::pin, time::Duration};

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::{
    ResourceExt,
    runtime::watcher::{self, Config},
};
use tokio::time::sleep;

use crate::{
    cluster::{
        Cluster, Patience, Trouble, objects::staging_job::STAGING, snapshots, trouble::container_state,
        warnings,
    },
    model::{Event, Events, Step},
};

/// How long a trouble may last that may pass. A cluster that adds nodes takes about a minute.
const PATIENCE: Duration = Duration::from_mins(1);

const DELETED: &str = "the Pod was deleted";

/// Why there is no running staging Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// Something keeps it from running.
    Trouble(Trouble),
    /// It has ended already.
    Ended(String),
    /// It just takes too long.
    Slow,
}

/// Waits until the staging container of a Job runs, and returns its Pod's name.
///
/// # Errors
/// The API server's refusal, where Pods may not be watched.
pub(super) async fn running(
    cluster: &Cluster,
    job: &str,
    job_uid: &str,
    timeout: Duration,
    events: &Events,
) -> Result<Result<String, Stuck>, watcher::Error> {
    let tell = |text: String| events.send(Event::Doing(Step::Upload, text));
    // By the id, since an earlier Job of this run had the same name, and its Pod may be ending.
    let selector = format!("controller-uid={job_uid}");
    let mut pods = pin!(snapshots::<Pod>(cluster, Config::default().labels(&selector)));
    let mut warnings_of = warnings(cluster, job).boxed();
    let mut is_seen = false;
    // A trouble says more than that the time is over, so it must come first.
    let patience = PATIENCE.min(timeout / 2);
    let (mut by_status, mut by_warning) = (Patience::new(patience), Patience::new(patience));
    let mut give_up = pin!(sleep(timeout));
    loop {
        tokio::select! {
            Some(pods) = pods.next() => {
                let Some(pod) = pods?.into_iter().next() else {
                    if is_seen {
                        return Ok(Err(Stuck::Ended(DELETED.to_owned())));
                    }
                    continue;
                };
                if !is_seen {
                    // There is a Pod now, so whatever refused it let it pass.
                    is_seen = true;
                    by_warning.note(None);
                    warnings_of = warnings(cluster, &pod.name_any()).boxed();
                }
                let state = container_state(&pod, STAGING).cloned().unwrap_or_default();
                if state.running.is_some() {
                    return Ok(Ok(pod.name_any()));
                }
                if let Some(end) = state.terminated {
                    return Ok(Err(Stuck::Ended(describe(end))));
                }
                let trouble = Trouble::of(&pod, STAGING);
                let told = trouble.as_ref().map(ToString::to_string);
                if by_status.note(trouble) && let Some(told) = told {
                    tell(told);
                }
            }
            Some((reason, message)) = warnings_of.next() => {
                let trouble = Trouble::of_warning(&reason, &message);
                let told = trouble.as_ref().map(ToString::to_string);
                if let Some(told) = told && by_warning.note(trouble) {
                    tell(told);
                }
            }
            trouble = by_status.runs_out() => return Ok(Err(Stuck::Trouble(trouble))),
            trouble = by_warning.runs_out() => return Ok(Err(Stuck::Trouble(trouble))),
            () = &mut give_up => return Ok(Err(Stuck::Slow)),
        }
    }
}

/// Returns why the container is no longer there, where the cluster says so.
pub(super) async fn how_it_ended(cluster: &Cluster, pod: &str) -> Option<String> {
    let Some(pod) = cluster.api::<Pod>().get_opt(pod).await.ok()? else {
        return Some(DELETED.to_owned());
    };
    let trouble = Trouble::of(&pod, STAGING).map(|trouble| trouble.to_string());
    let end = container_state(&pod, STAGING).and_then(|state| state.terminated.clone());
    trouble.or(end.map(describe))
}

fn describe(end: ContainerStateTerminated) -> String {
    match end.message.or(end.reason) {
        Some(words) => format!("exit code {}: {}", end.exit_code, words.trim()),
        None => format!("exit code {}", end.exit_code),
    }
}
