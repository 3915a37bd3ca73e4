//! Sends the layers that the registry lacks to the staging Pod.

mod figures;
mod pod;
mod send;
mod words;

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, PostParams};

use crate::{
    cluster::{
        Cluster,
        error::{is_not_found, of_watch},
        objects::staging_job::StagingJob,
    },
    error::{Failure, Result},
    model::{AppName, Event, Events, Layer, RegistryAccess, SecretName, StagingRequest, Step, Uploaded},
    oci::{Digest, Reference},
    staging::Token,
};

use send::Link;
use words::Words;

/// Where the staging Pod listens. Any port does: nobody else is on that loopback.
const PORT: u16 = 7318;
/// A plugin that was killed cannot say so; a link that was cut should be back by then.
const IDLE_SECONDS: u64 = 60;

/// What decides an upload.
#[derive(Clone, Debug)]
pub struct Options {
    /// The app that is built.
    pub app: AppName,
    /// The run, which names the Job and finds it again.
    pub run_id: String,
    /// Image that plays our in-cluster roles.
    pub builder_image: String,
    /// Secret to pull that image with.
    pub builder_pull_secret: Option<String>,
    /// Secret to push to the registry with.
    pub push_secret: String,
    /// Secret to ask for the base with, where it is another one.
    pub pull_secret: Option<String>,
    /// Base image of the build, which is asked for before a layer is sent.
    pub base: Option<Reference>,
    /// Where the layers go: registry and repository.
    pub destination: Reference,
    /// How registries are reached.
    pub access: RegistryAccess,
    /// Bytes of layers that may be on their way at one time.
    pub spool_limit_bytes: u64,
    /// How long the staging Pod may take to run.
    pub timeout: Duration,
    /// Layers to be sent without asking: the registry said that it has them, and was wrong.
    pub always_send: Vec<Digest>,
}

/// Starts the staging Pod, sends what the registry lacks, and removes the Pod again. When it is
/// dropped before its end, the Job is left to whoever cleans up the run.
///
/// # Errors
/// A [`Failure`] for every way in which the Pod does not run, the link does not hold, or the
/// registry does not take a layer.
pub async fn run(
    cluster: &Cluster,
    options: &Options,
    layers: &[Layer],
    events: &Events,
) -> Result<Uploaded> {
    events.send(Event::Started(Step::Upload));
    if layers.is_empty() {
        events.send(Event::Done(Step::Upload, "no layers".to_owned()));
        return Ok(Uploaded::default());
    }
    let token = Token::generate()
        .map_err(|_| Failure::new("could not start the upload").why("this machine has no random bytes"))?;
    let request = StagingRequest {
        registry: options.destination.registry.clone(),
        repository: options.destination.repository.clone(),
        access: options.access.clone(),
        base: options.base.clone(),
        push_secret: SecretName {
            namespace: cluster.namespace.clone(),
            name: options.push_secret.clone(),
        },
        token_sha256: token.sha256(),
        idle_seconds: IDLE_SECONDS,
        spool_limit_bytes: options.spool_limit_bytes,
        port: PORT,
    };
    let job = StagingJob {
        app: &options.app,
        run_id: &options.run_id,
        builder_image: &options.builder_image,
        builder_pull_secret: options.builder_pull_secret.as_deref(),
        push_secret: &options.push_secret,
        pull_secret: options.pull_secret.as_deref(),
        request: &request,
    };
    let uploaded = upload(cluster, options, &job, token, layers, events).await;
    delete(cluster, &job.name(), events).await;
    let uploaded = uploaded?;
    events.send(Event::Done(Step::Upload, figures::summary(&uploaded)));
    Ok(uploaded)
}

async fn upload(
    cluster: &Cluster,
    options: &Options,
    job: &StagingJob<'_>,
    token: Token,
    layers: &[Layer],
    events: &Events,
) -> Result<Uploaded> {
    let words = Words::new(&cluster.namespace, options);
    let doing = |text: &str| events.send(Event::Doing(Step::Upload, text.to_owned()));
    doing("starting the staging Pod");
    let created = cluster
        .api::<Job>()
        .create(&PostParams::default(), &job.object())
        .await
        .map_err(|error| words.not_created(cluster, &error))?;
    let uid = created.metadata.uid.unwrap_or_default();
    let pod = pod::running(cluster, &job.name(), &uid, options.timeout, events)
        .await
        .map_err(|error| cluster.failure("could not watch the staging Pod", &of_watch(error)))?
        .map_err(|stuck| words.stuck(&stuck))?;
    doing("asking the registry");
    let link = Link::new(cluster, &pod, token, options);
    // Two layers may be the same bytes; they are sent once.
    let layers: BTreeMap<Digest, &Layer> = layers
        .iter()
        .map(|layer| (layer.described.descriptor.digest, layer))
        .collect();
    match link.send_missing(&layers, events).await {
        Ok(uploaded) => {
            link.finish().await;
            Ok(uploaded)
        }
        Err(error) => {
            let end = pod::how_it_ended(cluster, &pod).await;
            Err(words.no_link(error, end))
        }
    }
}

/// Deletes the Job and its Pod. It would end by itself, so that failing is no failure.
async fn delete(cluster: &Cluster, name: &str, events: &Events) {
    let deleted = cluster
        .api::<Job>()
        .delete(name, &DeleteParams::background())
        .await;
    match deleted {
        Err(error) if !is_not_found(&error) => events.send(Event::Warning(format!(
            "the Job `{name}` could not be deleted and ends by itself: {}",
            cluster.why(&error)
        ))),
        _ => {}
    }
}
