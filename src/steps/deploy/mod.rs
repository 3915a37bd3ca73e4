//! Sets the image by digest and waits for the rollout; puts the earlier version back when it fails.

mod advice;
mod aftermath;
mod again;
mod answer;
mod apply;
mod changes;
mod conflict;
mod earlier;
mod early;
mod listening;
mod live;
mod outcome;
mod phrase;
mod progress;
mod pull;
mod revision;
mod rollout;
mod room;
mod scaled;
mod settled;
mod undo;
mod version;
mod warned;

use std::time::Duration;

use apply::Objects;
pub use changes::changes;
pub use earlier::options_of;
pub use early::ensure_accepted;
pub use live::{Adoption, Previous, adopt, other_kind, previous};
use outcome::Teller;
use rollout::Cause;
pub use scaled::ensure_replicas_are_ours;
use undo::Undone;
use version::Version;

use crate::{
    cluster::{Cluster, objects::url},
    error::{Failure, Result},
    model::{AppName, DeployOptions, Derived, Event, Events, Rollout, RolloutOutcome, Seal},
    oci::{Platform, Reference},
};

/// How long a Pod may stay without a node, or a pull may fail, before we give up.
/// A cluster that adds nodes by itself takes about a minute.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How an app is deployed now.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own: no two exclude each other"
)]
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the Deployment and the Service.
    pub name: AppName,
    /// What the person said, now and before. `replicas` only where its flag was given now.
    pub options: DeployOptions,
    /// What follows from that.
    pub derived: Derived,
    /// `registry/repository@digest`
    pub image: Reference,
    /// Seal of the build that made it; `None` where nothing is built.
    pub build: Option<Seal>,
    /// The platform of an image that has only one.
    pub platform: Option<Platform>,
    /// Whether a JVM runs in it.
    pub jvm: bool,
    /// How long the rollout may take.
    pub timeout: Duration,
    /// Whether to wait for the rollout.
    pub wait: bool,
    /// Whether to put the earlier version back when the rollout fails.
    pub undo: bool,
    /// Whether to take over fields that somebody else set.
    pub force_conflicts: bool,
    /// Whether a workload that somebody else made may be given our image.
    pub adopt: bool,
    /// What had been remembered of the app when this was decided: by now somebody else may have deployed
    /// it. `None` where that is not looked at.
    pub decided_upon: Option<Option<DeployOptions>>,
    /// What may pass is waited for so long: [`PATIENCE`].
    pub patience: Duration,
}

impl Options {
    /// Returns the name of the container that runs the image.
    pub(crate) fn container(&self) -> &str {
        self.options.adopted.as_deref().unwrap_or(self.name.as_str())
    }
}

/// A deploy that failed.
#[derive(Debug)]
pub struct Failed {
    /// Why, in a person's words.
    pub failure: Failure,
    /// What came of the rollout.
    pub outcome: RolloutOutcome,
    /// Why, in one sentence, without the app's own log.
    pub cause: String,
    /// What it had changed: see [`changes`].
    pub changes: Vec<String>,
}

impl Failed {
    fn new(failure: Failure, outcome: RolloutOutcome) -> Self {
        let cause = failure.why.lines().next().unwrap_or_default().to_owned();
        Self {
            failure,
            outcome,
            cause,
            changes: Vec::new(),
        }
    }
}

/// Before anything is applied, a failure is a refusal.
impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::new(failure, RolloutOutcome::Refused)
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        failed.failure
    }
}

/// Deploys an app and waits until it serves.
///
/// # Errors
/// The objects are somebody else's, or refused; or the rollout fails, with the reason why. Then the
/// earlier version was put back, or, where there is none, the objects stay for a look. Where another
/// deploy has replaced this one, nothing is changed any more.
pub async fn run(cluster: &Cluster, options: &Options, events: &Events) -> Result<Rollout, Failed> {
    let teller = Teller { cluster, options };
    let before = live::objects(cluster, options).await?;
    live::ensure_as_decided(cluster, options, &before)?;
    let phrases = announced(&before, options, events);
    let mut applied = Box::pin(apply::apply(cluster, options, &before))
        .await
        .map_err(|refused| teller.refused(&refused))?;
    let changed = applied.differs_from(&before);
    if let (false, Some(unchanged)) = (applied.pods_differ_from(&before), &applied.workload)
        && let Some(restarted) = again::start_again(cluster, options, unchanged).await
    {
        applied.workload = Some(restarted);
    }
    // After the restart, so that what is seen from before it is not taken for what came of it.
    let version = applied.workload.as_ref();
    let version = version.map(|it| Version::of(it, options.container()));
    let version = version.unwrap_or_default();
    let prune = async || {
        let pruned = apply::prune(cluster, options, &applied, &version).await;
        pruned.map_err(|refused| Failed::new(teller.not_pruned(&refused), RolloutOutcome::Failed))
    };
    let ensure_settled = async || {
        let settled = settled::ensure(cluster, options, &applied, &version).await;
        settled.map_err(|failure| Failed::new(failure, RolloutOutcome::Replaced))
    };
    if !options.wait {
        prune().await?;
        if changed {
            ensure_settled().await?;
        }
        return Ok(Rollout {
            changes: phrases,
            ..rollout_of(cluster, options, &applied, changed)
        });
    }
    let already = if changed {
        None
    } else {
        rollout::served(cluster, options, &applied).await
    };
    // The answer to the apply has shown it all.
    let is_settled = already.is_some();
    let served = match already {
        Some(served) => Ok(served),
        None => rollout::wait(cluster, options, &applied, &version, events).await,
    };
    let served = match served {
        Ok(served) => served,
        Err(cause) => {
            let failed = failed(&teller, &cause, &before, &applied, &version).await;
            return Err(Failed {
                changes: phrases,
                ..failed
            });
        }
    };
    // Only now: what fails can still be put back as it was.
    prune().await?;
    let url = answer::url(cluster, options, &served, &applied, events).await;
    let answer = match &url {
        Some(url) if url.is_asked => answer::ask(&url.text, events).await,
        _ => None,
    };
    if !is_settled {
        ensure_settled().await?;
    }
    Ok(Rollout {
        ready: served.ready,
        wanted: served.wanted,
        url: url.map(|url| url.text),
        answer,
        changes: phrases,
        ..rollout_of(cluster, options, &applied, changed)
    })
}

