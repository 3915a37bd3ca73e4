//! What keeps a Pod from doing its work, read from its status and its events: facts, in the
//! kubelet's and the scheduler's own words. The steps say what they mean for the person.

use std::fmt;

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use super::{PullProblem, quota::QuotaProblem};

/// What keeps a Pod from doing its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody may create the Pod: Pod Security, a quota, an admission webhook.
    Refused {
        /// The answer to the controller.
        message: String,
    },
    /// No node takes the Pod.
    Unschedulable {
        /// The scheduler's words.
        message: String,
    },
    /// A volume is not there: the `ConfigMap` or Secret that it shows does not exist.
    Mount {
        /// The kubelet's words.
        message: String,
    },
    /// The image cannot be pulled.
    ImagePull {
        /// The image.
        image: String,
        /// The kubelet's words, with the registry's in them.
        message: String,
    },
    /// The container cannot be made or started.
    CannotStart {
        /// `CreateContainerConfigError` and such.
        reason: String,
        /// The kubelet's words.
        message: String,
    },
    /// The container ended and is started again and again.
    Crashed {
        /// `Error`, `OOMKilled`, `StartError`, `Completed` …
        reason: String,
        /// Exit code of the last run.
        code: i32,
        /// How often it was started again.
        restarts: i32,
        /// The memory that it may have, where that is limited.
        memory_limit: Option<String>,
        /// The container's or the runtime's last words, often empty.
        message: String,
    },
    /// The Pod as a whole was ended from outside: evicted, preempted, its node shut down.
    Stopped {
        /// `Evicted` and such.
        reason: String,
        /// The kubelet's words.
        message: String,
    },
}

/// Waiting reasons of the kubelet that concern the image:
/// <https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/images/types.go>.
const IMAGE_REASONS: &[&str] = &[
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Waiting reasons of the kubelet that concern the making of a container:
/// <https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/kuberuntime/kuberuntime_container.go>.
const START_REASONS: &[&str] = &[
    "CreateContainerConfigError",
    "CreateContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "RunContainerError",
];

impl Trouble {
    /// Reads the status of a Pod and of its container of this name. A container that ended and is
    /// not started again is no trouble: see [`container`].
    #[must_use]
    pub fn of(pod: &Pod, name: &str) -> Option<Self> {
        let status = pod.status.as_ref()?;
        if status.phase.as_deref() == Some("Failed")
            && let Some(reason) = status.reason.clone()
        {
            return Some(Self::Stopped {
                reason,
                message: status.message.clone().unwrap_or_default(),
            });
        }
        if let Some(container) = container(pod, name)
            && let Some(waiting) = container.state.as_ref().and_then(|state| state.waiting.as_ref())
        {
            let reason = waiting.reason.clone().unwrap_or_default();
            let message = waiting.message.clone().unwrap_or_default();
            if IMAGE_REASONS.contains(&reason.as_str()) {
                let image = container.image.clone();
                return Some(Self::ImagePull {
                    message: pull_cause(&message, &image).to_owned(),
                    image,
                });
            }
            if START_REASONS.contains(&reason.as_str()) {
                return Some(Self::CannotStart { reason, message });
            }
            if reason == "CrashLoopBackOff" {
                return Some(Self::crashed(container, memory_limit(pod, name)));
            }
        }
        let scheduled = status
            .conditions
            .iter()
            .flatten()
            .find(|condition| condition.type_ == "PodScheduled")?;
        let unschedulable =
            scheduled.status == "False" && scheduled.reason.as_deref() == Some("Unschedulable");
        unschedulable.then(|| Self::Unschedulable {
            message: said_once(scheduled.message.as_deref().unwrap_or_default()),
        })
    }

    fn crashed(container: &ContainerStatus, memory_limit: Option<String>) -> Self {
        let last = container
            .last_state
            .as_ref()
            .and_then(|state| state.terminated.as_ref());
        Self::Crashed {
            reason: last.and_then(|last| last.reason.clone()).unwrap_or_default(),
            code: last.map_or(-1, |last| last.exit_code),
            restarts: container.restart_count,
            memory_limit,
            message: last.and_then(|last| last.message.clone()).unwrap_or_default(),
        }
    }

    /// Reads a warning about a Pod or about the controller that makes it.
    #[must_use]
    pub fn of_warning(reason: &str, message: &str) -> Option<Self> {
        let message = message.to_owned();
        match reason {
            "FailedCreate" => Some(Self::Refused { message }),
            "FailedMount" => Some(Self::Mount { message }),
            _ => None,
        }
    }

    /// Whether waiting is of no use. What else there is may pass: a quota is freed, a node is
    /// added, the network comes back; it is told at once but fails only when it stays.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Unschedulable { .. } => false,
            Self::Refused { message } => match QuotaProblem::of(message) {
                Some(problem) => problem.is_final(),
                None => {
                    says(message, &["forbidden", "denied the request"]) && !message.contains("exceeded quota")
                }
            },
            Self::Mount { message } => message.contains("not found"),
            Self::ImagePull { message, .. } => {
                PullProblem::of(message).is_final() || says(message, &["invalid", "couldn't parse"])
            }
            Self::CannotStart { .. } | Self::Crashed { .. } | Self::Stopped { .. } => true,
        }
    }

    /// Whether the registry refused a pull. A kubelet that has not read the pull Secret yet pulls
    /// without it (seen in new namespaces under load), and succeeds when it tries again.
    #[must_use]
    pub fn is_refused_pull(&self) -> bool {
        matches!(self, Self::ImagePull { message, .. } if PullProblem::of(message) == PullProblem::Refused)
    }
}

