//! What came of a build, and in a person's words each way in which no builder could say so.

use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::{
    batch::v1::{Job, JobCondition},
    core::v1::{ContainerStateTerminated, Pod},
};
use kube::runtime::watcher::{self, Config};
use tokio::time::timeout;

use super::Options;
use crate::{
    cluster::{
        Cluster, PullProblem, Trouble,
        error::{is_conflict, is_forbidden, of_watch},
        objects::restricted::{CPU, MEMORY},
        quota, snapshots,
        trouble::is_going,
    },
    error::Failure,
    model::BuildOutcome,
};

/// How long the Job controller may take to say why it ended a Job.
const JOB_SAYS_WHY: Duration = Duration::from_secs(5);

/// Returns what the builder left as its termination message.
pub(super) fn said(terminated: &ContainerStateTerminated) -> Option<BuildOutcome> {
    serde_json::from_str(terminated.message.as_deref()?).ok()
}

/// Words for the failures of one Job.
pub(super) struct Teller<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'a Options,
    pub(super) job: String,
}

impl Teller<'_> {
    fn what(&self) -> String {
        format!("could not build `{}`", self.options.app)
    }

    /// `kubectl … -n <namespace>`
    fn kubectl(&self, command: &str) -> String {
        format!("kubectl {command} -n {}", self.cluster.namespace)
    }

    pub(super) fn not_created(&self, error: &kube::Error) -> Failure {
        let failure = self.cluster.failure(self.what(), error);
        if is_conflict(error) {
            return failure
                .next("a Job of this name is there already; delete it and try again:")
                .command(self.kubectl(&format!("delete job {}", self.job)));
        }
        // Admission's own 403 has no advice yet: a webhook or a quota refused the Job itself.
        if is_forbidden(error) && failure.next.is_empty() {
            return quota::build_pod_refused(failure, &self.cluster.namespace);
        }
        failure
    }

    pub(super) fn not_followed(&self, error: watcher::Error) -> Failure {
        self.cluster.failure(
            format!("could not follow the builder of `{}`", self.options.app),
            &of_watch(error),
        )
    }

    /// The container cannot run.
    pub(super) fn stuck(&self, trouble: &Trouble) -> Failure {
        let failure = Failure::new(self.what()).why(trouble);
        match trouble {
            Trouble::Refused { .. } => quota::build_pod_refused(failure, &self.cluster.namespace),
            Trouble::Unschedulable { .. } => failure
                .next(format!(
                    "free or add a node that suits the builder; it asks for {CPU} CPU and {MEMORY} memory:"
                ))
                .command(self.kubectl("get events --field-selector reason=FailedScheduling"))
                .anchor("unschedulable"),
            Trouble::ImagePull { image, message } => {
                PullProblem::of(message).of_builder_image(failure, image)
            }
            Trouble::Mount { message } if message.contains("configmap") => failure
                .next("somebody removed the build record meanwhile; build again")
                .anchor("builder-mount"),
            Trouble::Mount { .. } => failure
                .next("see that the Secret to push with is still there:")
                .command(self.kubectl(&format!("get secret {}", self.options.push_secret)))
                .anchor("builder-mount"),
            Trouble::Stopped { .. } => self.stopped(failure),
            Trouble::CannotStart { .. } | Trouble::Crashed { .. } => failure
                .next("look at its events; the builder image may be another program or a wrong architecture:")
                .command(self.kubectl("get events --sort-by=.lastTimestamp"))
                .anchor("builder-image"),
        }
    }

    fn stopped(&self, failure: Failure) -> Failure {
        failure
            .next("try again: what was uploaded is kept. The events may say more:")
            .command(self.kubectl("get events --sort-by=.lastTimestamp"))
            .anchor("builder-stopped")
    }

    /// The container ended without a message that we can read.
    pub(super) async fn silent(
        &self,
        terminated: &ContainerStateTerminated,
        pod: Option<&Pod>,
        log_tail: &[String],
    ) -> Failure {
        if terminated.reason.as_deref() == Some("OOMKilled") {
            return Failure::new(self.what())
                .why("the builder used more memory than its limit of 256Mi allows and was killed")
                .next("report this: a build needs far less, whatever the size of the image")
                .anchor("builder-memory");
        }
        if let Some(stopped @ Trouble::Stopped { .. }) = pod.and_then(|pod| Trouble::of(pod, "")) {
            return self.stuck(&stopped);
        }
        if pod.is_some_and(is_going) {
            return self.gone(pod).await;
        }
        let from = log_tail.len().saturating_sub(10);
        let mut why = format!(
            "the builder ended with exit code {} and left no result",
            terminated.exit_code
        );
        if let Some(message) = terminated
            .message
            .as_deref()
            .filter(|message| !message.is_empty())
        {
            why = format!("{why}: {message}");
        }
        for line in &log_tail[from..] {
            why = format!("{why}\n  {line}");
        }
        Failure::new(self.what())
            .why(why)
            .next("see that the builder image is of this version of kubectl-b2i:")
            .command("kubectl b2i version")
            .anchor("builder-image")
    }

    /// The Pod is gone, or going: was it the deadline, the cluster, or somebody?
    pub(super) async fn gone(&self, pod: Option<&Pod>) -> Failure {
        let failure = Failure::new(self.what());
        let condition = timeout(JOB_SAYS_WHY, self.job_condition()).await.ok().flatten();
        if condition.is_some_and(|condition| condition.reason.as_deref() == Some("DeadlineExceeded")) {
            let seconds = self.options.deadline_seconds;
            let unit = if seconds == 1 { "second" } else { "seconds" };
            return failure
                .why(format!(
                    "the builder was not done after {seconds} {unit}, its deadline"
                ))
                .next("see in its log what it waited for; a slow registry needs a longer `--build-timeout`:")
                .command(self.kubectl(&format!("b2i logs {} --build", self.options.app)))
                .anchor("builder-deadline");
        }
        let disruption = pod
            .and_then(|pod| pod.status.as_ref()?.conditions.as_ref())
            .and_then(|conditions| {
                conditions
                    .iter()
                    .find(|condition| condition.type_ == "DisruptionTarget")
            });
        self.stopped(match disruption {
            Some(condition) => failure.why(format!(
                "the cluster took the builder's Pod away: {}",
                condition
                    .message
                    .as_deref()
                    .or(condition.reason.as_deref())
                    .unwrap_or_default()
            )),
            None if pod.is_none() => failure.why("the Job never got a Pod"),
            None => failure.why("the builder's Pod was deleted while it worked"),
        })
    }

    /// Waits for the condition with which the Job controller says how the Job ended. `FailureTarget`
    /// comes first, since 1.31, while the Pods still end.
    async fn job_condition(&self) -> Option<JobCondition> {
        let fields = format!("metadata.name={}", self.job);
        let jobs = snapshots::<Job>(self.cluster, Config::default().fields(&fields));
        futures_util::pin_mut!(jobs);
        while let Some(Ok(jobs)) = jobs.next().await {
            let conditions = jobs
                .into_iter()
                .next()?
                .status
                .and_then(|status| status.conditions);
            let end = conditions.into_iter().flatten().find(|condition| {
                matches!(condition.type_.as_str(), "Failed" | "FailureTarget") && condition.status == "True"
            });
            if end.is_some() {
                return end;
            }
        }
        None
    }
}
