//! What to do about what the scheduler, a quota or a rule of the cluster says: read from their words.

use crate::{cluster::Cluster, error::Failure, model::AppName};

/// No node takes the Pod. The scheduler counts the nodes by reason.
pub(super) fn unschedulable(failure: Failure, message: &str) -> Failure {
    let has = |words: &str| message.contains(words);
    let failure = failure.anchor("unschedulable");
    if has("Insufficient") {
        failure
            .next("ask for less with `--memory` and `--cpu`, or free or add a node; what they have left:")
            .command("kubectl describe nodes")
    } else if has("affinity/selector") {
        failure
            .next("no node has the labels that `--node-selector` wants, or the image's architecture; the nodes have:")
            .command("kubectl get nodes --show-labels")
    } else if has("untolerated taint") {
        failure
            .next("wait until the nodes are well again, or bear their taints with `--toleration`; the nodes say:")
            .command("kubectl describe nodes")
    } else {
        failure
            .next("see what the nodes say:")
            .command("kubectl describe nodes")
    }
}

/// The API server does not take the Pods or the Deployment: Pod Security, a quota, an admission rule.
pub(super) fn refused(failure: Failure, message: &str, cluster: &Cluster, app: &AppName) -> Failure {
    let namespace = &cluster.namespace;
    if message.contains("violates PodSecurity") {
        // What we set passes; what does not was set by somebody else.
        return failure
            .next("take these fields out again; this shows who set them:")
            .command(format!(
                "kubectl get deployment {app} -o yaml --show-managed-fields -n {namespace}"
            ))
            .anchor("pod-refused");
    }
    if message.contains("admission webhook") || message.contains("ValidatingAdmissionPolicy") {
        return failure
            .next("give the cluster's rule what it asks for, a label with `--label`, an annotation of the Pods with `--annotation`; or have the rule changed")
            .anchor("admission");
    }
    if message.contains("serviceaccount") && message.contains("not found") {
        return failure
            .next("make the ServiceAccount that `--service-account` names, or take it back with `--service-account ''`:")
            .command(format!("kubectl get serviceaccounts -n {namespace}"))
            .anchor("pod-refused");
    }
    failure
        .next(
            "make room in the namespace, ask for less with `--memory` and `--cpu`, or have the rule changed:",
        )
        .command(format!(
            "kubectl describe resourcequota,limitrange -n {namespace}"
        ))
        .anchor("pod-refused")
}
