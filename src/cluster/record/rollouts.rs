//! The rollouts of an app, in one entry of its `ConfigMap`: what was changed, and what came of it.

use std::collections::BTreeMap;

use super::{Error, change::change};
use crate::{
    cluster::Cluster,
    model::{AppName, RolloutOutcome, RolloutRecord},
};

/// The key of the entry.
pub(super) const KEY: &str = "rollouts";
/// Rollouts that are kept.
const LIMIT: usize = 20;
/// The newest are kept, whatever came of them.
const NEWEST: usize = 10;

/// Returns the rollouts that can be read, the newest first.
pub(super) fn rollouts(data: Option<&BTreeMap<String, String>>) -> Vec<RolloutRecord> {
    let text = data.and_then(|data| data.get(KEY));
    let all: Vec<serde_json::Value> = text
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let read = all.into_iter().filter_map(|it| serde_json::from_value(it).ok());
    read.take(LIMIT).map(RolloutRecord::bounded).collect()
}

/// Writes the rollouts. Of too many, the oldest go that did not serve, then the oldest: those that served tell
/// `rollback` where it may go.
pub(super) fn put(data: &mut BTreeMap<String, String>, mut rollouts: Vec<RolloutRecord>) {
    while rollouts.len() > LIMIT {
        let unserved = rollouts
            .iter()
            .rposition(|it| it.outcome != RolloutOutcome::Serving);
        let last = rollouts.len() - 1;
        rollouts.remove(unserved.filter(|at| *at >= NEWEST).unwrap_or(last));
    }
    let kept: Vec<RolloutRecord> = rollouts.into_iter().map(RolloutRecord::bounded).collect();
    let text = serde_json::to_string(&kept).expect("plain data with string keys");
    data.insert(KEY.to_owned(), text);
}

/// Records a rollout as it is now: a new one, or what came of one that is recorded. `serving` is the image that the
/// workload served before a new one, which settles the outcome of the one before. Where there is no record,
/// nothing is recorded.
///
/// # Errors
/// What the API server answered.
pub async fn rolled_out(
    cluster: &Cluster,
    app: &AppName,
    rollout: &RolloutRecord,
    serving: Option<&str>,
) -> Result<(), Error> {
    change(cluster, app, false, |data| {
        let mut all = rollouts(Some(data));
        if let Some(recorded) = all.iter_mut().find(|it| it.started == rollout.started) {
            recorded.clone_from(rollout);
        } else {
            if let Some(newest) = all.first_mut() {
                newest.settle(serving);
                // Its run was killed, or waited for nothing. One that still runs corrects this.
                if newest.outcome == RolloutOutcome::InProgress {
                    newest.outcome = RolloutOutcome::Replaced;
                }
            }
            all.insert(0, rollout.clone());
        }
        put(data, all);
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(build: u64, outcome: RolloutOutcome) -> RolloutRecord {
        RolloutRecord {
            started: build.to_string(),
            build: Some(build),
            outcome,
            ..RolloutRecord::default()
        }
    }

    fn builds(data: &BTreeMap<String, String>) -> Vec<u64> {
        rollouts(Some(data)).iter().filter_map(|it| it.build).collect()
    }

    #[test]
    fn of_too_many_those_that_served_stay_longest() {
        let mut data = BTreeMap::new();
        let served = [1, 12];
        for build in 1..=25 {
            let outcome = match build {
                build if served.contains(&build) => RolloutOutcome::Serving,
                _ => RolloutOutcome::Undone,
            };
            let mut all = rollouts(Some(&data));
            all.insert(0, rollout(build, outcome));
            put(&mut data, all);
        }
        let kept = builds(&data);
        assert_eq!((kept.len(), kept[0], kept[LIMIT - 1]), (LIMIT, 25, 1));
        assert!(kept.contains(&12) && !kept.contains(&2), "{kept:?}");
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let read = |text: &str| rollouts(Some(&BTreeMap::from([(KEY.to_owned(), text.to_owned())]))).len();
        for text in ["", "{", "{}", "7", "[7]", r#"[{"outcome":"newer"}]"#] {
            assert_eq!(read(text), 0, "{text}");
        }
        assert_eq!(read(r#"[{"outcome":"newer"},{"outcome":"serving"}]"#), 1);
        assert_eq!(rollouts(None), []);
    }
}
