//! The labels and names by which we know our own objects.

use std::collections::BTreeMap;

use crate::model::AppName;

/// Value of `app.kubernetes.io/managed-by` on everything that we make, and our field manager.
pub const MANAGER: &str = "kubectl-b2i";
/// Label: the app that an object belongs to.
pub const APP: &str = "kubectl-b2i/app";
/// Label: the run (one start of the plugin) that made an object, so that one selector cleans up.
pub const RUN: &str = "kubectl-b2i/run";
/// Label: `staging` or `builder`.
pub const ROLE: &str = "kubectl-b2i/role";
/// Annotation of a Deployment: the options of the last deploy, as JSON.
pub const OPTIONS: &str = "kubectl-b2i/options";

/// Returns the labels of a build's objects (staging Pod, builder Job).
#[must_use]
pub fn of_build(app: &AppName, run_id: &str, role: &str) -> BTreeMap<String, String> {
    [
        ("app.kubernetes.io/managed-by", MANAGER),
        (APP, app.as_str()),
        (RUN, run_id),
        (ROLE, role),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
