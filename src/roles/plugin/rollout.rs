//! A rollout as `deploy`, `rerun` and `rollback` have it: told while it lasts, and what is told at its
//! end.

use std::time::Duration;

use super::{command_line::CommandLine, interrupt::Stage, kind, known_builds::KnownBuilds, kubesphere, values};
use crate::{
    cluster::{Cluster, record},
    error::Result,
    model::{AppName, BuildRequest, DeployOptions, Event, Events, Rollout, Step, Strategy},
    oci::Reference,
    steps::deploy,
};

/// How a rollout goes, and whether and how long it is waited for.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Flags of the rollout")]
pub(crate) struct RolloutArgs {
    /// Whether new Pods start beside the old ones (rolling) or after they have ended (recreate), which needs no room for
    /// both, and leaves the app down in between; kept for later rollouts, which are rolling when nobody says so
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<StrategyWord>,
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

/// What `--strategy` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum StrategyWord {
    /// New Pods start beside the old ones.
    Rolling,
    /// New Pods start after the old ones have ended.
    Recreate,
}

impl RolloutArgs {
    /// Returns the strategy that was given.
    pub(super) fn strategy(&self) -> Option<Strategy> {
        self.strategy.map(|word| match word {
            StrategyWord::Rolling => Strategy::Rolling,
            StrategyWord::Recreate => Strategy::Recreate,
        })
    }

    /// Reads the time.
    pub(super) fn timeout(&self) -> Result<Duration> {
        Ok(values::time("--timeout", &self.timeout)?.unwrap_or(FOR_EVER))
    }

    /// Returns the order to run an image of a recorded build.
    pub(super) fn order(
        &self,
        app: &AppName,
        previous: DeployOptions,
        image: Reference,
        request: &BuildRequest,
    ) -> Result<deploy::Options> {
        let options = DeployOptions {
            strategy: self.strategy().unwrap_or(previous.strategy),
            ..previous.clone()
        };
        kind::ensure_strategy(&options, app)?;
        let jvm = request.runs_a_jvm();
        let (derived, _) = kubesphere::map(&request.config, request.s2i, jvm, &options);
        Ok(deploy::Options {
            name: app.clone(),
            decided_upon: Some(Some(previous)),
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

/// Rolls out the image of this build, where one was made now.
pub(super) async fn run(
    cluster: &Cluster,
    order: &deploy::Options,
    build: Option<u64>,
    stage: &Stage,
    events: &Events,
) -> Result<Rollout> {
    let app = &order.name;
    stage.rolling_out(app);
    events.send(Event::Started(Step::RollOut));
    let rollout = match Box::pin(deploy::run(cluster, order, events)).await {
        Ok(rollout) => rollout,
        Err(failed) => {
            if let (Some(number), true) = (build, failed.is_undone) {
                // It only keeps the next deploy from remembering what was said for this one.
                let _ = record::undone(cluster, app, number).await;
                KnownBuilds::of(cluster, app).forget(number);
            }
            return Err(failed.failure);
        }
    };
    let figures = match (order.wait, rollout.changed) {
        (false, _) => format!("{app} told; not waited for"),
        (true, true) => format!("{app} {}/{} ready", rollout.ready, rollout.wanted),
        (true, false) => format!("{app} {}/{} ready, as before", rollout.ready, rollout.wanted),
    };
    events.send(Event::Done(Step::RollOut, figures));
    Ok(rollout)
}

/// Where the app answers, as the last lines of talk: from outside, else in the cluster and how to get there.
pub(super) fn place(rollout: &Rollout, line: &CommandLine) -> Option<String> {
    Some(match (&rollout.url, &rollout.answer) {
        (Some(url), Some(answer)) => format!("\n  {url}   {answer}"),
        (Some(url), None) => format!("\n  {url}"),
        (None, _) => {
            let address = rollout.address.as_ref()?;
            let forward = rollout.port_forward.as_ref();
            let forward = forward.map_or_else(String::new, |forward| {
                format!("; from this machine:\n  {}", line.command(forward))
            });
            format!("\n  {address}   in the cluster{forward}")
        }
    })
}
