//! What a registry would have against a build, asked before there is one.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RegistryAccess;
use crate::{error::Failure, oci::Reference};

/// What to check. It travels in a Pod's spec, so it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckRequest {
    /// Where an image would go; of a login, only its registry counts.
    pub image: Reference,
    /// How much is asked.
    pub scope: CheckScope,
    /// The Secret that the login is from.
    pub push_secret: SecretName,
    /// A base image that a build would pull.
    pub base: Option<Reference>,
    /// How registries are reached.
    pub access: RegistryAccess,
}

/// How much a check asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckScope {
    /// Name, connection and login.
    Login,
    /// What would keep an image from being made: also the rights, and the base.
    Build,
    /// Also what would only make it slower: whether the base's layers are mounted.
    All,
}

/// A Secret, as a person looks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretName {
    /// Its namespace.
    pub namespace: String,
    /// Its name there.
    pub name: String,
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What came of it, check by check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// In the order in which a build would meet them.
    pub checks: Vec<Check>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// `name`, `connection`, `login`, `pull`, `push`, `base`, `mount`.
    pub name: String,
    /// How it went.
    pub status: CheckStatus,
    /// What was found, in a line.
    pub detail: String,
    /// What to do, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// As it should be.
    Passed,
    /// A build would fail here.
    Failed,
    /// Not asked, since an earlier one failed.
    Skipped,
}

impl CheckReport {
    /// Returns a report of something that kept us from checking anything.
    #[must_use]
    pub fn of_failure(failure: Failure) -> Self {
        Self {
            checks: vec![Check::failed("start", failure)],
        }
    }

    /// Returns what a build would fail with first.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.checks.iter().find_map(|check| check.failure.as_ref())
    }

    /// Returns the JSON, at most 4096 bytes long (see
    /// [`super::BuildOutcome::to_termination_message`]): the longest causes are cut.
    #[must_use]
    pub fn to_termination_message(&self) -> String {
        const CAP_BYTES: usize = 4096;
        let mut report = self.clone();
        loop {
            let text = serde_json::to_string(&report).unwrap_or_default();
            let details = report.checks.iter_mut().flat_map(|check| {
                let why = check.failure.as_mut().map(|failure| &mut failure.why);
                [Some(&mut check.detail), why].into_iter().flatten()
            });
            let longest = details.max_by_key(|detail| detail.len());
            match longest.filter(|longest| !longest.is_empty()) {
                Some(longest) if text.len() > CAP_BYTES => {
                    let mut keep = longest.len() * 3 / 4;
                    while !longest.is_char_boundary(keep) {
                        keep -= 1;
                    }
                    longest.truncate(keep);
                }
                _ => return text,
            }
        }
    }
}

impl Check {
    /// Returns one that went as it should.
    #[must_use]
    pub fn passed(name: &str, detail: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            status: CheckStatus::Passed,
            detail: detail.into(),
            failure: None,
        }
    }

    /// Returns one that failed.
    #[must_use]
    pub fn failed(name: &str, failure: Failure) -> Self {
        Self {
            name: name.to_owned(),
            status: CheckStatus::Failed,
            detail: failure.why.lines().next().unwrap_or_default().to_owned(),
            failure: Some(failure),
        }
    }

    /// Returns one that was not asked.
    #[must_use]
    pub fn skipped(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            status: CheckStatus::Skipped,
            detail: "not asked".to_owned(),
            failure: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_fits_into_a_termination_message() {
        let failure = Failure::new("could not push")
            .why("é".repeat(3000))
            .next("log in");
        let report = CheckReport {
            checks: vec![
                Check::failed("pull", failure.clone()),
                Check::failed("push", failure),
            ],
        };
        let message = report.to_termination_message();
        assert!(message.len() <= 4096, "{}", message.len());
        let read: CheckReport = serde_json::from_str(&message).expect("JSON");
        assert_eq!(read.failure().expect("it failed").next, "log in");
    }
}
