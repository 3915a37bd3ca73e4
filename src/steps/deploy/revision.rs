//! The revision that is rolled out: which Pods are of it, and whether they may be created.

use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::{Pod, PodTemplateSpec},
};
use kube::{ResourceExt, api::ListParams};

use crate::cluster::{Cluster, Workload, trouble::is_going};

/// Annotation of a Deployment and of its `ReplicaSet`s.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// The label by which a `ReplicaSet` knows its Pods:
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label>.
const HASH: &str = "pod-template-hash";
/// The same of a `StatefulSet`; the value is the name of a `ControllerRevision`.
const REVISION_HASH: &str = "controller-revision-hash";

/// The revision that is rolled out, and the label of its Pods.
#[derive(Default)]
pub(super) struct Revision {
    number: Option<String>,
    label: Option<(&'static str, String)>,
    refused: Option<String>,
}

/// Whether the Pods that stay are all of one revision. What was evicted lies about for long.
pub(super) fn is_one(pods: &[Pod]) -> bool {
    let mut revisions = pods
        .iter()
        .filter(|pod| !is_going(pod) && !has_ended(pod))
        .map(|pod| [HASH, REVISION_HASH].map(|key| pod.labels().get(key)));
    let first = revisions.next();
    revisions.all(|revision| Some(revision) == first)
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Failed" | "Succeeded"))
}

impl Revision {
    /// Finds what the Pods of the newest revision are labelled with, once for each, and why they may not be
    /// created where the controller says so.
    pub(super) async fn follow(&mut self, cluster: &Cluster, workload: &Workload, selector: &str) {
        match workload {
            Workload::Deployment(deployment) => self.follow_deployment(cluster, deployment, selector).await,
            Workload::StatefulSet(set) => {
                let revision = set
                    .status
                    .as_ref()
                    .and_then(|status| status.update_revision.clone());
                self.label = revision.map(|revision| (REVISION_HASH, revision));
            }
        }
    }

    async fn follow_deployment(&mut self, cluster: &Cluster, deployment: &Deployment, selector: &str) {
        let number = deployment.annotations().get(REVISION);
        if number == self.number.as_ref() && !has_failure(deployment) {
            self.refused = None;
            return;
        }
        let Ok(sets) = cluster
            .api::<ReplicaSet>()
            .list(&ListParams::default().labels(selector))
            .await
        else {
            return;
        };
        // The Deployment may be seen with a revision that its ReplicaSet does not carry yet, or that is the one
        // before: then the next look finds it.
        let Some(set) = sets.iter().find(|set| is_newest(set, deployment)) else {
            *self = Self::default();
            return;
        };
        self.label = set.labels().get(HASH).map(|hash| (HASH, hash.clone()));
        self.number = number.cloned();
        self.refused = failure_of(set);
    }

    pub(super) fn is_known(&self) -> bool {
        self.label.is_some()
    }

    /// Returns why the Pods of the revision may not be created.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Returns the Pods of the revision; none while it is not known.
    pub(super) fn pods<'a>(&self, pods: &'a [Pod]) -> Vec<&'a Pod> {
        let Some((key, value)) = &self.label else {
            return Vec::new();
        };
        pods.iter()
            .filter(|pod| pod.labels().get(*key) == Some(value))
            .collect()
    }
}

/// Whether any of a Deployment's `ReplicaSet`s may not create Pods. Which one, and why, the condition does not
/// say: it may be an earlier one, and its message is kept as long as the reason is the same
/// (<https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/controller/deployment/sync.go>).
pub(super) fn has_failure(deployment: &Deployment) -> bool {
    let status = deployment.status.as_ref();
    let mut conditions = status.and_then(|it| it.conditions.as_ref()).into_iter().flatten();
    conditions.any(|it| it.type_ == "ReplicaFailure" && it.status == "True")
}

