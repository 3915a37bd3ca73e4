//! Ctrl-C: what was begun in the cluster is removed, but a rollout goes on.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::sleep;

use super::commands::rollback;
use crate::{
    cluster::{Cluster, record},
    error::{Failure, Kind, Result},
    model::{AppName, RolloutOutcome, RolloutRecord},
    steps::cleanup,
    term::Printer,
};

/// How far a run is, so that an interrupt knows what there is to undo.
#[derive(Default)]
pub(super) struct Stage {
    at: Mutex<At>,
    back: Mutex<Back>,
}

/// How a rollout that goes on is undone.
#[derive(Clone, Copy, Default)]
pub(super) enum Back {
    /// By `rollback`, where the app has an earlier image.
    #[default]
    ToEarlier,
    /// By `rollback` to this build, which served until now.
    To(u64),
    /// By `delete`: the app was not there before.
    Delete,
}

#[derive(Clone, Default)]
enum At {
    /// Nothing of this run is in the cluster.
    #[default]
    Nothing,
    /// A staging Pod or a builder Job may be there.
    InCluster,
    /// So is an entry of the build record.
    Recorded(AppName, u64),
    /// The build is done, and its entry stays. The staging Pod is not handed over yet.
    Built,
    /// The Deployment was told. The rollout is in the record, where it changes something.
    RollOut(AppName, Option<Box<RolloutRecord>>),
}

impl Stage {
    pub(super) fn in_cluster(&self) {
        self.set(At::InCluster);
    }

    pub(super) fn recorded(&self, app: &AppName, number: u64) {
        self.set(At::Recorded(app.clone(), number));
    }

    pub(super) fn built(&self) {
        self.set(At::Built);
    }

    pub(super) fn rolling_out(&self, app: &AppName, recorded: Option<RolloutRecord>) {
        self.set(At::RollOut(app.clone(), recorded.map(Box::new)));
    }

    pub(super) fn done(&self) {
        self.set(At::Nothing);
    }

    /// Keeps how the rollout that comes is undone.
    pub(super) fn goes_back(&self, back: Back) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = back;
    }

    fn set(&self, at: At) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    fn get(&self) -> At {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn back(&self) -> Back {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the record may take that tells how to go back: somebody waits for the end.
const LOOK: Duration = Duration::from_secs(3);

/// Runs `work` to its end, or to the person's Ctrl-C; then undoes what was begun.
pub(super) async fn or_cleanup<T>(
    work: impl Future<Output = Result<T>>,
    stage: &Stage,
    cluster: &Cluster,
    run_id: &str,
    printer: &Printer,
) -> Result<T> {
    tokio::select! {
        // Listens before the work begins: there is no moment at which it is not heard.
        biased;
        () = asked_to_stop() => {}
        done = work => return done,
    }
    let stopped = |what: &str| Failure {
        kind: Kind::Interrupted,
        ..Failure::new(what)
    };
    match stage.get() {
        At::Nothing => Err(stopped("stopped; nothing was begun in the cluster")),
        at @ (At::InCluster | At::Recorded(..) | At::Built) => {
            printer.say("stopping: removing what was begun in the cluster (Ctrl-C again leaves it there)");
            let removed = match &at {
                At::Built => "stopped after the build; its Jobs are removed, its entry in the record stays",
                _ => "stopped; what was begun in the cluster is removed",
            };
            tokio::select! {
                () = undo(&at, cluster, run_id) => Err(stopped(removed)),
                () = asked_to_stop() => Err(stopped("stopped; what was begun in the cluster is still there")
                    .next("its Jobs end and go by themselves; to remove them now:")
                    .command(format!(
                        "kubectl delete jobs -l {}={run_id} -n {}",
                        crate::cluster::objects::labels::RUN, cluster.namespace
                    ))),
            }
        }
        At::RollOut(app, recorded) => {
            if let Some(recorded) = recorded {
                tokio::select! {
                    () = record_interrupt(cluster, &app, *recorded) => {}
                    () = asked_to_stop() => {}
                }
            }
            let stopped = stopped(&format!("stopped waiting; the rollout of `{app}` goes on"));
            Err(goes_on(stopped, cluster, &app, stage.back()).await)
        }
    }
}

/// Adds what can be done about a rollout that goes on: only what works.
async fn goes_on(stopped: Failure, cluster: &Cluster, app: &AppName, back: Back) -> Failure {
    let namespace = &cluster.namespace;
    let watch = format!("kubectl b2i status {app} --watch -n {namespace}");
    let rollback = format!("kubectl b2i rollback {app} -n {namespace}");
    let rollback = match back {
        Back::Delete => {
            return stopped
                .next("watch it, read its log, or remove it; then deploy it again:")
                .command(watch)
                .command(format!("kubectl b2i logs {app} --follow -n {namespace}"))
                .command(format!("kubectl b2i delete {app} -n {namespace}"))
                .again("");
        }
        Back::To(number) => Some(format!("{rollback} --to {number}")),
        Back::ToEarlier => {
            let is_possible = tokio::select! {
                is_possible = rollback::is_possible(cluster, app) => is_possible,
                () = sleep(LOOK) => false,
                () = asked_to_stop() => false,
            };
            is_possible.then_some(rollback)
        }
    };
    match rollback {
        Some(rollback) => stopped
            .next("watch it; to go back, deploy with the flags as they were, or take the earlier image:")
            .command(watch)
            .command(rollback),
        None => stopped
            .next("watch it; to go back, deploy with the flags as they were:")
            .command(watch),
    }
}

/// Runs `work` to its end, or drops it at the person's Ctrl-C: for what is only on this machine.
pub(super) async fn or_stop<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let stopped = Failure::new("stopped; nothing was begun in the cluster");
    or_leave(work, stopped).await
}

/// Runs `work` to its end, or drops it at the person's Ctrl-C and says what that leaves.
pub(super) async fn or_leave<T>(work: impl Future<Output = Result<T>>, stopped: Failure) -> Result<T> {
    tokio::select! {
        done = work => done,
        () = asked_to_stop() => Err(Failure {
            kind: Kind::Interrupted,
            ..stopped
        }),
    }
}

async fn undo(at: &At, cluster: &Cluster, run_id: &str) {
    cleanup::run(cluster, run_id).await;
    if let At::Recorded(app, number) = at {
        // The interrupt is what the person must hear of; a record that stays is only an entry.
        let _ = record::abandon(cluster, app, *number).await;
    }
}

/// Records that nobody waits for the end of a rollout any more. Failing to do so is harmless.
async fn record_interrupt(cluster: &Cluster, app: &AppName, rollout: RolloutRecord) {
    let interrupted = RolloutRecord {
        outcome: RolloutOutcome::Interrupted,
        ended: Some(Timestamp::now().to_string()),
        ..rollout
    };
    record::rolled_out(cluster, app, &interrupted, None).await.ok();
}

/// Waits for Ctrl-C, or for the signal by which a CI system ends a job.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
