//! Waits until the one Pod of a Job runs, and finds out why it does not.

use std::{pin::pin, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::{
    ResourceExt,
    runtime::watcher::{self, Config},
};
use tokio::time::sleep;

use super::{Cluster, Patience, Trouble, snapshots, trouble::container_state, warnings};

/// How long a trouble may last that may pass. A cluster that adds nodes takes about a minute.
const PATIENCE: Duration = Duration::from_mins(1);

const DELETED: &str = "the Pod was deleted";

/// Why a Job's Pod does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Something keeps it from running.
    Trouble(Trouble),
    /// It has ended already.
    Ended(String),
    /// It just takes too long.
    Slow,
}

impl Stuck {
    /// Returns what keeps it from running, where that is known.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Trouble(trouble) => Some(trouble),
            Self::Ended(_) | Self::Slow => None,
        }
    }
}

/// A container of a Job's Pod.
#[derive(Clone, Copy, Debug)]
pub struct JobContainer<'a> {
    /// Name of the Job.
    pub job: &'a str,
    /// Its UID: an earlier Job of the run may have had the name, and its Pod may be ending.
    pub job_uid: &'a str,
    /// Name of the container.
    pub container: &'a str,
}

/// Waits until the container of a Job runs, and returns its Pod's name. `tell` hears in words what is
/// waited for.
///
/// # Errors
/// The API server's refusal, where Pods may not be watched.
pub async fn running(
    cluster: &Cluster,
    of: JobContainer<'_>,
    timeout: Duration,
    tell: impl Fn(String),
) -> Result<Result<String, Stuck>, watcher::Error> {
    let mut pods = pods_of_job(cluster, of.job_uid);
    let mut warnings_of = warnings(cluster, of.job).boxed();
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
                let state = container_state(&pod, of.container).cloned().unwrap_or_default();
                if state.running.is_some() {
                    return Ok(Ok(pod.name_any()));
                }
                if let Some(end) = state.terminated {
                    return Ok(Err(Stuck::Ended(describe(end))));
                }
                let trouble = Trouble::of(&pod, of.container);
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

/// Streams the Pods of a Job, as [`snapshots`] does.
///
/// Whoever may create Pods can set any label on one, so its owner must be the Job as well. The label is the Job
/// controller's oldest; `batch.kubernetes.io/controller-uid` came with 1.27.
#[must_use]
pub fn pods_of_job(cluster: &Cluster, job_uid: &str) -> BoxStream<'static, Result<Vec<Pod>, watcher::Error>> {
    let selector = of_job(job_uid);
    let job_uid = job_uid.to_owned();
    let own = move |mut pods: Vec<Pod>| {
        pods.retain(|pod| is_of_job(pod, &job_uid));
        pods
    };
    let pods = snapshots::<Pod>(cluster, Config::default().labels(&selector));
    pods.map_ok(own).boxed()
}

/// Returns the selector of a Job's Pods.
#[must_use]
pub fn of_job(job_uid: &str) -> String {
    format!("controller-uid={job_uid}")
}

/// Whether a Job made this Pod: its one controller is the Job of this UID.
#[must_use]
pub fn is_of_job(pod: &Pod, job_uid: &str) -> bool {
    let mut owners = pod.owner_references().iter();
    !job_uid.is_empty()
        && owners.any(|owner| owner.kind == "Job" && owner.controller == Some(true) && owner.uid == job_uid)
}

/// Returns why the container is no longer there, where the cluster says so.
pub async fn how_it_ended(cluster: &Cluster, pod: &str, container: &str) -> Option<String> {
    let Some(pod) = cluster.api::<Pod>().get_opt(pod).await.ok()? else {
        return Some(DELETED.to_owned());
    };
    let trouble = Trouble::of(&pod, container).map(|trouble| trouble.to_string());
    let end = container_state(&pod, container).and_then(|state| state.terminated.clone());
    trouble.or(end.map(describe))
}

fn describe(end: ContainerStateTerminated) -> String {
    match end.message.or(end.reason) {
        Some(words) => format!("exit code {}: {}", end.exit_code, words.trim()),
        None => format!("exit code {}", end.exit_code),
    }
}
