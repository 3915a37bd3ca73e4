//! Brings the builder image into a registry that this machine need not reach: a Pod of any image with a shell
//! takes the plugin's own Linux executable by `exec`, and that makes and pushes the image.

mod take;
mod words;

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use kube::api::DeleteParams;

use crate::{
    cluster::{
        Cluster, PulledBy, create_job,
        error::of_watch,
        job_pod::{JobContainer, running},
        objects::bootstrap_job::{BootstrapJob, CONTAINER},
    },
    error::Result,
    model::{Artifact, ArtifactKind, BootstrapRequest, Event, Events, Step},
    oci::{Digest, Platform, Reference},
};
use words::Words;

/// What decides a bootstrap.
#[derive(Clone, Debug)]
pub struct Options {
    /// The run, which names the Job.
    pub run_id: String,
    /// An image with a shell.
    pub image: String,
    /// Secret to pull that image with.
    pub image_pull_secret: String,
    /// Secret to push to the registry with.
    pub push_secret: String,
    /// CPU limit of its Pod, where there has to be one.
    pub cpu_limit: Option<String>,
    /// How long the Pod may take to run.
    pub timeout: Duration,
}

/// Brings an executable, which is this program for Linux, into the cluster, and returns the image that it
/// made of itself. Where it fails, what it began is there still.
///
/// `expected` is the digest of that image as this machine makes it. The Pod runs an image of somebody else's, so its
/// report decides nothing: any other image is refused.
///
/// # Errors
/// The Pod does not run or may not be entered, the executable does not arrive or does not run there, or what
/// the registry has against it.
pub async fn run(
    cluster: &Cluster,
    options: &Options,
    executable: &Artifact,
    request: &BootstrapRequest,
    expected: Digest,
    events: &Events,
) -> Result<Reference> {
    let job = BootstrapJob {
        run_id: &options.run_id,
        image: &options.image,
        image_pull_secret: &options.image_pull_secret,
        push_secret: &options.push_secret,
        platform: platform(executable),
        cpu_limit: options.cpu_limit.as_deref(),
        request,
    };
    let words = Words {
        cluster,
        options,
        destination: &request.destination,
    };
    events.send(Event::Started(Step::Bootstrap));
    let tell = |text: String| events.send(Event::Doing(Step::Bootstrap, text));
    tell(format!("waiting for a Pod of `{}`", options.image));
    let jobs = cluster.api::<Job>();
    let created = Box::pin(create_job(cluster, job.object())).await;
    let job_uid = created
        .map_err(|error| words.not_created(&error))?
        .metadata
        .uid
        .unwrap_or_default();
    let name = job.name();
    let of = JobContainer {
        job: &name,
        job_uid: &job_uid,
        container: CONTAINER,
    };
    let ran = running(cluster, of, options.timeout, tell)
        .await
        .map_err(|error| cluster.failure(words::WHAT, &of_watch(error)))?;
    let pod = match ran {
        Ok(pod) => pod,
        Err(stuck) => {
            let by = PulledBy {
                job: &name,
                image: "the bootstrap image",
                secret: Some(&options.image_pull_secret),
            };
            return Err(by.explain(cluster, words.stuck(&stuck), stuck.trouble()).await);
        }
    };
    let made = take::run(cluster, &pod, executable, &words, events).await?;
    // It ends by itself as well.
    jobs.delete(&name, &DeleteParams::background()).await.ok();
    let wanted = request.destination.with_digest(expected);
    if made.image == wanted {
        return Ok(wanted);
    }
    Err(words.another_image(&made.image, &wanted))
}

fn platform(executable: &Artifact) -> Option<&Platform> {
    match &executable.kind {
        ArtifactKind::Elf(elf) => Some(&elf.platform),
        _ => None,
    }
}
