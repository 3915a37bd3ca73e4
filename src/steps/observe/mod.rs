//! Reads what apps are at this time: from workloads, Services, Ingresses, Pods and build records, all
//! by our labels, so that nothing of others is shown.

mod pods;
mod staging;
mod workload;

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::{Deployment, StatefulSet},
        batch::v1::Job,
        core::v1::{ConfigMap, Event, Pod, Service},
        networking::v1::Ingress,
    },
};
use kube::{
    Resource, ResourceExt,
    api::{ListParams, ObjectList},
};
use serde::de::DeserializeOwned;

use crate::{
    cluster::{
        Cluster, Workload,
        error::is_forbidden,
        objects::labels,
        record::{self, Record, killed},
    },
    error::Result,
    model::{
        AppName, AppStatus, ArtifactStatus, BuildOutcome, BuildPhase, BuildRecord, BuildStatus, EventStatus,
        RolloutOutcome, RolloutRecord,
    },
};

/// Events that are told of one app.
const EVENTS: usize = 10;
/// Pods whose events are asked for, each with a request.
const PODS_ASKED: usize = 5;

/// Returns all apps of the namespace that a label selector matches, by name; without events.
///
/// # Errors
/// What the API server answered.
pub async fn all(cluster: &Cluster, selector: Option<&str>) -> Result<Vec<AppStatus>> {
    let seen = Seen::list(cluster, selector.unwrap_or_default()).await?;
    let now = Timestamp::now();
    Ok(seen.apps().into_iter().map(|app| seen.status(app, now)).collect())
}

/// Returns one app; `None` where there is neither a workload nor a build of it.
///
/// # Errors
/// What the API server answered.
pub async fn run(cluster: &Cluster, app: &AppName) -> Result<Option<AppStatus>> {
    let seen = Seen::list(cluster, &format!("{}={app}", labels::APP)).await?;
    if !seen.apps().contains(&app.as_str()) {
        return Ok(None);
    }
    let mut status = seen.status(app.as_str(), Timestamp::now());
    let names = seen.pods.iter().map(ResourceExt::name_any).take(PODS_ASKED);
    let mut events = Vec::new();
    for name in [app.to_string()].into_iter().chain(names) {
        let fields = format!("involvedObject.name={name}");
        // Who may not see events is told the rest.
        let found = cluster
            .api::<Event>()
            .list(&ListParams::default().fields(&fields))
            .await;
        events.extend(found.into_iter().flatten());
    }
    events.sort_by_key(|event| std::cmp::Reverse(time_of(event)));
    status.events = events.iter().take(EVENTS).map(event_status).collect();
    Ok(Some(status))
}

/// The objects of apps, all that were asked for.
struct Seen {
    namespace: String,
    workloads: Vec<Workload>,
    services: Vec<Service>,
    ingresses: Vec<Ingress>,
    pods: Vec<Pod>,
    records: Vec<ConfigMap>,
    /// `None` where they make no difference, or may not be listed.
    builders: Option<Vec<Job>>,
}

impl Seen {
    async fn list(cluster: &Cluster, selector: &str) -> Result<Self> {
        let ours = labels::of_apps_and(selector);
        let deployments = list::<Deployment>(cluster, "Deployments", &ours).await?;
        let sets = list_if_allowed::<StatefulSet>(cluster, "StatefulSets", &ours).await?;
        let deployments = deployments.into_iter().map(Workload::Deployment);
        let records: Vec<ConfigMap> = list(cluster, "ConfigMaps", &ours).await?;
        let mut builds = records.iter().flat_map(|map| record::read(map).builds);
        let builders = if builds.any(|build| build.outcome.is_none()) {
            killed::builder_jobs(cluster, &ours).await
        } else {
            None
        };
        Ok(Self {
            namespace: cluster.namespace.clone(),
            workloads: deployments
                .chain(sets.into_iter().map(Workload::StatefulSet))
                .collect(),
            services: list(cluster, "Services", &ours).await?,
            ingresses: list_if_allowed(cluster, "Ingresses", &ours).await?,
            pods: list(cluster, "Pods", &ours).await?,
            records,
            builders,
        })
    }

    /// Returns the names of the apps, each once. A Service or a Pod alone is a leftover, no app.
    fn apps(&self) -> Vec<&str> {
        let workloads = self.workloads.iter().filter_map(|it| it.label(labels::APP));
        let records = self.records.iter().filter_map(|it| it.labels().get(labels::APP));
        let names: BTreeSet<&str> = workloads.chain(records.map(String::as_str)).collect();
        names.into_iter().collect()
    }