/// Returns why a `ReplicaSet` may not create Pods, once its controller has seen it as it is now.
fn failure_of(set: &ReplicaSet) -> Option<String> {
    let status = set.status.as_ref()?;
    if status.observed_generation.unwrap_or(0) < set.metadata.generation.unwrap_or(0) {
        return None;
    }
    let mut conditions = status.conditions.iter().flatten();
    let failure = conditions.find(|it| it.type_ == "ReplicaFailure" && it.status == "True")?;
    Some(failure.message.clone().unwrap_or_default())
}

/// Whether a `ReplicaSet` is a Deployment's newest: of its revision, and of the Pods that it wants now, since a
/// change of replicas alone makes the controller report before it has seen the template.
fn is_newest(set: &ReplicaSet, deployment: &Deployment) -> bool {
    let uid = deployment.uid().unwrap_or_default();
    set.annotations().get(REVISION) == deployment.annotations().get(REVISION)
        && set.owner_references().iter().any(|owner| owner.uid == uid)
        && makes(set, deployment)
}

fn makes(set: &ReplicaSet, deployment: &Deployment) -> bool {
    let without_hash = |template: &PodTemplateSpec| {
        let mut template = template.clone();
        if let Some(labels) = template.metadata.as_mut().and_then(|it| it.labels.as_mut()) {
            labels.remove(HASH);
        }
        template
    };
    let made = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let wanted = deployment.spec.as_ref().map(|spec| &spec.template);
    match (made, wanted) {
        (Some(made), Some(wanted)) => without_hash(made) == without_hash(wanted),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(name: &str, image: &str, status: &Value) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": { "name": name, "generation": 2, "annotations": { REVISION: "3" },
                "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": "1" }] },
            "spec": { "selector": {}, "template": { "metadata": { "labels": { HASH: "x" } }, "spec": { "containers": [{ "name": "shop", "image": image }] } } },
            "status": status,
        }))
        .expect("a ReplicaSet")
    }

    #[test]
    fn a_replica_set_of_an_earlier_template_is_not_the_newest() {
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": { "name": "shop", "uid": "1", "annotations": { REVISION: "3" } },
            "spec": { "selector": {}, "template": { "metadata": { "labels": {} }, "spec": { "containers": [{ "name": "shop", "image": "two" }] } } },
        }))
        .expect("a Deployment");
        assert!(!is_newest(
            &set("a", "one", &json!({ "replicas": 0 })),
            &deployment
        ));
        assert!(is_newest(
            &set("b", "two", &json!({ "replicas": 0 })),
            &deployment
        ));
    }

    #[test]
    fn a_refusal_counts_once_it_is_of_the_set_as_it_is_now() {
        let status = |observed: i64, status: &str| {
            json!({ "replicas": 0, "observedGeneration": observed, "conditions": [
                { "type": "ReplicaFailure", "status": status, "message": "too much" },
            ] })
        };
        assert_eq!(failure_of(&set("a", "one", &status(1, "True"))), None);
        assert_eq!(
            failure_of(&set("a", "one", &status(2, "True"))),
            Some("too much".to_owned())
        );
        assert_eq!(failure_of(&set("a", "one", &status(2, "False"))), None);
    }

    #[test]
    fn pods_of_two_revisions_are_not_one() {
        let pod = |key: &str, value: &str| -> Pod {
            serde_json::from_value(json!({ "metadata": { "labels": { key: value } } })).expect("a Pod")
        };
        assert!(is_one(&[]) && is_one(&[pod(HASH, "a"), pod(HASH, "a")]));
        assert!(!is_one(&[pod(HASH, "a"), pod(HASH, "b")]));
        assert!(!is_one(&[pod(REVISION_HASH, "a"), pod(REVISION_HASH, "b")]));
        let mut going = pod(HASH, "b");
        going.metadata.deletion_timestamp = serde_json::from_value(json!("2024-05-01T12:00:00Z")).ok();
        assert!(is_one(&[pod(HASH, "a"), going]));
        let mut evicted = pod(HASH, "b");
        evicted.status = serde_json::from_value(json!({ "phase": "Failed" })).ok();
        assert!(is_one(&[pod(HASH, "a"), evicted]));
    }
}
