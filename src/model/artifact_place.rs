//! Where an artifact comes from.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::oci::Digest;

/// Where an artifact comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactPlace {
    /// A path on this machine.
    File(PathBuf),
    /// What is piped into the command: `-`.
    Stdin,
    /// `https://…`, or any other scheme. It may hold a password: never to be printed as it is.
    Url(String),
}

impl ArtifactPlace {
    /// Reads what a person types.
    #[must_use]
    pub fn of(typed: OsString) -> Self {
        match typed.to_str() {
            Some("-") => Self::Stdin,
            Some(text) if is_url(text) => Self::Url(text.to_owned()),
            _ => Self::File(typed.into()),
        }
    }

    /// Returns the path, where it is one of this machine.
    #[must_use]
    pub fn local_path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin | Self::Url(_) => None,
        }
    }

    /// Returns what can be printed, and typed again: a URL without its password and query.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".to_owned(),
            Self::Url(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let host = authority.rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{host}{path}")
            }
        }
    }
}

/// Whether a text begins with a scheme (RFC 3986), whether or not it can be downloaded from. One letter is a drive.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        let is_of_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
        scheme.len() > 1 && scheme.as_bytes()[0].is_ascii_alphabetic() && scheme.bytes().all(is_of_scheme)
    })
}

/// What is expected of an artifact before anybody looks into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Digest of its bytes, where the person said it.
    pub digest: Option<Digest>,
    /// Most bytes that it may have.
    pub max_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types() {
        let of = |text: &str| ArtifactPlace::of(text.into());
        assert_eq!(of("-"), ArtifactPlace::Stdin);
        assert_eq!(of("./-"), ArtifactPlace::File("./-".into()));
        assert_eq!(of("http:/a"), ArtifactPlace::File("http:/a".into()));
        assert_eq!(of("HTTPS://a/b"), ArtifactPlace::Url("HTTPS://a/b".to_owned()));
        assert_eq!(of("ftp://a/b"), ArtifactPlace::Url("ftp://a/b".to_owned()));
        for path in ["ü", "C://a", "./ftp://a", "a b://c", "://a"] {
            assert_eq!(of(path), ArtifactPlace::File(path.into()));
        }
    }

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            (
                "https://ann:s3cret@example.com/a.jar?token=s3cret#x",
                "https://example.com/a.jar",
            ),
            ("https://ann:s3@cret@example.com", "https://example.com"),
            ("https://example.com/@ann/a.jar", "https://example.com/@ann/a.jar"),
        ] {
            assert_eq!(ArtifactPlace::of(url.into()).shown(), shown);
        }
    }
}
