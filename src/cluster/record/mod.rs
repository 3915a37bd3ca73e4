//! Keeps the build records in the cluster: one `ConfigMap` for an app, with an entry for each build, and for each
//! that runs the request that the builder Job mounts. Whoever may write `ConfigMap`s may write here too: what
//! an entry says decides nothing without a seal ([`crate::model::Seals`]).
//! Writes carry the resourceVersion that was read, so that
//! two people who build the same app at once get two numbers.

mod change;
mod entries;
pub mod killed;
mod rollouts;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;

use super::Cluster;
use crate::model::{AppName, BuildOutcome, BuildRecord, BuildRequest, RolloutRecord, Skipped};

use change::change;
pub use entries::runs;
use entries::{builds, put, remove, size, trim};
pub use rollouts::rolled_out;
use rollouts::rollouts;

/// Builds that are kept when nothing else is said.
pub const HISTORY_LIMIT: usize = 10;

/// What may be in a `ConfigMap` is 1 MiB, keys included; the rest is left for other writers:
/// <https://kubernetes.io/docs/concepts/configuration/configmap/#motivation>.
const CAP_BYTES: usize = 900 * 1024;
const LOG_LINES: usize = 100;
const LOG_BYTES: usize = 16 * 1024;

/// Why a record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The `ConfigMap` of this name is somebody else's.
    #[error(
        "the ConfigMap `{name}` exists and is not ours: it has no label `app.kubernetes.io/managed-by=kubectl-b2i`"
    )]
    NotOurs {
        /// Its name.
        name: String,
    },
    /// One build alone is larger than a `ConfigMap` may be.
    #[error(
        "the record of one build is {size_bytes} bytes long, and a ConfigMap may not be longer than 1 MiB"
    )]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// A request failed.
    #[error("{0}")]
    Request(#[from] kube::Error),
}

/// What an app's `ConfigMap` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The builds, the newest first.
    pub builds: Vec<BuildRecord>,
    /// The rollouts, the newest first.
    pub rollouts: Vec<RolloutRecord>,
}

/// Returns the name of an app's `ConfigMap`.
#[must_use]
pub fn name(app: &AppName) -> String {
    format!("b2i-{app}")
}

/// Returns the key that holds what the builder of a build is asked for, a `BuildRequest` as JSON.
#[must_use]
pub fn request_key(number: u64) -> String {
    format!("request-{number}")
}

/// Returns an app's record; an empty one where it has none.
///
/// # Errors
/// What the API server answered.
pub async fn load(cluster: &Cluster, app: &AppName) -> Result<Record, Error> {
    let map = cluster.api::<ConfigMap>().get_opt(&name(app)).await?;
    Ok(map.map(|map| read(&map)).unwrap_or_default())
}

/// Returns an app's builds, the newest first.
///
/// # Errors
/// What the API server answered.
pub async fn list(cluster: &Cluster, app: &AppName) -> Result<Vec<BuildRecord>, Error> {
    Ok(load(cluster, app).await?.builds)
}

/// Returns what an app's `ConfigMap` holds.
#[must_use]
pub fn read(map: &ConfigMap) -> Record {
    Record {
        builds: builds(map.data.as_ref()),
        rollouts: rollouts(map.data.as_ref()),
    }
}

/// Returns what the builder of a build gets, the text of the build's [`request_key`].
#[must_use]
pub fn request_text(request: &BuildRequest) -> String {
    // Plain data with string keys: it does not fail.
    serde_json::to_string(request).unwrap_or_default()
}

/// Notes that a build begins, gives it the app's next number, which is above `highest`, and returns that. Its
/// request is there until it ends. The oldest builds beyond `history_limit` go, but never one that runs.
///
/// # Errors
/// See [`Error`].
pub async fn begin(
    cluster: &Cluster,
    app: &AppName,
    record: &BuildRecord,
    highest: u64,
    history_limit: usize,
) -> Result<u64, Error> {
    Box::pin(killed::close(cluster, app)).await;
    let mut number = 0;
    change(cluster, app, true, |data| {
        let newest = builds(Some(data)).into_iter().next();
        // An outage swallowed the answer to a write that did happen.
        let is_this = |build: &BuildRecord| {
            number > 0 && build.number == number && build.run.is_some() && build.run == record.run
        };
        if newest.as_ref().is_some_and(is_this) {
            return Ok(());
        }
        number = 1 + newest.map_or(0, |build| build.number).max(highest);
        put(
            data,
            &BuildRecord {
                number,
                ..record.clone()
            },
        );
        if record.outcome.is_none() {
            data.insert(request_key(number), request_text(&record.request));
        }
        trim(data, history_limit.max(1), Timestamp::now());
        let size_bytes = size(data);
        if size_bytes > CAP_BYTES {
            Err(Error::TooLarge { size_bytes })
        } else {
            Ok(())
        }
    })
    .await?;
    Ok(number)
}

/// Notes what came of a build. A record that somebody removed meanwhile stays removed.
///
/// # Errors
/// What the API server answered.
pub async fn finish(
    cluster: &Cluster,
    app: &AppName,
    number: u64,
    outcome: &BuildOutcome,
    log_tail: &[String],
    uploaded_bytes: u64,
) -> Result<(), Error> {
    change_one(cluster, app, number, |build| BuildRecord {
        outcome: Some(outcome.clone()),
        ended: Some(Timestamp::now().to_string()),
        log_tail: bounded(log_tail),
        uploaded_bytes,
        ..build
    })
    .await
}

/// Notes that a build was asked for once more, and that nothing had to be made: its image serves.
///
/// # Errors
/// What the API server answered.
pub async fn skip(cluster: &Cluster, app: &AppName, number: u64) -> Result<(), Error> {
    change_one(cluster, app, number, |build| BuildRecord {
        skipped: Some(Skipped {
            times: 1 + build.skipped.as_ref().map_or(0, |skipped| skipped.times),
            last: Timestamp::now().to_string(),
        }),
        ..build
    })
    .await
}

async fn change_one(
    cluster: &Cluster,
    app: &AppName,
    number: u64,
    edit: impl Fn(BuildRecord) -> BuildRecord,
) -> Result<(), Error> {
    change(cluster, app, false, |data| {
        let mut builds = builds(Some(data)).into_iter();
        if let Some(build) = builds.find(|build| build.number == number) {
            put(data, &edit(build));
            trim(data, usize::MAX, Timestamp::now());
        }
        Ok(())
    })
    .await
}

/// Forgets a build, and removes the `ConfigMap` when it was the only one: for Ctrl-C, after which
/// the namespace is as before.
///
/// # Errors
/// What the API server answered.
pub async fn abandon(cluster: &Cluster, app: &AppName, number: u64) -> Result<(), Error> {
    change(cluster, app, false, |data| {
        remove(data, number);
        Ok(())
    })
    .await
}

/// Returns the end of a log, in at most 100 lines and 16 KiB.
fn bounded(lines: &[String]) -> Vec<String> {
    let mut size_bytes = 0;
    let mut kept: Vec<String> = lines
        .iter()
        .rev()
        .take(LOG_LINES)
        .take_while(|line| {
            size_bytes += line.len() + 1;
            size_bytes <= LOG_BYTES
        })
        .cloned()
        .collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_log_the_end_is_kept() {
        let many: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        assert_eq!(bounded(&many).first().map(String::as_str), Some("400"));
        let wide = vec!["a".repeat(9000), "b".repeat(9000), "c".repeat(7000)];
        assert_eq!(bounded(&wide).len(), 2);
    }
}
