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

/// The grammar is the one that every registry and runtime shares:
/// <https://github.com/distribution/reference/blob/v0.6.0/reference.go>. Written out, since the
/// usual regular expression for it takes 40 ms to compile, in every run of every role.
impl FromStr for Reference {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: &str| ParseError {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (
                rest,
                Some(
                    digest
                        .parse()
                        .map_err(|error: super::digest::ParseError| wrong(&error.to_string()))?,
                ),
            ),
            None => (text, None),
        };
        // A colon after the last slash begins a tag; one before it, a port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].split_once(':') {
            Some((_, tag)) => (&rest[..rest.len() - tag.len() - 1], Some(tag)),
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong(
                "a tag has up to 128 of a-z, A-Z, 0-9, `_`, `.`, `-`, and begins with none of the last two",
            ));
        }
        let (registry, repository) = split_registry(name);
        if !is_registry(&registry) {
            return Err(wrong("its registry is no host name"));
        }
        if !repository.split('/').all(is_path_component) || repository.len() > LONGEST_REPOSITORY {
            return Err(wrong(
                "a repository has a-z and 0-9, with `.`, `_`, `__` or `-` between them, and `/` between its parts",
            ));
        }
        let tag = tag.map(ToOwned::to_owned);
        let tag = if digest.is_none() {
            tag.or_else(|| Some("latest".to_owned()))
        } else {
            tag
        };
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

/// What registries agree to store.
const LONGEST_REPOSITORY: usize = 255;

/// Opens up Docker's short forms. The first part is a registry if it could not be a user's name
/// on Docker Hub: it has a dot, a port or a capital letter, or is `localhost`.
fn split_registry(name: &str) -> (String, String) {
    let is_host =
        |part: &str| part == "localhost" || part.contains(['.', ':']) || part.to_lowercase() != part;
    let (registry, path) = match name.split_once('/') {
        Some((first, path)) if is_host(first) => (first, path),
        _ => (DOCKER_HUB, name),
    };
    let registry = if registry == "index.docker.io" {
        DOCKER_HUB
    } else {
        registry
    };
    let is_official = registry == DOCKER_HUB && !path.contains('/');
    let repository = if is_official {
        format!("library/{path}")
    } else {
        path.to_owned()
    };
    (registry.to_owned(), repository)
}

const DOCKER_HUB: &str = "docker.io";

fn is_registry(host_and_port: &str) -> bool {
    // An IPv6 address stands in brackets, and has colons of its own.
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_address = || {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok())
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (host.split('.').all(is_label) || is_address()) && port.is_none_or(is_port)
}

/// Words of a-z and 0-9, joined by one of `.`, `_`, `__` or any number of `-`.
fn is_path_component(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part
            .split(is_word)
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
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
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
            ("docker.io/team/shop", "docker.io/team/shop:latest"),
            ("[::1]:5000/a__b/c--d.e_f", "[::1]:5000/a__b/c--d.e_f:latest"),
            ("Registry/shop:_1", "Registry/shop:_1"),
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
    fn lengths_are_bounded() {
        assert!(
            format!("r.example/{}", "a".repeat(255))
                .parse::<Reference>()
                .is_ok()
        );
        assert!(
            format!("r.example/{}", "a".repeat(256))
                .parse::<Reference>()
                .is_err()
        );
        assert!(format!("shop:{}", "a".repeat(128)).parse::<Reference>().is_ok());
        assert!(format!("shop:{}", "a".repeat(129)).parse::<Reference>().is_err());
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for text in [
            "",
            "Shop",
            "a b",
            "shop:",
            "shop@sha256:12",
            "/shop",
            "a//b",
            "a/",
            "shop:-1",
            "a___b",
            "a..b",
            "-a",
            "a.",
            "host:port/a",
            "-host.example/a",
            "host..example/a",
            "[::g]/a",
            "a:b:c",
            "shop:\u{e9}",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
