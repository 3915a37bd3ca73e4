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
            staging_job::{STAGING, idle_seconds},
        },
        trouble::is_going,
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
    let runs = |pod: &&Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        !is_going(pod) && !matches!(phase, Some("Succeeded" | "Failed"))
    };
    let words: Vec<String> = pods.iter().filter(runs).map(words).collect();
    match words.len() {
        0 => Finding::ok(name, "none"),
        count => Finding::ok(
            name,
            format!("{count}, with 50m CPU and 64Mi memory each: {}", words.join("; ")),
        ),
    }
}

fn words(pod: &Pod) -> String {
    let app = pod.labels().get(labels::APP).map_or("an app", String::as_str);
    match idle_seconds(pod) {
        Some(seconds) => format!("of `{app}`, ends when idle for {seconds} s"),
        None => format!("of `{app}`"),
    }
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
            "1, with 50m CPU and 64Mi memory each: of `shop`"
        );
    }
}
