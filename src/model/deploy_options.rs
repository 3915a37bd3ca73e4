//! How an app is deployed. Kept as JSON in an annotation of the Deployment from the first version
//! on: server-side apply removes each field that an apply leaves out, so the second deploy must
//! know what the first one said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    IngressOptions, KeyRef, Port, PortKind, Protocol, SourceRef, Toleration, VolumeMount, VolumeSource,
};

/// How an app is deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeployOptions {
    /// The container's ports; the first is the one that is probed and whose URL is printed.
    pub ports: Vec<Port>,
    /// How the Service is reached.
    pub service: PortKind,
    /// Replicas; `None` leaves them to whoever set them (an autoscaler).
    pub replicas: Option<i32>,
    /// The workload's env.
    pub env: BTreeMap<String, String>,
    /// Memory request and limit, a Kubernetes quantity.
    pub memory: Option<String>,
    /// CPU request, a Kubernetes quantity.
    pub cpu: Option<String>,
    /// CPU limit, a Kubernetes quantity; none where it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    /// Where the app answers, with the slashes: `/` or `/shop/`.
    pub context_path: String,
    /// Secret that the Pods pull with.
    pub pull_secret: Option<String>,
    /// Where the app is reached by name.
    #[serde(skip_serializing_if = "super::is_default")]
    pub ingress: IngressOptions,
    /// Whether the app is a `StatefulSet`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stateful: bool,
    /// How new Pods of a Deployment replace old ones.
    #[serde(skip_serializing_if = "super::is_default")]
    pub strategy: Strategy,
    /// The container that is ours in a workload that somebody else made; `None` where we made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopted: Option<String>,
    /// What the Pods have beside; left out of the annotation where nothing was said, so that a newer
    /// version of ours changes no Deployment by itself.
    #[serde(flatten)]
    pub pod: PodOptions,
}

impl DeployOptions {
    /// Returns the port that the probes ask and whose URL is printed, and its place.
    #[must_use]
    pub fn main_port(&self) -> Option<(usize, &Port)> {
        let mut ports = self.ports.iter().enumerate();
        ports.find(|(_, port)| port.protocol == Protocol::Tcp)
    }

    /// Returns the claims that each Pod of a `StatefulSet` gets.
    pub fn own_claims(&self) -> impl Iterator<Item = &VolumeMount> {
        let volumes = self.pod.volumes.iter();
        volumes.filter(|mount| matches!(mount.source, VolumeSource::OwnClaim { .. }))
    }
}

/// What else was said of the Pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodOptions {
    /// Env that comes from a key of a Secret or a `ConfigMap`, by the variable's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env_keys: BTreeMap<String, KeyRef>,
    /// Secrets and `ConfigMap`s all of whose keys are env.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<SourceRef>,
    /// Replaces the image's entrypoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Replaces the image's command.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Where the probes ask.
    #[serde(skip_serializing_if = "super::is_default")]
    pub health: Health,
    /// What tells that the app must be started again, where it is not what `health` says.
    #[serde(skip_serializing_if = "super::is_default")]
    pub liveness: Probing,
    /// What tells that the app serves, where it is not what `health` says.
    #[serde(skip_serializing_if = "super::is_default")]
    pub readiness: Probing,
    /// Whether the artifact answers on Spring Boot's liveness and readiness groups.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_actuator: bool,
    /// Service account, whose token the Pods then mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Labels that the nodes must have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the Pods bear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Labels of the Deployment and its Pods, beside ours.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What is mounted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount>,
    /// Who may write to claims.
    #[serde(skip_serializing_if = "super::is_default")]
    pub fs_group: FsGroup,
}

impl PodOptions {
    /// Whether the probes ask by HTTP.
    #[must_use]
    pub fn asks_by_http(&self) -> bool {
        match &self.health {
            Health::Path(_) => true,
            Health::Automatic => self.has_actuator,
            Health::Tcp => false,
        }
    }
}

/// How new Pods of a Deployment replace old ones:
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// Old Pods serve until new ones are ready, which takes room for both.
    #[default]
    Rolling,
    /// Old Pods end before new ones start, so the app is down in between.
    Recreate,
}

/// Where the probes ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// By HTTP where the artifact is known to answer, else by TCP.
    #[default]
    Automatic,
    /// By TCP.
    Tcp,
    /// By HTTP on this path.
    Path(String),
}

/// One probe of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Probing {
    /// As [`Health`] has it.
    #[default]
    Default,
    /// None.
    Off,
    /// By HTTP on this path.
    Path(String),
}

/// The group that claims belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FsGroup {
    /// Our images' own number, where something is claimed.
    #[default]
    Default,
    /// None: the cluster assigns one, or the volume is writable as it is.
    Off,
    /// This one.
    Id(u32),
}

/// What follows from the options, and is not remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Env, stronger than the options'.
    pub env: BTreeMap<String, String>,
    /// Arguments of the container, after the options'.
    pub args: Vec<String>,
}
