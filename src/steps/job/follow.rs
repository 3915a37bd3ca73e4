//! Follows the builder's container to its end: not the Job, which is told of it seconds later, and
//! not the Pod's phase, which the sidecar of a service mesh keeps at Running.

use std::{collections::VecDeque, future, time::Duration};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::{ResourceExt, runtime::watcher};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{Options, logs};
use crate::{
    cluster::{
        Cluster, Patience, Trouble,
        job_pod::pods_of_job,
        objects::builder_job::CONTAINER,
        trouble::{container_state, is_going},
        warnings,
    },
    model::{Event, Events, Step},
};

/// How many lines of the log are kept for the record.
const LOG_LINES: usize = 100;
/// Kubernetes ends the Job at its deadline; so much later we end by ourselves.
const DEADLINE_SLACK: Duration = Duration::from_mins(1);
/// The log of a container that has ended is there but for what is on its way; it is not worth more.
const LOG_END: Duration = Duration::from_secs(3);

/// How following ended.
pub(super) enum End {
    /// The container ended.
    Terminated(ContainerStateTerminated),
    /// The Pod is no more, or nothing was heard of it until the time was over.
    Gone,
    /// The container cannot run.
    Stuck(Trouble),
}

/// What was seen of the builder.
pub(super) struct Builder<'a> {
    cluster: &'a Cluster,
    events: &'a Events,
    /// The Pod as it was seen last.
    pub(super) pod: Option<Pod>,
    /// The last lines of its log.
    pub(super) log_tail: VecDeque<String>,
    /// The line with which a builder ends that fails. Its result says the same, so it is shown only where more lines
    /// or no result follow.
    last_line: Option<String>,
    lines: Option<mpsc::Receiver<String>>,
    /// Warnings about the Pod; none before its name is known.
    warnings: BoxStream<'static, (String, String)>,
    by_status: Patience,
    by_warning: Patience,
}

impl<'a> Builder<'a> {
    pub(super) fn new(cluster: &'a Cluster, options: &Options, events: &'a Events) -> Self {
        Self {
            cluster,
            events,
            pod: None,
            log_tail: VecDeque::new(),
            last_line: None,
            lines: None,
            warnings: stream::pending().boxed(),
            by_status: Patience::new(options.patience),
            by_warning: Patience::new(options.patience),
        }
    }

    /// Follows until the container has ended, or cannot run.
    ///
    /// # Errors
    /// The API server's refusal, where Pods may not be watched.
    pub(super) async fn follow(
        &mut self,
        job: &str,
        job_uid: &str,
        deadline: Duration,
    ) -> Result<End, watcher::Error> {
        let mut pods = pods_of_job(self.cluster, job_uid);
        let refusals = warnings(self.cluster, job);
        futures_util::pin_mut!(refusals);
        let give_up = Instant::now() + deadline + DEADLINE_SLACK;
        let end = loop {
            tokio::select! {
                line = next_line(&mut self.lines) => self.log(line),
                Some(pods) = pods.next() => {
                    if let Some(end) = self.look(pods?.into_iter().next()) {
                        break end;
                    }
                }
                Some(warning) = refusals.next(), if self.pod.is_none() => self.warned(&warning),
                Some(warning) = self.warnings.next(), if self.lines.is_none() => self.warned(&warning),
                trouble = self.by_status.runs_out() => break End::Stuck(trouble),
                trouble = self.by_warning.runs_out() => break End::Stuck(trouble),
                () = sleep_until(give_up) => break End::Gone,
            }
        };
        self.rest_of_log().await;
        if !matches!(end, End::Terminated(_)) {
            self.show_last_line();
        }
        Ok(end)
    }

    /// Looks at the Pod as it is now, and returns how it ended where it did.
    fn look(&mut self, now: Option<Pod>) -> Option<End> {
        let Some(pod) = now else {
            return self.pod.is_some().then_some(End::Gone);
        };
        if self.pod.is_none() {
            // There is a Pod now, so whatever refused it let it pass.
            self.by_warning.note(None);
            self.warnings = warnings(self.cluster, &pod.name_any()).boxed();
        }
        let state = container_state(&pod, CONTAINER).cloned().unwrap_or_default();
        let has_started = state.running.is_some() || state.terminated.is_some();
        if has_started && self.lines.is_none() {
            self.by_warning.note(None);
            self.events.send(Event::Doing(Step::Build, "building".to_owned()));
            self.lines = Some(logs::follow(self.cluster, &pod.name_any(), CONTAINER));
        }
        let trouble = Trouble::of(&pod, CONTAINER);
        let never_ran = is_going(&pod) && !has_started;
        self.pod = Some(pod);
        if let Some(terminated) = state.terminated {
            return Some(End::Terminated(terminated));
        }
        if never_ran {
            return Some(End::Gone);
        }
        let told = trouble.as_ref().map(ToString::to_string);
        if self.by_status.note(trouble) {
            self.tell(told);
        }
        None
    }

    fn warned(&mut self, (reason, message): &(String, String)) {
        let trouble = Trouble::of_warning(reason, message);
        let told = trouble.as_ref().map(ToString::to_string);
        if trouble.is_some() && self.by_warning.note(trouble) {
            self.tell(told);
        }
    }

    /// Says what is waited for, while it is waited for.
    fn tell(&self, trouble: Option<String>) {
        if let Some(trouble) = trouble {
            self.events.send(Event::Doing(Step::Build, trouble));
        }
    }

    fn log(&mut self, line: String) {
        self.show_last_line();
        if line.starts_with("error: ") {
            self.last_line = Some(line.clone());
        } else {
            self.events.send(Event::Log(Step::Build, line.clone()));
        }
        if self.log_tail.len() == LOG_LINES {
            self.log_tail.pop_front();
        }
        self.log_tail.push_back(line);
    }

    fn show_last_line(&mut self) {
        if let Some(line) = self.last_line.take() {
            self.events.send(Event::Log(Step::Build, line));
        }
    }

    async fn rest_of_log(&mut self) {
        let until = Instant::now() + LOG_END;
        while let Some(lines) = &mut self.lines {
            match timeout(until - Instant::now(), lines.recv()).await {
                Ok(Some(line)) => self.log(line),
                Ok(None) | Err(_) => self.lines = None,
            }
        }
    }
}

/// Returns the next line of the log; waits for ever where there is none, or none any more.
async fn next_line(lines: &mut Option<mpsc::Receiver<String>>) -> String {
    if let Some(open) = lines
        && let Some(line) = open.recv().await
    {
        return line;
    }
    future::pending().await
}
