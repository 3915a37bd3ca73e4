//! Waits for a rollout by watching the Deployment and its Pods.

use std::pin::pin;

use futures_util::StreamExt;
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::Pod,
};
use kube::{
    ResourceExt,
    api::ListParams,
    runtime::watcher::{self, Config},
};
use tokio::time::{Instant, sleep_until};

use super::{
    Options,
    apply::Objects,
    progress::{HASH, Seen, condition, is_observed, is_ready, wanted},
};
use crate::{
    cluster::{Cluster, Patience, Trouble, error::of_watch, objects::labels, snapshots},
    model::{Event, Events, Step},
};

/// Annotation of a Deployment and of its `ReplicaSet`s.
const REVISION: &str = "deployment.kubernetes.io/revision";

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
    /// The time is over; the Pod is one that is not ready.
    TimedOut(Option<Box<Pod>>),
    /// Somebody deleted the Deployment meanwhile.
    Deleted,
    /// The API server refuses to tell.
    Unseen(Box<kube::Error>),
}

impl Cause {
    fn unseen(error: watcher::Error) -> Self {
        Self::Unseen(Box::new(of_watch(error)))
    }
}

/// Waits until the new Pods serve and the old ones are gone.
pub(super) async fn wait(
    cluster: &Cluster,
    options: &Options,
    applied: &Objects,
    events: &Events,
) -> Result<Served, Cause> {
    let app = options.name.as_str();
    let selector = labels::selector(&labels::selecting_app(&options.name));
    let by_name = Config::default().fields(&format!("metadata.name={app}"));
    let mut deployments = pin!(snapshots::<Deployment>(cluster, by_name));
    let mut all_pods = pin!(snapshots::<Pod>(cluster, Config::default().labels(&selector)));
    let generation = applied
        .deployment
        .as_ref()
        .and_then(|it| it.metadata.generation)
        .unwrap_or(0);
    let stale = applied
        .deployment
        .as_ref()
        .and_then(|it| condition(it, "Progressing"));
    let stale = stale.and_then(|condition| condition.last_update_time.as_ref());

    let mut deployment = None;
    let mut pods = None;
    let mut revision = Revision::default();
    let mut patience = Patience::new(options.patience);
    let mut troubled: Option<String> = None;
    let mut told = String::new();
    let end = Instant::now() + options.timeout;
    loop {
        let mut is_over = false;
        tokio::select! {
            Some(found) = deployments.next() => {
                let found = found.map_err(Cause::unseen)?;
                deployment = Some(found.into_iter().next().ok_or(Cause::Deleted)?);
            }
            Some(found) = all_pods.next() => {
                pods = Some(found.map_err(Cause::unseen)?);
            }
            trouble = patience.runs_out() => return Err(Cause::Trouble(trouble, troubled)),
            () = sleep_until(end) => is_over = true,
        }
        let (Some(deployment), Some(pods)) = (&deployment, &pods) else {
            if is_over {
                return Err(Cause::TimedOut(None));
            }
            continue;
        };
        if is_observed(deployment, generation) {
            revision.follow(cluster, deployment, &selector).await;
        }
        let seen = Seen {
            deployment,
            pods: revision.pods(pods),
            generation,
            stale,
        };
        if seen.is_complete() {
            let ready = seen.pods.iter().find(|pod| is_ready(pod));
            // Two watches: the Deployment's may tell before that of the Pods does.
            if ready.is_some() || wanted(deployment) == 0 || !revision.is_known() || is_over {
                return Ok(Served {
                    ready: wanted(deployment),
                    wanted: wanted(deployment),
                    host_ip: ready.and_then(|pod| pod.status.as_ref()?.host_ip.clone()),
                });
            }
            continue;
        }
        if is_over || seen.is_given_up() {
            if let Some(trouble) = patience.now() {
                return Err(Cause::Trouble(trouble.clone(), troubled));
            }
            let waiting = seen.pods.iter().find(|pod| !is_ready(pod));
            return Err(Cause::TimedOut(waiting.map(|pod| Box::new((*pod).clone()))));
        }
        let (trouble, pod) = seen.trouble(app).unzip();
        troubled = pod.flatten().map(ResourceExt::name_any);
        patience.note(trouble);
        let now = seen.told(app);
        if now != told {
            told.clone_from(&now);
            events.send(Event::Doing(Step::RollOut, now));
        }
    }
}

/// The revision that is rolled out, and the label value of its Pods.
#[derive(Default)]
struct Revision {
    number: Option<String>,
    hash: Option<String>,
}

impl Revision {
    /// Finds the `ReplicaSet` of the Deployment's revision, once for each.
    async fn follow(&mut self, cluster: &Cluster, deployment: &Deployment, selector: &str) {
        let number = deployment.annotations().get(REVISION);
        if number == self.number.as_ref() {
            return;
        }
        let Ok(sets) = cluster
            .api::<ReplicaSet>()
            .list(&ListParams::default().labels(selector))
            .await
        else {
            return;
        };
        let uid = deployment.uid().unwrap_or_default();
        // The Deployment may be seen with a revision that its ReplicaSet does not carry yet: then the
        // next look finds it.
        let Some(set) = sets.iter().find(|set| {
            set.annotations().get(REVISION) == number
                && set.owner_references().iter().any(|owner| owner.uid == uid)
        }) else {
            return;
        };
        self.hash = set.labels().get(HASH).cloned();
        self.number = number.cloned();
    }

    fn is_known(&self) -> bool {
        self.hash.is_some()
    }

    /// Returns the Pods of the revision; none while it is not known.
    fn pods<'a>(&self, pods: &'a [Pod]) -> Vec<&'a Pod> {
        let Some(hash) = &self.hash else { return Vec::new() };
        pods.iter()
            .filter(|pod| pod.labels().get(HASH) == Some(hash))
            .collect()
    }
}
