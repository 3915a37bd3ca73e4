//! Whether a deploy that is done is still what the cluster has: nothing is reported as deployed that somebody
//! else has replaced by then.

use k8s_openapi::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Options, apply::Objects, live, outcome::Teller, rollout::Cause, undo::is_left, version::Version,
};
use crate::{cluster::Cluster, error::Result};

/// Checks that workload, Services and Ingress are as this deploy applied them.
///
/// # Errors
/// Another deploy has changed them; what the API server answered.
pub(super) async fn ensure(
    cluster: &Cluster,
    options: &Options,
    applied: &Objects,
    version: &Version<'_>,
) -> Result<()> {
    let teller = Teller { cluster, options };
    let said = &options.options;
    // What this deploy has not sent, or has pruned, is not its to judge.
    let service = applied.service.as_ref().filter(|_| !said.ports.is_empty());
    let ingress = applied
        .ingress
        .as_ref()
        .filter(|_| !said.ingress.routes.is_empty());
    let (workload, service, headless, ingress) = tokio::try_join!(
        live::find(cluster, &options.name),
        stays(cluster, "Service", service),
        stays(cluster, "Service", applied.headless.as_ref()),
        stays(cluster, "Ingress", ingress),
    )?;
    let Some(workload) = workload else {
        return Err(teller.rollout_failed(&Cause::Deleted, version).await);
    };
    if !version.is_in(&workload) {
        return Err(teller.replaced(version, &workload));
    }
    match [service, headless, ingress].into_iter().flatten().next() {
        Some(changed) => Err(teller.changed_beside(changed)),
        None => Ok(()),
    }
}

/// Returns the kind of an object that is not as it was applied.
async fn stays<K>(cluster: &Cluster, kind: &'static str, applied: Option<&K>) -> Result<Option<&'static str>>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    let Some(applied) = applied else {
        return Ok(None);
    };
    let name = applied.name_any();
    let live = cluster.api::<K>().get_opt(&name).await;
    let live =
        live.map_err(|error| cluster.failure(format!("could not read the {kind} `{name}`"), &error))?;
    Ok((!live.is_some_and(|live| is_left(&live, applied))).then_some(kind))
}
