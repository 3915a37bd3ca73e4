//! Server-side apply of the Deployment and the Service, and the way back.

use k8s_openapi::{
    NamespaceResourceScope,
    api::{apps::v1::Deployment, core::v1::Service},
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};

use super::Options;
use crate::cluster::{
    Cluster,
    objects::{
        deployment::{self, App},
        labels, service,
    },
};

/// The objects of an app at some time.
pub(super) struct Objects {
    pub(super) deployment: Option<Deployment>,
    pub(super) service: Option<Service>,
}

/// An apply that the API server refused.
pub(super) struct Refused {
    pub(super) kind: &'static str,
    pub(super) error: kube::Error,
}

impl Objects {
    /// Whether an apply changed anything but who owns which field. A Deployment's generation counts
    /// the changes of its spec and its annotations; a Service has none.
    pub(super) fn differs_from(&self, before: &Self) -> bool {
        self.deployment_differs_from(before) || self.service_differs_from(before)
    }

    fn deployment_differs_from(&self, before: &Self) -> bool {
        let generation = |objects: &Self| objects.deployment.as_ref().and_then(|it| it.metadata.generation);
        generation(self) != generation(before)
    }

    fn service_differs_from(&self, before: &Self) -> bool {
        let spec = |objects: &Self| objects.service.as_ref().and_then(|it| it.spec.clone());
        spec(self) != spec(before)
    }
}

/// Returns what is to be applied.
pub(super) fn objects(options: &Options, before: &Objects) -> (Deployment, Option<Service>) {
    let seconds = i32::try_from(options.timeout.as_secs()).unwrap_or(i32::MAX);
    let deployment = deployment::deployment(&App {
        name: &options.name,
        options: &options.options,
        derived: &options.derived,
        image: &options.image,
        platform: options.platform.as_ref(),
        jvm: options.jvm,
        replicas: options.options.replicas.or_else(|| replicas_of(before)),
        progress_seconds: seconds,
    });
    let service = service::service(&options.name, &options.options, before.service.as_ref());
    (deployment, service)
}

/// Returns what the API server would make of the objects: defaults, webhooks and refusals included.
pub(super) async fn rehearse(
    cluster: &Cluster,
    options: &Options,
    before: &Objects,
) -> Result<(Deployment, Option<Service>), Refused> {
    let force = options.force_conflicts;
    let (deployment, service) = objects(options, before);
    let service = match service {
        None => None,
        Some(service) => Some(
            send(cluster, &service, force, true)
                .await
                .map_err(|error| Refused {
                    kind: "Service",
                    error,
                })?,
        ),
    };
    let deployment = send(cluster, &deployment, force, true)
        .await
        .map_err(|error| Refused {
            kind: "Deployment",
            error,
        })?;
    Ok((deployment, service))
}

/// Applies both. The Service comes first: a node port that is taken, say, then stops the deploy
/// before a Pod was touched, and it finds old and new Pods by the names of their ports.
pub(super) async fn apply(
    cluster: &Cluster,
    options: &Options,
    before: &Objects,
) -> Result<Objects, Refused> {
    let (deployment, wanted) = objects(options, before);
    let mut service = before.service.clone();
    if let Some(object) = wanted {
        let applied = put(cluster, &object, options.force_conflicts).await;
        service = Some(applied.map_err(|error| Refused {
            kind: "Service",
            error,
        })?);
    }
    match put(cluster, &deployment, options.force_conflicts).await {
        Ok(deployment) => Ok(Objects {
            deployment: Some(deployment),
            service,
        }),
        Err(error) => {
            let so_far = Objects {
                deployment: before.deployment.clone(),
                service,
            };
            // The refusal is what the person must hear; a Service left behind harms nobody.
            undo(cluster, before, &so_far).await.ok();
            Err(Refused {
                kind: "Deployment",
                error,
            })
        }
    }
}

/// Makes the objects again what they were before.
pub(super) async fn undo(cluster: &Cluster, before: &Objects, now: &Objects) -> kube::Result<()> {
    if let (Some(was), Some(is)) = (&before.deployment, &now.deployment)
        && now.deployment_differs_from(before)
    {
        // The replicas were ours to set only if they still are; an autoscaler's stay out of it.
        let replicas = was
            .spec
            .as_ref()
            .and_then(|spec| spec.replicas)
            .filter(|_| owns_replicas(is));
        put(cluster, &deployment::as_before(was, replicas), true).await?;
    }
    match (&before.service, &now.service) {
        (Some(was), Some(_)) if now.service_differs_from(before) => {
            put(cluster, &service::as_before(was), true).await.map(drop)
        }
        (None, Some(new)) if before.deployment.is_none() && now.deployment.is_none() => cluster
            .api::<Service>()
            .delete(&new.name_any(), &DeleteParams::default())
            .await
            .map(drop),
        _ => Ok(()),
    }
}

/// Returns replicas that an earlier deploy of ours set. Left out of an apply they would go back to 1;
/// once an autoscaler or `kubectl scale` has changed them, they are no longer ours.
fn replicas_of(before: &Objects) -> Option<i32> {
    let live = before.deployment.as_ref().filter(|live| owns_replicas(live))?;
    live.spec.as_ref()?.replicas
}

fn owns_replicas(live: &Deployment) -> bool {
    live.managed_fields().iter().any(|entry| {
        let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
        entry.manager.as_deref() == Some(labels::MANAGER)
            && fields.is_some_and(|fields| fields.pointer("/f:spec/f:replicas").is_some())
    })
}

async fn put<K>(cluster: &Cluster, object: &K, force: bool) -> kube::Result<K>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    send(cluster, object, force, false).await
}

async fn send<K>(cluster: &Cluster, object: &K, force: bool, dry_run: bool) -> kube::Result<K>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    let params = PatchParams {
        force,
        dry_run,
        ..PatchParams::apply(labels::MANAGER)
    };
    cluster
        .api::<K>()
        .patch(&object.name_any(), &params, &Patch::Apply(object))
        .await
}
