//! Server-side apply of an app's objects.

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::Service,
        networking::v1::Ingress,
    },
};
use kube::{
    Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Options, conflict, undo, version::Version};
use crate::cluster::{
    Cluster, Workload,
    objects::{
        adopted::adopted,
        deployment::{self, App},
        ingress, labels, service, stateful_set,
    },
    workload,
};

/// A path of `managedFields`.
pub(super) const REPLICAS: &str = "/f:spec/f:replicas";

/// What a Deployment gets where nothing is said:
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds>.
const PROGRESS_SECONDS: i32 = 600;

/// The objects of an app at some time.
#[derive(Clone, Default)]
pub(super) struct Objects {
    pub(super) workload: Option<Workload>,
    pub(super) service: Option<Service>,
    pub(super) headless: Option<Service>,
    pub(super) ingress: Option<Ingress>,
}

/// What is to be applied. The workload is no whole object where somebody else made it.
pub(super) struct Wanted {
    pub(super) service: Option<Service>,
    pub(super) headless: Option<Service>,
    pub(super) ingress: Option<Ingress>,
    pub(super) workload: Value,
}

/// An apply that the API server refused.
pub(super) struct Refused {
    pub(super) kind: &'static str,
    pub(super) error: kube::Error,
}

impl Objects {
    /// Whether an apply changed anything but who owns which field.
    pub(super) fn differs_from(&self, before: &Self) -> bool {
        let services = |objects: &Self| {
            let spec = |service: &Option<Service>| service.as_ref().and_then(|it| it.spec.clone());
            [spec(&objects.service), spec(&objects.headless)]
        };
        let ingress = |objects: &Self| objects.ingress.as_ref().and_then(|it| it.spec.clone());
        self.workload_differs_from(before)
            || services(self) != services(before)
            || ingress(self) != ingress(before)
    }

    /// Whether an apply made other Pods: the annotations of a `Deployment` count in its generation, and make none.
    pub(super) fn pods_differ_from(&self, before: &Self) -> bool {
        let template = |objects: &Self| objects.workload.as_ref().and_then(|it| it.template().cloned());
        template(self) != template(before)
    }

    /// A `StatefulSet`'s generation does not count its annotations.
    pub(super) fn workload_differs_from(&self, before: &Self) -> bool {
        let state = |objects: &Self| {
            let workload = objects.workload.as_ref()?;
            let options = workload.options().map(ToOwned::to_owned);
            Some((workload.generation(), options, workload.builds()))
        };
        state(self) != state(before)
    }
}

/// Returns what is to be applied.
pub(super) fn wanted(options: &Options, before: &Objects) -> Wanted {
    // Only where the cluster would give up before we do: else each `--timeout` would be another spec.
    let seconds = i32::try_from(options.timeout.as_secs()).unwrap_or(i32::MAX);
    let progress_seconds = (seconds > PROGRESS_SECONDS).then_some(seconds);
    let (name, said) = (&options.name, &options.options);
    let builds = before.workload.as_ref().map(Workload::builds).unwrap_or_default();
    let builds = options.build.into_iter().fold(builds, crate::model::Seals::with);
    let app = App {
        name,
        options: said,
        derived: &options.derived,
        builds: &builds,
        image: &options.image,
        platform: options.platform.as_ref(),
        jvm: options.jvm,
        replicas: said
            .replicas
            .or_else(|| before.workload.as_ref().and_then(replicas_of)),
        progress_seconds,
    };
    let is_adopted = said.adopted.is_some();
    let workload = match (&said.adopted, said.stateful) {
        (Some(container), stateful) => adopted(
            &app,
            if stateful { "StatefulSet" } else { "Deployment" },
            container,
        ),
        (None, true) => json!(stateful_set::stateful_set(&app)),
        (None, false) => json!(deployment::deployment(&app)),
    };
    Wanted {
        service: service::service(name, said, before.service.as_ref()),
        headless: (said.stateful && !is_adopted).then(|| service::headless(name, said)),
        ingress: ingress::ingress(name, said),
        workload,
    }
}

/// Returns what the API server would make of the objects: defaults, webhooks and refusals included.
pub(super) async fn rehearse(
    cluster: &Cluster,
    options: &Options,
    before: &Objects,
) -> Result<Objects, Refused> {
    send_all(
        cluster,
        options,
        &wanted(options, before),
        true,
        &mut Objects::default(),
    )
    .await
}

