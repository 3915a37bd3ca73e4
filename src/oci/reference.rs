//! A reference: where an image is, `registry/repository:tag@digest`. Docker's short forms are
//! opened up: `alpine` is `docker.io/library/alpine:latest`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Digest;

/// An image's place in a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Reference {
    /// Host and port: `docker.io`, `registry.example.com:5000`.
    pub registry: String,
    /// Path in the registry, without tag: `library/alpine`.
    pub repository: String,
    /// A name that may move; `latest` where neither tag nor digest was written.
    pub tag: Option<String>,
    /// The bytes of the manifest: never moves.
    pub digest: Option<Digest>,
}

/// A text that is not a reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not an image reference: {why}")]
pub struct ParseError {
    text: String,
    why: String,
}

impl Reference {
    /// Returns the same repository with this tag and no digest.
    #[must_use]
    pub fn with_tag(&self, tag: &str) -> Self {
        Self {
            tag: Some(tag.to_owned()),
            digest: None,
            ..self.clone()
        }
    }

    /// Returns the same repository with this digest and no tag: what a Pod should name, since
    /// with `:latest@…` Kubernetes would default to pulling always.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// Returns what a manifest is asked by: the digest when there is one, else the tag.
    #[must_use]
    pub fn manifest_reference(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Returns `registry/repository`, without tag and digest.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: String| ParseError {
            text: text.to_owned(),
            why,
        };
        let parsed =
            oci_spec::distribution::Reference::try_from(text).map_err(|error| wrong(error.to_string()))?;
        let digest = parsed.digest().map(str::parse).transpose();
        Ok(Self {
            registry: parsed.registry().to_owned(),
            repository: parsed.repository().to_owned(),
            tag: parsed.tag().map(ToOwned::to_owned),
            digest: digest.map_err(|error: super::digest::ParseError| wrong(error.to_string()))?,
        })
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl TryFrom<String> for Reference {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_opened_up() {
        for (short, long) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("team/shop:1.4", "docker.io/team/shop:1.4"),
            ("10.0.0.1:5000/shop", "10.0.0.1:5000/shop:latest"),
            ("localhost/a/b:c", "localhost/a/b:c"),
        ] {
            assert_eq!(short.parse::<Reference>().expect(short).to_string(), long);
        }
    }

    #[test]
    fn a_pinned_reference_has_no_tag() {
        let shop: Reference = "registry.example.com/team/shop:1.4".parse().expect("a reference");
        let digest = Digest::of(b"");
        assert_eq!(
            shop.with_digest(digest).to_string(),
            format!("registry.example.com/team/shop@{digest}")
        );
        assert_eq!(shop.with_digest(digest).manifest_reference(), digest.to_string());
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for text in ["", "Shop", "a b", "shop:", "shop@sha256:12"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