fn says(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// The scheduler's words for a claim that is not there end with the answer twice.
fn said_once(message: &str) -> String {
    message.replace("not found. not found", "not found")
}

/// Returns the memory that the container of this name may have.
fn memory_limit(pod: &Pod, name: &str) -> Option<String> {
    let containers = &pod.spec.as_ref()?.containers;
    let container = containers.iter().find(|container| container.name == name)?;
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    Some(limits.get("memory")?.0.clone())
}

/// Returns the cause of a failed pull: the runtime names the image again at each level.
fn pull_cause<'a>(message: &'a str, image: &str) -> &'a str {
    let last = message
        .rsplit_once(&format!("\"{image}\": "))
        .map_or(message, |(_, last)| last);
    last.strip_prefix(image)
        .and_then(|last| last.strip_prefix(": "))
        .unwrap_or(last)
}

/// What is wrong, in one sentence, without advice.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { message } => write!(f, "the Pod may not be created: {message}"),
            Self::Unschedulable { message } => write!(f, "no node takes the Pod: {message}"),
            Self::Mount { message } => write!(f, "a volume of the Pod is missing: {message}"),
            Self::ImagePull { image, message } => {
                write!(f, "the image `{image}` cannot be pulled: {message}")
            }
            Self::CannotStart { reason, message } => {
                write!(f, "the container cannot be started: {reason}: {message}")
            }
            Self::Crashed {
                reason, memory_limit, ..
            } if reason == "OOMKilled" => match memory_limit {
                Some(limit) => write!(
                    f,
                    "the container used more memory than its limit of {limit} allows and was killed"
                ),
                None => f.write_str("the container used more memory than it may have and was killed"),
            },
            Self::Crashed {
                reason,
                code,
                restarts,
                message,
                ..
            } if message.is_empty() => {
                let times = if *restarts == 1 { "restart" } else { "restarts" };
                write!(
                    f,
                    "the container ends: {reason}, exit code {code}, {restarts} {times}"
                )
            }
            Self::Crashed { code, message, .. } => {
                write!(f, "the container ends with exit code {code}: {message}")
            }
            Self::Stopped { reason, message } => write!(f, "the Pod was stopped: {reason}: {message}"),
        }
    }
}

