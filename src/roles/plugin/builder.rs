//! The builder Job of a build, beside the upload of its layers. It sees to the base and then waits for
//! the layers. Whichever of the two fails first tells the true cause; the other one is stopped.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::time::timeout;

use super::{options::Site, staging::Staging};
use crate::{
    cluster::record,
    error::{Failure, Result},
    model::{AppName, BuildOutcome, Event, Layer, Step, Uploaded},
    oci::{Digest, Reference},
    steps::{cleanup, job},
};

/// So long a builder waits for layers that are being sent. It then makes room for others; when the
/// layers are there at last, another one begins.
const LAYERS_PATIENCE: Duration = Duration::from_mins(10);
/// A builder that is not done so long after the upload may wait for a layer that the registry has lost again: a
/// garbage collection takes what no manifest names yet.
const SEEN: Duration = Duration::from_secs(5);
/// One that is not done after so long again may lack the room that the staging Pod takes, by
/// a quota or on the nodes. It may as well copy a large base; then the next run starts a Pod anew.
const ROOM: Duration = Duration::from_secs(20);
/// So long an upload may take to fail after the builder has.
const LAST_WORD: Duration = Duration::from_secs(2);
/// So often a registry may not know a layer that it took.
const ATTEMPTS: u32 = 3;

/// One build, as the record knows it.
pub(super) struct Build<'a> {
    pub(super) site: &'a Site,
    pub(super) app: &'a AppName,
    pub(super) number: u64,
    pub(super) request_digest: Digest,
    pub(super) destination: &'a Reference,
    pub(super) pull_secret: Option<String>,
}

/// The layers did not come into the registry, so that nothing can be built.
pub(super) struct NotSent(pub(super) Failure);

type Ended = Result<(Uploaded, job::Built), NotSent>;

impl Build<'_> {
    /// Builds of layers that are sent meanwhile.
    pub(super) async fn of_layers(&self, staging: &mut Staging<'_>, layers: &[Layer]) -> Ended {
        let sending = Box::pin(staging.send(layers, Vec::new()));
        let mut building = pin!(self.job(1, Some(LAYERS_PATIENCE)));
        let (mut uploaded, ended) = match select(sending, &mut building).await {
            Either::Left((sent, _)) => (sent.map_err(NotSent)?, None),
            // What the builder says is the cause, unless the upload is about to fail as well: it comes
            // first in the line, and knows more of a login that is wrong. Dropped, it ends.
            Either::Right((ended, sending)) if matches!(ended.outcome, BuildOutcome::Failed(_)) => {
                return match timeout(LAST_WORD, sending).await {
                    Ok(Err(failure)) => Err(NotSent(failure)),
                    Ok(Ok(uploaded)) => Ok((uploaded, ended)),
                    Err(_) => Ok((Uploaded::default(), ended)),
                };
            }
            // Done: the answers are on their way. Or the builder did not wait so long.
            Either::Right((ended, sending)) => (sending.await.map_err(NotSent)?, Some(ended)),
        };
        let mut is_sent = ended.is_none();
        let mut ended = if let Some(ended) = ended {
            ended
        } else {
            let (again, ended) = seen_through(building, staging, layers).await?;
            uploaded.add(again);
            ended
        };
        let mut attempt = 1;
        while let BuildOutcome::MissingBlobs(digests) = &ended.outcome
            && attempt < ATTEMPTS
        {
            if is_sent {
                // The registry said that it had these layers, or took them, and does not know them.
                match staging.send(layers, digests.clone()).await {
                    Ok(again) => uploaded.add(again),
                    Err(failure) => {
                        ended.outcome = BuildOutcome::Failed(failure);
                        break;
                    }
                }
            }
            (is_sent, attempt) = (true, attempt + 1);
            ended = self.job(attempt, None).await;
        }
        Ok((uploaded, ended))
    }

    /// Builds of layers that an earlier build has sent to the destination.
    pub(super) async fn of_what_is_there(&self) -> Ended {
        let mut ended = self.job(1, None).await;
        if let BuildOutcome::MissingBlobs(digests) = &ended.outcome {
            ended.outcome = BuildOutcome::Failed(self.gone(digests));
        }
        Ok((Uploaded::default(), ended))
    }

    /// Removes what is there of it, as if it had never begun.
    pub(super) async fn undo(&self) {
        cleanup::run(&self.site.cluster, &self.site.run_id).await;
        // The failure is what the person must hear of; a record that stays is only an entry.
        let _ = record::abandon(&self.site.cluster, self.app, self.number).await;
    }

    /// Runs a builder. One that cannot say what came of the build has failed.
    async fn job(&self, attempt: u32, layers_patience: Option<Duration>) -> job::Built {
        let site = self.site;
        if attempt == 1 {
            site.events.send(Event::Started(Step::Build));
        }
        let builder = match site.builder(self.destination).await {
            Ok(builder) => builder,
            Err(failure) => return failed(failure),
        };
        let options = job::Options {
            app: self.app.clone(),
            run_id: site.run_id.clone(),
            attempt,
            number: self.number,
            request_digest: self.request_digest,
            builder_image: builder.image.clone(),
            builder_pull_secret: builder.pull_secret.clone(),
            push_secret: site.push_secret.clone(),
            pull_secret: self.pull_secret.clone(),
            cpu_limit: site.build_cpu_limit.clone(),
            layers_patience,
            deadline_seconds: site.timeout.map_or(job::DEADLINE_SECONDS, |time| {
                // Kubernetes wants at least a second.
                i64::try_from(time.as_secs()).unwrap_or(i64::MAX).max(1)
            }),
            patience: job::PATIENCE,
        };
        let failure = match Box::pin(job::run(&site.cluster, &options, &site.events)).await {
            Ok(built) => return built,
            Err(failure) => failure,
        };
        // It may still try to start, until its deadline.
        cleanup::builders(&site.cluster, &site.run_id).await;
        failed(failure)
    }

    fn gone(&self, digests: &[Digest]) -> Failure {
        let missing: Vec<String> = digests.iter().map(ToString::to_string).collect();
        let app = self.app;
        Failure::new(format!("could not build `{app}` again"))
            .why(format!(
                "`{}` no longer has its layers: {}",
                self.destination.name(),
                missing.join(", ")
            ))
            .next("build from the artifact, which sends them:")
            .command(format!("kubectl b2i build ARTIFACT --name {app} --rebuild"))
            .anchor("layers-gone")
    }
}

fn failed(failure: Failure) -> job::Built {
    job::Built {
        outcome: BuildOutcome::Failed(failure),
        log_tail: Vec::new(),
    }
}

/// Waits for the builder of layers that are sent. Returns what had to be sent again as well.
async fn seen_through(
    mut building: Pin<&mut impl Future<Output = job::Built>>,
    staging: &mut Staging<'_>,
    layers: &[Layer],
) -> Ended {
    if let Ok(ended) = timeout(SEEN, &mut building).await {
        return Ok((Uploaded::default(), ended));
    }
    let again = staging.make_up_for_losses(layers).await.map_err(NotSent)?;
    if let Ok(ended) = timeout(ROOM, &mut building).await {
        return Ok((again, ended));
    }
    staging.make_room().await;
    Ok((again, building.await))
}
