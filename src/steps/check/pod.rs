//! The same from inside the cluster: a Job that checks, and is gone when it has said what it found.

use std::{pin::pin, time::Duration};

use futures_util::StreamExt;
use k8s_openapi::api::batch::v1::Job;
use kube::{ResourceExt, api::DeleteParams};
use tokio::time::sleep;

use crate::{
    cluster::{
        Cluster, Patience, PullProblem, PulledBy, Trouble, create_job,
        error::{is_forbidden, of_watch},
        job_pod::pods_of_job,
        objects::{
            check_job::{CONTAINER, CheckJob},
            restricted::{CPU, MEMORY},
        },
        quota,
        trouble::container_state,
        warnings,
    },
    error::{Failure, Result},
    model::{CheckReport, CheckRequest, Event, Events, Step},
};

/// What decides a check from inside the cluster.
#[derive(Clone, Debug)]
pub struct Options {
    /// The run, which names the Job.
    pub run_id: String,
    /// Image that plays our in-cluster roles.
    pub builder_image: String,
    /// Secret to pull that image with.
    pub builder_pull_secret: Option<String>,
    /// Secret to push to the registry with.
    pub push_secret: String,
    /// Secret to pull the base with, where it is another one.
    pub pull_secret: Option<String>,
    /// CPU limit of its Pod, where there has to be one.
    pub cpu_limit: Option<String>,
    /// How long its Pod may be kept from running by what may pass.
    pub patience: Duration,
    /// How long all of it may take.
    pub timeout: Duration,
}

const WHAT: &str = "could not check the registry from inside the cluster";

/// Checks from inside the cluster.
///
/// # Errors
/// The Job or its Pod does not run, or says nothing.
pub async fn in_cluster(
    cluster: &Cluster,
    options: &Options,
    request: &CheckRequest,
    events: &Events,
) -> Result<CheckReport> {
    let job = CheckJob {
        run_id: &options.run_id,
        builder_image: &options.builder_image,
        builder_pull_secret: options.builder_pull_secret.as_deref(),
        push_secret: &options.push_secret,
        pull_secret: options.pull_secret.as_deref(),
        cpu_limit: options.cpu_limit.as_deref(),
        request,
    };
    events.send(Event::Doing(Step::Check, "starting the check".to_owned()));
    let jobs = cluster.api::<Job>();
    let created = Box::pin(create_job(cluster, job.object())).await;
    let created = created.map_err(|error| not_created(cluster, &error))?;
    let uid = created.metadata.uid.unwrap_or_default();
    let said = said(cluster, &job.name(), &uid, options, events).await;
    // It ends by itself as well.
    jobs.delete(&job.name(), &DeleteParams::background()).await.ok();
    said
}

/// Waits for the Job's Pod to end, and reads what it left.
async fn said(
    cluster: &Cluster,
    job: &str,
    job_uid: &str,
    options: &Options,
    events: &Events,
) -> Result<CheckReport> {
    let mut pods = pods_of_job(cluster, job_uid);
    let mut warnings_of = warnings(cluster, job).boxed();
    let (mut by_status, mut by_warning) = (Patience::new(options.patience), Patience::new(options.patience));
    let mut is_seen = false;
    let mut give_up = pin!(sleep(options.timeout));
    let trouble = loop {
        tokio::select! {
            Some(pods) = pods.next() => {
                let pods = pods.map_err(|error| cluster.failure(WHAT, &of_watch(error)))?;
                let Some(pod) = pods.into_iter().next() else { continue };
                if !is_seen {
                    is_seen = true;
                    by_warning.note(None);
                    warnings_of = warnings(cluster, &pod.name_any()).boxed();
                }
                let state = container_state(&pod, CONTAINER).cloned().unwrap_or_default();
                if let Some(end) = state.terminated {
                    let report = end.message.and_then(|text| serde_json::from_str(&text).ok());
                    return report.ok_or_else(|| silent(end.exit_code));
                }
                let trouble = Trouble::of(&pod, CONTAINER);
                let told = trouble.as_ref().map(ToString::to_string);
                if by_status.note(trouble) && let Some(told) = told {
                    events.send(Event::Doing(Step::Check, told));
                }
            }
            Some((reason, message)) = warnings_of.next() => {
                by_warning.note(Trouble::of_warning(&reason, &message));
            }
            trouble = by_status.runs_out() => break Some(trouble),
            trouble = by_warning.runs_out() => break Some(trouble),
            () = &mut give_up => break None,
        }
    };
    let by = PulledBy {
        job,
        image: "the builder image",
        secret: options.builder_pull_secret.as_deref(),
    };
    let failure = stuck(cluster, options, trouble.as_ref());
    Err(by.explain(cluster, failure, trouble.as_ref()).await)
}

fn not_created(cluster: &Cluster, error: &kube::Error) -> Failure {
    let failure = cluster.failure(WHAT, error);
    // Admission's own 403 has no advice yet: a webhook or a quota refused the Job itself.
    if is_forbidden(error) && failure.next.is_empty() {
        return quota::build_pod_refused(failure, &cluster.namespace);
    }
    failure
}

fn silent(exit_code: i32) -> Failure {
    Failure::new(WHAT)
        .why(format!(
            "the builder image ended with exit code {exit_code} and said nothing"
        ))
        .next("use a builder image of the same version as the plugin")
        .command("kubectl b2i version")
        .anchor("builder-image")
}

fn stuck(cluster: &Cluster, options: &Options, trouble: Option<&Trouble>) -> Failure {
    let Some(trouble) = trouble else {
        return Failure::new(WHAT)
            .why("it was not done in time")
            .next("see what its Pod waits for, and try again:")
            .command(format!(
                "kubectl get events -n {} --sort-by=.lastTimestamp",
                cluster.namespace
            ))
            .anchor("staging-pod");
    };
    let failure = Failure::new(WHAT).why(trouble);
    match trouble {
        Trouble::Refused { .. } => quota::build_pod_refused(failure, &cluster.namespace),
        Trouble::Unschedulable { .. } => failure
            .next(format!("free or add a node that suits it; it asks for {CPU} CPU and {MEMORY} memory:"))
            .command("kubectl describe nodes")
            .anchor("unschedulable"),
        Trouble::Mount { .. } => failure
            .next("name the Secret to push with by `--push-secret`; see that it is there:")
            .command(format!("kubectl get secret {} -n {}", options.push_secret, cluster.namespace))
            .anchor("builder-mount"),
        Trouble::ImagePull { image, message } => PullProblem::of(message).of_builder_image(failure, image),
        Trouble::CannotStart { .. } | Trouble::Crashed { .. } => failure
            .next("name a builder image that the nodes can pull and run with `--builder-image`, and its Secret with `--builder-pull-secret`")
            .anchor("builder-image"),
        Trouble::Stopped { .. } => failure
            .next("try again; the events may say more:")
            .command(format!("kubectl get events -n {} --sort-by=.lastTimestamp", cluster.namespace))
            .anchor("staging-pod"),
    }
}
