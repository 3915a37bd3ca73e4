//! A Pod in a few words.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::{
    cluster::{
        Trouble,
        objects::labels,
        trouble::{container, is_going},
    },
    model::PodStatus,
};

/// Returns what an app's Pod does.
pub(super) fn status(pod: &Pod, app: &str) -> PodStatus {
    let app = labels::container_of(pod.annotations(), app);
    PodStatus {
        name: pod.name_any(),
        node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        phase: phase(pod, app),
        is_ready: is_ready(pod),
        restarts: container(pod, app).map_or(0, |container| container.restart_count),
        created: pod
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0.to_string()),
        trouble: Trouble::of(pod, app).map(|trouble| trouble.to_string()),
    }
}

/// The word that kubectl has for it: what the container waits for says more than the Pod's phase.
fn phase(pod: &Pod, app: &str) -> String {
    if is_going(pod) {
        return "Terminating".to_owned();
    }
    let state = container(pod, app).and_then(|container| container.state.as_ref());
    let waits = state.and_then(|state| state.waiting.as_ref()?.reason.clone());
    let ended = state.and_then(|state| state.terminated.as_ref()?.reason.clone());
    let status = pod.status.as_ref();
    let stopped = status.and_then(|status| status.reason.clone());
    waits
        .or(ended)
        .or(stopped)
        .or_else(|| status.and_then(|status| status.phase.clone()))
        .unwrap_or_else(|| "Pending".to_owned())
}

/// Whether a Pod serves and stays.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "Ready");
    !is_going(pod) && ready.is_some_and(|ready| ready.status == "True")
}
