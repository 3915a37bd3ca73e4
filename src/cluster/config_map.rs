//! Writes to a `ConfigMap` that others may write to as well: each carries the version that was read, so
//! that nobody is undone, and only the entries that change.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
};
use serde::Serialize;
use serde_json::json;

/// Writes entries of a `ConfigMap` as it was `read`: a JSON merge patch (RFC 7396), where `null` removes.
pub(super) async fn patch(
    maps: &Api<ConfigMap>,
    read: &ConfigMap,
    entries: &impl Serialize,
) -> kube::Result<()> {
    let version = read.resource_version();
    let patch = json!({ "metadata": { "resourceVersion": version }, "data": entries });
    // The answer is the metadata alone.
    maps.patch_metadata(&read.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(drop)
}

/// Removes a `ConfigMap` as it was `read`.
pub(super) async fn delete(maps: &Api<ConfigMap>, read: &ConfigMap) -> kube::Result<()> {
    let exactly_this = DeleteParams::default().preconditions(Preconditions {
        resource_version: read.resource_version(),
        uid: read.uid(),
    });
    maps.delete(&read.name_any(), &exactly_this).await.map(drop)
}
