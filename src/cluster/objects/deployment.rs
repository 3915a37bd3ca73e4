//! The Deployment of an app, and the Pods that it has in common with a `StatefulSet`, as server-side
//! apply gets them: what is left out is not ours.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{
            Affinity, Container, ContainerPort, NodeAffinity, NodeSelector, NodeSelectorRequirement,
            NodeSelectorTerm, PodSpec, PodTemplateSpec, SecurityContext,
        },
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use serde_json::json;

use super::{labels, pod, probes, restricted, service};
use crate::{
    model::{AppName, DeployOptions, Derived, Seals, Strategy},
    oci::{Platform, Reference},
};

/// The strategy that ends all old Pods before it starts new ones.
pub const RECREATE: &str = "Recreate";

/// What a Deployment is made of.
#[derive(Clone, Debug)]
pub struct App<'a> {
    /// Name of the Deployment, the Service and the container.
    pub name: &'a AppName,
    /// What the person said.
    pub options: &'a DeployOptions,
    /// What follows from that; not remembered.
    pub derived: &'a Derived,
    /// Seals of the builds that it was deployed from, this one's too.
    pub builds: &'a Seals,
    /// `registry/repository@digest`
    pub image: &'a Reference,
    /// The platform of an image that has only one.
    pub platform: Option<&'a Platform>,
    /// Whether a JVM runs in it, which needs more memory.
    pub jvm: bool,
    /// Replicas; `None` leaves them to whoever set them.
    pub replicas: Option<i32>,
    /// After so long without progress Kubernetes gives the rollout up; `None` leaves that to it.
    pub progress_seconds: Option<i32>,
}

/// Returns the Deployment.
#[must_use]
pub fn deployment(app: &App) -> Deployment {
    Deployment {
        metadata: metadata(app),
        spec: Some(DeploymentSpec {
            replicas: app.replicas,
            selector: LabelSelector {
                match_labels: Some(labels::selecting_app(app.name)),
                ..LabelSelector::default()
            },
            strategy: Some(strategy(app.options.strategy)),
            revision_history_limit: Some(10),
            progress_deadline_seconds: app.progress_seconds,
            template: template(app),
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// Returns the workload's metadata, with what the next deploy must know.
pub(super) fn metadata(app: &App) -> ObjectMeta {
    let mut metadata = labels::metadata(app.name);
    metadata.labels = Some(pod::labels(app));
    metadata.annotations = Some(annotations(app));
    metadata
}

/// Returns what the next deploy must know. On the workload, not on its Pods: those need not start anew for it.
pub(super) fn annotations(app: &App) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(labels::OPTIONS.to_owned(), remembered(app.options))]);
    if !app.builds.is_empty() {
        annotations.insert(labels::BUILDS.to_owned(), json!(app.builds).to_string());
    }
    annotations
}

/// Returns the options as they are remembered. Replicas that are not given are nobody's memory. A
/// changed annotation is a new generation.
pub(super) fn remembered(options: &DeployOptions) -> String {
    let remembered = DeployOptions {
        replicas: None,
        ..options.clone()
    };
    json!(remembered).to_string()
}

/// Returns the Pods.
pub(super) fn template(app: &App) -> PodTemplateSpec {
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(pod::labels(app)),
            annotations: pod::given(app.options.pod.annotations.clone()),
            ..ObjectMeta::default()
        }),
        spec: Some(pod_spec(app)),
    }
}

fn strategy(strategy: Strategy) -> DeploymentStrategy {
    match strategy {
        // The old Pods serve until new ones are ready.
        Strategy::Rolling => DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_unavailable: Some(IntOrString::Int(0)),
                max_surge: Some(IntOrString::Int(1)),
            }),
        },
        Strategy::Recreate => DeploymentStrategy {
            type_: Some(RECREATE.to_owned()),
            rolling_update: None,
        },
    }
}

fn pod_spec(app: &App) -> PodSpec {
    PodSpec {
        containers: vec![container(app)],
        image_pull_secrets: app.options.pull_secret.as_deref().map(restricted::pull_secrets),
        // Who names an account wants its token.
        automount_service_account_token: Some(app.options.pod.service_account.is_some()),
        // Never left out: the API server keeps the last one in a field of an older name, and takes it from there.
        service_account_name: Some(
            app.options
                .pod
                .service_account
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
        ),
        node_selector: pod::given(app.options.pod.node_selector.clone()),
        tolerations: pod::tolerations(app.options),
        volumes: pod::volumes(app.options),
        security_context: Some(pod::security(app.options)),
        affinity: app.platform.map(nodes_of),
        ..PodSpec::default()
    }
}

fn container(app: &App) -> Container {
    let options = app.options;
    let (cpu, memory) = amounts(app);
    let cpu_limit = options.cpu_limit.as_deref();
    let probes = probes::of(options);
    Container {
        name: app.name.to_string(),
        image: Some(app.image.to_string()),
        // A digest never moves.
        image_pull_policy: Some("IfNotPresent".to_owned()),
        ports: Some(ports(options)),
        command: pod::words(&options.pod.command),
        args: pod::words(&[&options.pod.args[..], &app.derived.args].concat()),
        env: Some(pod::env(app)),
        env_from: pod::env_from(options),
        volume_mounts: pod::mounts(options),
        resources: Some(restricted::resources(cpu, cpu_limit, memory, memory)),
        startup_probe: probes.startup,
        readiness_probe: probes.readiness,
        liveness_probe: probes.liveness,
        // Java writes to /tmp, Tomcat to its own folders.
        security_context: Some(SecurityContext {
            // The image says `uid:0`, but the kubelet passes on its uid alone, and the runtime then takes
            // the group that the base's passwd has for it. What an app may write to belongs to group 0.
            run_as_group: Some(0),
            ..restricted::container_security(false)
        }),
        ..Container::default()
    }
}

/// CPU and memory that a container gets, where nothing was said by its kind: a JVM's heap is a share
/// of the limit.
fn amounts<'a>(app: &App<'a>) -> (&'a str, &'a str) {
    let (cpu, memory) = default_amounts(app.jvm);
    let said = app.options;
    let cpu = restricted::default_cpu(cpu, said.cpu_limit.as_deref());
    (
        said.cpu.as_deref().unwrap_or(cpu),
        said.memory.as_deref().unwrap_or(memory),
    )
}

/// Returns the CPU and the memory of an app that runs in a JVM or not, where nothing was said.
#[must_use]
pub fn default_amounts(jvm: bool) -> (&'static str, &'static str) {
    ("100m", if jvm { "512Mi" } else { "128Mi" })
}

fn ports(options: &DeployOptions) -> Vec<ContainerPort> {
    let ports = options.ports.iter().enumerate();
    let ports = ports.map(|(index, port)| ContainerPort {
        name: Some(service::port_name(index)),
        container_port: i32::from(port.container),
        protocol: Some(port.protocol.as_str().to_owned()),
        ..ContainerPort::default()
    });
    ports.collect()
}

/// Nodes that can run an image of one platform only:
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch>.
fn nodes_of(platform: &Platform) -> Affinity {
    let is = |key: &str, value: &str| NodeSelectorRequirement {
        key: key.to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![value.to_owned()]),
    };
    Affinity {
        node_affinity: Some(NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(NodeSelector {
                node_selector_terms: vec![NodeSelectorTerm {
                    match_expressions: Some(vec![
                        is("kubernetes.io/arch", &platform.architecture),
                        is("kubernetes.io/os", &platform.os),
                    ]),
                    match_fields: None,
                }],
            }),
            ..NodeAffinity::default()
        }),
        ..Affinity::default()
    }
}
