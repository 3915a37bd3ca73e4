//! The rollouts of an app: a row for each, and below it why it did not serve.

use jiff::Timestamp;

use super::{ago, below, interleaved};
use crate::{
    model::{AppStatus, RolloutOutcome, RolloutRecord},
    term::Table,
};

/// Rollouts that are shown; all that are kept are in `-o json`.
const ROWS: usize = 10;

/// Returns the rows, in so many columns where sentences are concerned.
pub(super) fn rows(app: &AppStatus, now: Timestamp, room: usize) -> Vec<String> {
    let mut table = Table::new(&[]);
    let shown = app.rollouts.iter().take(ROWS);
    for rollout in shown.clone() {
        table.row([
            rollout
                .build
                .map_or_else(|| "-".to_owned(), |number| format!("#{number}")),
            format!("{} ago", ago(Some(&rollout.started), now)),
            match rollout.outcome {
                RolloutOutcome::Serving if !app.is_serving(rollout) => "served",
                outcome => word(outcome),
            }
            .to_owned(),
            rollout.changes.join(", "),
        ]);
    }
    let why = |rollout: &RolloutRecord| rollout.why.as_ref().map(|why| below(why, room));
    interleaved(&table, shown.map(|rollout| why(rollout).unwrap_or_default()))
}

/// Returns one word for what came of a rollout.
fn word(outcome: RolloutOutcome) -> &'static str {
    match outcome {
        RolloutOutcome::InProgress => "in progress",
        RolloutOutcome::Serving => "serving",
        RolloutOutcome::Failed => "failed",
        RolloutOutcome::Undone => "undone",
        RolloutOutcome::Refused => "refused",
        RolloutOutcome::Replaced => "replaced",
        RolloutOutcome::Interrupted => "interrupted",
    }
}

/// Returns what came of a rollout for a column in which builds have their outcomes too.
pub(crate) fn outcome(outcome: RolloutOutcome) -> String {
    match outcome {
        RolloutOutcome::Serving => "ok".to_owned(),
        RolloutOutcome::InProgress => "rolling out".to_owned(),
        other => format!("rollout {}", word(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(build: u64, outcome: RolloutOutcome, changes: &[&str], why: Option<&str>) -> RolloutRecord {
        RolloutRecord {
            started: "2024-05-01T12:00:00Z".to_owned(),
            build: Some(build),
            image: "r/shop@sha256:1".to_owned(),
            changes: changes.iter().map(|&change| change.to_owned()).collect(),
            outcome,
            why: why.map(ToOwned::to_owned),
            ..RolloutRecord::default()
        }
    }

    #[test]
    fn each_rollout_has_its_own_outcome_and_its_cause() {
        use RolloutOutcome::{Failed, Serving, Undone};
        let app = AppStatus {
            name: "shop".to_owned(),
            namespace: "shop".to_owned(),
            workload: None,
            options: serde_json::Map::new(),
            builds: Vec::new(),
            rollouts: vec![
                rollout(1, Serving, &["rollback to #1"], None),
                rollout(
                    2,
                    Undone,
                    &["image", "options"],
                    Some("the container ends: Error, exit code 1,\n2 restarts"),
                ),
                rollout(1, Failed, &["first deploy"], None),
            ],
            pods: Vec::new(),
            staging: Vec::new(),
            events: Vec::new(),
        };
        let now = "2024-05-01T12:01:00Z".parse().expect("a time");
        let expected = [
            "#1  60s ago  served  rollback to #1",
            "#2  60s ago  undone  image, options",
            "  the container ends: Error, exit code 1,",
            "    2 restarts",
            "#1  60s ago  failed  first deploy",
        ];
        assert_eq!(rows(&app, now, 42), expected);
    }
}
