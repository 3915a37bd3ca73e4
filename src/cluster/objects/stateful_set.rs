//! The `StatefulSet` of an app that keeps data of its own, as server-side apply gets it.

use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetSpec},
        core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
    },
};

use super::{
    deployment::{self, App},
    labels, service,
};
use crate::model::{AppName, VolumeMount, VolumeSource};

/// Returns the `StatefulSet`.
#[must_use]
pub fn stateful_set(app: &App) -> StatefulSet {
    let claims: Vec<PersistentVolumeClaim> = app
        .options
        .own_claims()
        .filter_map(|mount| claim(app.name, mount))
        .collect();
    StatefulSet {
        metadata: deployment::metadata(app),
        spec: Some(StatefulSetSpec {
            replicas: app.replicas,
            selector: LabelSelector {
                match_labels: Some(labels::selecting_app(app.name)),
                ..LabelSelector::default()
            },
            service_name: Some(service::headless_name(app.name)),
            // In order, a Pod that never becomes ready blocks the way back until somebody deletes it:
            // https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
            pod_management_policy: Some("Parallel".to_owned()),
            revision_history_limit: Some(10),
            template: deployment::template(app),
            volume_claim_templates: Some(claims).filter(|claims| !claims.is_empty()),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

fn claim(app: &AppName, mount: &VolumeMount) -> Option<PersistentVolumeClaim> {
    let VolumeSource::OwnClaim { name, size, class } = &mount.source else {
        return None;
    };
    Some(PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            // So that `delete` finds the claims that come of it.
            labels: Some(labels::of_app(app)),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".to_owned(), Quantity(size.clone()))].into()),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: class.clone(),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    })
}
