//! Sends the layers that the registry lacks to the staging Pod.
//!
//! [`begin`] while the layers are being made, [`run`] with the layers, and then [`leave`] or [`end`].

mod delta;
mod figures;
mod link;
mod memory;
mod notices;
mod patience;
mod send;
mod words;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use futures_util::future::join;
use k8s_openapi::api::{batch::v1::Job, core::v1::ResourceQuota};
use kube::api::{DeleteParams, ListParams};

use crate::{
    cluster::{
        Cluster, PulledBy, create_job,
        error::{is_not_found, of_watch},
        job_pod::{JobContainer, how_it_ended, running},
        objects::staging_job::{STAGING, StagingJob},
    },
    error::{Failure, Result},
    model::{
        AppName, Event, Events, Layer, LayerDescriptor, RegistryAccess, SecretName, StagingRequest, Step,
        Uploaded,
    },
    oci::{Digest, Reference},
    staging::Token,
};

use link::Link;
use memory::{Memory, Remembered, Taken};
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
    /// CPU limit of its Pod, where there has to be one.
    pub cpu_limit: Option<String>,
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
    /// Layers of the last build that are in the same repository: of a layer that is like one of them,
    /// only the changes are sent.
    pub earlier_layers: Vec<LayerDescriptor>,
    /// Layers to be sent without asking: the registry said that it has them, and was wrong.
    pub always_send: Vec<Digest>,
    /// How long the Pod stays for the next run; zero ends it with this one.
    pub idle: Duration,
    /// Folder of this machine that remembers Pods for the next run; `None` where there is none.
    pub memory: Option<PathBuf>,
}

/// The staging Pod of a run: one that an earlier run left, or a new one that may not run yet.
pub struct Staging {
    job: String,
    token: Token,
    created: SystemTime,
    pod: At,
    /// What this machine remembered of it, where an earlier run left it.
    taken: Option<Taken>,
}

/// What is known of the Pod.
enum At {
    /// The id of its Job.
    Job(String),
    /// Its name: it runs.
    Pod(String),
}

/// Takes the idle Pod that an earlier run left, or creates the Job of a new one, and returns at once: it
/// comes up while the layers are being made. An idle Pod that does not serve, as another app's, is ended: one
/// for each namespace is enough, and a Pod writes to one repository only. When a run is dropped after this, the Job
/// is left to whoever cleans up the run.
///
/// # Errors
/// The API server refuses the Job.
pub async fn begin(cluster: &Cluster, options: &Options, events: &Events) -> Result<Staging> {
    let Some(taken) = Memory::of(cluster, options).take() else {
        return create(cluster, options, events).await;
    };
    if let Some(pod) = taken.pod().cloned()
        && serves(cluster, options, &pod).await
    {
        return Ok(Staging {
            job: pod.job,
            token: pod.token,
            created: pod.created,
            pod: At::Pod(pod.pod),
            taken: Some(taken),
        });
    }
    let other = async {
        if let Some(pod) = taken.keep() {
            delete(cluster, &pod.job, events).await;
        }
    };
    let (created, ()) = join(create(cluster, options, events), other).await;
    created
}

/// Sends what the registry lacks. A Pod that an earlier run left and that fails is replaced by a new
/// one: its login may be an old one.
///
/// # Errors
/// A [`Failure`] for every way in which the Pod does not run, the link does not hold, or the
/// registry does not take a layer.
pub async fn run(
    cluster: &Cluster,
    options: &Options,
    staging: &mut Staging,
    layers: &[Layer],
    events: &Events,
) -> Result<Uploaded> {
    events.send(Event::Started(Step::Upload));
    let mut uploaded = send(cluster, options, staging, layers, events).await;
    if uploaded.is_err()
        && let Some(taken) = staging.taken.take()
    {
        taken.keep();
        delete(cluster, &staging.job, events).await;
        *staging = create(cluster, options, events).await?;
        uploaded = send(cluster, options, staging, layers, events).await;
    }
    let uploaded = uploaded?;
    events.send(Event::Done(Step::Upload, figures::summary(&uploaded)));
    Ok(uploaded)
}

/// Returns whether the registry lacks one of the layers, which it did not once they were sent. A Pod that does not
/// answer knows of none.
pub async fn is_one_lost(cluster: &Cluster, options: &Options, staging: &Staging, layers: &[Layer]) -> bool {
    let At::Pod(pod) = &staging.pod else {
        return false;
    };
    let token = staging.token.clone();
    let link = Link::new(cluster, &staging.job, pod, token, &options.destination);
    send::is_one_missing(&link, options, layers)
        .await
        .unwrap_or(false)
}

/// Leaves the Pod to the next run, or ends it where nothing is to stay, or its room is counted. Another run may have
/// left one meanwhile, which is ended.
pub async fn leave(cluster: &Cluster, options: &Options, staging: Staging, events: &Events) {
    let pod = match &staging.pod {
        At::Pod(pod) if !options.idle.is_zero() && !is_room_counted(cluster).await => pod.clone(),
        _ => return end(cluster, staging, events).await,
    };
    staging.taken.and_then(Taken::keep);
    let lost = Memory::of(cluster, options).remember(Remembered {
        job: staging.job,
        pod,
        token: staging.token,
        created: staging.created,
        kind: kind(cluster, options),
    });
    for pod in lost {
        delete(cluster, &pod.job, events).await;
    }
}

