//! A rollout as `deploy`, `rerun` and `rollback` have it: told while it lasts, and what is told at its
//! end.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    command_line::CommandLine, interrupt::Stage, kind, known_builds::KnownBuilds, kubesphere, values,
};
use crate::{
    cluster::{Cluster, record},
    error::Result,
    model::{
        AppName, BuildRequest, DeployOptions, Event, Events, Rollout, RolloutOutcome, RolloutRecord, Step,
        Strategy,
    },
    oci::Reference,
    steps::deploy::{self, Previous},
};

/// How a rollout goes, and whether and how long it is waited for.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Flags of the rollout")]
pub(crate) struct RolloutArgs {
    /// Whether new Pods start beside the old ones (rolling, the default) or after they have ended (recreate), which needs
    /// no room for both but leaves the app down in between; kept for later rollouts
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

/// What is rolled out, and what is recorded of it.
pub(super) struct Rolling<'a> {
    pub(super) order: &'a deploy::Options,
    /// How the app was deployed before; `None` where it was not.
    pub(super) previous: Option<&'a Previous>,
    /// The build whose image it is.
    pub(super) build: Option<u64>,
    /// Whether this run made that build.
    pub(super) is_new_build: bool,
    /// What it is, where that says more than a change of the image: `rollback to #1`.
    pub(super) title: Option<String>,
}

impl<'a> Rolling<'a> {
    /// Returns the rollout of a build; `made` is its number where this run made it.
    pub(super) fn of(order: &'a deploy::Options, previous: Option<&'a Previous>, made: Option<u64>) -> Self {
        Self {
            order,
            previous,
            build: order.build.map(|seal| seal.number),
            is_new_build: made.is_some(),
            title: None,
        }
    }
}

/// Returns what a rollout changes, as far as it is known before it begins.
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
        changes: in_words(rolling.title.as_deref(), &changes(previous, order)),
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
    let found = match &ended {
        Ok(rollout) => &rollout.changes,
        Err(failed) => &failed.changes,
    };
    if !found.is_empty() {
        recorded.changes = in_words(rolling.title.as_deref(), found);
    }
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

/// Returns what is recorded of a rollout's changes.
fn in_words(title: Option<&str>, changes: &[String]) -> Vec<String> {
    let is_image = |change: &str| change == "image" || change.starts_with("image ");
    let changes = changes
        .iter()
        .filter(|change| title.is_none() || !is_image(change));
    let title = title.map(ToOwned::to_owned);
    title
        .into_iter()
        .chain(changes.map(|change| without_env_value(change)))
        .collect()
}

/// Returns a change as it is recorded: more people may read the record than the workload, which has the values of env.
fn without_env_value(change: &str) -> String {
    let mut words = change.splitn(3, ' ');
    let (Some("env"), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
        return change.to_owned();
    };
    let verb = rest
        .split(' ')
        .next()
        .filter(|verb| ["added", "removed"].contains(verb));
    format!("env {name} {}", verb.unwrap_or("changed"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_no_values_of_env() {
        for (change, recorded) in [
            ("env LOG_LEVEL added (debug)", "env LOG_LEVEL added"),
            ("env LOG_LEVEL info → debug", "env LOG_LEVEL changed"),
            ("env LOG_LEVEL removed", "env LOG_LEVEL removed"),
            ("memory 512Mi → 1Gi", "memory 512Mi → 1Gi"),
        ] {
            assert_eq!(without_env_value(change), recorded);
        }
    }
}
