//! What to do about what the scheduler, a quota or a rule of the cluster says: read from their words.

use crate::{
    cluster::{
        Cluster,
        quota::{self, QuotaProblem},
    },
    error::Failure,
    model::{AppName, PodOptions},
};

/// No node takes the Pod. The scheduler counts the nodes by reason.
pub(super) fn unschedulable(failure: Failure, message: &str, cluster: &Cluster) -> Failure {
    let has = |words: &str| message.contains(words);
    let failure = failure.anchor("unschedulable");
    // The claim is the old Pod's as long as that runs.
    if has("ReadWriteOncePod") {
        return failure
            .next("the old Pod has the claim, which is for one Pod: repeat the command with `--strategy recreate`, which ends the old Pod first");
    }
    // The scheduler looks at the claims before it counts nodes.
    if message.to_lowercase().contains("persistentvolumeclaim") {
        failure
            .next("make the claim that `--volume` names, or a storage class for it; these are there:")
            .command(format!(
                "kubectl get persistentvolumeclaims,storageclasses -n {}",
                cluster.namespace
            ))
    } else if has("Insufficient") {
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

/// What to do about a container that does not start, where a command was given that the image does not
/// have: the runtime says so.
pub(super) fn missing_command(options: &PodOptions, message: &str) -> Option<&'static str> {
    let is_missing = ["executable file not found", "no such file or directory"]
        .iter()
        .any(|words| message.contains(words));
    (is_missing && !options.command.is_empty()).then_some(
        "name a program of the image with `--command`, or take the command back with `--command ''`",
    )
}

/// What to do about an app that ended by itself.
pub(super) fn exits(options: &PodOptions) -> &'static str {
    if options.args.is_empty() {
        "mend what the log says, or set what it lacks with `--env`"
    } else {
        "mend what the log says, or set what it lacks with `--env`; `--args ''` takes its arguments back"
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
    if let Some(problem) = QuotaProblem::of(message) {
        return of_quota(failure, &problem, namespace);
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

/// A quota does not take the Pods.
fn of_quota(failure: Failure, problem: &QuotaProblem, namespace: &str) -> Failure {
    let failure = failure.anchor("pod-refused");
    match problem {
        QuotaProblem::Missing { quota, resources } => failure
            .next(format!(
                "the quota `{quota}` demands {} of every container: set it{}, or {}:",
                resources.join(", "),
                with_flags(resources.iter()),
                quota::ASK
            ))
            .command(quota::limit_range(resources, namespace)),
        QuotaProblem::Exceeded { quota, amounts } => failure
            .next(format!(
                "make room in the namespace, ask for less{}, or have the quota `{quota}` raised:",
                with_flags(amounts.iter().map(|amount| &amount.resource))
            ))
            .command(format!("kubectl get resourcequota -n {namespace}")),
    }
}

/// Returns the flags that set what a quota counts, after the word `with`; nothing where there are none.
fn with_flags<'a>(resources: impl Iterator<Item = &'a String>) -> String {
    let flags = resources.filter_map(|resource| match resource.as_str() {
        "limits.cpu" => Some("--cpu-limit"),
        "cpu" | "requests.cpu" => Some("--cpu"),
        "memory" | "requests.memory" | "limits.memory" => Some("--memory"),
        _ => None,
    });
    let mut flags: Vec<&str> = flags.collect();
    flags.dedup();
    let words: Vec<String> = flags.iter().map(|flag| format!("`{flag}`")).collect();
    match &words[..] {
        [] => String::new(),
        words => format!(" with {}", words.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_not_in_the_image() {
        let words = r#"exec: "nope": executable file not found in $PATH"#;
        let mut options = PodOptions::default();
        assert_eq!(missing_command(&options, words), None, "the image's own");
        assert!(!exits(&options).contains("--args"));
        options.command = vec!["nope".to_owned()];
        options.args = vec!["-v".to_owned()];
        assert!(missing_command(&options, words).is_some_and(|next| next.contains("`--command ''`")));
        assert_eq!(missing_command(&options, "permission denied"), None);
        assert!(exits(&options).contains("`--args ''`"));
    }
}
