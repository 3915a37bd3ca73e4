//! The build record: what an app was built from and what came of it. One `ConfigMap` for an app,
//! one key for a build; it outlives the Job. No env values of the workload, no secrets.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{BuildOutcome, BuildRequest, BuildResult, ImageOptions, RegistryAccess, Seal};
use crate::oci::Digest;

/// What a build was made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildOrigin {
    /// The artifact, on somebody's machine.
    #[default]
    Artifact,
    /// The layers of the build of this number, which were in the registry.
    Rerun(u64),
    /// Nothing was made: the image of the build of this number serves again.
    Rollback(u64),
    /// The artifact, and the image was pushed without the cluster, by `build --local`.
    Local,
}

/// How often the same was asked for once more, and nothing had to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// How often.
    pub times: u64,
    /// When it was asked for last, RFC 3339.
    pub last: String,
}

/// One build of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildRecord {
    /// 1, 2, 3 … for each app.
    pub number: u64,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    #[serde(default)]
    pub ended: Option<String>,
    /// What it was made from: the artifact, or an earlier build.
    #[serde(default)]
    pub origin: BuildOrigin,
    /// Name of the artifact's file.
    pub artifact: String,
    /// Name of the file that the app is named after, where it is another one: of what runs in a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_after: Option<String>,
    /// Size of the artifact.
    pub artifact_bytes: u64,
    /// Digest of the artifact.
    pub artifact_digest: Digest,
    /// What it is, in words: `Spring Boot 3.4.1 · Java 17`.
    pub summary: String,
    /// Digest of everything that decides the image; the same again means that no build is needed.
    pub inputs: Digest,
    /// What the person said of the image; the next build keeps what its flags do not name.
    #[serde(default)]
    pub options: ImageOptions,
    /// What was asked of the builder.
    pub request: BuildRequest,
    /// Bytes of layers that crossed the link.
    #[serde(default)]
    pub uploaded_bytes: u64,
    /// What came of it; `None` while it runs.
    #[serde(default)]
    pub outcome: Option<BuildOutcome>,
    /// The last lines of the builder's log.
    #[serde(default)]
    pub log_tail: Vec<String>,
    /// The run that builds it, by which its Jobs are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Builds that were not begun since they would have been this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
}

impl BuildRecord {
    /// Returns what it made, where it made an image.
    #[must_use]
    pub fn result(&self) -> Option<&BuildResult> {
        match &self.outcome {
            Some(BuildOutcome::Done(result)) => Some(result),
            _ => None,
        }
    }

    /// Returns the seal of this entry: it covers all that the entry may decide, and nothing that is only shown.
    /// A field that is not there and one that is `null` are the same, so that a newer version's fields break no
    /// seal.
    #[must_use]
    pub fn seal(&self) -> Seal {
        // As it is read back: a reference without a tag gets one on the way.
        let read = serde_json::to_value(self).and_then(serde_json::from_value::<Self>);
        let read = read.unwrap_or_else(|_| self.clone());
        let sealed = json!({
            "number": read.number,
            "origin": read.origin,
            "artifact": [read.artifact, read.artifact_bytes, read.artifact_digest, read.summary],
            "namedAfter": read.named_after,
            "inputs": read.inputs,
            "options": read.options,
            "request": BuildRequest { access: RegistryAccess::default(), ..read.request },
            "outcome": read.outcome,
        });
        Seal {
            number: self.number,
            digest: Digest::of(canonical(sealed).to_string().as_bytes()),
        }
    }

    /// Returns the record of a build of the same that begins at a time, RFC 3339: nothing is known of how it
    /// goes.
    #[must_use]
    pub fn once_more(&self, origin: BuildOrigin, started: String) -> Self {
        Self {
            started,
            ended: None,
            origin,
            uploaded_bytes: 0,
            outcome: None,
            log_tail: Vec::new(),
            run: None,
            skipped: None,
            ..self.clone()
        }
    }
}

/// Returns JSON with its keys in order and without `null`: two versions may write fields in another order.
fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<(String, Value)> =
                map.into_iter().filter(|(_, value)| !value.is_null()).collect();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key, canonical(value)))
                    .collect(),
            )
        }
        Value::Array(list) => Value::Array(list.into_iter().map(canonical).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_the_same_however_often_an_entry_is_read_and_written() {
        let digest = Digest::of(b"");
        let entry = json!({
            "number": 1, "started": "", "artifact": "shop.jar", "artifactBytes": 1, "artifactDigest": digest,
            "summary": "", "inputs": digest, "options": { "base": null, "newer": null },
            "request": {
                "tags": [], "destination": "r.example/shop", "base": "scratch", "platforms": [],
                "config": { "env": { "B": "2", "A": "1" } }, "layers": [],
            },
        });
        let mut build: BuildRecord = serde_json::from_value(entry).expect("an entry");
        // As it is chosen, before it is written for the first time.
        build.request.destination.tag = None;
        let sealed = build.seal();
        for _ in 0..2 {
            build = serde_json::from_value(json!(build)).expect("an entry");
            assert_eq!(build.seal(), sealed);
        }
        build.skipped = Some(Skipped {
            times: 1,
            last: String::new(),
        });
        build.log_tail = vec!["a line".to_owned()];
        assert_eq!(build.seal(), sealed, "what is only shown is not covered");
        build.request.config.env.insert("C".to_owned(), "3".to_owned());
        assert_ne!(build.seal(), sealed);
    }
}
