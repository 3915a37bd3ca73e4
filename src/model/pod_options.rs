//! Words of `deploy` that become parts of the Pod: references to Secrets and `ConfigMap`s, volumes,
//! tolerations. Each is kept as it is typed, and read by the same rule again.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A word that says no such thing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{word}` is not {expected}")]
pub struct ParseError {
    word: String,
    expected: &'static str,
}

impl ParseError {
    pub(super) fn new(word: &str, expected: &'static str) -> Self {
        Self {
            word: word.to_owned(),
            expected,
        }
    }
}

/// The kinds of objects that values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// A Secret.
    Secret,
    /// A `ConfigMap`.
    ConfigMap,
}

/// A Secret or a `ConfigMap`: `secret/db`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SourceRef {
    /// What it is.
    pub kind: SourceKind,
    /// Its name.
    pub name: String,
}

/// One key of a Secret or a `ConfigMap`: `secret:db/password`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyRef {
    /// The object.
    pub source: SourceRef,
    /// The key in it.
    pub key: String,
}

/// What is mounted: `secret/db:/etc/db`, `pvc/data:/data`, `claim/data=1Gi:/data`, `emptydir:/cache`,
/// with `:ro` at the end where nothing may be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct VolumeMount {
    /// Where it comes from.
    pub source: VolumeSource,
    /// Where it is in the container.
    pub path: String,
    /// Whether it may not be written.
    pub read_only: bool,
}

/// Where a volume comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeSource {
    /// Files that a Secret or a `ConfigMap` holds.
    Files(SourceRef),
    /// A `PersistentVolumeClaim` that is there.
    Claim(String),
    /// A claim that each Pod of a `StatefulSet` gets for itself.
    OwnClaim {
        /// The template's name: `data` becomes `data-shop-0`, `data-shop-1` …
        name: String,
        /// A Kubernetes quantity.
        size: String,
        /// The storage class; the cluster's default where it is `None`.
        class: Option<String>,
    },
    /// Room that goes with the Pod.
    EmptyDir,
}

/// A taint of nodes that the Pods bear: `key=value:NoSchedule`, `key:NoSchedule` or `key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Toleration {
    /// The taint's key.
    pub key: String,
    /// Its value; any where it is `None`.
    pub value: Option<String>,
    /// Its effect; all where it is `None`.
    pub effect: Option<String>,
}

/// RFC 1123 subdomains, as the names of these objects are.
fn is_name(text: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    is_edge(text.chars().next())
        && is_edge(text.chars().last())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

fn source(kind: &str, name: &str) -> Option<SourceRef> {
    let kind = match kind {
        "secret" => SourceKind::Secret,
        "configmap" => SourceKind::ConfigMap,
        _ => return None,
    };
    is_name(name).then(|| SourceRef {
        kind,
        name: name.to_owned(),
    })
}

/// Reads `NAME=SIZE[,CLASS]`.
fn own_claim(word: &str) -> Option<VolumeSource> {
    let (name, rest) = word.split_once('=')?;
    let (size, class) = match rest.split_once(',') {
        Some((size, class)) => (size, Some(class)),
        None => (rest, None),
    };
    // The Pod's volume has this name too, so it is a label; the API server knows all quantities.
    let is_label = is_name(name) && !name.contains('.') && name.len() <= 40;
    let is_size = size.starts_with(|c: char| c.is_ascii_digit())
        && size.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    (is_label && is_size && class.is_none_or(is_name)).then(|| VolumeSource::OwnClaim {
        name: name.to_owned(),
        size: size.to_owned(),
        class: class.map(ToOwned::to_owned),
    })
}

impl SourceKind {
    fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::ConfigMap => "configmap",
        }
    }
}

impl FromStr for SourceRef {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = text.split_once('/');
        parts
            .and_then(|(kind, name)| source(kind, name))
            .ok_or_else(|| ParseError::new(text, "secret/NAME or configmap/NAME"))
    }
}

impl fmt::Display for SourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.word(), self.name)
    }
}

impl FromStr for KeyRef {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let read = || {
            let (kind, rest) = text.split_once(':')?;
            let (name, key) = rest.split_once('/')?;
            let is_key = !key.is_empty()
                && key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            let source = source(kind, name).filter(|_| is_key)?;
            Some(Self {
                source,
                key: key.to_owned(),
            })
        };
        read().ok_or_else(|| ParseError::new(text, "secret:NAME/KEY or configmap:NAME/KEY"))
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.source.kind.word(), self.source.name, self.key)
    }
}

