//! The name of an app: of its Deployment, its Service and its repository, so a DNS label.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A DNS label (RFC 1123), short enough that the names we derive from it are labels too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AppName(String);

/// A text that cannot name an app.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` cannot name an app: use 1 to 40 of a-z, 0-9 and `-`, beginning with a letter from a to z")]
pub struct ParseError(String);

/// Kubernetes allows 63; `b2i-builder-<name>-<id>` and Pod suffixes need the rest.
pub(super) const LONGEST: usize = 40;

impl AppName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AppName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let valid = (1..=LONGEST).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError(text.to_owned()))
        }
    }
}

impl From<AppName> for String {
    fn from(name: AppName) -> Self {
        name.0
    }
}

impl TryFrom<String> for AppName {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_kubernetes_would() {
        for text in ["", "-a", "a-", "A", "a.b", "1a", &"a".repeat(41)] {
            assert!(text.parse::<AppName>().is_err(), "{text}");
        }
    }
}
