//! Which builds of an app have served, in which order: where `rollback` goes. A rollback takes off the builds that it
//! goes back over, so that the next one goes further back and never forth again to what somebody went back from.

use super::history::History;
use crate::model::{BuildOrigin, BuildRecord, BuildResult, RolloutOutcome, RolloutRecord};

/// A build that has served.
#[derive(Clone, Copy)]
pub(super) struct Served<'a> {
    /// Its number; where a rollback ran it again, that of the build that it went back to.
    pub(super) number: u64,
    /// Its entry in the record; `None` where that was changed or removed.
    pub(super) entry: Option<&'a BuildRecord>,
}

impl<'a> Served<'a> {
    /// Returns what it made.
    pub(super) fn result(&self) -> Option<(&'a BuildRecord, &'a BuildResult)> {
        let entry = self.entry?;
        Some((entry, entry.result()?))
    }
}

impl History {
    /// Returns the build that runs, if it is known, and those that served before it, the last one last. Only builds
    /// that somebody vouches for have an entry here, whatever the rollouts say.
    pub(super) fn served(&self) -> (Option<Served<'_>>, Vec<Served<'_>>) {
        let mut known: Vec<_> = self.known().collect();
        known.reverse();
        let is_running =
            |served: &Served| served.result().map(|(_, result)| &result.image) == self.running.as_ref();
        let mut served: Vec<Served> = Vec::new();
        let mut running = None;
        for (number, entry) in known {
            let goes_back_to = entry.and_then(gone_back_to);
            let build = Served {
                number: goes_back_to.unwrap_or(number),
                entry,
            };
            if self.running.is_some() && is_running(&build) {
                running = Some(build);
            }
            if !self.has_served(number) || entry.is_some_and(|entry| entry.origin == BuildOrigin::Local) {
                continue;
            }
            let at = goes_back_to.and_then(|to| served.iter().position(|build| build.number == to));
            match at {
                Some(at) => served.truncate(at + 1),
                None => served.push(build),
            }
        }
        if let Some(at) = served.iter().rposition(is_running) {
            served.truncate(at);
        }
        served.retain(|build| !is_running(build));
        (running, served)
    }

    /// Whether a build has served. Where no rollout tells, it is enough that the workload was deployed from it: what
    /// was undone is not among these, and versions before this one recorded no rollouts.
    fn has_served(&self, number: u64) -> bool {
        RolloutRecord::outcome_of(&self.rollouts, number).map_or_else(
            || self.deployed.numbers().any(|deployed| deployed == number),
            |outcome| outcome == RolloutOutcome::Serving,
        )
    }
}

/// Returns the number of the build that a rollback went back to.
pub(super) fn gone_back_to(build: &BuildRecord) -> Option<u64> {
    match build.origin {
        BuildOrigin::Rollback(number) => Some(number),
        _ => None,
    }
}
