//! Looks at a namespace before anything is begun in it: what would fail, and what to do.

mod limits;
mod permissions;
mod staging;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{LimitRange, Namespace, Node, ResourceQuota};
use kube::{
    Api,
    api::{ListParams, ObjectList},
};
use serde::de::DeserializeOwned;

pub use permissions::{NEEDED, Needed, may_exec};

use crate::{
    cluster::{
        Cluster,
        error::{is_forbidden, is_not_found},
    },
    error::Result,
    model::Finding,
};

/// Label of a namespace: which Pod Security Standard it enforces.
const ENFORCED: &str = "pod-security.kubernetes.io/enforce";
/// Server-side apply, and `ttlSecondsAfterFinished`, are stable since 1.23; Pod Security since 1.25.
const OLDEST_MINOR: u32 = 25;

/// Looks at everything that the cluster tells.
///
/// # Errors
/// The API server cannot be reached, or does not know who asks.
pub async fn run(cluster: &Cluster) -> Result<Vec<Finding>> {
    let mut checks = vec![version(cluster).await?];
    checks.push(namespace(cluster).await);
    checks.extend(permissions::checks(cluster).await?);
    let quotas = cluster.api::<ResourceQuota>().list(&ListParams::default()).await;
    let ranges = cluster.api::<LimitRange>().list(&ListParams::default()).await;
    checks.push(quota(quotas, ranges.as_ref().ok()));
    checks.push(range(ranges));
    checks.push(staging::check(cluster).await);
    checks.push(nodes(cluster).await);
    Ok(checks)
}

async fn version(cluster: &Cluster) -> Result<Finding> {
    let name = "API server";
    let version = match cluster.client.apiserver_version().await {
        Ok(version) => version,
        Err(error) if is_forbidden(&error) => {
            return Ok(Finding::unknown(name, "you may not ask for its version"));
        }
        Err(error) => return Err(cluster.failure("could not ask the API server for its version", &error)),
    };
    // Managed clusters write `34+`.
    let digits: String = version.minor.chars().take_while(char::is_ascii_digit).collect();
    let detail = format!("{} at {}", version.git_version, cluster.server);
    Ok(match digits.parse::<u32>() {
        Ok(minor) if version.major == "1" && minor < OLDEST_MINOR => Finding::failed(
            name,
            detail,
            format!("use a cluster of Kubernetes 1.{OLDEST_MINOR} or newer"),
        ),
        _ => Finding::ok(name, detail),
    })
}

async fn namespace(cluster: &Cluster) -> Finding {
    let (name, namespace) = ("namespace", &cluster.namespace);
    match Api::<Namespace>::all(cluster.client.clone()).get(namespace).await {
        Ok(found) => {
            let labels = found.metadata.labels.unwrap_or_default();
            let level = labels.get(ENFORCED).map_or("privileged", String::as_str);
            Finding::ok(
                name,
                format!("`{namespace}`, Pod Security {level}: our Pods pass restricted"),
            )
        }
        Err(error) if is_not_found(&error) => Finding::failed(
            name,
            format!("there is no namespace `{namespace}`"),
            format!("kubectl create namespace {namespace}"),
        ),
        Err(_) => Finding::unknown(
            name,
            format!("`{namespace}`: you may not look at it; our Pods pass Pod Security restricted"),
        ),
    }
}

fn quota(
    quotas: kube::Result<ObjectList<ResourceQuota>>,
    ranges: Option<&ObjectList<LimitRange>>,
) -> Finding {
    let name = "quota";
    let Ok(quotas) = quotas else {
        return Finding::unknown(name, "you may not list ResourceQuotas");
    };
    let ranges = ranges.map(|ranges| ranges.items.as_slice()).unwrap_or_default();
    let lacks = limits::quota(&quotas.items);
    let demands = limits::demands_cpu_limit(&quotas.items, ranges);
    match (quotas.items.len(), lacks.is_empty(), demands) {
        (0, ..) => Finding::ok(name, "none"),
        (_, true, None) => Finding::ok(name, "room for a build"),
        (_, true, Some(quota)) => Finding::warning(
            name,
            format!("room for a build; `{quota}` demands limits.cpu of every container"),
            "give the app a limit: kubectl b2i deploy ARTIFACT --cpu-limit 500m",
        ),
        (_, false, _) => Finding::failed(
            name,
            lacks.join("; "),
            "free something, or have the ResourceQuota raised: kubectl describe resourcequota",
        ),
    }
}

fn range(ranges: kube::Result<ObjectList<LimitRange>>) -> Finding {
    let name = "limit range";
    let Ok(ranges) = ranges else {
        return Finding::unknown(name, "you may not list LimitRanges");
    };
    let refuses = limits::range(&ranges.items);
    match (ranges.items.len(), refuses.is_empty()) {
        (0, _) => Finding::ok(name, "none"),
        (_, true) => Finding::ok(name, "our Pods fit"),
        (_, false) => Finding::failed(
            name,
            refuses.join("; "),
            "have the LimitRange changed: kubectl describe limitrange",
        ),
    }
}

async fn nodes(cluster: &Cluster) -> Finding {
    let name = "nodes";
    let Ok(nodes) = all::<Node>(cluster).await else {
        return Finding::unknown(
            name,
            "you may not list them; an image is built for one architecture, linux/amd64 unless told",
        );
    };
    let architectures: BTreeSet<String> = nodes
        .into_iter()
        .filter_map(|node| Some(node.status?.node_info?.architecture))
        .collect();
    let words: Vec<String> = architectures.into_iter().collect();
    match &words[..] {
        [] => Finding::failed(name, "there are none", "add a node to the cluster"),
        [only] if only == "amd64" => Finding::ok(name, "amd64"),
        [only] => Finding::warning(
            name,
            only,
            format!("JARs and WARs are built for linux/amd64 unless told: --platform linux/{only}"),
        ),
        several => Finding::ok(name, format!("{}: images run where they fit", several.join(", "))),
    }
}

async fn all<K>(cluster: &Cluster) -> kube::Result<Vec<K>>
where
    K: kube::Resource<Scope = k8s_openapi::ClusterResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = Api::<K>::all(cluster.client.clone())
        .list(&ListParams::default())
        .await;
    found.map(|found| found.items)
}
