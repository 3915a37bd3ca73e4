//! Brings the staging Pod up, and finds out why it does not come.

use std::{pin::pin, sync::Mutex, time::Duration};

use futures_util::TryStreamExt;
use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{ContainerState, Event as ClusterEvent, Pod},
};
use kube::{
    api::PostParams,
    runtime::{WatchStreamExt, watcher},
};

use crate::{
    cluster::{
        Cluster,
        objects::{
            labels,
            staging_job::{STAGING, StagingJob},
        },
        watch_pod,
    },
    error::Result,
    model::{Event, Events, Step},
};

use super::words::Words;

/// Why there is no running staging Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// The node cannot get the builder image.
    Image(String),
    /// No node takes the Pod.
    Unschedulable(String),
    /// Admission refused the Pod: a quota, Pod Security, a webhook.
    Refused(String),
    /// A Secret that is to be mounted is not there.
    NoSecret(String),
    /// The container cannot be started.
    Container(String),
    /// It has ended already.
    Ended(String),
    /// It just takes too long.
    Slow(String),
}

/// Creates the Job and returns its Pod's name once the container runs.
pub(super) async fn start(
    cluster: &Cluster,
    job: &StagingJob<'_>,
    timeout: Duration,
    words: &Words<'_>,
    events: &Events,
) -> Result<String> {
    let doing = |text: &str| events.send(Event::Doing(Step::Upload, text.to_owned()));
    doing("starting the staging Pod");
    cluster
        .api::<Job>()
        .create(&PostParams::default(), &job.object())
        .await
        .map_err(|error| words.not_created(&error))?;

    // What was seen last; it explains why the time was not enough.
    let last = Mutex::new(Stuck::Slow("its Pod was not seen".to_owned()));
    let note = |stuck: Stuck| {
        if let Ok(mut last) = last.lock() {
            *last = stuck;
        }
    };
    let selector = format!("{}={},{}={STAGING}", labels::RUN, job.run_id, labels::ROLE);
    let running = watch_pod(cluster, &selector, |pod| match look(pod) {
        Seen::Running(name) => Some(Ok(name)),
        Seen::Hopeless(stuck) => Some(Err(stuck)),
        Seen::Waiting(stuck) => {
            if let Stuck::Unschedulable(why) = &stuck {
                doing(&format!("waiting for a node: {why}"));
            }
            note(stuck);
            None
        }
    });
    let name = job.name();
    tokio::select! {
        seen = running => match seen {
            Ok(Ok(name)) => Ok(name),
            Ok(Err(stuck)) => Err(words.stuck(&stuck)),
            Err(error) => Err(words.not_watched(error)),
        },
        stuck = hopeless_warning(cluster, &name, &note) => Err(words.stuck(&stuck)),
        () = tokio::time::sleep(timeout) => {
            let last = last.lock().map_or_else(|last| last.into_inner().clone(), |last| last.clone());
            Err(words.stuck(&last))
        }
    }
}

/// Returns why the container is no longer there, where the cluster says so.
pub(super) async fn how_it_ended(cluster: &Cluster, pod: &str) -> Option<String> {
    let pod = cluster.api::<Pod>().get_opt(pod).await.ok()?;
    let Some(pod) = pod else {
        return Some("the Pod was deleted".to_owned());
    };
    match look(&pod) {
        Seen::Hopeless(Stuck::Ended(why)) => Some(why),
        _ => None,
    }
}

/// What a look at the Pod shows.
enum Seen {
    Running(String),
    Waiting(Stuck),
    Hopeless(Stuck),
}

fn look(pod: &Pod) -> Seen {
    let status = pod.status.clone().unwrap_or_default();
    // An eviction is told at the Pod, not at its container.
    if status.phase.as_deref() == Some("Failed")
        && let Some(reason) = status.reason
    {
        let message = status.message.unwrap_or_default();
        return Seen::Hopeless(Stuck::Ended(join(&reason, &message)));
    }
    let container = status.container_statuses.into_iter().flatten();
    let state = container
        .filter(|container| container.name == STAGING)
        .find_map(|container| container.state);
    match state {
        Some(ContainerState { running: Some(_), .. }) => {
            return Seen::Running(pod.metadata.name.clone().unwrap_or_default());
        }
        Some(ContainerState {
            terminated: Some(end),
            ..
        }) => {
            let reason = format!("exit code {}", end.exit_code);
            let message = end.message.or(end.reason).unwrap_or_default();
            return Seen::Hopeless(Stuck::Ended(join(&reason, &message)));
        }
        Some(ContainerState {
            waiting: Some(waiting),
            ..
        }) => {
            let reason = waiting.reason.unwrap_or_default();
            let why = join(&reason, &waiting.message.unwrap_or_default());
            return match reason.as_str() {
                // The first failure may be a hiccup; ten seconds later the kubelet knows.
                "ErrImagePull" if !is_refusal(&why) => Seen::Waiting(Stuck::Image(why)),
                "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
                    Seen::Hopeless(Stuck::Image(why))
                }
                "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                    Seen::Hopeless(Stuck::Container(why))
                }
                _ => Seen::Waiting(Stuck::Slow(why)),
            };
        }
        _ => {}
    }
    let conditions = status.conditions.into_iter().flatten();
    let unscheduled = conditions
        .filter(|condition| condition.type_ == "PodScheduled" && condition.status == "False")
        .find_map(|condition| condition.message);
    Seen::Waiting(match unscheduled {
        Some(why) => Stuck::Unschedulable(why),
        None => Stuck::Slow("its container was not started".to_owned()),
    })
}

