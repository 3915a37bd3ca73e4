//! Removes an app: everything that we made for it, known by our labels, and nothing else.

use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::{Deployment, StatefulSet},
        batch::v1::Job,
        core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service},
        networking::v1::Ingress,
    },
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, ListParams, ObjectList, Patch, PatchParams, Preconditions},
    runtime::watcher::Config,
};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::timeout;

use crate::{
    cluster::{
        Cluster,
        error::{is_forbidden, is_not_found},
        objects::labels,
        record, snapshots,
    },
    error::Result,
    model::AppName,
};

/// What there is of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The objects, in the order in which they are removed.
    pub objects: Vec<Object>,
    /// Claims with the data of its Pods: they stay, unless that was asked for.
    pub claims: Vec<Object>,
    /// Workloads that somebody else made and that ran its image: they stay.
    pub adopted: Vec<Object>,
    /// Where its images are: they stay.
    pub repositories: Vec<String>,
}

/// One object, this very one: another of its name made meanwhile is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    kind: Kind,
    /// Its name.
    pub name: String,
    uid: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Deployment,
    StatefulSet,
    Ingress,
    Service,
    Job,
    ConfigMap,
    PersistentVolumeClaim,
}

impl Object {
    /// Returns how kubectl names it: `deployment/shop`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}/{}", self.kind.word().to_lowercase(), self.name)
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::Ingress => "Ingress",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::Service => "Service",
            Self::Job => "Job",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// Finds what we made for an app.
///
/// # Errors
/// What the API server answered.
pub async fn find(cluster: &Cluster, app: &AppName) -> Result<Found> {
    let of_app = format!("{}={app}", labels::APP);
    let selector = labels::ours_and(&of_app);
    // Those that somebody else made carry the app's label, and not that we manage them.
    let deployments = list::<Deployment>(cluster, Kind::Deployment, &of_app).await?;
    let sets = list_if_allowed::<StatefulSet>(cluster, Kind::StatefulSet, &of_app).await?;
    let ingresses = list_if_allowed::<Ingress>(cluster, Kind::Ingress, &selector).await?;
    let services = list::<Service>(cluster, Kind::Service, &selector).await?;
    let jobs = list::<Job>(cluster, Kind::Job, &selector).await?;
    let records = list::<ConfigMap>(cluster, Kind::ConfigMap, &selector).await?;
    let claims =
        list_if_allowed::<PersistentVolumeClaim>(cluster, Kind::PersistentVolumeClaim, &selector).await?;
    let mut repositories: Vec<String> = records
        .iter()
        .flat_map(|map| record::read(map).builds)
        .map(|build| build.request.destination.name())
        .collect();
    repositories.sort();
    repositories.dedup();
    let (deployments, others_deployments) = by_maker(deployments);
    let (sets, others_sets) = by_maker(sets);
    // The app first, the record last: what a removal that breaks off leaves can be found again.
    let ours = [
        objects(Kind::Deployment, &deployments),
        objects(Kind::StatefulSet, &sets),
        objects(Kind::Ingress, &ingresses),
        objects(Kind::Service, &services),
        objects(Kind::Job, &jobs),
        objects(Kind::ConfigMap, &records),
    ];
    let adopted = [
        objects(Kind::Deployment, &others_deployments),
        objects(Kind::StatefulSet, &others_sets),
    ];
    Ok(Found {
        objects: ours.concat(),
        claims: objects(Kind::PersistentVolumeClaim, &claims),
        adopted: adopted.concat(),
        repositories,
    })
}

/// Parts what we made from what others did.
fn by_maker<K: Resource>(found: Vec<K>) -> (Vec<K>, Vec<K>) {
    found
        .into_iter()
        .partition(|found| labels::is_ours(found.labels()))
}

/// Lists what older Roles do not speak of; apps that are plain Deployments have none of it.
async fn list_if_allowed<K>(cluster: &Cluster, kind: Kind, selector: &str) -> Result<Vec<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = cluster
        .api::<K>()
        .list(&ListParams::default().labels(selector))
        .await;
    match found {
        Err(error) if is_forbidden(&error) => Ok(Vec::new()),
        found => told(cluster, kind, found),
    }
}

