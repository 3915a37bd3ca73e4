//! The name of an app: of its Deployment, its Service and its repository, so a DNS label.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A DNS label (RFC 1123), short enough that the names we derive from it are labels too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AppName(String);

/// A text that cannot name an app.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` cannot name an app: use 1 to 40 of a-z, 0-9 and `-`, beginning with a letter")]
pub struct ParseError(String);

/// Kubernetes allows 63; `b2i-builder-<name>-<id>` and Pod suffixes need the rest.
const LONGEST: usize = 40;

impl AppName {
    /// Derives a name from a file's name: the extension and a trailing version go, so that
    /// `shop-1.4.2-SNAPSHOT.jar` and `shop-1.5.jar` are the same app. Returns `None` where
    /// nothing usable is left.
    #[must_use]
    pub fn from_file_name(file_name: &str) -> Option<Self> {
        let stem = ["jar", "war", "zip", "exe"]
            .iter()
            .find_map(|extension| strip_extension(file_name, extension))
            .unwrap_or(file_name);
        // Tomcat's own syntax for context paths: `a#b##12.war` serves /a/b, version 12.
        let stem = stem.split("##").next().unwrap_or(stem);
        let words: Vec<&str> = stem.split('-').collect();
        let version_at = words.iter().skip(1).position(|word| looks_like_a_version(word));
        let stem = version_at.map_or(stem.to_owned(), |at| words[..=at].join("-"));

        let mut name = String::new();
        for c in stem.chars() {
            if c.is_ascii_alphanumeric() {
                name.push(c.to_ascii_lowercase());
            } else if !name.ends_with('-') {
                name.push('-');
            }
        }
        let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
        let name: String = name.chars().take(LONGEST).collect();
        name.trim_end_matches('-').parse().ok()
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn strip_extension<'a>(file_name: &'a str, extension: &str) -> Option<&'a str> {
    let (stem, found) = file_name.rsplit_once('.')?;
    found.eq_ignore_ascii_case(extension).then_some(stem)
}

/// `1.4.2`, `v3`, `2.0.1.RELEASE`; but not `2` alone or `s3`, which may be part of a name.
fn looks_like_a_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit()) && (digits.contains('.') || digits.len() < word.len())
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
    fn a_version_is_not_part_of_the_name() {
        for (file, name) in [
            ("zipkin.jar", "zipkin"),
            ("zipkin-server-3.4.4-exec.jar", "zipkin-server"),
            ("shop-1.4.2-SNAPSHOT.jar", "shop"),
            ("Shop_App.WAR", "shop-app"),
            ("a#b##12.war", "a-b"),
            ("go-httpbin", "go-httpbin"),
            ("log4j-2-web.jar", "log4j-2-web"),
            ("7zip", "zip"),
            ("app.v2", "app-v2"),
        ] {
            assert_eq!(
                AppName::from_file_name(file).expect(file).as_str(),
                name,
                "{file}"
            );
        }
        assert_eq!(AppName::from_file_name("123.jar"), None);
    }

    #[test]
    fn refuses_what_kubernetes_would() {
        for text in ["", "-a", "a-", "A", "a.b", "1a", &"a".repeat(41)] {
            assert!(text.parse::<AppName>().is_err(), "{text}");
        }
    }
}
