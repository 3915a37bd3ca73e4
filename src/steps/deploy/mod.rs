//! Sets the image by digest and waits for the rollout; puts the earlier version back when it fails.

mod advice;
mod answer;
mod apply;
mod listening;
mod outcome;
mod progress;
mod rollout;

use std::time::Duration;

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service};
use outcome::Teller;

use crate::{
    cluster::{Cluster, objects::labels},
    error::{Failure, Result},
    model::{AppName, DeployOptions, Derived, Events, Rollout},
    oci::{Platform, Reference},
};

/// How long a Pod may stay without a node, or a pull may fail, before we give up.
/// A cluster that adds nodes by itself takes about a minute.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How an app is deployed now.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own: no two exclude each other"
)]
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the Deployment and the Service.
    pub name: AppName,
    /// What the person said, now and before. `replicas` only where its flag was given now.
    pub options: DeployOptions,
    /// What follows from that.
    pub derived: Derived,
    /// `registry/repository@digest`
    pub image: Reference,
    /// The platform of an image that has only one.
    pub platform: Option<Platform>,
    /// Whether a JVM runs in it.
    pub jvm: bool,
    /// How long the rollout may take.
    pub timeout: Duration,
    /// Whether to wait for the rollout.
    pub wait: bool,
    /// Whether to put the earlier version back when the rollout fails.
    pub undo: bool,
    /// Whether to take over fields that somebody else set.
    pub force_conflicts: bool,
    /// What may pass is waited for so long: [`PATIENCE`].
    pub patience: Duration,
}

/// Deploys an app and waits until it serves.
///
/// # Errors
/// The objects are somebody else's, or refused; or the rollout fails, with the reason why. Then the
/// earlier version was put back, or, where there is none, the objects stay for a look.
pub async fn run(cluster: &Cluster, options: &Options, events: &Events) -> Result<Rollout> {
    let teller = Teller { cluster, options };
    let before = apply::Objects {
        deployment: our_deployment(cluster, &options.name).await?,
        service: our_service(cluster, &options.name).await?,
    };
    let applied = apply::apply(cluster, options, &before)
        .await
        .map_err(|refused| teller.refused(&refused))?;
    let changed = applied.differs_from(&before);
    if !options.wait {
        return Ok(rollout_of(options, &applied, changed));
    }
    let served = match rollout::wait(cluster, options, &applied, events).await {
        Ok(served) => served,
        Err(cause) => {
            // What is told of the Pods must be read before the undo removes them.
            let failure = teller.rollout_failed(&cause).await;
            let undone = match before.deployment {
                Some(_) if changed && options.undo => Some(apply::undo(cluster, &before, &applied).await),
                _ => None,
            };
            return Err(teller.after_failure(failure, &before, undone.as_ref()));
        }
    };
    let url = answer::url(&served, applied.service.as_ref(), &options.options.context_path);
    let answer = match &url {
        Some(url) => answer::ask(url, events).await,
        None => None,
    };
    Ok(Rollout {
        ready: served.ready,
        wanted: served.wanted,
        url,
        answer,
        ..rollout_of(options, &applied, changed)
    })
}

/// Returns the objects that a deploy would apply, as JSON, Service first, and changes nothing. With
/// `on_server` they are what the API server would make of them.
///
/// # Errors
/// The objects are somebody else's, or would be refused.
pub async fn dry_run(
    cluster: &Cluster,
    options: &Options,
    on_server: bool,
) -> Result<Vec<serde_json::Value>> {
    let before = apply::Objects {
        deployment: our_deployment(cluster, &options.name).await?,
        service: our_service(cluster, &options.name).await?,
    };
    let (mut deployment, mut service) = if on_server {
        let teller = Teller { cluster, options };
        let rehearsed = apply::rehearse(cluster, options, &before).await;
        rehearsed.map_err(|refused| teller.refused(&refused))?
    } else {
        apply::objects(options, &before)
    };
    // As kubectl prints objects: who owns which field is not part of them.
    deployment.metadata.managed_fields = None;
    let mut objects = Vec::new();
    if let Some(service) = &mut service {
        service.metadata.managed_fields = None;
        objects.push(serde_json::json!(service));
    }
    objects.push(serde_json::json!(deployment));
    Ok(objects)
}

fn rollout_of(options: &Options, applied: &apply::Objects, changed: bool) -> Rollout {
    let deployment = applied.deployment.as_ref();
    let status = deployment.and_then(|deployment| deployment.status.as_ref());
    Rollout {
        name: options.name.to_string(),
        ready: status.and_then(|status| status.ready_replicas).unwrap_or(0),
        wanted: deployment.map_or(0, progress::wanted),
        changed,
        url: None,
        answer: None,
    }
}

/// Returns the Deployment of this name as it is now, whoever made it.
///
/// # Errors
/// What the API server answered.
pub async fn live(cluster: &Cluster, name: &AppName) -> Result<Option<Deployment>> {
    let found = cluster.api::<Deployment>().get_opt(name.as_str()).await;
    found.map_err(|error| cluster.failure(format!("could not read the Deployment `{name}`"), &error))
}

async fn our_deployment(cluster: &Cluster, name: &AppName) -> Result<Option<Deployment>> {
    let found = live(cluster, name).await?;
    match found
        .as_ref()
        .and_then(|found| outcome::not_ours(cluster, "Deployment", found))
    {
        Some(failure) => Err(failure),
        None => Ok(found),
    }
}

async fn our_service(cluster: &Cluster, name: &AppName) -> Result<Option<Service>> {
    let found = cluster.api::<Service>().get_opt(name.as_str()).await;
    let found =
        found.map_err(|error| cluster.failure(format!("could not read the Service `{name}`"), &error))?;
    match found
        .as_ref()
        .and_then(|found| outcome::not_ours(cluster, "Service", found))
    {
        Some(failure) => Err(failure),
        None => Ok(found),
    }
}

/// Returns the options of the last deploy, from the Deployment's annotation; `None` where we never
/// deployed this app. `replicas` is never in it: it is applied only when its flag is given.
///
/// # Errors
/// What the API server answered; a Deployment that somebody else made; an unreadable annotation.
pub async fn previous_options(cluster: &Cluster, name: &AppName) -> Result<Option<DeployOptions>> {
    let annotations = our_deployment(cluster, name)
        .await?
        .and_then(|live| live.metadata.annotations);
    let Some(text) = annotations
        .as_ref()
        .and_then(|annotations| annotations.get(labels::OPTIONS))
    else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|error| {
        Failure::new(format!("could not read how `{name}` was deployed last"))
            .why(format!(
                "its annotation `{}` is damaged: {error}",
                labels::OPTIONS
            ))
            .next("remove the annotation, and give all flags once more:")
            .command(format!(
                "kubectl annotate deployment {name} {}- -n {}",
                labels::OPTIONS,
                cluster.namespace
            ))
            .anchor("damaged-options")
    })
}
