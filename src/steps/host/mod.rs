//! Runs a registry in the namespace, for trying things out where there is none, and ends it.

mod end;
mod login;
mod ready;
pub mod way;

use std::time::Duration;

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{PersistentVolumeClaim, Secret, Service},
    },
};
use kube::{
    Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};

pub use end::{Found, end, find};

use crate::{
    cluster::{
        Cluster,
        error::{is_conflict, is_forbidden},
        objects::{
            labels,
            trial_registry::{self, NAME, PORT, ROLE},
        },
    },
    error::{Failure, Result},
    model::{Event, Events, Step},
    registry::Credentials,
};

/// What decides the registry.
#[derive(Clone, Debug)]
pub struct Options {
    /// Image of CNCF distribution, version 2 or 3.
    pub image: String,
    /// Size of the claim that images are kept in; without one they go with the Pod, unless a claim of
    /// an earlier time is there.
    pub storage: Option<String>,
    /// How long its Pod may take to be ready.
    pub timeout: Duration,
}

/// A registry that runs in the namespace.
pub struct Hosted {
    /// What images of it are called: `localhost:30500`. Nodes pull from there.
    pub host: String,
    /// Where Pods speak to it: the Service's own address, with its port.
    pub address: String,
    /// Its Pod, for a way to it from this machine.
    pub pod: String,
    /// The login for it, which the Secret [`NAME`] holds.
    pub login: Credentials,
    /// Whether images outlive the Pod.
    pub is_kept: bool,
}

const WHAT: &str = "could not run a registry in the namespace";

/// Runs the registry, or makes the one that is there what the options say. Login and port of an
/// earlier one stay.
///
/// # Errors
/// What the API server refused, what keeps the Pod from being ready, or an object of somebody else that has
/// the name.
pub async fn run(cluster: &Cluster, options: &Options, events: &Events) -> Result<Hosted> {
    ensure_the_name_is_free(cluster).await?;
    let refused = |error: kube::Error| refused(cluster, &error);
    let service = apply(cluster, &trial_registry::service())
        .await
        .map_err(refused)?;
    let (host, address) = places(&service).ok_or_else(|| {
        Failure::new(WHAT)
            .why(format!("the Service `{NAME}` got no node port or no address"))
            .next("see what the cluster made of it:")
            .command(format!(
                "kubectl get service {NAME} -n {} -o yaml",
                cluster.namespace
            ))
            .anchor("registry-up")
    })?;
    let (login, secret_uid) = login::ensure(cluster, &host).await?;
    let is_kept = ensure_claim(cluster, options.storage.as_deref()).await?;
    let deployment = trial_registry::deployment(&options.image, is_kept, &secret_uid);
    apply(cluster, &deployment).await.map_err(refused)?;
    events.send(Event::Doing(
        Step::Host,
        "waiting for the registry's Pod".to_owned(),
    ));
    let pod = ready::pod(cluster, &secret_uid, is_kept, options, events).await?;
    Ok(Hosted {
        host,
        address,
        pod,
        login,
        is_kept,
    })
}

/// Before anything is written: an apply would take over whatever has the name, and nodes and Pods would be led to it.
async fn ensure_the_name_is_free(cluster: &Cluster) -> Result<()> {
    ensure_ours::<Deployment>(cluster, "deployment").await?;
    ensure_ours::<Service>(cluster, "service").await?;
    ensure_ours::<Secret>(cluster, "secret").await?;
    ensure_ours::<PersistentVolumeClaim>(cluster, "persistentvolumeclaim").await
}

async fn ensure_ours<K>(cluster: &Cluster, kind: &str) -> Result<()>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    match cluster.api::<K>().get_metadata_opt(NAME).await {
        Ok(Some(object)) if !is_ours(&object) => Err(taken(cluster, kind)),
        Ok(_) => Ok(()),
        // Who may not see claims mounts none either, unless it is created here.
        Err(error) if is_forbidden(&error) && kind == "persistentvolumeclaim" => Ok(()),
        Err(error) => Err(refused(cluster, &error)),
    }
}

/// Whether `registry up` made an object.
fn is_ours<K: Resource>(object: &K) -> bool {
    let labels = object.labels();
    labels::is_ours(labels) && labels.get(labels::ROLE).is_some_and(|role| role == ROLE)
}

fn taken(cluster: &Cluster, kind: &str) -> Failure {
    Failure::new(WHAT)
        .why(format!(
            "there is a {kind} `{NAME}` that `registry up` did not make"
        ))
        .next("use another namespace, or look at what it is:")
        .command(format!("kubectl describe {kind} {NAME} -n {}", cluster.namespace))
        .anchor("registry-up")
}

/// Where nodes pull from, and where Pods push to.
fn places(service: &Service) -> Option<(String, String)> {
    let spec = service.spec.as_ref()?;
    let node_port = spec.ports.as_ref()?.first()?.node_port?;
    let address = spec.cluster_ip.as_ref().filter(|address| *address != "None")?;
    Some((format!("localhost:{node_port}"), format!("{address}:{PORT}")))
}

/// Makes the claim that is asked for. Returns whether there is one: what an earlier one holds is
/// not left behind.
async fn ensure_claim(cluster: &Cluster, size: Option<&str>) -> Result<bool> {
    let claims = cluster.api::<PersistentVolumeClaim>();
    let Some(size) = size else {
        return match claims.get_opt(NAME).await {
            Ok(there) => Ok(there.is_some()),
            Err(error) if is_forbidden(&error) => Ok(false),
            Err(error) => Err(refused(cluster, &error)),
        };
    };
    match claims
        .create(&PostParams::default(), &trial_registry::claim(size))
        .await
    {
        Ok(_) => Ok(true),
        // Its size is the one that it was made with. Who may not see it cannot know whose it is.
        Err(error) if is_conflict(&error) => match claims.get_opt(NAME).await {
            Ok(Some(claim)) if is_ours(&claim) => Ok(true),
            Ok(_) => Err(taken(cluster, "persistentvolumeclaim")),
            Err(error) => Err(refused(cluster, &error)),
        },
        Err(error) => Err(refused(cluster, &error)),
    }
}

async fn apply<K>(cluster: &Cluster, object: &K) -> kube::Result<K>
where
    K: Resource<Scope = NamespaceResourceScope> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
    K::DynamicType: Default,
{
    let params = PatchParams::apply(labels::MANAGER).force();
    cluster
        .api::<K>()
        .patch(NAME, &params, &Patch::Apply(object))
        .await
}

fn refused(cluster: &Cluster, error: &kube::Error) -> Failure {
    let failure = cluster.failure(WHAT, error);
    if failure.next.is_empty() {
        return failure
            .next("mend what the API server says, and try again")
            .anchor("registry-up");
    }
    failure
}
