//! The namespace's own configuration: what holds for everybody who deploys into it.

use k8s_openapi::api::core::v1::ConfigMap;

use super::{Cluster, error::is_forbidden};

/// Name of the `ConfigMap`; those of apps begin with `b2i-`.
pub const NAME: &str = "kubectl-b2i";
/// The key that holds the configuration.
pub const KEY: &str = "config.yaml";

/// Returns the text of the namespace's configuration; `None` where there is none, or it may not be
/// read: nobody needs one.
///
/// # Errors
/// What the API server answered otherwise.
pub async fn read(cluster: &Cluster) -> kube::Result<Option<String>> {
    match cluster.api::<ConfigMap>().get_opt(NAME).await {
        Ok(map) => Ok(map.and_then(|map| map.data?.remove(KEY))),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
