//! Creates the builder Job, follows it, reads back what came of it.

mod follow;
mod logs;
mod outcome;

use std::time::Duration;

use follow::{Builder, End};
use outcome::Teller;

use crate::{
    cluster::{Cluster, PulledBy, create_job, objects::builder_job::BuilderJob},
    error::{Failure, Result},
    model::{AppName, BuildOutcome, Event, Events, Step},
    oci::Digest,
};

/// How long the builder's Pod may stay without a node, or a pull may fail, before we give up.
/// A cluster that adds nodes by itself takes about a minute.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// After so long Kubernetes ends a builder Job.
pub const DEADLINE_SECONDS: i64 = 1800;

/// How a build is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The app that is built.
    pub app: AppName,
    /// The run that builds it.
    pub run_id: String,
    /// 1, or more where an earlier Job of this run found layers missing.
    pub attempt: u32,
    /// The build's number in the app's record, which holds the request already.
    pub number: u64,
    /// Digest of the request's text.
    pub request_digest: Digest,
    /// Image of the builder.
    pub builder_image: String,
    /// Secret that the nodes pull the builder image with.
    pub builder_pull_secret: Option<String>,
    /// Secret that the builder pushes with.
    pub push_secret: String,
    /// Secret that the builder pulls the base with, where it is another one.
    pub pull_secret: Option<String>,
    /// CPU limit of its Pod, where there has to be one.
    pub cpu_limit: Option<String>,
    /// How long the builder waits for layers that are still being sent.
    pub layers_patience: Option<Duration>,
    /// After so long Kubernetes ends the Job: [`DEADLINE_SECONDS`].
    pub deadline_seconds: i64,
    /// What may pass is waited for so long: [`PATIENCE`].
    pub patience: Duration,
}

/// A builder that ended and said how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// What it said.
    pub outcome: BuildOutcome,
    /// The last lines of its log.
    pub log_tail: Vec<String>,
}

/// Runs a build to its end. The Job is left to its TTL.
///
/// # Errors
/// Each way in which no builder could say what came of the build: the Job or its Pod is refused,
/// finds no node, cannot pull, lacks a mount, is ended from outside, runs out of memory or time.
pub async fn run(cluster: &Cluster, options: &Options, events: &Events) -> Result<Built, Failure> {
    let job = BuilderJob {
        app: options.app.clone(),
        run_id: options.run_id.clone(),
        attempt: options.attempt,
        number: options.number,
        request_digest: options.request_digest,
        image: options.builder_image.clone(),
        image_pull_secret: options.builder_pull_secret.clone(),
        push_secret: options.push_secret.clone(),
        pull_secret: options.pull_secret.clone(),
        cpu_limit: options.cpu_limit.clone(),
        patience_seconds: options.layers_patience.map(|patience| patience.as_secs()),
        deadline_seconds: options.deadline_seconds,
    };
    let told = Teller {
        cluster,
        options,
        job: job.name(),
    };
    events.send(Event::Doing(Step::Build, "starting the builder".to_owned()));
    let created = Box::pin(create_job(cluster, job.object()))
        .await
        .map_err(|error| told.not_created(&error))?;
    let job_uid = created.metadata.uid.unwrap_or_default();
    let mut builder = Builder::new(cluster, options, events);
    let deadline = Duration::from_secs(u64::try_from(options.deadline_seconds).unwrap_or_default());
    let end = builder.follow(&job.name(), &job_uid, deadline).await;
    let log_tail = Vec::from(builder.log_tail);
    match end.map_err(|error| told.not_followed(error))? {
        End::Terminated(terminated) => match outcome::said(&terminated) {
            Some(outcome) => Ok(Built { outcome, log_tail }),
            None => Err(told.silent(&terminated, builder.pod.as_ref(), &log_tail).await),
        },
        End::Gone => Err(told.gone(builder.pod.as_ref()).await),
        End::Stuck(trouble) => {
            let by = PulledBy {
                job: &job.name(),
                image: "the builder image",
                secret: options.builder_pull_secret.as_deref(),
            };
            Err(by.explain(cluster, told.stuck(&trouble), Some(&trouble)).await)
        }
    }
}
