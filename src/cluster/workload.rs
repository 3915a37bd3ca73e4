//! The two kinds of workloads that an app may be, where they are alike.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentCondition, StatefulSet},
        core::v1::{Container, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use super::{
    Cluster,
    error::is_forbidden,
    objects::{deployment::RECREATE, labels},
};
use crate::model::Seals;

/// A Deployment or a `StatefulSet`, as it is in the cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Workload {
    /// Pods that are all alike.
    Deployment(Deployment),
    /// Pods with names and data of their own.
    StatefulSet(StatefulSet),
}

/// How many Pods there are, and of which revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The generation that these counts are of.
    pub observed: i64,
    /// All.
    pub all: i32,
    /// Those of the newest revision.
    pub updated: i32,
    /// Those that are ready.
    pub ready: i32,
    /// Those that have been ready for long enough.
    pub available: i32,
}

impl Workload {
    /// Returns Kubernetes' word for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deployment(_) => "Deployment",
            Self::StatefulSet(_) => "StatefulSet",
        }
    }

    /// Returns its metadata.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Deployment(it) => &it.metadata,
            Self::StatefulSet(it) => &it.metadata,
        }
    }

    /// Returns its generation: it counts the changes of the spec, and a Deployment's annotations.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.metadata().generation.unwrap_or(0)
    }

    /// Whether it has this label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata().labels.as_ref()?.get(key).map(String::as_str)
    }

    /// Whether we made it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.metadata().labels.as_ref().is_some_and(labels::is_ours)
    }

    /// Returns the options of the last deploy, as they are remembered.
    #[must_use]
    pub fn options(&self) -> Option<&str> {
        let annotations = self.metadata().annotations.as_ref()?;
        annotations.get(labels::OPTIONS).map(String::as_str)
    }

    /// Returns the seals of the builds that it was deployed from. Whoever may write these may write the image
    /// too.
    #[must_use]
    pub fn builds(&self) -> Seals {
        let annotations = self.metadata().annotations.as_ref();
        let text = annotations.and_then(|all| all.get(labels::BUILDS));
        text.map(|text| Seals::read(text)).unwrap_or_default()
    }

    /// Returns its Pods as they are to be.
    #[must_use]
    pub fn template(&self) -> Option<&PodTemplateSpec> {
        match self {
            Self::Deployment(it) => it.spec.as_ref().map(|spec| &spec.template),
            Self::StatefulSet(it) => it.spec.as_ref().map(|spec| &spec.template),
        }
    }

    /// Returns the containers of its Pods.
    #[must_use]
    pub fn containers(&self) -> &[Container] {
        let pod = self.template().and_then(|template| template.spec.as_ref());
        pod.map_or(&[], |pod| &pod.containers)
    }

    /// Returns the container that runs the app's image: the one that we took over, or the only one that
    /// we made; what an admission webhook added comes after it.
    #[must_use]
    pub fn app_container(&self) -> Option<&Container> {
        let metadata = self.template().and_then(|template| template.metadata.as_ref());
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        let named = annotations.and_then(|all| all.get(labels::CONTAINER));
        let mut containers = self.containers().iter();
        match named {
            Some(name) => containers.find(|container| container.name == *name),
            None => containers.next(),
        }
    }

    /// Returns how many Pods there are to be.
    #[must_use]
    pub fn wanted(&self) -> i32 {
        let replicas = match self {
            Self::Deployment(it) => it.spec.as_ref().and_then(|spec| spec.replicas),
            Self::StatefulSet(it) => it.spec.as_ref().and_then(|spec| spec.replicas),
        };
        replicas.unwrap_or(1)
    }

    /// Returns how many Pods there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let count = |count: Option<i32>| count.unwrap_or(0);
        match self {
            Self::Deployment(it) => it.status.as_ref().map(|status| Counts {
                observed: status.observed_generation.unwrap_or(0),
                all: count(status.replicas),
                updated: count(status.updated_replicas),
                ready: count(status.ready_replicas),
                available: count(status.available_replicas),
            }),
            Self::StatefulSet(it) => it.status.as_ref().map(|status| Counts {
                observed: status.observed_generation.unwrap_or(0),
                all: status.replicas,
                updated: count(status.updated_replicas),
                ready: count(status.ready_replicas),
                available: count(status.available_replicas),
            }),
        }
        .unwrap_or_default()
    }

    /// Whether its newest version serves, and no Pod of another one is left. Pods that are ready alone may be of the
    /// version before.
    #[must_use]
    pub fn serves(&self) -> bool {
        let counts = self.counts();
        counts.observed >= self.generation() && counts.updated == counts.all && counts.ready > 0
    }

    /// Returns its condition of this type; a `StatefulSet` has none.
    #[must_use]
    pub fn condition(&self, type_: &str) -> Option<&DeploymentCondition> {
        let Self::Deployment(deployment) = self else {
            return None;
        };
        let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|condition| condition.type_ == type_)
    }

    /// Whether it ends old Pods before it starts new ones.
    #[must_use]
    pub fn ends_pods_first(&self) -> bool {
        match self {
            Self::Deployment(it) => {
                let strategy = it.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
                strategy.and_then(|it| it.type_.as_deref()) == Some(RECREATE)
            }
            Self::StatefulSet(_) => true,
        }
    }

    /// Whether our applies set this field: a path of `managedFields`, `/f:spec/f:replicas`.
    #[must_use]
    pub fn is_applied_by_us(&self, path: &str) -> bool {
        let entries = self.metadata().managed_fields.iter().flatten();
        entries.into_iter().any(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
            entry.manager.as_deref() == Some(labels::MANAGER)
                && entry.operation.as_deref() == Some("Apply")
                && fields.is_some_and(|fields| fields.pointer(path).is_some())
        })
    }
}

/// Returns the Deployment or the `StatefulSet` of this name, whoever made it.
///
/// # Errors
/// What the API server answered. Who may not look at `StatefulSet`s is told that there is none.
pub async fn find(cluster: &Cluster, name: &str) -> kube::Result<Option<Workload>> {
    if let Some(found) = cluster.api::<Deployment>().get_opt(name).await? {
        return Ok(Some(Workload::Deployment(found)));
    }
    match cluster.api::<StatefulSet>().get_opt(name).await {
        Ok(found) => Ok(found.map(Workload::StatefulSet)),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
