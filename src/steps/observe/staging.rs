//! The staging Pods of an app: at work, or kept for the next build.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::{
    cluster::{
        objects::{
            labels,
            staging_job::{STAGING, idle_seconds},
        },
        trouble::is_over,
    },
    model::StagingStatus,
};

/// Returns what there is to say of a Pod; `None` where it is no staging Pod, or has ended.
pub(super) fn status(pod: &Pod) -> Option<StagingStatus> {
    let is_staging = pod.labels().get(labels::ROLE).is_some_and(|role| role == STAGING);
    let phase = pod.status.as_ref()?.phase.clone()?;
    (is_staging && !is_over(pod)).then(|| StagingStatus {
        pod: pod.name_any(),
        phase,
        created: pod
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0.to_string()),
        idle_seconds: idle_seconds(pod),
    })
}
