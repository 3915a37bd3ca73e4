//! Removes the registry and all that was made for it.

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service},
    },
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, ListParams, Preconditions},
};
use serde::de::DeserializeOwned;

use crate::{
    cluster::{
        Cluster, configuration,
        error::{is_forbidden, is_not_found},
        objects::trial_registry::NAME,
    },
    error::Result,
};

/// What there is of a registry of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its objects as kubectl names them, in the order in which they are removed.
    pub objects: Vec<String>,
    /// Deployments whose images are there: a node that has not pulled them yet never will.
    pub users: Vec<String>,
}

/// The order: who would use it no longer finds it, then it goes, and its images last.
const KINDS: [&str; 5] = [
    "configmap",
    "deployment",
    "service",
    "secret",
    "persistentvolumeclaim",
];

/// Finds what `registry up` made.
///
/// # Errors
/// What the API server answered.
pub async fn find(cluster: &Cluster) -> Result<Found> {
    let mut found = Found::default();
    for kind in KINDS {
        let is_there = match kind {
            "configmap" => is_configured(cluster).await,
            "deployment" => is_there::<Deployment>(cluster).await,
            "service" => is_there::<Service>(cluster).await,
            "secret" => is_there::<Secret>(cluster).await,
            _ => is_there::<PersistentVolumeClaim>(cluster).await,
        };
        let what = || format!("could not look for the {kind} of the registry");
        if is_there.map_err(|error| cluster.failure(what(), &error))? {
            let name = if kind == "configmap" {
                configuration::NAME
            } else {
                NAME
            };
            found.objects.push(format!("{kind}/{name}"));
        }
    }
    if let Some(host) = host(cluster).await {
        found.users = users(cluster, &host).await;
    }
    Ok(found)
}

/// Removes what was found.
///
/// # Errors
/// What the API server answered; what was removed until then stays removed.
pub async fn end(cluster: &Cluster, found: &Found) -> Result<()> {
    for object in &found.objects {
        let removed = match object.split('/').next().unwrap_or_default() {
            "configmap" => configuration::write(cluster, configuration::TRIAL_KEY, None).await,
            "deployment" => delete::<Deployment>(cluster).await,
            "service" => delete::<Service>(cluster).await,
            "secret" => delete::<Secret>(cluster).await,
            _ => delete::<PersistentVolumeClaim>(cluster).await,
        };
        // Whoever removed it meanwhile wanted the same.
        if let Err(error) = removed
            && !is_not_found(&error)
        {
            return Err(cluster.failure(format!("could not delete `{object}`"), &error));
        }
    }
    Ok(())
}

async fn is_there<K>(cluster: &Cluster) -> kube::Result<bool>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    match cluster.api::<K>().get_opt(NAME).await {
        // One of the same name that somebody else made is none of ours.
        Ok(object) => Ok(object.as_ref().is_some_and(super::is_ours)),
        // Who may not see claims has made none.
        Err(error) if is_forbidden(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn is_configured(cluster: &Cluster) -> kube::Result<bool> {
    let map = cluster.api::<ConfigMap>().get_opt(configuration::NAME).await?;
    let data = map.and_then(|map| map.data);
    Ok(data.is_some_and(|data| data.contains_key(configuration::TRIAL_KEY)))
}

/// What its images are called.
async fn host(cluster: &Cluster) -> Option<String> {
    let service = cluster.api::<Service>().get_opt(NAME).await.ok()??;
    super::places(&service).map(|(host, _)| host)
}

async fn users(cluster: &Cluster, host: &str) -> Vec<String> {
    let all = cluster.api::<Deployment>().list(&ListParams::default()).await;
    let uses = |deployment: &Deployment| {
        let pod = deployment
            .spec
            .as_ref()
            .and_then(|spec| spec.template.spec.as_ref());
        let mut images = pod
            .iter()
            .flat_map(|pod| &pod.containers)
            .filter_map(|it| it.image.as_ref());
        images.any(|image| image.starts_with(&format!("{host}/")))
    };
    let all = all.map(|all| all.items).unwrap_or_default();
    all.iter()
        .filter(|it| uses(it))
        .map(ResourceExt::name_any)
        .collect()
}

async fn delete<K>(cluster: &Cluster) -> kube::Result<()>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let api = cluster.api::<K>();
    // As it is now: somebody may have put another in its place since it was found.
    let Some(object) = api.get_opt(NAME).await?.filter(super::is_ours) else {
        return Ok(());
    };
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: object.meta().uid.clone(),
            resource_version: None,
        }),
        ..DeleteParams::background()
    };
    api.delete(NAME, &params).await.map(drop)
}
