//! A deploy that changes nothing, of Pods that wait for an image: somebody has mended what kept the
//! nodes from pulling, and the kubelet would try again only after up to five minutes.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::api::ListParams;

use super::{Options, progress::wanted};
use crate::cluster::{Cluster, Trouble, objects::labels};

/// Makes the Pods anew where they wait for an image, as `kubectl rollout restart` does, and returns the
/// Deployment as it is then. Without the right to do so, the kubelet's next attempt has to do.
pub(super) async fn pull_again(
    cluster: &Cluster,
    options: &Options,
    unchanged: &Deployment,
) -> Option<Deployment> {
    let ready = unchanged.status.as_ref().and_then(|status| status.ready_replicas);
    if ready.unwrap_or(0) >= wanted(unchanged) {
        return None;
    }
    let selector = labels::selector(&labels::selecting_app(&options.name));
    let pods = cluster
        .api::<Pod>()
        .list(&ListParams::default().labels(&selector))
        .await;
    let waits = |pod: &Pod| {
        let trouble = Trouble::of(pod, options.name.as_str());
        matches!(trouble, Some(Trouble::ImagePull { .. }))
    };
    if !pods.ok()?.iter().any(waits) {
        return None;
    }
    cluster
        .api::<Deployment>()
        .restart(options.name.as_str())
        .await
        .ok()
}
