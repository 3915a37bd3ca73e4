//! Keeps the build records in the cluster: one `ConfigMap` for an app, for each build the record and
//! the request that the builder Job mounts. Writes carry the resourceVersion that was read, so that
//! two people who build the same app at once get two numbers.

mod change;
pub mod killed;

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use k8s_openapi::api::core::v1::ConfigMap;

use super::Cluster;
use crate::model::{AppName, BuildOrigin, BuildOutcome, BuildRecord, Skipped};

use change::change;

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

/// Returns the name of an app's `ConfigMap`.
#[must_use]
pub fn name(app: &AppName) -> String {
    format!("b2i-{app}")
}

/// Returns the key that holds what the builder of a build was asked for, a `BuildRequest` as JSON.
#[must_use]
pub fn request_key(number: u64) -> String {
    format!("request-{number}")
}

fn build_key(number: u64) -> String {
    format!("build-{number}")
}

/// Returns an app's builds, the newest first.
///
/// # Errors
/// What the API server answered.
pub async fn list(cluster: &Cluster, app: &AppName) -> Result<Vec<BuildRecord>, Error> {
    let map = cluster.api::<ConfigMap>().get_opt(&name(app)).await?;
    Ok(map.map(|map| read(&map)).unwrap_or_default())
}

/// Returns the builds that an app's `ConfigMap` tells of, the newest first.
#[must_use]
pub fn read(map: &ConfigMap) -> Vec<BuildRecord> {
    builds(map.data.as_ref())
}

/// Returns the build whose options the next one keeps: the newest. What `build --local` was told was said
/// of that image alone, and a build whose rollout failed was no good: they are passed over where there is
/// another.
#[must_use]
pub fn remembered(builds: &[BuildRecord]) -> Option<&BuildRecord> {
    builds.iter().find(|build| is_good(build)).or(builds.first())
}

fn is_good(build: &BuildRecord) -> bool {
    build.origin != BuildOrigin::Local && !build.is_undone
}

