//! The way from this machine to a registry of ours, which has none of its own.

use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, api::ListParams};

use crate::{
    cluster::{
        Cluster, Forward,
        objects::{
            labels,
            trial_registry::{PORT, ROLE},
        },
        trouble::{container, is_going},
    },
    registry::{Credentials, Options, ProxySettings},
};

/// Opens a way to the registry that runs in the namespace; `None` where there is none, or it is not
/// ready.
pub async fn find(cluster: &Cluster) -> Option<Forward> {
    let ours = ListParams::default().labels(&labels::selector(&labels::of_role(ROLE)));
    let pods = cluster.api::<Pod>().list(&ours).await.ok()?;
    let is_ready = |pod: &&Pod| !is_going(pod) && container(pod, ROLE).is_some_and(|it| it.ready);
    let pod = pods.items.iter().find(is_ready)?;
    Forward::open(cluster, &pod.name_any(), PORT).await.ok()
}

/// Returns how the registry is spoken to over such a way.
#[must_use]
pub fn options(forward: &Forward, login: Option<Credentials>) -> Options {
    Options {
        insecure: true,
        address: Some(forward.address.clone()),
        // The proxies of this machine have no part in a way of its own.
        proxy: ProxySettings {
            no: Some("*".to_owned()),
            ..ProxySettings::default()
        },
        credentials: login,
        ..Options::default()
    }
}
