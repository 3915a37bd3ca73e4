//! A deploy that changes nothing, of Pods that wait for an image or may not be created: somebody has
//! fixed what was in the way, and the kubelet tries again only after up to five minutes, the controller
//! after up to a quarter of an hour.

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::Pod,
};
use kube::api::ListParams;

use super::{Options, revision};
use crate::cluster::{Cluster, Trouble, Workload, objects::labels};

/// Makes the Pods anew where they wait for an image or were refused, as `kubectl rollout restart` does, and returns the
/// workload as it is then. Without the right to do so, the kubelet's next attempt has to do.
pub(super) async fn start_again(
    cluster: &Cluster,
    options: &Options,
    unchanged: &Workload,
) -> Option<Workload> {
    if unchanged.counts().ready >= unchanged.wanted() {
        return None;
    }
    let is_refused = matches!(unchanged, Workload::Deployment(it) if revision::has_failure(it));
    if !is_refused && !waits_for_image(cluster, options).await? {
        return None;
    }
    let name = options.name.as_str();
    let restarted = match unchanged {
        Workload::Deployment(_) => {
            let restarted = cluster.api::<Deployment>().restart(name).await;
            restarted.map(Workload::Deployment)
        }
        Workload::StatefulSet(_) => {
            let restarted = cluster.api::<StatefulSet>().restart(name).await;
            restarted.map(Workload::StatefulSet)
        }
    };
    restarted.ok()
}

async fn waits_for_image(cluster: &Cluster, options: &Options) -> Option<bool> {
    let selector = labels::selector(&labels::selecting_app(&options.name));
    let pods = cluster
        .api::<Pod>()
        .list(&ListParams::default().labels(&selector))
        .await;
    let waits = |pod: &Pod| {
        let trouble = Trouble::of(pod, options.container());
        matches!(trouble, Some(Trouble::ImagePull { .. }))
    };
    Some(pods.ok()?.iter().any(waits))
}
