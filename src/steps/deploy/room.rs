//! Whether a quota has room for new Pods beside the old ones, as a rolling update needs it: it ends an old Pod only once a
//! new one serves.

use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, api::ListParams};

use crate::cluster::{
    Cluster, Workload,
    objects::labels,
    quota::{Amount, QuotaProblem, usage},
    trouble::{is_going, is_over},
};

/// Whether the app's own old Pods hold what its new ones lack, so that waiting is of no use, while `--strategy recreate`
/// would help. `refusal` is the quota's message, `new` and `all` are the Pods of the new revision and of the app.
pub(super) async fn is_held_by_old_pods(
    cluster: &Cluster,
    workload: &Workload,
    refusal: &str,
    new: &[&Pod],
    all: &[Pod],
) -> bool {
    let Some(QuotaProblem::Exceeded { amounts, .. }) = QuotaProblem::of(refusal) else {
        return false;
    };
    let is_new = |pod: &Pod| new.iter().any(|it| it.uid() == pod.uid());
    let has_old = all.iter().any(|pod| !is_over(pod) && !is_new(pod));
    if !has_old || workload.ends_pods_first() {
        return false;
    }
    let Ok(pods) = cluster.api::<Pod>().list(&ListParams::default()).await else {
        return false;
    };
    // What goes by itself makes room yet.
    let stay: Vec<&Pod> = pods.iter().filter(|pod| !is_over(pod) && !passes(pod)).collect();
    let is_of_app = |pod: &&Pod| all.iter().any(|it| it.uid() == pod.uid());
    let others: Vec<&Pod> = stay.iter().copied().filter(|pod| !is_of_app(pod)).collect();
    !fit_beside(&amounts, &stay, 1) && fit_beside(&amounts, &others, workload.wanted())
}

/// Whether so many new Pods fit beside these.
fn fit_beside(amounts: &[Amount], pods: &[&Pod], count: i32) -> bool {
    let count = u128::try_from(count).unwrap_or_default();
    amounts.iter().all(|amount| {
        let mut used = pods.iter().map(|pod| usage(pod, &amount.resource));
        let needed = amount.requested.checked_mul(count);
        let needed = used.try_fold(needed.unwrap_or(u128::MAX), u128::checked_add);
        needed.is_some_and(|needed| needed <= amount.limited)
    })
}

/// Whether a Pod goes by itself: it ends, or belongs to a build.
fn passes(pod: &Pod) -> bool {
    let is_of_a_build = || {
        let role = pod.labels().get(labels::ROLE).map(String::as_str);
        matches!(role, Some("staging" | "builder" | "check" | "bootstrap")) && labels::is_ours(pod.labels())
    };
    is_going(pod) || is_of_a_build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(memory: &str) -> Pod {
        let resources = json!({ "limits": { "memory": memory } });
        let spec = json!({ "containers": [{ "name": "shop", "resources": resources }] });
        serde_json::from_value(json!({ "spec": spec })).expect("a Pod")
    }

    #[test]
    fn pods_fit_beside_others_or_do_not() {
        let amounts = |requested, limited| {
            vec![Amount {
                resource: "limits.memory".to_owned(),
                requested,
                limited,
            }]
        };
        let other = pod("100");
        assert!(fit_beside(&amounts(100_000, 150_000), &[], 1));
        assert!(!fit_beside(&amounts(100_000, 150_000), &[&other], 1));
        assert!(!fit_beside(&amounts(100_000, 150_000), &[], 2));
        assert!(fit_beside(&amounts(100_000, 300_000), &[&other], 2));
    }

    #[test]
    fn pods_of_a_build_pass() {
        let with = |role: &str, phase: &str| -> Pod {
            serde_json::from_value(json!({
                "metadata": { "labels": { labels::ROLE: role, "app.kubernetes.io/managed-by": labels::MANAGER } },
                "status": { "phase": phase },
            }))
            .expect("a Pod")
        };
        assert!(passes(&with("staging", "Running")));
        assert!(!passes(&with("app", "Running")));
    }
}
