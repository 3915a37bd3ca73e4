//! In a person's words: each way in which a deploy fails, and what is left then.

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::{
    ResourceExt,
    api::{ListParams, LogParams},
};

use super::{
    Options, advice,
    apply::Refused,
    conflict::{self, Advice},
    listening,
    pull::Pull,
    rollout::Cause,
    version::Version,
};
use crate::{
    cluster::{
        Cluster, LogLines, Trouble, Workload,
        error::{is_conflict, is_forbidden, is_invalid},
        trouble::container_state,
    },
    error::Failure,
};

/// Lines of an app's log that are told.
const LOG_LINES: u8 = 10;

/// What to do where somebody scaled the app by hand.
pub(super) const LEAVE_REPLICAS: &str =
    "leave `--replicas` out, and the number stays; or take it over with `--force-conflicts`";
/// What to do where somebody set something else. Two may own a field that they give the same value:
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts>.
const TAKE_OVER: &str = "to keep what is there now, say the same with its flag; to set it to what this deploy or an earlier one said, add `--force-conflicts`";
/// What to do where an autoscaler scales it.
pub(super) const LEAVE_TO_AUTOSCALER: &str = "leave `--replicas` out, and the autoscaler goes on; change its `minReplicas` and `maxReplicas`, or delete it and take the number over with `--force-conflicts`";

/// Words for the failures of one deploy.
pub(super) struct Teller<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'a Options,
}