    fn status(&self, app: &str, now: Timestamp) -> AppStatus {
        let live = self
            .workloads
            .iter()
            .find(|it| it.label(labels::APP) == Some(app));
        // A StatefulSet has a second Service, which leads nowhere from outside.
        let mut services = self.services.iter().filter(|it| is_of(*it, app));
        let service = services.find(|it| it.name_any() == app);
        let ingress = self.ingresses.iter().find(|it| is_of(*it, app));
        let pods = self.pods.iter().filter(|it| is_of(*it, app));
        let pods: Vec<&Pod> = pods.filter(|pod| labels::is_app_pod(pod.labels())).collect();
        let record = self.records.iter().find(|it| is_of(*it, app));
        let Record { builds, mut rollouts } = record.map(record::read).unwrap_or_default();
        let mut workload = live.map(|live| workload::workload(live, service, ingress, &pods));
        if let (Some(newest), Some(workload), Some(live)) = (rollouts.first_mut(), &workload, live) {
            newest.settle(live.serves().then_some(workload.image.as_str()));
        }
        let mut builds: Vec<BuildStatus> = builds
            .into_iter()
            .map(|build| {
                let is_killed = killed::is_killed(&build, self.builders.as_deref(), now);
                let outcome = RolloutRecord::outcome_of(&rollouts, build.number);
                BuildStatus {
                    is_undone: outcome == Some(RolloutOutcome::Undone),
                    ..build_status(app, build, is_killed)
                }
            })
            .collect();
        if let Some(workload) = &mut workload {
            // The newest of those that made this very image: a rerun may have made it again.
            let runs = |build: &&mut BuildStatus| {
                build
                    .image
                    .as_ref()
                    .is_some_and(|image| image.to_string() == workload.image)
            };
            if let Some(build) = builds.iter_mut().find(runs) {
                build.is_running = true;
                workload.build = Some(build.number);
            }
        }
        AppStatus {
            name: app.to_owned(),
            namespace: self.namespace.clone(),
            workload,
            options: serde_json::Map::new(),
            builds,
            rollouts,
            staging: self
                .pods
                .iter()
                .filter(|it| is_of(*it, app))
                .filter_map(staging::status)
                .collect(),
            pods: pods.into_iter().map(|pod| pods::status(pod, app)).collect(),
            events: Vec::new(),
        }
    }
}

/// Lists what older Roles do not speak of; apps that are plain Deployments have none of it.
async fn list_if_allowed<K>(cluster: &Cluster, kinds: &str, selector: &str) -> Result<Vec<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = cluster
        .api::<K>()
        .list(&ListParams::default().labels(selector))
        .await;
    match found {
        Err(error) if is_forbidden(&error) => Ok(Vec::new()),
        found => told(cluster, kinds, found),
    }
}

async fn list<K>(cluster: &Cluster, kinds: &str, selector: &str) -> Result<Vec<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = cluster
        .api::<K>()
        .list(&ListParams::default().labels(selector))
        .await;
    told(cluster, kinds, found)
}

fn told<K: Clone>(cluster: &Cluster, kinds: &str, found: kube::Result<ObjectList<K>>) -> Result<Vec<K>> {
    found
        .map(|found| found.items)
        .map_err(|error| cluster.failure(format!("could not list the {kinds} of kubectl-b2i"), &error))
}

fn is_of<K: Resource>(object: &K, app: &str) -> bool {
    object.labels().get(labels::APP).is_some_and(|of| of == app)
}

fn build_status(app: &str, build: BuildRecord, is_killed: bool) -> BuildStatus {
    let phase = match &build.outcome {
        Some(BuildOutcome::Done(_)) => BuildPhase::Ok,
        Some(_) => BuildPhase::Failed,
        None if is_killed => BuildPhase::Lost,
        None => BuildPhase::Building,
    };
    let (done, failure) = match build.outcome {
        Some(BuildOutcome::Done(result)) => (Some(result), None),
        Some(BuildOutcome::Failed(failure)) => (None, Some(failure)),
        None if is_killed => (None, Some(killed::failure(app))),
        Some(BuildOutcome::MissingBlobs(_)) | None => (None, None),
    };
    BuildStatus {
        number: build.number,
        phase,
        origin: build.origin,
        started: build.started,
        ended: build.ended,
        is_running: false,
        is_undone: false,
        artifact: ArtifactStatus {
            file_name: build.artifact,
            size_bytes: build.artifact_bytes,
            digest: build.artifact_digest,
            summary: build.summary,
        },
        image: done.as_ref().map(|done| done.image.clone()),
        tags: build.request.tags,
        size_bytes: done.as_ref().map(|done| done.size_bytes),
        base: done.and_then(|done| done.base),
        layers: build.request.layers,
        uploaded_bytes: build.uploaded_bytes,
        failure,
        log_tail: build.log_tail,
        skipped: build.skipped,
    }
}

/// Kubernetes' newer events have no `lastTimestamp`.
fn time_of(event: &Event) -> Option<Timestamp> {
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    last.or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

fn event_status(event: &Event) -> EventStatus {
    let about = &event.involved_object;
    EventStatus {
        time: time_of(event).map(|time| time.to_string()),
        type_: event.type_.clone().unwrap_or_default(),
        reason: event.reason.clone().unwrap_or_default(),
        object: format!(
            "{}/{}",
            about.kind.as_deref().unwrap_or_default(),
            about.name.as_deref().unwrap_or_default()
        ),
        message: event.message.as_deref().unwrap_or_default().trim().to_owned(),
    }
}
