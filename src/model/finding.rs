//! One thing that was looked at before anything is begun.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub status: FindingStatus,
    /// What was found.
    pub detail: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingStatus {
    /// As it should be.
    Ok,
    /// Something that is not always needed will not work.
    Warning,
    /// A deploy would fail.
    Failed,
    /// The person may not look.
    Unknown,
}

impl Finding {
    /// A thing that is as it should be.
    pub fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, FindingStatus::Ok, detail)
    }

    /// A thing that could not be looked at.
    pub fn unknown(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, FindingStatus::Unknown, detail)
    }

    /// A thing that makes a deploy fail.
    pub fn failed(name: impl Into<String>, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            fix: Some(fix.into()),
            ..Self::new(name, FindingStatus::Failed, detail)
        }
    }

    /// A thing that makes something fail that is not always needed.
    pub fn warning(name: impl Into<String>, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            fix: Some(fix.into()),
            ..Self::new(name, FindingStatus::Warning, detail)
        }
    }

    fn new(name: impl Into<String>, status: FindingStatus, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status,
            detail: detail.into(),
            fix: None,
        }
    }
}
