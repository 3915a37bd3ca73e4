//! Speaks to the Kubernetes API.

pub mod objects;
mod tunnel;
mod wait;

pub use tunnel::{LONGEST_FRAME_BYTES, Tunnel, TunnelError};
pub use wait::watch_pod;

/// A cluster that we may speak to, and the namespace that we work in.
#[derive(Clone)]
pub struct Cluster {
    /// The connection, with the person's identity.
    pub client: kube::Client,
    /// The namespace that everything happens in.
    pub namespace: String,
}

impl Cluster {
    /// Returns the API of a kind of object in the namespace.
    #[must_use]
    pub fn api<K>(&self) -> kube::Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        kube::Api::namespaced(self.client.clone(), &self.namespace)
    }
}
