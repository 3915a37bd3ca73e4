//! How an earlier image was deployed. Kubernetes keeps earlier versions of a workload with the annotations that it
//! had, ours too. Who may change these may run Pods, so they are as good as the workload's own.

use k8s_openapi::{
    api::apps::v1::{ControllerRevision, ReplicaSet},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{ResourceExt, api::ListParams};
use serde_json::Value;

use super::{live, revision};
use crate::{
    cluster::{
        Cluster, Workload,
        objects::labels::{self, selecting_app},
    },
    error::Result,
    model::{AppName, DeployOptions},
    oci::Reference,
};

/// An earlier version of a workload.
struct Version {
    metadata: ObjectMeta,
    number: i64,
    template: Value,
}

/// Returns the options that an image was last deployed with; `None` where Kubernetes has not kept them.
///
/// # Errors
/// What the API server answered; options that cannot be read.
pub async fn options_of(
    cluster: &Cluster,
    name: &AppName,
    image: &Reference,
) -> Result<Option<DeployOptions>> {
    let Some(workload) = live::find(cluster, name).await? else {
        return Ok(None);
    };
    let failure = |kinds: &str, error: &kube::Error| {
        cluster.failure(format!("could not list the {kinds} of `{name}`"), error)
    };
    let selector = ListParams::default().labels(&labels::selector(&selecting_app(name)));
    let mut versions: Vec<Version> = match &workload {
        Workload::Deployment(_) => {
            let sets = cluster.api::<ReplicaSet>().list(&selector).await;
            let sets = sets.map_err(|error| failure("ReplicaSets", &error))?;
            sets.into_iter().map(of_set).collect()
        }
        Workload::StatefulSet(_) => {
            let revisions = cluster.api::<ControllerRevision>().list(&selector).await;
            let revisions = revisions.map_err(|error| failure("ControllerRevisions", &error))?;
            revisions.into_iter().map(of_revision).collect()
        }
    };
    let owner = workload.metadata().uid.as_deref().unwrap_or_default();
    let container = workload
        .app_container()
        .map_or(name.as_str(), |it| it.name.as_str());
    versions.retain(|version| {
        let mut owners = version.metadata.owner_references.iter().flatten();
        owners.any(|it| it.uid == owner) && runs(&version.template, container, &image.to_string())
    });
    // One that was put back has a new number.
    let newest = versions.into_iter().max_by_key(|version| version.number);
    let annotations = newest.and_then(|newest| newest.metadata.annotations);
    let text = annotations.and_then(|mut all| all.remove(labels::OPTIONS));
    text.map(|text| live::read(cluster, name, &text)).transpose()
}

fn of_set(set: ReplicaSet) -> Version {
    let number = set.annotations().get(revision::REVISION);
    Version {
        number: number.and_then(|number| number.parse().ok()).unwrap_or(0),
        template: serde_json::json!(set.spec.and_then(|spec| spec.template)),
        metadata: set.metadata,
    }
}

fn of_revision(revision: ControllerRevision) -> Version {
    Version {
        number: revision.revision,
        template: revision
            .data
            .map(|data| data.0["spec"]["template"].clone())
            .unwrap_or_default(),
        metadata: revision.metadata,
    }
}

fn runs(template: &Value, container: &str, image: &str) -> bool {
    let containers = template["spec"]["containers"].as_array();
    let mut containers = containers.into_iter().flatten();
    containers.any(|it| it["name"] == container && it["image"] == image)
}
