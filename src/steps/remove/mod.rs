//! Removes an app: everything that we made for it, known by our labels, and nothing else.

use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        batch::v1::Job,
        core::v1::{ConfigMap, Pod, Service},
    },
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, ListParams, Preconditions},
    runtime::watcher::Config,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
    cluster::{Cluster, error::is_not_found, objects::labels, record, snapshots},
    error::Result,
    model::AppName,
};

/// What there is of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The objects, in the order in which they are removed.
    pub objects: Vec<Object>,
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
    Service,
    Job,
    ConfigMap,
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
    let selector = labels::ours_and(&format!("{}={app}", labels::APP));
    let deployments = list::<Deployment>(cluster, Kind::Deployment, &selector).await?;
    let services = list::<Service>(cluster, Kind::Service, &selector).await?;
    let jobs = list::<Job>(cluster, Kind::Job, &selector).await?;
    let records = list::<ConfigMap>(cluster, Kind::ConfigMap, &selector).await?;
    let mut repositories: Vec<String> = records
        .iter()
        .flat_map(record::read)
        .map(|build| build.request.destination.name())
        .collect();
    repositories.sort();
    repositories.dedup();
    // The app first, the record last: what a removal that breaks off leaves can be found again.
    let objects = [
        objects(Kind::Deployment, &deployments),
        objects(Kind::Service, &services),
        objects(Kind::Job, &jobs),
        objects(Kind::ConfigMap, &records),
    ];
    Ok(Found {
        objects: objects.concat(),
        repositories,
    })
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
    found.map(|found| found.items).map_err(|error| {
        cluster.failure(
            format!("could not list the {}s of kubectl-b2i", kind.word()),
            &error,
        )
    })
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
    for object in &found.objects {
        let deleted = match object.kind {
            Kind::Deployment => delete::<Deployment>(cluster, object).await,
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
            if pods.is_empty() {
                return true;
            }
        }
        false
    };
    Ok(patience.is_zero() || timeout(patience, no_pods).await.unwrap_or(false))
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
