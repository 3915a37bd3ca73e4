//! What shows in no status, and in warnings alone: a volume that is not there, and the Pod that may not be
//! created for a `StatefulSet`. (A Deployment has a condition for it.)

use std::future;

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::revision;
use crate::cluster::{
    Cluster, Trouble, Warning, Workload,
    trouble::{container_state, is_going},
    warnings_where,
};

/// The warnings that concern a rollout.
pub(super) struct Warned {
    warnings: BoxStream<'static, Warning>,
    now: Option<(Trouble, Cause)>,
}

/// What has to happen until a warning is of no account.
enum Cause {
    /// The Pod with this id starts, or goes.
    Pod(String),
    /// There are more Pods than these.
    Creation(usize),
}

impl Warned {
    /// Watches what can go wrong with this workload, and nothing where nothing can.
    pub(super) fn about(cluster: &Cluster, workload: Option<&Workload>) -> Self {
        let mut watched = Vec::new();
        if let Some(Workload::StatefulSet(set)) = workload {
            let of_set = format!("reason=FailedCreate,involvedObject.name={}", set.name_any());
            // Of an earlier rollout's refusals nothing is told: the controller goes on trying, and says so.
            let of_set = warnings_where(cluster, &of_set).filter(|warning| future::ready(warning.is_new));
            watched.push(of_set.boxed());
        }
        if matches!(workload, Some(Workload::Deployment(it)) if revision::has_failure(it)) {
            // The condition will not change when the new Pods are refused too: only a warning says when to look.
            watched.push(warnings_where(cluster, "reason=FailedCreate").boxed());
        }
        let pod = workload
            .and_then(Workload::template)
            .and_then(|template| template.spec.as_ref());
        if pod.is_some_and(|pod| pod.volumes.iter().flatten().next().is_some()) {
            watched.push(warnings_where(cluster, "reason=FailedMount").boxed());
        }
        Self {
            // A stream of none would end.
            warnings: stream::select_all(watched).chain(stream::pending()).boxed(),
            now: None,
        }
    }

    /// Waits for the next warning; for ever where none are watched.
    pub(super) async fn next(&mut self) -> Option<Warning> {
        self.warnings.next().await
    }

    /// Takes note of a warning, if it is about this workload or one of the Pods.
    pub(super) fn hear(&mut self, warning: &Warning, workload: &Workload, pods: &[&Pod]) {
        let Some(trouble) = Trouble::of_warning(&warning.reason, &warning.message) else {
            return;
        };
        let is_of = |uid: Option<String>| uid.as_deref() == Some(&warning.uid);
        if is_of(workload.metadata().uid.clone()) {
            self.now = Some((trouble, Cause::Creation(pods.len())));
        } else if pods.iter().any(|pod| is_of(pod.uid())) {
            self.now = Some((trouble, Cause::Pod(warning.uid.clone())));
        }
    }

    /// Forgets what has passed, by the Pods of the revision; `app` is the container's name.
    pub(super) fn look(&mut self, pods: &[&Pod], app: &str) {
        let waits = |uid: &String| {
            let pod = pods.iter().find(|pod| pod.uid().as_ref() == Some(uid));
            pod.is_some_and(|pod| {
                !is_going(pod)
                    && container_state(pod, app)
                        .is_none_or(|state| state.running.is_none() && state.terminated.is_none())
            })
        };
        let has_passed = self.now.as_ref().is_some_and(|(_, cause)| match cause {
            Cause::Pod(uid) => !waits(uid),
            Cause::Creation(count) => pods.len() > *count,
        });
        if has_passed {
            self.now = None;
        }
    }

    /// Returns what is wrong now.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.now.as_ref().map(|(trouble, _)| trouble)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn none() -> Warned {
        Warned {
            warnings: stream::pending().boxed(),
            now: None,
        }
    }

    fn warning(uid: &str, reason: &str, message: &str) -> Warning {
        Warning {
            uid: uid.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            is_new: true,
        }
    }

    fn pod(uid: &str, state: &str) -> Pod {
        let status = json!({ "containerStatuses": [{ "name": "shop", "image": "", "imageID": "", "ready": false,
            "restartCount": 0, "state": { state: {} } }] });
        serde_json::from_value(json!({ "metadata": { "name": "shop-0", "uid": uid }, "status": status }))
            .expect("a Pod")
    }

    fn set() -> Workload {
        let set = json!({ "metadata": { "name": "shop", "uid": "set" }, "spec": { "selector": {}, "template": {}, "serviceName": "" } });
        Workload::StatefulSet(serde_json::from_value(set).expect("a StatefulSet"))
    }

    #[test]
    fn a_refused_pod_is_told_until_there_is_one() {
        let mut warned = none();
        let message = r#"create Pod shop-0 in StatefulSet shop failed error: pods "shop-0" is forbidden: exceeded quota: small"#;
        warned.hear(&warning("another", "FailedCreate", message), &set(), &[]);
        assert_eq!(warned.trouble(), None, "another app's");
        warned.hear(&warning("set", "FailedCreate", message), &set(), &[]);
        warned.look(&[], "shop");
        let refused = warned.trouble().expect("a trouble");
        assert!(matches!(refused, Trouble::Refused { .. }) && !refused.is_final());
        warned.look(&[&pod("p", "waiting")], "shop");
        assert_eq!(warned.trouble(), None);
    }

    #[test]
    fn a_volume_that_is_missing_is_told_until_the_container_starts() {
        let mut warned = none();
        let waits = pod("p", "waiting");
        let missing = warning(
            "p",
            "FailedMount",
            "MountVolume.SetUp failed: secret \"absent\" not found",
        );
        warned.hear(&missing, &set(), &[]);
        assert_eq!(warned.trouble(), None, "a Pod of an earlier revision");
        warned.hear(&missing, &set(), &[&waits]);
        warned.look(&[&waits], "shop");
        assert!(warned.trouble().is_some_and(Trouble::is_final));
        warned.look(&[&pod("p", "running")], "shop");
        assert_eq!(warned.trouble(), None);
    }
}
