//! The Deployment serving the new image.

use serde::Serialize;

/// A finished rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// Name of the Deployment.
    pub name: String,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that were asked for.
    pub wanted: i32,
    /// Whether anything was changed in the cluster.
    pub changed: bool,
    /// What was changed of an app that was deployed before, in phrases: `env LOG_LEVEL added (debug)`.
    pub changes: Vec<String>,
    /// Where the app answers in the cluster; `None` without a Service.
    pub address: Option<String>,
    /// The command that brings the app to a port of this machine; `None` without a TCP port.
    #[serde(skip)]
    pub port_forward: Option<String>,
    /// Where the app answers, when it can be reached from outside the cluster.
    pub url: Option<String>,
    /// What it answered: `200 OK`; `None` when it was not asked or could not be reached from here.
    pub answer: Option<String>,
}
