//! Reads the logs of an app's Pods, or of the builder of one of its builds, line by line.

mod pods;

use std::sync::atomic::AtomicBool;

use k8s_openapi::api::core::v1::Pod;
use kube::{
    ResourceExt,
    api::{ListParams, LogParams},
};
use tokio::sync::mpsc;

use crate::{
    cluster::{
        Cluster,
        error::is_not_found,
        job_pod::is_of_job,
        objects::{builder_job, labels},
        record,
    },
    error::Result,
    model::AppName,
};

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The Pod that wrote it.
    pub pod: String,
    /// The text, as the app wrote it but for its colours.
    pub text: String,
    /// Whether more than one Pod has been seen by now, so that the line needs its Pod's name.
    pub of_several: bool,
}

/// Which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Go on with what is written from now on.
    pub follow: bool,
    /// Lines that are not older than this.
    pub since_seconds: Option<i64>,
    /// So many lines from the end, of each Pod.
    pub tail_lines: Option<i64>,
    /// Of the container before the last restart.
    pub previous: bool,
}

impl Options {
    fn params(&self, container: &str) -> LogParams {
        LogParams {
            container: Some(container.to_owned()),
            follow: self.follow,
            since_seconds: self.since_seconds,
            tail_lines: self.tail_lines,
            previous: self.previous,
            ..LogParams::default()
        }
    }
}

/// How many lines may wait for the terminal.
const WAITING: usize = 256;

/// Reads the logs of an app's Pods, and where they are followed, of those that come. The channel
/// closes with the last log; a reader that is gone ends the reading.
///
/// # Errors
/// What the API server answered when it was asked for the Pods. `Ok(None)` where there are none.
pub async fn run(
    cluster: &Cluster,
    app: &AppName,
    options: &Options,
) -> Result<Option<mpsc::Receiver<Result<Line>>>> {
    let selector = labels::selector(&labels::selecting_app(app));
    let found = pods_of(cluster, app, &selector).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let (sender, receiver) = mpsc::channel(WAITING);
    let (cluster, app, options) = (cluster.clone(), app.clone(), options.clone());
    tokio::spawn(async move {
        if options.follow {
            pods::follow(&cluster, &app, &selector, &options, sender).await;
        } else {
            pods::read(&cluster, &app, &found, &options, &sender).await;
        }
    });
    Ok(Some(receiver))
}

/// Reads the log of the builder of a build; `Ok(None)` where its Pod is gone, or never came.
///
/// # Errors
/// What the API server answered when it was asked for the Pods.
pub async fn of_build(
    cluster: &Cluster,
    app: &AppName,
    number: u64,
    options: &Options,
) -> Result<Option<mpsc::Receiver<Result<Line>>>> {
    let selector = format!("{}={app},{}=builder", labels::APP, labels::ROLE);
    let found = pods_of(cluster, app, &selector).await?;
    // Whoever may create Pods can label one like a builder, so its Job must be one of the app's.
    let jobs = record::killed::builder_jobs(cluster, &format!("{}={app}", labels::APP)).await;
    let uids: Vec<String> = jobs
        .into_iter()
        .flatten()
        .filter_map(|job| job.metadata.uid)
        .collect();
    let key = record::request_key(number);
    // The last attempt of a build is the one that says how it ended.
    let builder = found
        .into_iter()
        .filter(|pod| uids.iter().any(|uid| is_of_job(pod, uid)))
        .filter(|pod| mounts(pod, &key) && pods::has_started(pod, builder_job::CONTAINER))
        .max_by_key(|pod| pod.metadata.creation_timestamp.clone());
    let Some(pod) = builder.map(|pod| pod.name_any()) else {
        return Ok(None);
    };
    let params = options.params(builder_job::CONTAINER);
    let log = match cluster.api::<Pod>().log_stream(&pod, &params).await {
        Ok(log) => log,
        // Its run has just recorded the log, and removed the Pod.
        Err(error) if is_not_found(&error) => return Ok(None),
        Err(error) => return Err(pods::failure(cluster, &pod, &error)),
    };
    let (sender, receiver) = mpsc::channel(WAITING);
    let cluster = cluster.clone();
    tokio::spawn(async move { pods::copy(&cluster, &pod, log, &AtomicBool::new(false), &sender).await });
    Ok(Some(receiver))
}

async fn pods_of(cluster: &Cluster, app: &AppName, selector: &str) -> Result<Vec<Pod>> {
    let found = cluster
        .api::<Pod>()
        .list(&ListParams::default().labels(selector))
        .await;
    found
        .map(|found| found.items)
        .map_err(|error| cluster.failure(format!("could not find the Pods of `{app}`"), &error))
}

/// Whether a Pod mounts this key of the build record: it builds what the key asks for.
fn mounts(pod: &Pod, key: &str) -> bool {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let maps = volumes.filter_map(|volume| volume.config_map.as_ref());
    maps.flat_map(|map| map.items.iter().flatten())
        .any(|item| item.key == key)
}
