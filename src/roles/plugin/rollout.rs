//! A rollout as `deploy`, `rerun` and `rollback` have it: told while it lasts, and what is told at its
//! end.

use std::time::Duration;

use jiff::Timestamp;

use super::{interrupt::Stage, known_builds::KnownBuilds, kubesphere, values};
use crate::{
    cluster::{Cluster, record},
    error::Result,
    model::{
        AppName, BuildRequest, DeployOptions, Event, Events, Rollout, RolloutOutcome, RolloutRecord, Step,
    },
    oci::Reference,
    steps::deploy::{self, Previous},
};

/// Whether and how long a rollout is waited for.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Flags of the rollout")]
pub(crate) struct RolloutArgs {
    /// Take over fields that somebody else set
    #[arg(long)]
    pub(super) force_conflicts: bool,
    /// Leave what does not serve as it is, instead of putting the earlier version back
    #[arg(long)]
    pub(super) no_undo: bool,
    /// Wait until the app serves
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    pub(super) wait: bool,
    /// How long to wait for that, for example 5m
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: String,
}

/// `--timeout 0`: a day is longer than anybody waits.
const FOR_EVER: Duration = Duration::from_hours(24);

impl RolloutArgs {
    /// Reads the time.
    pub(super) fn timeout(&self) -> Result<Duration> {
        Ok(values::time("--timeout", &self.timeout)?.unwrap_or(FOR_EVER))
    }

    /// Returns the order to run an image of a recorded build.
    pub(super) fn order(
        &self,
        app: &AppName,
        options: DeployOptions,
        image: Reference,
        request: &BuildRequest,
    ) -> Result<deploy::Options> {
        let jvm = request.runs_a_jvm();
        let (derived, _) = kubesphere::map(&request.config, request.s2i, jvm, &options);
        Ok(deploy::Options {
            name: app.clone(),
            decided_upon: Some(Some(options.clone())),
            options,
            derived,
            image,
            build: None,
            platform: match &request.platforms[..] {
                [only] => Some(only.clone()),
                _ => None,
            },
            timeout: self.timeout()?,
            wait: self.wait,
            jvm,
            undo: !self.no_undo,
            force_conflicts: self.force_conflicts,
            adopt: false,
            patience: deploy::PATIENCE,
        })
    }
}

/// What is rolled out, and what is recorded of it.
pub(super) struct Rolling<'a> {
    pub(super) order: &'a deploy::Options,
    /// How the app was deployed before; `None` where it was not.
    pub(super) previous: Option<&'a Previous>,
    /// The build whose image it is.
    pub(super) build: Option<u64>,
    /// Whether this run made that build.
    pub(super) is_new_build: bool,
    /// What it changes, in words.
    pub(super) changes: Vec<String>,
}

impl<'a> Rolling<'a> {
    /// Returns the rollout of a build; `made` is its number where this run made it.
    pub(super) fn of(order: &'a deploy::Options, previous: Option<&'a Previous>, made: Option<u64>) -> Self {
        Self {
            order,
            previous,
            build: order.build.map(|seal| seal.number),
            is_new_build: made.is_some(),
            changes: changes(previous, order),
        }
    }
}

/// Returns what a rollout changes, in words and without values of env: the record has them, which more people may
/// read than the workload. This is the one place that finds them.
fn changes(previous: Option<&Previous>, order: &deploy::Options) -> Vec<String> {
    let Some(previous) = previous else {
        return vec!["first deploy".to_owned()];
    };
    let remembered = DeployOptions {
        replicas: None,
        ..order.options.clone()
    };
    let replicas = order.options.replicas.map(|count| format!("replicas {count}"));
    let words = [
        (previous.image.as_ref() != Some(&order.image)).then(|| "image".to_owned()),
        (previous.options != remembered).then(|| "options".to_owned()),
        replicas,
    ];
    words.into_iter().flatten().collect()
}

/// Rolls out an image, and records what came of it.
pub(super) async fn run(
    cluster: &Cluster,
    rolling: Rolling<'_>,
    stage: &Stage,
    events: &Events,
) -> Result<Rollout> {
    let Rolling { order, previous, .. } = rolling;
    let app = &order.name;
    let mut recorded = RolloutRecord {
        started: Timestamp::now().to_string(),
        build: rolling.build,
        image: order.image.to_string(),
        changes: rolling.changes,
        ..RolloutRecord::default()
    };
    let serving = previous.and_then(Previous::serving);
    // Failing to record a rollout is harmless: only the history lacks it.
    let record = async |rollout: &RolloutRecord| {
        record::rolled_out(cluster, app, rollout, serving.as_deref())
            .await
            .ok();
    };
    let changes_something = !recorded.changes.is_empty();
    if changes_something {
        record(&recorded).await;
    }
    stage.rolling_out(app, changes_something.then(|| recorded.clone()));
    events.send(Event::Started(Step::RollOut));
    let ended = Box::pin(deploy::run(cluster, order, events)).await;
    recorded.ended = Some(Timestamp::now().to_string());
    let rollout = match ended {
        Ok(rollout) => rollout,
        Err(failed) => {
            if rolling.is_new_build && previous.is_some() && failed.outcome != RolloutOutcome::Failed {
                // The app is not what this deploy wanted: the next one remembers nothing of it.
                rolling
                    .build
                    .inspect(|build| KnownBuilds::of(cluster, app).forget(*build));
            }
            recorded.outcome = failed.outcome;
            recorded.why = Some(failed.cause).filter(|why| !why.is_empty());
            record(&recorded).await;
            return Err(failed.failure);
        }
    };
    if order.wait {
        recorded.outcome = RolloutOutcome::Serving;
        // The same deploy again is no news, unless the app has not served until now.
        if changes_something || rollout.changed || serving.is_none() {
            record(&recorded).await;
        }
    }
    let figures = match (order.wait, rollout.changed) {
        (false, _) => format!("{app} told; not waited for"),
        (true, true) => format!("{app} {}/{} ready", rollout.ready, rollout.wanted),
        (true, false) => format!("{app} {}/{} ready, as before", rollout.ready, rollout.wanted),
    };
    events.send(Event::Done(Step::RollOut, figures));
    Ok(rollout)
}

/// Where the app answers, as the last lines of talk.
pub(super) fn place(rollout: &Rollout) -> Option<String> {
    let url = rollout.url.as_ref()?;
    Some(match &rollout.answer {
        Some(answer) => format!("\n  {url}   {answer}"),
        None => format!("\n  {url}"),
    })
}