async fn list<K>(cluster: &Cluster, kind: Kind, selector: &str) -> Result<Vec<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = cluster
        .api::<K>()
        .list(&ListParams::default().labels(selector))
        .await;
    told(cluster, kind, found)
}

fn told<K: Clone>(cluster: &Cluster, kind: Kind, found: kube::Result<ObjectList<K>>) -> Result<Vec<K>> {
    let plural = match kind {
        Kind::Ingress => "Ingresses".to_owned(),
        kind => format!("{}s", kind.word()),
    };
    found
        .map(|found| found.items)
        .map_err(|error| cluster.failure(format!("could not list the {plural} of kubectl-b2i"), &error))
}

fn objects<K: Resource>(kind: Kind, found: &[K]) -> Vec<Object> {
    let object = |found: &K| Object {
        kind,
        name: found.name_any(),
        uid: found.uid(),
    };
    found.iter().map(object).collect()
}

/// Removes what was found, and waits until its Pods are gone, or for `patience`. Returns whether
/// they are.
///
/// # Errors
/// What the API server answered; what was removed until then stays removed.
pub async fn run(cluster: &Cluster, app: &AppName, found: &Found, patience: Duration) -> Result<bool> {
    for object in &found.adopted {
        release(cluster, object).await?;
    }
    for object in &found.objects {
        let deleted = match object.kind {
            Kind::Deployment => delete::<Deployment>(cluster, object).await,
            Kind::StatefulSet => delete::<StatefulSet>(cluster, object).await,
            Kind::Ingress => delete::<Ingress>(cluster, object).await,
            Kind::PersistentVolumeClaim => delete::<PersistentVolumeClaim>(cluster, object).await,
            Kind::Service => delete::<Service>(cluster, object).await,
            Kind::Job => delete::<Job>(cluster, object).await,
            Kind::ConfigMap => delete::<ConfigMap>(cluster, object).await,
        };
        // Whoever removed it meanwhile wanted the same.
        if let Err(error) = deleted
            && !is_not_found(&error)
        {
            let what = format!("could not delete the {} `{}`", object.kind.word(), object.name);
            return Err(cluster.failure(what, &error));
        }
    }
    let no_pods = async {
        let of_app = Config::default().labels(&format!("{}={app}", labels::APP));
        let pods = snapshots::<Pod>(cluster, of_app);
        futures_util::pin_mut!(pods);
        while let Some(Ok(pods)) = pods.next().await {
            if pods.is_empty() || !found.adopted.is_empty() {
                return true;
            }
        }
        false
    };
    Ok(patience.is_zero() || timeout(patience, no_pods).await.unwrap_or(false))
}

/// Takes our marks off a workload that somebody else made. Its Pods keep theirs, and are not started
/// anew.
async fn release(cluster: &Cluster, object: &Object) -> Result<()> {
    let marks = json!({ "metadata": {
        "labels": { labels::APP: null, labels::ROLE: null },
        "annotations": { labels::OPTIONS: null, labels::BUILDS: null },
    } });
    let params = PatchParams {
        field_manager: Some(labels::MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(marks);
    let name = &object.name;
    let released = match object.kind {
        Kind::StatefulSet => cluster
            .api::<StatefulSet>()
            .patch(name, &params, &patch)
            .await
            .map(drop),
        _ => cluster
            .api::<Deployment>()
            .patch(name, &params, &patch)
            .await
            .map(drop),
    };
    released.map_err(|error| {
        let what = format!(
            "could not take the marks of kubectl-b2i off the {} `{name}`",
            object.kind.word()
        );
        cluster.failure(what, &error)
    })
}

async fn delete<K>(cluster: &Cluster, object: &Object) -> kube::Result<()>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    // In the background: the garbage collector takes what hangs on it, ReplicaSets and Pods.
    let params = DeleteParams::background().preconditions(Preconditions {
        resource_version: None,
        uid: object.uid.clone(),
    });
    cluster.api::<K>().delete(&object.name, &params).await.map(drop)
}
