//! What the Pods of our Jobs have in common: the Pod Security Standard `restricted`
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>) and more,
//! since they need nothing but the network.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        batch::v1::{Job, JobSpec},
        core::v1::{
            Capabilities, Container, EnvVar, LocalObjectReference, PodSecurityContext, PodSpec,
            PodTemplateSpec, ResourceRequirements, SeccompProfile, SecretVolumeSource, SecurityContext,
            Volume,
        },
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};

use crate::cluster::quantity::thousandths;

/// How long a finished Job stays whose run has not removed it. A run that lost the cluster reads the result when it is
/// back, so this is longer than any outage that it rides out.
const TTL_AFTER_FINISHED_SECONDS: i32 = 300;

/// Returns the security context of a Pod. No `runAsUser`: our image's USER is a number, which the
/// kubelet can check, and `OpenShift` assigns one of its own.
#[must_use]
pub fn pod_security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

/// Returns the security context of a container.
#[must_use]
pub fn container_security(read_only_root: bool) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: read_only_root.then_some(true),
        ..SecurityContext::default()
    }
}

/// Returns requests, a memory limit, and a CPU limit where there has to be one: it slows a container down and protects
/// nobody that the request does not protect already.
#[must_use]
pub fn resources(
    cpu: &str,
    cpu_limit: Option<&str>,
    memory: &str,
    memory_limit: &str,
) -> ResourceRequirements {
    let quantity = |text: &str| Quantity(text.to_owned());
    let cpu_limit = cpu_limit.map(|limit| ("cpu".to_owned(), quantity(limit)));
    let limits = [("memory".to_owned(), quantity(memory_limit))];
    ResourceRequirements {
        requests: Some(
            [
                ("cpu".to_owned(), quantity(cpu)),
                ("memory".to_owned(), quantity(memory)),
            ]
            .into(),
        ),
        limits: Some(limits.into_iter().chain(cpu_limit).collect()),
        ..ResourceRequirements::default()
    }
}

/// Returns the CPU that a container requests by default: no more than its limit.
#[must_use]
pub fn default_cpu<'a>(default: &'a str, limit: Option<&'a str>) -> &'a str {
    match limit {
        Some(limit) if thousandths(limit) < thousandths(default) => limit,
        _ => default,
    }
}

/// CPU that a container of ours asks for.
pub const CPU: &str = "50m";
/// CPU that it may have where a quota demands a limit: enough that a build hardly notices.
pub const CPU_LIMIT: &str = "500m";
/// Memory that it asks for.
pub const MEMORY: &str = "64Mi";
/// Memory that it may have.
pub const MEMORY_LIMIT: &str = "256Mi";

/// Returns a container of ours, which plays the role that `argument` names.
#[must_use]
pub fn container(name: &str, image: &str, argument: &str, cpu_limit: Option<&str>) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(vec![argument.to_owned()]),
        security_context: Some(container_security(true)),
        resources: Some(resources(
            default_cpu(CPU, cpu_limit),
            cpu_limit,
            MEMORY,
            MEMORY_LIMIT,
        )),
        termination_message_path: Some("/dev/termination-log".to_owned()),
        termination_message_policy: Some("File".to_owned()),
        ..Container::default()
    }
}

/// Returns a Job that runs one Pod once. The Pod gets the security context and everything else that
/// our Pods have in common; `spec` brings its containers and volumes.
#[must_use]
pub fn job(
    name: &str,
    labels: &BTreeMap<String, String>,
    deadline_seconds: i64,
    pull_secret: Option<&str>,
    spec: PodSpec,
) -> Job {
    let mut pod_labels = labels.clone();
    // A sidecar would keep the Pod running after our container has ended, and may cut our traffic.
    pod_labels.insert("sidecar.istio.io/inject".to_owned(), "false".to_owned());
    let pod_annotations = [
        ("sidecar.istio.io/inject", "false"),
        ("linkerd.io/inject", "disabled"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    Job {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels.clone()),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            active_deadline_seconds: Some(deadline_seconds),
            ttl_seconds_after_finished: Some(TTL_AFTER_FINISHED_SECONDS),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(pod_labels),
                    annotations: Some(pod_annotations.into()),
                    ..ObjectMeta::default()
                }),
                spec: Some(PodSpec {
                    restart_policy: Some("Never".to_owned()),
                    automount_service_account_token: Some(false),
                    enable_service_links: Some(false),
                    security_context: Some(pod_security()),
                    image_pull_secrets: pull_secret.map(pull_secrets),
                    ..spec
                }),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

/// Returns a variable of a container with this value.
#[must_use]
pub fn env(name: &str, value: String) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value),
        ..EnvVar::default()
    }
}

/// The kernel refuses a variable of 128 KiB: <https://man7.org/linux/man-pages/man2/execve.2.html>.
const LONGEST_ENV: usize = 96 * 1024;

/// Returns a text as environment variables: `NAME`, and `NAME_1` and so on where it is too long for one.
pub(super) fn long_env(name: &str, text: &str) -> Vec<EnvVar> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > LONGEST_ENV {
        let (part, left) = rest.split_at(rest.floor_char_boundary(LONGEST_ENV));
        parts.push(part);
        rest = left;
    }
    parts.push(rest);
    let names = (0..).map(|at| numbered(name, at));
    names
        .zip(parts)
        .map(|(name, part)| env(&name, part.to_owned()))
        .collect()
}

/// Returns the text of such environment variables; empty where there are none.
#[must_use]
pub fn joined_env(name: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    (0..).map_while(|at| variable(&numbered(name, at))).collect()
}

fn numbered(name: &str, at: usize) -> String {
    match at {
        0 => name.to_owned(),
        at => format!("{name}_{at}"),
    }
}

/// Returns a volume that shows a Secret.
#[must_use]
pub fn secret_volume(volume: &str, secret: &str) -> Volume {
    Volume {
        name: volume.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Returns the list that a Pod names its pull Secret in.
#[must_use]
pub fn pull_secrets(name: &str) -> Vec<LocalObjectReference> {
    vec![LocalObjectReference {
        name: name.to_owned(),
    }]
}