impl FromStr for VolumeMount {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let read = || {
            let (word, read_only) = match text.strip_suffix(":ro") {
                Some(word) => (word, true),
                None => (text, false),
            };
            let (from, path) = word.split_once(':')?;
            let source = match from.split_once('/') {
                None if from == "emptydir" => VolumeSource::EmptyDir,
                Some(("pvc", name)) if is_name(name) => VolumeSource::Claim(name.to_owned()),
                Some(("claim", word)) => own_claim(word)?,
                Some((kind, name)) => VolumeSource::Files(source(kind, name)?),
                None => return None,
            };
            let is_path = path.starts_with('/') && path.len() > 1 && !path.contains(':');
            is_path.then(|| Self {
                source,
                path: path.trim_end_matches('/').to_owned(),
                read_only,
            })
        };
        read().ok_or_else(|| {
            ParseError::new(
                text,
                "secret/NAME:/PATH, configmap/NAME:/PATH, pvc/NAME:/PATH, claim/NAME=SIZE[,CLASS]:/PATH or emptydir:/PATH, with :ro where nothing is written",
            )
        })
    }
}

impl fmt::Display for VolumeMount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            VolumeSource::Files(source) => write!(f, "{source}")?,
            VolumeSource::Claim(name) => write!(f, "pvc/{name}")?,
            VolumeSource::OwnClaim { name, size, class } => {
                write!(f, "claim/{name}={size}")?;
                class.iter().try_for_each(|class| write!(f, ",{class}"))?;
            }
            VolumeSource::EmptyDir => f.write_str("emptydir")?,
        }
        write!(f, ":{}", self.path)?;
        f.write_str(if self.read_only { ":ro" } else { "" })
    }
}

impl FromStr for Toleration {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (word, effect) = match text.split_once(':') {
            Some((word, effect)) => (word, Some(effect)),
            None => (text, None),
        };
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word, None),
        };
        let is_effect = effect.is_none_or(|it| matches!(it, "NoSchedule" | "PreferNoSchedule" | "NoExecute"));
        if key.is_empty() || !is_effect {
            return Err(ParseError::new(
                text,
                "KEY[=VALUE][:NoSchedule|PreferNoSchedule|NoExecute]",
            ));
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.map(ToOwned::to_owned),
            effect: effect.map(ToOwned::to_owned),
        })
    }
}

impl fmt::Display for Toleration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, "={value}")?;
        }
        if let Some(effect) = &self.effect {
            write!(f, ":{effect}")?;
        }
        Ok(())
    }
}

macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = ParseError;

            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }
    )+};
}

as_text!(SourceRef, KeyRef, VolumeMount, Toleration);

#[cfg(test)]
mod tests {
    use super::*;

    fn stays<T: FromStr + fmt::Display>(texts: &[&str]) {
        for text in texts {
            let read = text.parse::<T>().ok().map(|read| read.to_string());
            assert_eq!(read.as_deref(), Some(*text));
        }
    }

    fn refused<T: FromStr>(texts: &[&str]) {
        for text in texts {
            assert!(text.parse::<T>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_word_is_told_as_it_was_read() {
        stays::<SourceRef>(&["secret/db", "configmap/a.b"]);
        refused::<SourceRef>(&["secret/", "db", "pod/db", "secret/DB", "secret/-a"]);
        stays::<KeyRef>(&["secret:db/password", "configmap:db/a.b_C"]);
        refused::<KeyRef>(&[
            "secret:db",
            "secret:db/",
            "secret:db/a b",
            "jdbc:db/x",
            "secret/db",
        ]);
        stays::<VolumeMount>(&["secret/db:/etc/db:ro", "pvc/data:/data", "emptydir:/cache"]);
        stays::<VolumeMount>(&["claim/data=1Gi:/data", "claim/data=1.5Gi,fast:/data"]);
        refused::<VolumeMount>(&[
            "emptydir",
            "pvc/data:data",
            "pvc/data:/",
            "nfs/x:/x",
            "pvc:/x",
            "pvc/a:/b:rw",
            "claim/data:/data",
            "claim/data=big:/data",
            "claim/=1Gi:/data",
            "claim/data=1Gi,:/data",
        ]);
        stays::<Toleration>(&["gpu", "gpu=yes", "gpu:NoExecute", "gpu=yes:NoSchedule"]);
        refused::<Toleration>(&["", "=a", "gpu:Never"]);
    }
}
