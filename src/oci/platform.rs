//! A platform: operating system, architecture and variant, as
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md> names them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where an image can run, written `linux/amd64` or `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// Go's GOARCH: `amd64`, `arm64`, `arm` …
    pub architecture: String,
    /// Go's GOOS: `linux`.
    pub os: String,
    /// `v7`, `v8` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Returns `linux/<architecture>`.
    #[must_use]
    pub fn linux(architecture: &str) -> Self {
        Self {
            architecture: architecture.to_owned(),
            os: "linux".to_owned(),
            variant: None,
        }
    }

    /// Whether an image for `self` runs where `wanted` is asked for. A variant that one side does
    /// not name matches any, and arm64 is v8 by definition.
    #[must_use]
    pub fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && match (&self.variant, &wanted.variant) {
                (Some(ours), Some(theirs)) => ours == theirs,
                _ => true,
            }
    }
}

impl Default for Platform {
    fn default() -> Self {
        Self::linux("amd64")
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// A text that is not a platform.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a platform: expected os/architecture, for example `linux/amd64`")]
pub struct ParseError(String);

impl FromStr for Platform {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts: Vec<&str> = text.split('/').collect();
        if !matches!(parts.len(), 2 | 3) || parts.iter().any(|part| part.is_empty()) {
            return Err(ParseError(text.to_owned()));
        }
        Ok(Self {
            os: parts[0].to_owned(),
            architecture: parts[1].to_owned(),
            variant: parts.get(2).map(|&variant| variant.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in ["linux/amd64", "linux/arm/v7"] {
            assert_eq!(text.parse::<Platform>().expect(text).to_string(), text);
        }
        for text in ["", "linux", "linux/", "a/b/c/d"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_unnamed_variant_matches() {
        let v8: Platform = "linux/arm64/v8".parse().expect("a platform");
        assert!(v8.serves(&Platform::linux("arm64")));
        assert!(!v8.serves(&Platform::linux("amd64")));
    }
}
