//! The staging Pods that stay for the next build: what they hold of the namespace's room.

use k8s_openapi::api::core::v1::Pod;
use kube::{
    ResourceExt,
    api::{ListParams, ObjectList},
};

use crate::{
    cluster::{
        Cluster,
        objects::{
            labels,
            restricted::{CPU, MEMORY},
            staging_job::{STAGING, idle_seconds},
        },
        trouble::is_over,
    },
    model::Finding,
};

/// Returns how many there are, for which apps, and when they go.
pub(super) async fn check(cluster: &Cluster) -> Finding {
    let ours = labels::selector(&labels::of_role(STAGING));
    finding(
        cluster
            .api::<Pod>()
            .list(&ListParams::default().labels(&ours))
            .await,
    )
}

fn finding(pods: kube::Result<ObjectList<Pod>>) -> Finding {
    let name = "staging Pods";
    let Ok(pods) = pods else {
        return Finding::unknown(name, "you may not list Pods");
    };
    let pods: Vec<&Pod> = pods.iter().filter(|pod| !is_over(pod)).collect();
    let Some(longest) = pods.iter().map(|pod| idle_seconds(pod).unwrap_or_default()).max() else {
        return Finding::ok(name, "none");
    };
    let apps: Vec<String> = pods
        .iter()
        .filter_map(|pod| Some(format!("`{}`", pod.labels().get(labels::APP)?)))
        .collect();
    Finding::ok(
        name,
        format!(
            "{} of {} ({CPU} CPU, {MEMORY} memory each); idle, they end after {longest} s",
            pods.len(),
            apps.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn those_that_run_are_told() {
        let pod = |phase: &str| {
            json!({ "metadata": { "name": "b2i-staging-1", "labels": { "kubectl-b2i/app": "shop" } },
                "status": { "phase": phase } })
        };
        let list = |pods: Vec<serde_json::Value>| {
            let list = json!({ "metadata": {}, "items": pods });
            finding(Ok(serde_json::from_value(list).expect("a list"))).detail
        };
        assert_eq!(list(vec![pod("Succeeded")]), "none");
        assert_eq!(
            list(vec![pod("Running"), pod("Failed")]),
            "1 of `shop` (50m CPU, 64Mi memory each); idle, they end after 0 s"
        );
    }
}
