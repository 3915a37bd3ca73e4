//! Waits for a rollout by watching the workload and its Pods.

use std::{pin::pin, time::Duration};

use futures_util::{Stream, StreamExt, stream::BoxStream};
use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::Pod,
};
use kube::{
    ResourceExt,
    api::ListParams,
    runtime::watcher::{self, Config},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    Options,
    apply::Objects,
    progress::{Seen, is_observed, is_ready},
    revision::{self, Revision},
    room,
    version::Version,
    warned::Warned,
};
use crate::{
    cluster::{Cluster, Patience, Trouble, Workload, error::of_watch, objects::labels, snapshots},
    model::{Event, Events, Step},
};

/// How often the room in a quota is looked at again: no watch shows when a Pod of somebody else is gone.
const ROOM_AGAIN: Duration = Duration::from_secs(2);

/// A rollout that is complete.
pub(super) struct Served {
    pub(super) ready: i32,
    pub(super) wanted: i32,
    /// Address of a node that runs a ready Pod.
    pub(super) host_ip: Option<String>,
}

/// Why a rollout is not complete.
pub(super) enum Cause {
    /// Something keeps the Pods from serving; the Pod is named where one is concerned.
    Trouble(Trouble, Option<String>),
    /// A quota has no room for new Pods beside the old ones; its message.
    NoRoomBeside(String),
    /// The time is over; the Pod is one that is not ready.
    TimedOut(Option<Box<Pod>>),
    /// Somebody deleted the workload meanwhile.
    Deleted,
    /// Another deploy took this one's place; the workload as it is now.
    Replaced(Box<Workload>),
    /// The API server refuses to tell.
    Unseen(Box<kube::Error>),
}

impl Cause {
    fn unseen(error: watcher::Error) -> Self {
        Self::Unseen(Box::new(of_watch(error)))
    }
}

/// Returns what serves already, after an apply that changed nothing; `None` where that is to be waited
/// for, or where Pods of another version have come since. One request, where watching takes four and a
/// connection more.
pub(super) async fn served(cluster: &Cluster, options: &Options, applied: &Objects) -> Option<Served> {
    let workload = applied.workload.as_ref()?;
    let seen = Seen {
        workload,
        pods: Vec::new(),
        stale: None,
        refused: None,
        warned: None,
    };
    if !seen.is_complete() {
        return None;
    }
    let selector = labels::selector(&labels::selecting_app(&options.name));
    let pods = cluster.api::<Pod>();
    let pods = pods.list(&ListParams::default().labels(&selector)).await.ok()?;
    if !revision::is_one(&pods.items) {
        return None;
    }
    let ready = pods.iter().find(|pod| is_ready(pod))?;
    Some(Served {
        ready: workload.wanted(),
        wanted: workload.wanted(),
        host_ip: ready.status.as_ref()?.host_ip.clone(),
    })
}

/// Waits until the new Pods serve and the old ones are gone, as long as they are of this version.
pub(super) async fn wait(
    cluster: &Cluster,
    options: &Options,
    applied: &Objects,
    version: &Version<'_>,
    events: &Events,
) -> Result<Served, Cause> {
    let app = options.container();
    let selector = labels::selector(&labels::selecting_app(&options.name));
    let mut workloads = watch(cluster, options);
    let mut all_pods = pin!(snapshots::<Pod>(cluster, Config::default().labels(&selector)));
    let applied = applied.workload.as_ref();
    let mut warned = Warned::about(cluster, applied);
    let stale = applied.and_then(|it| it.condition("Progressing"));
    let stale = stale.and_then(|condition| condition.last_update_time.as_ref());

    let mut workload = None;
    let mut pods = None;
    let mut revision = Revision::default();
    let mut patience = Patience::new(options.patience);
    let mut troubled: Option<String> = None;
    let mut told = String::new();
    let end = Instant::now() + options.timeout;
    loop {
        let mut is_over = false;
        let mut warning = None;
        tokio::select! {
            Some(found) = workloads.next() => {
                let found = found.map_err(Cause::unseen)?.ok_or(Cause::Deleted)?;
                if version.is_later_than(&found) {
                    continue;
                }
                if !version.is_in(&found) {
                    return Err(Cause::Replaced(Box::new(found)));
                }
                workload = Some(found);
            }
            Some(found) = all_pods.next() => {
                pods = Some(found.map_err(Cause::unseen)?);
            }
            heard = warned.next() => warning = heard,
            trouble = patience.runs_out() => return Err(Cause::Trouble(trouble, troubled)),
            () = sleep(ROOM_AGAIN), if revision.refused().is_some() => {}
            () = sleep_until(end) => is_over = true,
        }
        let (Some(workload), Some(pods)) = (&workload, &pods) else {
            if is_over {
                return Err(Cause::TimedOut(None));
            }
            continue;
        };
        if is_observed(workload) {
            revision.follow(cluster, workload, &selector).await;
        }
        let all = pods;
        let pods = revision.pods(all);
        if let Some(refusal) = revision.refused()
            && room::is_held_by_old_pods(cluster, workload, refusal, &pods, all).await
        {
            return Err(Cause::NoRoomBeside(refusal.to_owned()));
        }
        // What is warned of before that may be of an earlier version.
        if let Some(warning) = warning.filter(|_| is_observed(workload)) {
            warned.hear(&warning, workload, &pods);
        }
        warned.look(&pods, app);
        let seen = Seen {
            workload,
            pods,
            stale,
            refused: revision.refused(),
            warned: warned.trouble(),
        };
        if seen.is_complete() {
            let ready = seen.pods.iter().find(|pod| is_ready(pod));
            // Two watches: the workload's may tell before that of the Pods does.
            if ready.is_some() || workload.wanted() == 0 || !revision.is_known() || is_over {
                return Ok(Served {
                    ready: workload.wanted(),
                    wanted: workload.wanted(),
                    host_ip: ready.and_then(|pod| pod.status.as_ref()?.host_ip.clone()),
                });
            }
            continue;
        }
        let (trouble, pod) = seen.trouble(app).unzip();
        troubled = pod.flatten().map(ResourceExt::name_any);
        patience.note(trouble);
        if is_over || seen.is_given_up() {
            if let Some(trouble) = patience.now() {
                return Err(Cause::Trouble(trouble.clone(), troubled));
            }
            let waiting = seen.pods.iter().find(|pod| !is_ready(pod));
            return Err(Cause::TimedOut(waiting.map(|pod| Box::new((*pod).clone()))));
        }
        let now = seen.told(app);
        if now != told {
            told.clone_from(&now);
            events.send(Event::Doing(Step::RollOut, now));
        }
    }
}

/// Watches the workload; `None` where it is gone.
fn watch(
    cluster: &Cluster,
    options: &Options,
) -> BoxStream<'static, Result<Option<Workload>, watcher::Error>> {
    fn first<K: 'static>(
        found: impl Stream<Item = Result<Vec<K>, watcher::Error>> + Send + 'static,
        kind: fn(K) -> Workload,
    ) -> BoxStream<'static, Result<Option<Workload>, watcher::Error>> {
        found
            .map(move |found| found.map(|found| found.into_iter().next().map(kind)))
            .boxed()
    }
    let by_name = Config::default().fields(&format!("metadata.name={}", options.name));
    if options.options.stateful {
        first(snapshots::<StatefulSet>(cluster, by_name), Workload::StatefulSet)
    } else {
        first(snapshots::<Deployment>(cluster, by_name), Workload::Deployment)
    }
}
