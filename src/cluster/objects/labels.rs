//! The labels and names by which we know our own objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::model::AppName;

/// Value of `app.kubernetes.io/managed-by` on everything that we make, and our field manager.
pub const MANAGER: &str = "kubectl-b2i";
/// Label: the app that an object belongs to.
pub const APP: &str = "kubectl-b2i/app";
/// Label: the run (one start of the plugin) that made an object, so that one selector cleans up.
pub const RUN: &str = "kubectl-b2i/run";
/// Label: `staging`, `builder`, `check`, `registry` or `app`.
pub const ROLE: &str = "kubectl-b2i/role";
/// Annotation of a Deployment: the options of the last deploy, as JSON.
pub const OPTIONS: &str = "kubectl-b2i/options";
/// Annotation of a Deployment: the seals of the builds that were deployed, as JSON.
pub const BUILDS: &str = "kubectl-b2i/builds";

/// Annotation of the Pods of a workload that somebody else made: which container is the app's.
pub const CONTAINER: &str = "kubectl-b2i/container";

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Returns the labels of a build's objects (staging Pod, builder Job).
#[must_use]
pub fn of_build(app: &AppName, run_id: &str, role: &str) -> BTreeMap<String, String> {
    owned([
        (MANAGED_BY, MANAGER),
        (APP, app.as_str()),
        (RUN, run_id),
        (ROLE, role),
    ])
}

/// Returns the labels of what a run makes for no app.
#[must_use]
pub fn of_run(run_id: &str, role: &str) -> BTreeMap<String, String> {
    owned([(MANAGED_BY, MANAGER), (RUN, run_id), (ROLE, role)])
}

/// Returns the labels of what belongs to the namespace, and to no app and no run.
#[must_use]
pub fn of_role(role: &str) -> BTreeMap<String, String> {
    owned([(MANAGED_BY, MANAGER), (ROLE, role)])
}

/// Returns the label of everything that we make.
#[must_use]
pub fn ours() -> BTreeMap<String, String> {
    owned([(MANAGED_BY, MANAGER)])
}

/// Returns the labels of an app's build record.
#[must_use]
pub fn of_record(app: &AppName) -> BTreeMap<String, String> {
    owned([(MANAGED_BY, MANAGER), (APP, app.as_str())])
}

/// Returns the labels of a Deployment, its Pods and its Service.
#[must_use]
pub fn of_app(app: &AppName) -> BTreeMap<String, String> {
    owned([
        ("app.kubernetes.io/name", app.as_str()),
        (MANAGED_BY, MANAGER),
        (APP, app.as_str()),
        (ROLE, "app"),
    ])
}

/// Returns the labels of a workload that somebody else made, and of its Pods. Who manages it stays as
/// it is: Helm, for one, refuses to upgrade what is not labelled as its own.
#[must_use]
pub fn of_adopted(app: &AppName) -> BTreeMap<String, String> {
    selecting_app(app)
}

/// Returns the selector of what belongs to apps, made by us or not, narrowed by another selector,
/// which may be empty.
#[must_use]
pub fn of_apps_and(selector: &str) -> String {
    if selector.is_empty() {
        APP.to_owned()
    } else {
        format!("{APP},{selector}")
    }
}

/// Returns the name of the app's container in a Pod.
#[must_use]
pub fn container_of<'a>(annotations: &'a BTreeMap<String, String>, app: &'a str) -> &'a str {
    annotations.get(CONTAINER).map_or(app, String::as_str)
}

/// Returns the labels that select an app's Pods. The role is one of them since the Pods of a build
/// carry the app's label too, and no request must reach those.
#[must_use]
pub fn selecting_app(app: &AppName) -> BTreeMap<String, String> {
    owned([(APP, app.as_str()), (ROLE, "app")])
}

/// Returns a label selector as text.
#[must_use]
pub fn selector(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(",")
}

/// Returns the selector of what we made, narrowed by another selector, which may be empty.
#[must_use]
pub fn ours_and(selector: &str) -> String {
    let ours = format!("{MANAGED_BY}={MANAGER}");
    if selector.is_empty() {
        ours
    } else {
        format!("{ours},{selector}")
    }
}

/// Whether a Pod with these labels runs an app, and not one of its builds.
#[must_use]
pub fn is_app_pod(labels: &BTreeMap<String, String>) -> bool {
    labels.get(ROLE).is_some_and(|role| role == "app")
}

/// Whether an object with these labels was made by us.
#[must_use]
pub fn is_ours(labels: &BTreeMap<String, String>) -> bool {
    labels.get(MANAGED_BY).is_some_and(|manager| manager == MANAGER)
}

fn owned<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
    labels
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// Returns the name and the labels of an app's Deployment and Service.
pub(super) fn metadata(name: &AppName) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_string()),
        labels: Some(of_app(name)),
        ..ObjectMeta::default()
    }
}