/// Whether the namespace has a quota: the app that is to run next may need what the Pod holds. Who may
/// not list quotas hears of one when it refuses something.
async fn is_room_counted(cluster: &Cluster) -> bool {
    let quotas = cluster.api::<ResourceQuota>().list(&ListParams::default()).await;
    quotas.is_ok_and(|quotas| !quotas.items.is_empty())
}

/// Ends what this run began. The Pod that an earlier run left stays as it was.
pub async fn undo(cluster: &Cluster, staging: Staging, events: &Events) {
    if staging.taken.is_none() {
        end(cluster, staging, events).await;
    }
}

/// Ends the Pod: deletes its Job. It would end by itself, so that failing is no failure.
pub async fn end(cluster: &Cluster, staging: Staging, events: &Events) {
    staging.taken.and_then(Taken::keep);
    delete(cluster, &staging.job, events).await;
}

async fn delete(cluster: &Cluster, job: &str, events: &Events) {
    let deleted = cluster
        .api::<Job>()
        .delete(job, &DeleteParams::background())
        .await;
    match deleted {
        Err(error) if !is_not_found(&error) => events.send(Event::Warning(format!(
            "the Job `{job}` could not be deleted and ends by itself: {}",
            cluster.why(&error)
        ))),
        _ => {}
    }
}

/// Whether a Pod that an earlier run left is of the kind that is needed, and answers.
async fn serves(cluster: &Cluster, options: &Options, pod: &Remembered) -> bool {
    let token = pod.token.clone();
    let link = Link::new(cluster, &pod.job, &pod.pod, token, &options.destination);
    pod.serves(&kind(cluster, options)) && link.greet().await.is_ok()
}

async fn create(cluster: &Cluster, options: &Options, events: &Events) -> Result<Staging> {
    let text = "starting the staging Pod".to_owned();
    events.send(Event::Doing(Step::Upload, text));
    let token = Token::generate()
        .map_err(|_| Failure::new("could not start the upload").why("this machine has no random bytes"))?;
    let request = request(cluster, options, token.sha256());
    let job = StagingJob {
        app: &options.app,
        run_id: &options.run_id,
        builder_image: &options.builder_image,
        builder_pull_secret: options.builder_pull_secret.as_deref(),
        push_secret: &options.push_secret,
        pull_secret: options.pull_secret.as_deref(),
        cpu_limit: options.cpu_limit.as_deref(),
        request: &request,
    };
    let created = Box::pin(create_job(cluster, job.object()))
        .await
        .map_err(|error| Words::new(&cluster.namespace, options).not_created(cluster, &error))?;
    Ok(Staging {
        job: job.name(),
        token,
        created: SystemTime::now(),
        pod: At::Job(created.metadata.uid.unwrap_or_default()),
        taken: None,
    })
}

fn request(cluster: &Cluster, options: &Options, token_sha256: Digest) -> StagingRequest {
    StagingRequest {
        registry: options.destination.registry.clone(),
        repository: options.destination.repository.clone(),
        access: options.access.clone(),
        base: options.base.clone(),
        push_secret: SecretName {
            namespace: cluster.namespace.clone(),
            name: options.push_secret.clone(),
        },
        token_sha256,
        idle_seconds: options.idle.as_secs().max(IDLE_SECONDS),
        spool_limit_bytes: options.spool_limit_bytes,
        port: PORT,
    }
}

fn kind(cluster: &Cluster, options: &Options) -> Digest {
    memory::kind(options, &request(cluster, options, Digest::of(b"")))
}

async fn send(
    cluster: &Cluster,
    options: &Options,
    staging: &mut Staging,
    layers: &[Layer],
    events: &Events,
) -> Result<Uploaded> {
    let words = Words::new(&cluster.namespace, options);
    let pod = match &staging.pod {
        At::Pod(pod) => pod.clone(),
        At::Job(job_uid) => {
            let of = JobContainer {
                job: &staging.job,
                job_uid,
                container: STAGING,
            };
            let tell = |text| events.send(Event::Doing(Step::Upload, text));
            let ran = running(cluster, of, options.timeout, tell)
                .await
                .map_err(|error| cluster.failure("could not watch the staging Pod", &of_watch(error)))?;
            match ran {
                Ok(pod) => pod,
                Err(stuck) => {
                    let by = PulledBy {
                        job: of.job,
                        image: "the builder image",
                        secret: options.builder_pull_secret.as_deref(),
                    };
                    return Err(by.explain(cluster, words.stuck(&stuck), stuck.trouble()).await);
                }
            }
        }
    };
    if matches!(staging.pod, At::Job(_)) {
        staging.pod = At::Pod(pod.clone());
    }
    let text = "asking the registry".to_owned();
    events.send(Event::Doing(Step::Upload, text));
    let job = staging.job.clone();
    let link = Link::new(cluster, &job, &pod, staging.token.clone(), &options.destination);
    // Two layers may be the same bytes; they are sent once.
    let layers: BTreeMap<Digest, &Layer> = layers
        .iter()
        .map(|layer| (layer.described.descriptor.digest, layer))
        .collect();
    let uploaded = tokio::select! {
        uploaded = send::missing(&link, options, &layers, events) => uploaded,
        never = notices::show(cluster, &link, events) => match never {},
    };
    let now = link.pod();
    if now != pod {
        // The Job has made another one.
        staging.pod = At::Pod(now.clone());
    }
    match uploaded {
        Ok(uploaded) => Ok(uploaded),
        Err(error) => {
            let end = how_it_ended(cluster, &now, STAGING).await;
            Err(words.no_link(error, end))
        }
    }
}
