//! The entries of an app's `ConfigMap`, and which of them go when there are too many.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use super::{CAP_BYTES, request_key, rollouts};
use crate::model::{BuildOrigin, BuildRecord, BuildRequest, RegistryAccess, RolloutOutcome, RolloutRecord};

/// No app is built more often. What is numbered higher was written by somebody else.
const HIGHEST: u64 = 1 << 48;

fn build_key(number: u64) -> String {
    format!("build-{number}")
}

/// Returns the builds that can be read, the newest first. A newer version's may not be readable.
pub(super) fn builds(data: Option<&BTreeMap<String, String>>) -> Vec<BuildRecord> {
    let mut builds: Vec<BuildRecord> = data
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.starts_with("build-"))
        .filter_map(|(key, text)| Some((key, serde_json::from_str::<BuildRecord>(text).ok()?)))
        .filter(|(key, build)| build.number < HIGHEST && **key == build_key(build.number))
        .map(|(_, build)| build)
        .collect();
    builds.sort_by_key(|build| std::cmp::Reverse(build.number));
    builds
}

/// Writes an entry. How registries were reached is not part of it: it may be long (certificates), and is
/// another build's own business. A build that has ended needs no request any more.
pub(super) fn put(data: &mut BTreeMap<String, String>, record: &BuildRecord) {
    let kept = BuildRecord {
        request: BuildRequest {
            access: RegistryAccess::default(),
            ..record.request.clone()
        },
        ..record.clone()
    };
    let text = serde_json::to_string(&kept).expect("plain data with string keys");
    data.insert(build_key(record.number), text);
    if record.outcome.is_some() {
        data.remove(&request_key(record.number));
    }
}

pub(super) fn remove(data: &mut BTreeMap<String, String>, number: u64) {
    data.remove(&build_key(number));
    data.remove(&request_key(number));
}

/// Drops the oldest builds that have ended until no more than `limit` are left and they fit. Where that is not
/// enough, the logs go, then what is none of ours, and last the requests of the oldest builds that run: their
/// builders have read them long ago.
pub(super) fn trim(data: &mut BTreeMap<String, String>, limit: usize, now: Timestamp) {
    let newest_first = builds(Some(data));
    if data.contains_key(rollouts::KEY) {
        // Whatever somebody else has written there.
        rollouts::put(data, rollouts::rollouts(Some(data)));
    }
    drop_ended(data, &newest_first, limit, now);
    if size(data) <= CAP_BYTES {
        return;
    }
    for build in newest_first.iter().rev() {
        if data.contains_key(&build_key(build.number)) && size(data) > CAP_BYTES {
            put(
                data,
                &BuildRecord {
                    log_tail: Vec::new(),
                    ..build.clone()
                },
            );
        }
    }
    let is_ours = |key: &String| {
        let mut numbers = newest_first.iter().map(|build| build.number);
        *key == rollouts::KEY
            || numbers.any(|number| *key == build_key(number) || *key == request_key(number))
    };
    if size(data) > CAP_BYTES {
        data.retain(|key, _| is_ours(key));
    }
    for build in newest_first.iter().skip(1).rev() {
        if size(data) > CAP_BYTES {
            data.remove(&request_key(build.number));
        }
    }
}

fn drop_ended(
    data: &mut BTreeMap<String, String>,
    newest_first: &[BuildRecord],
    limit: usize,
    now: Timestamp,
) {
    let mut left = newest_first.len();
    // The app may well run it, while the newest has yet to be made, or is not for this cluster.
    let mut made = newest_first.iter().filter(|build| build.result().is_some());
    let rollouts = rollouts::rollouts(Some(data));
    let is_good = |build: &&BuildRecord| {
        let outcome = RolloutRecord::outcome_of(&rollouts, build.number);
        let is_out = matches!(outcome, Some(RolloutOutcome::Undone | RolloutOutcome::Refused));
        build.origin != BuildOrigin::Local && !is_out
    };
    let kept = made.find(is_good).map(|build| build.number);
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

/// Returns the length of all keys and entries.
pub(super) fn size(data: &BTreeMap<String, String>) -> usize {
    data.iter().map(|(key, value)| key.len() + value.len()).sum()
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
        data.insert(request_key(1), String::new());
        trim(&mut data, 3, NOW.parse().expect("a time"));
        let numbers: Vec<u64> = builds(Some(&data)).iter().map(|build| build.number).collect();
        assert_eq!(numbers, [11, 10, 1]);
        assert!(data.contains_key("request-1"), "it runs: {:?}", data.keys());
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
    fn what_others_wrote_and_what_running_builds_have_read_gives_way() {
        let mut data = data_of(&[
            record(1, NOW, false),
            record(2, NOW, false),
            record(3, NOW, false),
        ]);
        for number in 1..=3 {
            data.insert(request_key(number), "x".repeat(400 * 1024));
        }
        data.insert("junk".to_owned(), "x".repeat(400 * 1024));
        trim(&mut data, 10, NOW.parse().expect("a time"));
        let keys: Vec<&String> = data.keys().collect();
        assert_eq!(keys, ["build-1", "build-2", "build-3", "request-2", "request-3"]);
    }

    #[test]
    fn an_entry_stands_under_its_own_number() {
        let mut data = data_of(&[record(1, NOW, true)]);
        let text = data["build-1"].clone();
        data.insert("build-7".to_owned(), text);
        let high = data["build-1"].replace("\"number\":1,", &format!("\"number\":{},", u64::MAX));
        data.insert(build_key(u64::MAX), high);
        let numbers: Vec<u64> = builds(Some(&data)).iter().map(|build| build.number).collect();
        assert_eq!(numbers, [1]);
    }

    #[test]
    fn how_registries_were_reached_is_not_kept() {
        let mut build = record(1, NOW, true);
        build.request.access.authorities = Some("x".repeat(200 * 1024));
        let sealed = build.seal();
        let data = data_of(&[build]);
        assert!(size(&data) < 2048);
        assert_eq!(builds(Some(&data))[0].seal(), sealed);
    }
}
