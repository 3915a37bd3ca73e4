//! The workload serving a version: how a rollout ended, and the history of an app's rollouts.

use serde::{Deserialize, Serialize};

/// Longest text that is kept of one rollout's cause, and of one change.
const WHY_CHARS: usize = 400;
const CHANGE_CHARS: usize = 120;
/// Changes that are kept of one rollout.
const CHANGES: usize = 20;

/// A finished rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// Name of the Deployment.
    pub name: String,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that were asked for.
    pub wanted: i32,
    /// Whether anything was changed in the cluster.
    pub changed: bool,
    /// What was changed of an app that was deployed before, in phrases: `env LOG_LEVEL added (debug)`.
    pub changes: Vec<String>,
    /// Where the app answers in the cluster; `None` without a Service.
    pub address: Option<String>,
    /// The command that brings the app to a port of this machine; `None` without a TCP port.
    #[serde(skip)]
    pub port_forward: Option<String>,
    /// Where the app answers, when it can be reached from outside the cluster.
    pub url: Option<String>,
    /// What it answered: `200 OK`; `None` when it was not asked or could not be reached from here.
    pub answer: Option<String>,
}

/// What came of a rollout, as far as it was watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutOutcome {
    /// It goes on, or nobody waited for its end.
    #[default]
    InProgress,
    /// The version served.
    Serving,
    /// The version did not serve, and stays as it is.
    Failed,
    /// The version did not serve, and the one before was put back.
    Undone,
    /// The version could not be applied, and nothing was changed.
    Refused,
    /// Another deploy took its place.
    Replaced,
    /// Nobody waited for its end: the plugin was stopped.
    Interrupted,
}

/// One rollout in the history of an app. It is shown, and tells which of the builds that somebody vouches for
/// have served; it vouches for none itself. It has no values of env, since more people may read `ConfigMap`s.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutRecord {
    /// When it began, RFC 3339. No two rollouts of an app have the same.
    pub started: String,
    /// When it ended, RFC 3339.
    pub ended: Option<String>,
    /// Number of the build whose image it runs.
    pub build: Option<u64>,
    /// That image, by digest.
    pub image: String,
    /// What it changed, in words: `image`, `memory 512Mi → 1Gi`.
    pub changes: Vec<String>,
    /// What came of it.
    pub outcome: RolloutOutcome,
    /// Why it did not serve, in a sentence.
    pub why: Option<String>,
}

impl RolloutRecord {
    /// Returns this with its texts cut to what is kept.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let cut = |text: String, most: usize| match text.char_indices().nth(most) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        };
        self.why = self.why.map(|why| cut(why, WHY_CHARS));
        self.changes.truncate(CHANGES);
        self.changes = self
            .changes
            .into_iter()
            .map(|change| cut(change, CHANGE_CHARS))
            .collect();
        self
    }

    /// Corrects the outcome by what the workload does later: `serving` is its image, where all of its Pods serve.
    /// Nobody watched the rollout to that end.
    pub fn settle(&mut self, serving: Option<&str>) {
        use RolloutOutcome::{Failed, InProgress, Interrupted, Serving};
        if matches!(self.outcome, InProgress | Interrupted | Failed) && serving == Some(&self.image) {
            self.outcome = Serving;
            self.why = None;
        }
    }

    /// Returns what came of a build's rollouts, the newest of which is first: it has served if it ever did.
    /// `None` where it had none.
    #[must_use]
    pub fn outcome_of(rollouts: &[Self], build: u64) -> Option<RolloutOutcome> {
        let outcomes = rollouts.iter().filter(|rollout| rollout.build == Some(build));
        let mut outcomes = outcomes.map(|rollout| rollout.outcome);
        let newest = outcomes.next()?;
        if outcomes.any(|outcome| outcome == RolloutOutcome::Serving) {
            return Some(RolloutOutcome::Serving);
        }
        Some(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(build: u64, outcome: RolloutOutcome) -> RolloutRecord {
        RolloutRecord {
            build: Some(build),
            image: "r/shop@sha256:1".to_owned(),
            outcome,
            ..RolloutRecord::default()
        }
    }

    #[test]
    fn a_build_has_served_if_it_ever_did() {
        use RolloutOutcome::{Failed, Serving, Undone};
        let rollouts = [rollout(1, Undone), rollout(2, Failed), rollout(1, Serving)];
        let of = |build| RolloutRecord::outcome_of(&rollouts, build);
        assert_eq!((of(1), of(2), of(3)), (Some(Serving), Some(Failed), None));
    }

    #[test]
    fn what_serves_later_has_not_failed_and_what_was_undone_stays_so() {
        use RolloutOutcome::{Failed, InProgress, Interrupted, Refused, Replaced, Serving, Undone};
        let settled = |outcome, serving| {
            let mut it = rollout(1, outcome);
            it.settle(serving);
            it.outcome
        };
        for outcome in [InProgress, Interrupted, Failed] {
            assert_eq!(settled(outcome, Some("r/shop@sha256:1")), Serving);
            assert_eq!(settled(outcome, Some("r/shop@sha256:2")), outcome);
            assert_eq!(settled(outcome, None), outcome);
        }
        for outcome in [Undone, Refused, Replaced] {
            assert_eq!(settled(outcome, Some("r/shop@sha256:1")), outcome);
        }
    }

    #[test]
    fn a_long_cause_is_cut_at_a_character() {
        let long = RolloutRecord {
            why: Some("ü".repeat(1000)),
            changes: vec!["→".repeat(200); 30],
            ..RolloutRecord::default()
        };
        let kept = long.bounded();
        assert_eq!(kept.why.map(|why| why.chars().count()), Some(WHY_CHARS + 1));
        assert_eq!(kept.changes.len(), CHANGES);
    }
}