/// Whether a registry has answered, so that asking again does not help.
fn is_refusal(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["not found", "unauthorized", "forbidden", "denied"]
        .iter()
        .any(|word| why.contains(word))
}

/// Watches the warnings about the Job and its Pod until one says that waiting is in vain. A refused
/// Pod shows nowhere else: the Job stays as it is, and there is no Pod to look at.
async fn hopeless_warning(cluster: &Cluster, job: &str, note: &impl Fn(Stuck)) -> Stuck {
    let config = watcher::Config::default().fields("type=Warning");
    let warnings = watcher(cluster.api::<ClusterEvent>(), config)
        .default_backoff()
        .applied_objects();
    let mut warnings = pin!(warnings);
    loop {
        match warnings.try_next().await {
            Ok(Some(warning)) => {
                let object = warning.involved_object.name.unwrap_or_default();
                if !object.starts_with(job) {
                    continue;
                }
                let why = warning.message.unwrap_or_default();
                match warning.reason.as_deref() {
                    // Anything but a refusal is tried again: the API server may be busy.
                    Some("FailedCreate") if why.contains("forbidden") => return Stuck::Refused(why),
                    Some("FailedCreate") => note(Stuck::Refused(why)),
                    Some("FailedMount") if why.contains("not found") => return Stuck::NoSecret(why),
                    _ => {}
                }
            }
            // Without the right to see events there is still the Pod, and the time.
            Ok(None) | Err(watcher::Error::InitialListFailed(_)) => std::future::pending().await,
            Err(_) => {}
        }
    }
}

fn join(reason: &str, message: &str) -> String {
    match (reason, message.trim()) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: &serde_json::Value) -> Seen {
        let pod = serde_json::json!({"metadata": {"name": "b2i-staging-1-x"}, "status": status});
        look(&serde_json::from_value(pod).expect("a Pod"))
    }

    fn waiting(reason: &str, message: &str) -> serde_json::Value {
        let state = serde_json::json!({"waiting": {"reason": reason, "message": message}});
        serde_json::json!({"containerStatuses": [
            {"name": "istio-proxy", "state": {"running": {}}, "image": "", "imageID": "", "ready": true, "restartCount": 0},
            {"name": STAGING, "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0},
        ]})
    }

    #[test]
    fn an_image_that_a_registry_does_not_give_is_hopeless() {
        assert!(matches!(
            seen(&waiting("ErrImagePull", "dial tcp: i/o timeout")),
            Seen::Waiting(Stuck::Image(_))
        ));
        for (reason, message) in [
            ("ErrImagePull", "failed status code: 401 Unauthorized"),
            ("ErrImagePull", "r.example/b2i:1: not found"),
            ("ImagePullBackOff", "dial tcp: i/o timeout"),
        ] {
            let Seen::Hopeless(stuck) = seen(&waiting(reason, message)) else {
                panic!("waits for ever");
            };
            assert_eq!(stuck, Stuck::Image(format!("{reason}: {message}")));
        }
    }

    #[test]
    fn a_sidecar_that_runs_is_not_our_container() {
        assert!(matches!(
            seen(&waiting("ContainerCreating", "")),
            Seen::Waiting(Stuck::Slow(_))
        ));
    }

    #[test]
    fn an_eviction_says_why() {
        let evicted = serde_json::json!({"phase": "Failed", "reason": "Evicted", "message": "low on disk"});
        let Seen::Hopeless(stuck) = seen(&evicted) else {
            panic!("waits for ever");
        };
        assert_eq!(stuck, Stuck::Ended("Evicted: low on disk".to_owned()));
    }

    #[test]
    fn no_node_may_come_yet() {
        let condition =
            serde_json::json!({"type": "PodScheduled", "status": "False", "message": "0/2 nodes"});
        let Seen::Waiting(stuck) = seen(&serde_json::json!({"conditions": [condition]})) else {
            panic!("gives up");
        };
        assert_eq!(stuck, Stuck::Unschedulable("0/2 nodes".to_owned()));
    }
}
