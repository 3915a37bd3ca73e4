//! Speaks to the Kubernetes API.

mod auth_plugin;
mod config_map;
pub mod configuration;
mod connect;
mod create;
pub mod error;
mod forward;
pub mod job_pod;
mod log_lines;
pub mod nodes;
pub mod objects;
pub mod owned_fields;
mod patience;
mod pull_problem;
mod pull_secret;
pub mod quantity;
pub mod quota;
pub mod record;
mod retry;
mod scheme;
pub mod secrets;
mod spdy;
pub mod trouble;
mod tunnel;
mod wait;
mod way;
mod websocket;
mod wire;
pub mod workload;

pub use connect::ConnectOptions;
pub use create::create_job;
pub use error::Error;
pub use forward::Forward;
pub use log_lines::{LONGEST_LINE_BYTES, LogLines};
pub use patience::Patience;
pub use pull_problem::PullProblem;
pub use pull_secret::PulledBy;
pub use trouble::Trouble;
pub use tunnel::{LONGEST_FRAME_BYTES, Tunnel};
pub use wait::{Warning, snapshots, warnings, warnings_where, watch_pod};
pub use way::{Loopback, TunnelError, Way};
pub use workload::Workload;

use crate::error::Failure;

/// A cluster that we may speak to, and the namespace that we work in.
#[derive(Clone)]
pub struct Cluster {
    /// The connection, with the person's identity.
    pub client: kube::Client,
    /// The namespace that everything happens in.
    pub namespace: String,
    /// URL of the API server, for messages.
    pub server: String,
    /// Whether a kubeconfig was found; else the Pod's service account is used.
    pub has_kubeconfig: bool,
}

impl Cluster {
    /// Returns a cluster behind a client that is there already.
    #[must_use]
    pub fn new(client: kube::Client, namespace: &str, server: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            server: server.to_owned(),
            has_kubeconfig: true,
        }
    }

    /// Returns the API of a kind of object in the namespace.
    #[must_use]
    pub fn api<K>(&self) -> kube::Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        kube::Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Says in a sentence why a request failed.
    #[must_use]
    pub fn why(&self, error: &kube::Error) -> String {
        error::why(&self.server, error)
    }

    /// Starts the failure of a request: `what`, why, and what to do where that follows from the
    /// answer alone (a missing permission, a cluster that cannot be reached).
    #[must_use]
    pub fn failure(&self, what: impl Into<String>, error: &kube::Error) -> Failure {
        error::failure(&self.server, what, error)
    }
}
