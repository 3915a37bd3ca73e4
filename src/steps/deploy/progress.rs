//! How far a rollout is, read from the workload and its Pods. Pure.

use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Time};
use kube::ResourceExt;

use crate::cluster::{
    Trouble, Workload,
    trouble::{container, is_going},
};

/// What is seen of a rollout at one time.
pub(super) struct Seen<'a> {
    pub(super) workload: &'a Workload,
    /// The Pods of the new revision.
    pub(super) pods: Vec<&'a Pod>,
    /// When the last rollout ran out of time, which is not this one's failure.
    pub(super) stale: Option<&'a Time>,
    /// Why the Pods of the new revision may not be created.
    pub(super) refused: Option<&'a str>,
    /// What is wrong by the cluster's warnings.
    pub(super) warned: Option<&'a Trouble>,
}

/// Whether the controller knows of the workload as it is; until then the status tells of an earlier one.
pub(super) fn is_observed(workload: &Workload) -> bool {
    workload.counts().observed >= workload.generation()
}

/// Whether a Pod is ready and stays.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.type_ == "Ready");
    !is_going(pod) && ready.is_some_and(|ready| ready.status == "True")
}

impl Seen<'_> {
    /// Whether the new Pods serve and the old ones are gone: the rule of `kubectl rollout status`,
    /// <https://github.com/kubernetes/kubectl/blob/v0.34.0/pkg/polymorphichelpers/rollout_status.go>.
    pub(super) fn is_complete(&self) -> bool {
        let (wanted, counts) = (self.workload.wanted(), self.workload.counts());
        self.is_observed()
            && [counts.updated, counts.all, counts.available].map(|it| it == wanted) == [true; 3]
    }

    fn is_observed(&self) -> bool {
        is_observed(self.workload)
    }

    /// Whether Kubernetes has given this rollout up.
    pub(super) fn is_given_up(&self) -> bool {
        let progressing = self.workload.condition("Progressing");
        self.is_observed()
            && progressing.is_some_and(|condition| {
                condition.status == "False" && condition.last_update_time.as_ref() != self.stale
            })
    }

    /// Returns what keeps the new Pods from serving, and which of them.
    pub(super) fn trouble(&self, app: &str) -> Option<(Trouble, Option<&Pod>)> {
        if !self.is_observed() {
            return None;
        }
        if let Some(message) = self.refused.map(ToOwned::to_owned) {
            return Some((Trouble::Refused { message }, None));
        }
        let mut pods = self.pods.iter().filter(|pod| !is_going(pod));
        pods.find_map(|pod| Trouble::of(pod, app).map(|trouble| (trouble, Some(*pod))))
            .or_else(|| Some((self.warned?.clone(), None)))
    }

    /// Says what is waited for.
    pub(super) fn told(&self, app: &str) -> String {
        let wanted = self.workload.wanted();
        let ready = self.pods.iter().filter(|pod| is_ready(pod)).count();
        let counts = format!("{ready}/{wanted} ready");
        // A final trouble is told once, as the failure.
        if let Some((trouble, _)) = self.trouble(app).filter(|(trouble, _)| !trouble.is_final()) {
            return format!("{counts}: {trouble}");
        }
        let waiting = self.pods.iter().find(|pod| !is_ready(pod) && !is_going(pod));
        let Some(pod) = waiting else {
            let all = self.workload.counts();
            let has_earlier = all.all > all.updated;
            let is_whole = usize::try_from(wanted).is_ok_and(|wanted| ready >= wanted);
            return if is_whole && has_earlier {
                format!("{counts}, the earlier Pods end")
            } else {
                counts
            };
        };
        let container = container(pod, app);
        let runs = container.is_some_and(|container| {
            container.restart_count > 0
                || container
                    .state
                    .as_ref()
                    .is_some_and(|state| state.running.is_some())
        });
        let does = if runs { "starts up" } else { "gets its image" };
        format!("{counts}, `{}` {does}", pod.name_any())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn deployment(status: &Value) -> Workload {
        let deployment = json!({
            "metadata": { "name": "shop", "generation": 7 },
            "spec": { "replicas": 2, "selector": {}, "template": {} },
            "status": status,
        });
        Workload::Deployment(serde_json::from_value(deployment).expect("a Deployment"))
    }

    #[test]
    fn a_stateful_set_is_complete_by_the_same_counts() {
        let status =
            json!({ "observedGeneration": 7, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 });
        let set = json!({ "metadata": { "generation": 7 }, "spec": { "replicas": 2, "selector": {}, "template": {}, "serviceName": "" }, "status": status });
        let mut set = Workload::StatefulSet(serde_json::from_value(set).expect("a StatefulSet"));
        assert!(seen(&set, None).is_complete());
        if let Workload::StatefulSet(set) = &mut set {
            set.status.as_mut().expect("a status").updated_replicas = Some(1);
        }
        assert!(!seen(&set, None).is_complete());
    }

    fn seen<'a>(workload: &'a Workload, stale: Option<&'a Time>) -> Seen<'a> {
        Seen {
            workload,
            pods: Vec::new(),
            stale,
            refused: None,
            warned: None,
        }
    }

    #[test]
    fn complete_means_observed_updated_available_and_no_old_pods() {
        let whole =
            json!({ "observedGeneration": 7, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 });
        assert!(seen(&deployment(&whole), None).is_complete());
        for (field, value) in [
            ("observedGeneration", 6),
            ("replicas", 3),
            ("updatedReplicas", 1),
            ("availableReplicas", 1),
        ] {
            let mut status = whole.clone();
            status[field] = json!(value);
            assert!(!seen(&deployment(&status), None).is_complete(), "{field} {value}");
        }
    }

    #[test]
    fn an_old_timeout_is_not_this_rollouts() {
        let status = json!({ "observedGeneration": 7, "conditions": [{
            "type": "Progressing", "status": "False", "lastUpdateTime": "2024-05-01T12:00:00Z",
        }] });
        let deployment = deployment(&status);
        assert!(seen(&deployment, None).is_given_up());
        let before = deployment
            .condition("Progressing")
            .and_then(|it| it.last_update_time.clone());
        assert!(!seen(&deployment, before.as_ref()).is_given_up());
    }

    #[test]
    fn what_is_waited_for_is_said() {
        let deployment = deployment(&json!({ "observedGeneration": 7 }));
        let pod: Pod = serde_json::from_value(json!({
            "metadata": { "name": "shop-a" },
            "status": { "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node",
            }] },
        }))
        .expect("a Pod");
        let seen = Seen {
            pods: vec![&pod],
            ..seen(&deployment, None)
        };
        assert_eq!(seen.told("shop"), "0/2 ready: no node takes the Pod: no node");
    }
}