/// Notes that a build begins, gives it the app's next number and returns that. The oldest builds
/// beyond `history_limit` go, but never one that runs.
///
/// # Errors
/// See [`Error`].
pub async fn begin(
    cluster: &Cluster,
    app: &AppName,
    record: &BuildRecord,
    history_limit: usize,
) -> Result<u64, Error> {
    Box::pin(killed::close(cluster, app)).await;
    let mut number = 0;
    change(cluster, app, true, |data| {
        let newest = builds(Some(data)).into_iter().next();
        // An outage swallowed the answer to a write that did happen.
        if newest.as_ref().is_some_and(|build| {
            *build
                == BuildRecord {
                    number,
                    ..record.clone()
                }
                && number > 0
        }) {
            return Ok(());
        }
        number = 1 + newest.map_or(0, |build| build.number);
        put(
            data,
            &BuildRecord {
                number,
                ..record.clone()
            },
        );
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

/// Notes that a build's rollout failed, and that the version before was put back.
///
/// # Errors
/// What the API server answered.
pub async fn undone(cluster: &Cluster, app: &AppName, number: u64) -> Result<(), Error> {
    change_one(cluster, app, number, |build| BuildRecord {
        is_undone: true,
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

/// Returns the builds that can be read, the newest first. A newer version's may not be readable.
fn builds(data: Option<&BTreeMap<String, String>>) -> Vec<BuildRecord> {
    let mut builds: Vec<BuildRecord> = data
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.starts_with("build-"))
        .filter_map(|(_, text)| serde_json::from_str(text).ok())
        .collect();
    builds.sort_by_key(|build| std::cmp::Reverse(build.number));
    builds
}

fn put(data: &mut BTreeMap<String, String>, record: &BuildRecord) {
    let json = |result: serde_json::Result<String>| result.expect("plain data with string keys");
    data.insert(build_key(record.number), json(serde_json::to_string(record)));
    data.insert(
        request_key(record.number),
        json(serde_json::to_string(&record.request)),
    );
}

fn remove(data: &mut BTreeMap<String, String>, number: u64) {
    data.remove(&build_key(number));
    data.remove(&request_key(number));
}

/// Drops the oldest builds that have ended until no more than `limit` are left and they fit.
fn trim(data: &mut BTreeMap<String, String>, limit: usize, now: Timestamp) {
    let newest_first = builds(Some(data));
    let mut left = newest_first.len();
    // The app may well run it, while the newest has yet to be made, or is not for this cluster.
    let mut made = newest_first.iter().filter(|build| build.result().is_some());
    let kept = made.find(|build| is_good(build)).map(|build| build.number);
    for build in newest_first
        .iter()
        .skip(1)
        .rev()
        .filter(|build| !runs(build, now) && Some(build.number) != kept)
    {
        if left <= limit && size(data) <= CAP_BYTES {
            break;
        }
        remove(data, build.number);
        left -= 1;
    }
}

/// Whether a build runs. One whose plugin was killed never ends; no builder Job lasts a day.
#[must_use]
pub fn runs(build: &BuildRecord, now: Timestamp) -> bool {
    let started: Option<Timestamp> = build.started.parse().ok();
    build.outcome.is_none() && started.is_some_and(|started| started > now - 24.hours())
}

fn size(data: &BTreeMap<String, String>) -> usize {
    data.iter().map(|(key, value)| key.len() + value.len()).sum()
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
    use serde_json::json;

    use super::*;

    const NOW: &str = "2024-05-01T12:00:00Z";

    fn record(number: u64, started: &str, ended: bool) -> BuildRecord {
        let digest = crate::oci::Digest::of(b"");
        serde_json::from_value(json!({
            "number": number, "started": started, "artifact": "shop.jar", "artifactBytes": 1,
            "artifactDigest": digest, "summary": "", "inputs": digest,
            "request": {
                "destination": "r/shop", "tags": [], "base": "scratch", "platforms": [],
                "config": {}, "layers": [], "access": {},
            },
            "outcome": ended.then(|| json!({ "missingBlobs": [] })),
        }))
        .expect("a record")
    }

    fn data_of(records: &[BuildRecord]) -> BTreeMap<String, String> {
        let mut data = BTreeMap::new();
        for record in records {
            put(&mut data, record);
        }
        data
    }

    #[test]
    fn the_oldest_go_and_a_running_one_stays() {
        let ended = |number| record(number, NOW, true);
        let mut data = data_of(&[
            record(1, NOW, false),
            ended(2),
            ended(9),
            ended(10),
            record(11, NOW, false),
        ]);
        trim(&mut data, 3, NOW.parse().expect("a time"));
        let numbers: Vec<u64> = builds(Some(&data)).iter().map(|build| build.number).collect();
        assert_eq!(numbers, [11, 10, 1]);
        assert_eq!(data.len(), 6, "each has its request: {:?}", data.keys());
    }

    #[test]
    fn a_build_that_was_killed_long_ago_does_not_run() {
        let mut data = data_of(&[record(1, "2024-04-29T12:00:00Z", false), record(2, NOW, false)]);
        trim(&mut data, 1, NOW.parse().expect("a time"));
        assert_eq!(builds(Some(&data)).len(), 1);
    }

    #[test]
    fn the_map_stays_below_a_mebibyte() {
        let long = BuildRecord {
            summary: "x".repeat(400 * 1024),
            ..record(1, NOW, true)
        };
        let mut data = data_of(&[1, 2, 3].map(|number| BuildRecord {
            number,
            ..long.clone()
        }));
        trim(&mut data, 10, NOW.parse().expect("a time"));
        assert_eq!(builds(Some(&data)).len(), 2);
    }

    #[test]
    fn of_a_log_the_end_is_kept() {
        let many: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        assert_eq!(bounded(&many).first().map(String::as_str), Some("400"));
        let wide = vec!["a".repeat(9000), "b".repeat(9000), "c".repeat(7000)];
        assert_eq!(bounded(&wide).len(), 2);
    }
}
