//! The way back after a deploy that failed. It changes only what still is this deploy's: each write
//! carries the version that was read, so that nobody who writes at the same time is undone.

use k8s_openapi::{
    NamespaceResourceScope,
    api::apps::v1::{Deployment, StatefulSet},
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, Preconditions},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    apply::{self, Objects},
    version::Version,
};
use crate::cluster::{
    Cluster, Workload,
    error::{is_conflict, is_not_found},
    objects::deployment::RECREATE,
    owned_fields, workload,
};

/// Controllers write the status all the time; after so many lost races something else is wrong.
const ATTEMPTS: usize = 20;

/// A path of `managedFields`.
const STRATEGY: &str = "/f:spec/f:strategy/f:type";

/// What came of an undo.
pub(super) enum Undone {
    /// The version before is back.
    Back,
    /// Somebody else changed the app meanwhile, and nothing was touched; `None` where it is gone.
    Left(Option<Box<Workload>>),
}

/// Makes the objects again what they were before, if the workload still is the version that this deploy
/// applied.
pub(super) async fn undo(
    cluster: &Cluster,
    before: &Objects,
    now: &Objects,
    version: &Version<'_>,
) -> kube::Result<Undone> {
    if let (Some(was), Some(is)) = (&before.workload, &now.workload)
        && now.workload_differs_from(before)
    {
        let undone = match was {
            Workload::Deployment(_) => {
                of_workload::<Deployment>(cluster, was, is, version, Workload::Deployment).await?
            }
            Workload::StatefulSet(_) => {
                of_workload::<StatefulSet>(cluster, was, is, version, Workload::StatefulSet).await?
            }
        };
        if let Undone::Left(_) = undone {
            return Ok(undone);
        }
    }
    beside(cluster, before, now).await?;
    Ok(Undone::Back)
}

/// Puts Services and Ingress back after a workload was refused, if nobody else has deployed the app
/// meanwhile: then they are that deploy's.
pub(super) async fn of_refused(
    cluster: &Cluster,
    before: &Objects,
    now: &Objects,
    name: &str,
    container: &str,
) -> kube::Result<()> {
    let live = workload::find(cluster, name).await?;
    let is_as_before = match (&before.workload, &live) {
        (Some(was), Some(live)) => Version::of(was, container).is_in(live),
        (None, None) => true,
        _ => false,
    };
    if is_as_before {
        beside(cluster, before, now).await?;
    }
    Ok(())
}

async fn of_workload<K>(
    cluster: &Cluster,
    was: &Workload,
    is: &Workload,
    version: &Version<'_>,
    kind: fn(K) -> Workload,
) -> kube::Result<Undone>
where
    K: Resource<Scope = NamespaceResourceScope> + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    let name = was.metadata().name.clone().unwrap_or_default();
    let earlier = version.with(was);
    let mut attempt = 1;
    loop {
        let Some(live) = cluster.api::<K>().get_opt(&name).await?.map(kind) else {
            return Ok(Undone::Left(None));
        };
        if !version.is_in(&live) {
            // An answer that got lost, or somebody else's undo of the same version.
            let is_back = earlier.is_in(&live);
            return Ok(if is_back {
                Undone::Back
            } else {
                Undone::Left(Some(Box::new(live)))
            });
        }
        let fields = owned_fields::to_put_back(was.metadata(), is.metadata(), live.metadata());
        let mut object = as_it_was(&json!(was), &fields);
        object["metadata"]["resourceVersion"] = json!(live.metadata().resource_version);
        if live.is_applied_by_us(STRATEGY) && live.ends_pods_first() {
            // What failed may hold the room of what comes back, so it still has to end first. The next deploy sets the
            // strategy that is remembered.
            object["spec"]["strategy"] = json!({ "type": RECREATE });
        }
        match apply::patch::<K>(cluster, &name, &object, true, false).await {
            Err(error) if is_lost(&error) && attempt < ATTEMPTS => attempt += 1,
            put_back => return put_back.map(|_| Undone::Back),
        }
    }
}

async fn beside(cluster: &Cluster, before: &Objects, now: &Objects) -> kube::Result<()> {
    back(cluster, before.service.as_ref(), now.service.as_ref()).await?;
    back(cluster, before.headless.as_ref(), now.headless.as_ref()).await?;
    back(cluster, before.ingress.as_ref(), now.ingress.as_ref()).await
}

async fn back<K>(cluster: &Cluster, before: Option<&K>, now: Option<&K>) -> kube::Result<()>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    match (before, now) {
        (Some(was), Some(is)) if was.resource_version() != is.resource_version() => {
            while_left(cluster, is, async |live: &K| {
                let fields = owned_fields::to_put_back(was.meta(), is.meta(), live.meta());
                let mut object = as_it_was(&json!(was), &fields);
                object["metadata"]["resourceVersion"] = json!(live.resource_version());
                apply::patch::<K>(cluster, &was.name_any(), &object, true, false)
                    .await
                    .map(drop)
            })
            .await
        }
        (None, Some(new)) => delete(cluster, new).await,
        _ => Ok(()),
    }
}

/// Deletes an object, unless somebody else has changed it.
pub(super) async fn delete<K>(cluster: &Cluster, left: &K) -> kube::Result<()>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    while_left(cluster, left, async |live: &K| {
        let exactly_this = DeleteParams::background().preconditions(Preconditions {
            resource_version: live.resource_version(),
            uid: live.uid(),
        });
        let deleted = cluster.api::<K>().delete(&live.name_any(), &exactly_this).await;
        deleted.map(drop)
    })
    .await
}

/// Changes an object as long as it is what we left; a conflict means that it has to be read again.
async fn while_left<K>(
    cluster: &Cluster,
    left: &K,
    change: impl AsyncFn(&K) -> kube::Result<()>,
) -> kube::Result<()>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    let mut attempt = 1;
    loop {
        let live = cluster.api::<K>().get_opt(&left.name_any()).await?;
        let Some(live) = live.filter(|live| is_left(live, left)) else {
            return Ok(());
        };
        match change(&live).await {
            Err(error) if is_lost(&error) && attempt < ATTEMPTS => attempt += 1,
            changed => return changed,
        }
    }
}

/// Whether what an apply of ours set is still so. What others set does not count: a load balancer's
/// controller writes to Services.
pub(super) fn is_left<K: Resource + Serialize>(live: &K, left: &K) -> bool {
    let fields = owned_fields::owned(left.meta());
    let part = |object: &K| owned_fields::part(&json!(object), &fields);
    live.meta().uid == left.meta().uid && part(live) == part(left)
}

/// Somebody else wrote or deleted it after we had read it.
fn is_lost(error: &kube::Error) -> bool {
    is_conflict(error) || is_not_found(error)
}

/// Returns what an apply must say to give these fields the values that they had.
fn as_it_was(before: &Value, fields: &Value) -> Value {
    let mut object = owned_fields::part(before, fields)
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    for key in ["apiVersion", "kind"] {
        object[key] = before[key].clone();
    }
    object["metadata"]["name"] = before["metadata"]["name"].clone();
    object
}
