//! How an app is deployed. Kept as JSON in an annotation of the Deployment from the first version
//! on: server-side apply removes each field that an apply leaves out, so the second deploy must
//! know what the first one said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Where the app answers, with the slashes: `/` or `/shop/`.
    pub context_path: String,
    /// Secret that the Pods pull with.
    pub pull_secret: Option<String>,
}

/// A port of the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// What the container listens on.
    pub container: u16,
    /// What the Service listens on.
    pub service: u16,
}

/// How the Service is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PortKind {
    /// In the cluster only.
    #[default]
    ClusterIp,
    /// On a port of every node, chosen by Kubernetes where it is `None`.
    NodePort(Option<u16>),
}