/// Returns the status of the container of this name.
#[must_use]
pub fn container<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses.iter().find(|status| status.name == name)
}

/// Returns the state of the container of this name.
#[must_use]
pub fn container_state<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerState> {
    container(pod, name)?.state.as_ref()
}

/// Whether the Pod is being deleted.
#[must_use]
pub fn is_going(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Whether the Pod has ended or is being deleted: it holds nothing of the namespace's room any more.
#[must_use]
pub fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    is_going(pod) || matches!(phase, Some("Succeeded" | "Failed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: &serde_json::Value) -> Pod {
        serde_json::from_value(json!({ "metadata": { "name": "p" }, "status": status })).expect("a Pod")
    }

    fn waiting(reason: &str, message: &str) -> Pod {
        pod(&json!({ "containerStatuses": [{
            "name": "app", "image": "r/shop", "imageID": "", "ready": false, "restartCount": 3,
            "state": { "waiting": { "reason": reason, "message": message } },
            "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
        }] }))
    }

    #[test]
    fn reads_the_kubelets_reasons() {
        let told = r#"Back-off pulling image "r/shop": ErrImagePull: failed to resolve reference "r/shop": r/shop: not found"#;
        let pull = Trouble::of(&waiting("ImagePullBackOff", told), "app");
        let (image, message) = ("r/shop".to_owned(), "not found".to_owned());
        assert_eq!(pull, Some(Trouble::ImagePull { image, message }));
        assert!(pull.is_some_and(|pull| pull.is_final()));
        let reset = Trouble::of(&waiting("ErrImagePull", "connection reset by peer"), "app");
        assert!(reset.is_some_and(|reset| !reset.is_final()));
        let refused = Trouble::of(&waiting("ErrImagePull", "401 Unauthorized"), "app").expect("known");
        assert!(refused.is_refused_pull() && !refused.is_final());
        let crash = Trouble::of(&waiting("CrashLoopBackOff", "back-off 10s"), "app");
        assert!(
            matches!(&crash, Some(Trouble::Crashed { reason, restarts: 3, .. }) if reason == "OOMKilled")
        );
        assert_eq!(Trouble::of(&waiting("ContainerCreating", ""), "app"), None);
        assert_eq!(Trouble::of(&waiting("ErrImagePull", ""), "istio-proxy"), None);
    }

    #[test]
    fn the_limit_is_named() {
        let mut pod = waiting("CrashLoopBackOff", "back-off 10s");
        let told = |pod: &Pod| Trouble::of(pod, "app").map(|trouble| trouble.to_string());
        assert!(told(&pod).is_some_and(|words| words.contains("than it may have")));
        let spec =
            json!({ "containers": [{ "name": "app", "resources": { "limits": { "memory": "64Mi" } } }] });
        pod.spec = serde_json::from_value(spec).expect("a spec");
        assert!(told(&pod).is_some_and(|words| words.contains("its limit of 64Mi")));
    }

    #[test]
    fn reads_the_schedulers_words() {
        let message = "0/2 nodes are available: persistentvolumeclaim \"data\" not found";
        let pod = pod(&json!({ "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": format!("{message}. not found"),
        }] }));
        assert_eq!(
            Trouble::of(&pod, "app"),
            Some(Trouble::Unschedulable {
                message: message.to_owned()
            })
        );
    }

    #[test]
    fn a_quota_may_pass_and_pod_security_does_not() {
        let refused = |message: &str| {
            Trouble::of_warning("FailedCreate", message)
                .expect("known")
                .is_final()
        };
        assert!(!refused(
            r#"Error creating: pods "a" is forbidden: exceeded quota: q"#
        ));
        assert!(refused(
            r#"Error creating: pods "a" is forbidden: violates PodSecurity "restricted:latest""#
        ));
        assert!(refused(
            r#"Error creating: admission webhook "rules.example.com" denied the request: no label"#
        ));
        assert!(!refused(
            "Error creating: Internal error occurred: failed calling webhook"
        ));
    }
}