/// Applies everything. The Services come first: a node port that is taken, say, then stops the deploy
/// before a Pod was touched, and they find old and new Pods by the names of their ports.
pub(super) async fn apply(
    cluster: &Cluster,
    options: &Options,
    before: &Objects,
) -> Result<Objects, Refused> {
    let mut so_far = before.clone();
    let applied = send_all(cluster, options, &wanted(options, before), false, &mut so_far).await;
    if applied.is_err() {
        // The refusal is what the person must hear; a Service left behind harms nobody.
        let (name, container) = (options.name.as_str(), options.container());
        undo::of_refused(cluster, before, &so_far, name, container)
            .await
            .ok();
    }
    applied
}

async fn send_all(
    cluster: &Cluster,
    options: &Options,
    wanted: &Wanted,
    dry_run: bool,
    so_far: &mut Objects,
) -> Result<Objects, Refused> {
    let force = options.force_conflicts;
    let refused = |kind| move |error| Refused { kind, error };
    if let Some(object) = &wanted.service {
        let sent = send(cluster, object, force, dry_run).await;
        so_far.service = Some(sent.map_err(refused("Service"))?);
    }
    if let Some(object) = &wanted.headless {
        let sent = send(cluster, object, force, dry_run).await;
        so_far.headless = Some(sent.map_err(refused("Service"))?);
    }
    if let Some(object) = &wanted.ingress {
        let sent = send(cluster, object, force, dry_run).await;
        so_far.ingress = Some(sent.map_err(refused("Ingress"))?);
    }
    let name = options.name.as_str();
    let kind = if options.options.stateful {
        "StatefulSet"
    } else {
        "Deployment"
    };
    let mut sent = send_workload(cluster, name, kind, &wanted.workload, force, dry_run).await;
    if let (Err(error), true) = (&sent, options.adopt)
        && conflict::is_about_what_runs(error)
    {
        // Whose image it was, and how it started, is what `--adopt` is about; all else stays theirs.
        sent = send_workload(cluster, name, kind, &wanted.workload, true, dry_run).await;
    }
    so_far.workload = Some(sent.map_err(refused(kind))?);
    Ok(so_far.clone())
}

/// Removes what earlier deploys made and this one does not want any more. Once another deploy has replaced
/// this one, they are that deploy's.
pub(super) async fn prune(
    cluster: &Cluster,
    options: &Options,
    now: &Objects,
    version: &Version<'_>,
) -> Result<(), Refused> {
    let said = &options.options;
    let ingress = now.ingress.as_ref().filter(|_| said.ingress.routes.is_empty());
    let service = now.service.as_ref().filter(|_| said.ports.is_empty());
    if said.adopted.is_some() || (ingress.is_none() && service.is_none()) {
        return Ok(());
    }
    let refused = |kind| move |error| Refused { kind, error };
    let live = workload::find(cluster, options.name.as_str()).await;
    let live = live.map_err(refused("Deployment"))?;
    if !live.is_some_and(|live| version.is_in(&live)) {
        return Ok(());
    }
    if let Some(ingress) = ingress {
        undo::delete(cluster, ingress).await.map_err(refused("Ingress"))?;
    }
    if let Some(service) = service {
        undo::delete(cluster, service).await.map_err(refused("Service"))?;
    }
    Ok(())
}

/// Returns replicas that an earlier deploy of ours set. Left out of an apply they would go back to 1;
/// once an autoscaler or `kubectl scale` has changed them, they are no longer ours.
pub(super) fn replicas_of(live: &Workload) -> Option<i32> {
    live.is_applied_by_us(REPLICAS).then(|| live.wanted())
}

async fn send_workload(
    cluster: &Cluster,
    name: &str,
    kind: &str,
    object: &Value,
    force: bool,
    dry_run: bool,
) -> kube::Result<Workload> {
    if kind == "StatefulSet" {
        let sent = patch::<StatefulSet>(cluster, name, object, force, dry_run).await;
        sent.map(Workload::StatefulSet)
    } else {
        let sent = patch::<Deployment>(cluster, name, object, force, dry_run).await;
        sent.map(Workload::Deployment)
    }
}

async fn send<K>(cluster: &Cluster, object: &K, force: bool, dry_run: bool) -> kube::Result<K>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    patch::<K>(cluster, &object.name_any(), &json!(object), force, dry_run).await
}

pub(super) async fn patch<K>(
    cluster: &Cluster,
    name: &str,
    object: &Value,
    force: bool,
    dry_run: bool,
) -> kube::Result<K>
where
    K: Resource<Scope = NamespaceResourceScope> + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    let params = PatchParams {
        force,
        dry_run,
        ..PatchParams::apply(labels::MANAGER)
    };
    cluster
        .api::<K>()
        .patch(name, &params, &Patch::Apply(object))
        .await
}
