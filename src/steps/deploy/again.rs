//! A deploy that changes nothing, of Pods that wait for an image: somebody has mended what kept the
//! nodes from pulling, and the kubelet would try again only after up to five minutes.

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::Pod,
};
use kube::api::ListParams;

use super::Options;
use crate::cluster::{Cluster, Trouble, Workload, objects::labels};

/// Makes the Pods anew where they wait for an image, as `kubectl rollout restart` does, and returns the
/// workload as it is then. Without the right to do so, the kubelet's next attempt has to do.
pub(super) async fn pull_again(
    cluster: &Cluster,
    options: &Options,
    unchanged: &Workload,
) -> Option<Workload> {
    if unchanged.counts().ready >= unchanged.wanted() {
        return None;
    }
    let selector = labels::selector(&labels::selecting_app(&options.name));
    let pods = cluster
        .api::<Pod>()
        .list(&ListParams::default().labels(&selector))
        .await;
    let waits = |pod: &Pod| {
        let trouble = Trouble::of(pod, options.container());
        matches!(trouble, Some(Trouble::ImagePull { .. }))
    };
    if !pods.ok()?.iter().any(waits) {
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
