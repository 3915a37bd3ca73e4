//! Apps that are there already: how they are found, and what is said where they are not.

use jiff::Timestamp;

use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::{AppName, AppStatus, BuildRecord},
    steps::observe,
    term,
};

/// Reads an app that must be there.
pub(super) async fn find(cluster: &Cluster, app: &AppName) -> Result<AppStatus> {
    let found = observe::run(cluster, app).await?;
    found.ok_or_else(|| not_found(cluster, app))
}

/// The failure when there is nothing of ours of this name.
pub(super) fn not_found(cluster: &Cluster, app: &AppName) -> Failure {
    let namespace = &cluster.namespace;
    Failure::new(format!("could not find `{app}`"))
        .why(format!(
            "kubectl-b2i has neither built nor deployed an app of this name in namespace `{namespace}`"
        ))
        .next("see what there is, here or with another `-n`:")
        .command(format!("kubectl b2i list -n {namespace}"))
        .anchor("app-not-found")
}

/// Returns how long ago a time was, `-` where it is not known.
pub(super) fn ago(time: Option<&str>, now: Timestamp) -> String {
    let time = time.and_then(|time| time.parse::<Timestamp>().ok());
    time.map_or_else(
        || "-".to_owned(),
        // A clock that is behind the cluster's must not make it negative.
        |time| term::age(now.duration_since(time).try_into().unwrap_or_default()),
    )
}

/// The failure when the record has no such build of an app that may not be there at all.
pub(super) async fn no_build_of(
    cluster: &Cluster,
    app: &AppName,
    builds: &[BuildRecord],
    number: u64,
) -> Failure {
    match find(cluster, app).await {
        Err(failure) if builds.is_empty() => failure,
        _ => no_build(cluster, app, builds, number),
    }
}

/// The failure when the record of an app that is there has no such build; number 0 is the last one.
pub(super) fn no_build(cluster: &Cluster, app: &AppName, builds: &[BuildRecord], number: u64) -> Failure {
    if builds.is_empty() {
        return Failure::new(format!("could not find a build of `{app}`"))
            .why("the app is there and has no build record: nothing was built here under its name")
            .next("deploy the artifact, which makes one:")
            .command(format!(
                "kubectl b2i deploy ARTIFACT --name {app} -n {}",
                cluster.namespace
            ))
            .anchor("no-build");
    }
    let numbers: Vec<String> = builds.iter().map(|build| format!("#{}", build.number)).collect();
    Failure::usage(format!("could not find build {number} of `{app}`"))
        .why(format!("the record has {}", numbers.join(", ")))
        .next("choose one of these:")
        .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
        .anchor("no-build")
}
