//! What the cluster's nodes can run. Nodes belong to no namespace, so a person with rights in one
//! namespace often may not see them; then nobody knows.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use kube::{Api, ResourceExt, api::ListParams};

use super::{Cluster, error::is_forbidden};
use crate::oci::Platform;

/// The kubelet sets these:
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch>.
const ARCHITECTURE: &str = "kubernetes.io/arch";
const SYSTEM: &str = "kubernetes.io/os";

/// Returns the names of the nodes by what they run, without variants; `None` where they may not be
/// listed.
///
/// # Errors
/// What the API server answered otherwise.
pub async fn platforms(cluster: &Cluster) -> kube::Result<Option<BTreeMap<Platform, Vec<String>>>> {
    let nodes: Api<Node> = Api::all(cluster.client.clone());
    // Only the labels: a node's status is long, and there may be thousands.
    let nodes = match nodes.list_metadata(&ListParams::default()).await {
        Ok(nodes) => nodes,
        Err(error) if is_forbidden(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut found: BTreeMap<Platform, Vec<String>> = BTreeMap::new();
    for node in nodes {
        let labels = node.labels();
        if let (Some(architecture), Some(os)) = (labels.get(ARCHITECTURE), labels.get(SYSTEM)) {
            let platform = Platform {
                os: os.clone(),
                ..Platform::linux(architecture)
            };
            found.entry(platform).or_default().push(node.name_any());
        }
    }
    Ok(Some(found))
}