impl Teller<'_> {
    pub(super) fn failure(&self) -> Failure {
        Failure::new(format!("could not roll out `{}`", self.options.name))
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.options.options.stateful {
            "StatefulSet"
        } else {
            "Deployment"
        }
    }

    pub(super) fn kubectl(&self, command: &str) -> String {
        format!("kubectl {command} -n {}", self.cluster.namespace)
    }

    /// The API server did not take an object.
    pub(super) fn refused(&self, refused: &Refused) -> Failure {
        let what = format!("could not apply the {} `{}`", refused.kind, self.options.name);
        let failure = self.cluster.failure(what, &refused.error);
        if is_conflict(&refused.error) {
            return Self::conflict(failure, &refused.error);
        }
        let message = refused.error.to_string();
        let is_a_rule = ["admission webhook", "ValidatingAdmissionPolicy"]
            .iter()
            .any(|word| message.contains(word));
        if is_a_rule || (is_forbidden(&refused.error) && failure.next.is_empty()) {
            return advice::refused(failure, &message, self.cluster, &self.options.name);
        }
        if is_invalid(&refused.error) {
            return failure
                .next("change the flag that sets this value")
                .anchor("invalid-value");
        }
        failure
    }

    /// What this deploy does not want any more is there still; all else is as it should be.
    pub(super) fn not_pruned(&self, refused: &Refused) -> Failure {
        let what = format!("could not delete the {} `{}`", refused.kind, self.options.name);
        self.cluster.failure(what, &refused.error)
    }

    /// Somebody else set a field: who, and what to do, where the API server says so.
    fn conflict(failure: Failure, error: &kube::Error) -> Failure {
        let failure = failure.anchor("apply-conflict");
        let Some((words, advice)) = conflict::told(error) else {
            return failure.next(format!("somebody else set these fields: {TAKE_OVER}"));
        };
        failure.why(words).next(match advice {
            Advice::Scaled => LEAVE_REPLICAS.to_owned(),
            Advice::Autoscaler => LEAVE_TO_AUTOSCALER.to_owned(),
            // Given up, it goes with what somebody else has set: the API server knows one owner of a variable.
            Advice::Env(name) => format!(
                "take it over with `--force-conflicts`; or give it up with `--env {name}-`, which removes it, and have it set again"
            ),
            Advice::Fields => TAKE_OVER.to_owned(),
        })
    }

    /// The rollout did not come to its end.
    pub(super) async fn rollout_failed(&self, cause: &Cause, version: &Version<'_>) -> Failure {
        match cause {
            Cause::Trouble(trouble, pod) => self.trouble(trouble, pod.as_deref()).await,
            Cause::NoRoomBeside(refusal) => self.no_room_beside(refusal),
            Cause::TimedOut(pod) => self.timed_out(pod.as_deref()).await,
            Cause::Deleted => self.deleted(),
            Cause::Replaced(now) => self.replaced(version, now),
            Cause::Unseen(error) => {
                let what = format!("could not watch the rollout of `{}`", self.options.name);
                self.cluster.failure(what, error)
            }
        }
    }

    pub(super) fn deleted(&self) -> Failure {
        self.failure()
            .why(format!("somebody deleted the {} meanwhile", self.kind()))
            .next("deploy it again")
    }

    /// Another deploy took this one's place: what serves is that one's, and so is what becomes of it.
    pub(super) fn replaced(&self, version: &Version<'_>, now: &Workload) -> Failure {
        self.of_another(version.replaced_by(now, self.options.name.as_str()))
    }

    /// Another deploy, or the undo of one, has changed what goes with the workload.
    pub(super) fn changed_beside(&self, kind: &str) -> Failure {
        self.of_another(format!(
            "another deploy has changed the {kind} of `{}` meanwhile",
            self.options.name
        ))
    }

    fn of_another(&self, why: String) -> Failure {
        let (name, namespace) = (&self.options.name, &self.cluster.namespace);
        self.failure()
            .why(why)
            .next("nothing was undone; see what runs now, and deploy again if it should be yours:")
            .command(format!("kubectl b2i status {name} -n {namespace}"))
            .anchor("replaced")
    }

    async fn trouble(&self, trouble: &Trouble, pod: Option<&str>) -> Failure {
        let failure = self.failure().why(trouble);
        match trouble {
            Trouble::Refused { message } => {
                advice::refused(failure, message, self.cluster, &self.options.name)
            }
            Trouble::Unschedulable { message } => advice::unschedulable(failure, message, self.cluster),
            Trouble::ImagePull { message, .. } => self.pull().advise(failure, message),
            Trouble::Mount { .. } => failure
                .next("make what `--volume` names, or take it out:")
                .command(self.kubectl("get secret,configmap,persistentvolumeclaim"))
                .anchor("container-start"),
            // The container's config is its env: a Secret or a ConfigMap, or a key in one, is not there.
            Trouble::CannotStart { reason, .. } if reason == "CreateContainerConfigError" => failure
                .next("make what `--env` or `--env-from` names, or take it out:")
                .command(self.kubectl("get secret,configmap"))
                .anchor("container-start"),
            Trouble::CannotStart { message, .. } => failure
                .next(
                    advice::missing_command(&self.options.options.pod, message)
                        .unwrap_or("give the container what it lacks, or another `--base`"),
                )
                .anchor("container-start"),
            Trouble::Crashed { reason, .. } if reason == "OOMKilled" => failure
                .next("give it more memory with `--memory`")
                .anchor("app-memory"),
            Trouble::Crashed { reason, message, .. } => {
                // The runtime's words then, and not the app's.
                let is_not_started = matches!(reason.as_str(), "StartError" | "ContainerCannotRun");
                let next = advice::missing_command(&self.options.options.pod, message);
                if let Some(next) = next.filter(|_| is_not_started) {
                    return failure.next(next).anchor("container-start");
                }
                let log = self.last_lines(pod).await;
                let why = if log.is_empty() {
                    trouble.to_string()
                } else {
                    format!("{trouble}; its last lines:{log}")
                };
                let failure = failure.why(why);
                // A JVM ends by itself before its limit is reached.
                if log.contains("java.lang.OutOfMemoryError") {
                    return failure
                        .next("give it more memory with `--memory`")
                        .anchor("app-memory");
                }
                // <https://docs.oracle.com/en/java/javase/25/docs/api/java.base/java/lang/UnsupportedClassVersionError.html>
                if log.contains("java.lang.UnsupportedClassVersionError") {
                    return failure
                        .next("run it on a newer Java: name a base that has it with `--base`, or leave it to us with `--base default`")
                        .anchor("base-java");
                }
                failure
                    .next(advice::exits(&self.options.options.pod))
                    .anchor("app-exits")
            }
            Trouble::Stopped { .. } => failure
                .next("try again when the node has room")
                .anchor("pod-stopped"),
        }
    }

    fn pull(&self) -> Pull<'_> {
        Pull {
            app: &self.options.name,
            image: &self.options.image,
            platform: self.options.platform.as_ref().map(ToString::to_string),
            secret: self.options.options.pull_secret.as_deref(),
            namespace: &self.cluster.namespace,
        }
    }

    async fn timed_out(&self, pod: Option<&Pod>) -> Failure {
        let app = self.options.container();
        let seconds = self.options.timeout.as_secs();
        let failure = self.failure().anchor("app-not-ready");
        let Some(pod) = pod else {
            return failure
                .why(format!("it was not complete after {seconds} s"))
                .next("give it more time with `--timeout`");
        };
        let runs = container_state(pod, app).is_some_and(|state| state.running.is_some());
        let (Some((_, port)), true) = (self.options.options.main_port(), runs) else {
            let warning = self.newest_warning(pod).await;
            // A volume that is not there shows in no status.
            if let Some(trouble) = warning.as_ref().and_then(trouble_of) {
                return Box::pin(self.trouble(&trouble, Some(&pod.name_any()))).await;
            }
            return failure
                .why(format!(
                    "the Pod `{}` was not ready after {seconds} s{}",
                    pod.name_any(),
                    words_of(warning)
                ))
                .next("give it more time with `--timeout`");
        };
        self.silent(failure, pod, port.container).await
    }

    /// The container runs, and its probe gets no answer.
    async fn silent(&self, failure: Failure, pod: &Pod, port: u16) -> Failure {
        let name = pod.name_any();
        let seconds = self.options.timeout.as_secs();
        let probe = words_of(self.newest_warning(pod).await);
        let log = self.last_lines(Some(&name)).await;
        let log = if log.is_empty() {
            log
        } else {
            format!("\nits last lines:{log}")
        };
        let asks_by_http = self.options.options.pod.asks_by_http();
        let listens = listening::ports(self.cluster, &name, port).await;
        let others: Vec<String> = listens.iter().map(ToString::to_string).collect();
        let (where_, next) = match listens.first() {
            Some(first) if *first == port && asks_by_http => (
                format!("it answers on port {port}, but not what `--health-path` wants"),
                "name the path that answers 200 with `--health-path`, or ask by TCP with `--health-path off`".to_owned(),
            ),
            Some(first) if *first == port => (
                format!("it listens on port {port} of the loopback only"),
                "have it listen on all addresses (0.0.0.0)".to_owned(),
            ),
            Some(first) => (
                format!("it listens on port {}", others.join(", ")),
                format!("name the port that it listens on with `--port {first}`, or tell the app to listen on {port}"),
            ),
            None => (
                "it listens on none of the usual ports either".to_owned(),
                "name the port that it listens on, on all addresses, with `--port`, or give it more time with `--timeout`".to_owned(),
            ),
        };
        failure
            .why(format!(
                "its container runs, but nothing answered on port {port} for {seconds} s: {where_}{probe}{log}"
            ))
            .next(next)
    }

    async fn newest_warning(&self, pod: &Pod) -> Option<Event> {
        let fields = format!("involvedObject.name={},type=Warning", pod.name_any());
        let events = self
            .cluster
            .api::<Event>()
            .list(&ListParams::default().fields(&fields))
            .await;
        events
            .into_iter()
            .flatten()
            .max_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0))
    }

    /// Returns the end of the log of a container's last run, a line of detail for each; empty where
    /// there is none.
    async fn last_lines(&self, pod: Option<&str>) -> String {
        let Some(pod) = pod else { return String::new() };
        for previous in [true, false] {
            let params = LogParams {
                container: Some(self.options.container().to_owned()),
                previous,
                tail_lines: Some(LOG_LINES.into()),
                ..LogParams::default()
            };
            // A container that was not started again yet has no previous run.
            if let Ok(log) = self.cluster.api::<Pod>().log_stream(pod, &params).await {
                let lines = LogLines::of(std::pin::pin!(log)).last(LOG_LINES.into()).await;
                let lines = lines.join("\n  ").trim_end().to_owned();
                if !lines.is_empty() {
                    return format!("\n  {lines}");
                }
            }
        }
        String::new()
    }
}

fn trouble_of(warning: &Event) -> Option<Trouble> {
    Trouble::of_warning(
        warning.reason.as_deref()?,
        warning.message.as_deref().unwrap_or_default(),
    )
}

/// A warning as a detail of a cause; empty where there is none.
fn words_of(warning: Option<Event>) -> String {
    warning
        .and_then(|event| event.message)
        .map(|message| format!(": {}", message.trim()))
        .unwrap_or_default()
}