/// Says what changes of an app that is deployed, and returns it.
fn announced(before: &Objects, options: &Options, events: &Events) -> Vec<String> {
    let live = before.workload.as_ref();
    let changes = live.map(|live| changes(live, options)).unwrap_or_default();
    if !changes.is_empty() {
        events.send(Event::Changes(changes.clone()));
    }
    changes
}

/// Puts the version before back, where there is one and nobody has replaced this one.
async fn failed(
    teller: &Teller<'_>,
    cause: &Cause,
    before: &Objects,
    applied: &Objects,
    version: &Version<'_>,
) -> Failed {
    // What is told of the Pods must be read before the undo removes them.
    let failure = teller.rollout_failed(cause, version).await;
    let because = match cause {
        Cause::Trouble(trouble, _) => trouble.to_string(),
        _ => failure.why.lines().next().unwrap_or_default().to_owned(),
    };
    if let Cause::Replaced(_) | Cause::Deleted = cause {
        return Failed::new(failure, RolloutOutcome::Replaced);
    }
    let has_earlier = before.workload.is_some() && applied.differs_from(before);
    let undone = if has_earlier && teller.options.undo {
        Some(undo::undo(teller.cluster, before, applied, version).await)
    } else {
        None
    };
    Failed {
        failure: teller.after_failure(failure, before, undone.as_ref(), version),
        outcome: match undone {
            Some(Ok(Undone::Back)) => RolloutOutcome::Undone,
            Some(Ok(Undone::Left(_))) => RolloutOutcome::Replaced,
            Some(Err(_)) | None => RolloutOutcome::Failed,
        },
        cause: because,
        changes: Vec::new(),
    }
}

/// Returns the objects that a deploy would apply, as JSON, the workload last, and changes nothing; what they change of
/// an app that is deployed is said as before a deploy. With `on_server` they are what the API server would make of them.
///
/// # Errors
/// The objects are somebody else's, or would be refused.
pub async fn dry_run(
    cluster: &Cluster,
    options: &Options,
    on_server: bool,
    events: &Events,
) -> Result<Vec<serde_json::Value>> {
    let before = live::objects(cluster, options).await?;
    announced(&before, options, events);
    let objects = if on_server {
        let teller = Teller { cluster, options };
        let rehearsed = apply::rehearse(cluster, options, &before).await;
        let rehearsed = rehearsed.map_err(|refused| teller.refused(&refused))?;
        serde_json::json!([
            rehearsed.service,
            rehearsed.headless,
            rehearsed.ingress,
            rehearsed.workload
        ])
    } else {
        let wanted = apply::wanted(options, &before);
        serde_json::json!([wanted.service, wanted.headless, wanted.ingress, wanted.workload])
    };
    let mut objects: Vec<serde_json::Value> = serde_json::from_value(objects).unwrap_or_default();
    objects.retain(|object| !object.is_null());
    for metadata in objects
        .iter_mut()
        .filter_map(|object| object["metadata"].as_object_mut())
    {
        // As kubectl prints objects: who owns which field is not part of them.
        metadata.remove("managedFields");
    }
    Ok(objects)
}

fn rollout_of(cluster: &Cluster, options: &Options, applied: &apply::Objects, changed: bool) -> Rollout {
    let workload = applied.workload.as_ref();
    let (name, namespace, said) = (&options.name, &cluster.namespace, &options.options);
    let has_service = applied.service.is_some();
    Rollout {
        name: options.name.to_string(),
        ready: workload.map_or(0, |it| it.counts().ready),
        wanted: workload.map_or(0, crate::cluster::Workload::wanted),
        changed,
        changes: Vec::new(),
        address: has_service
            .then(|| url::in_cluster(name, namespace, said))
            .flatten(),
        port_forward: has_service
            .then(|| url::port_forward(name, namespace, said))
            .flatten(),
        url: None,
        answer: None,
    }
}
