//! The upload protocol: HTTP/1.1 through a port-forward, with a bearer token. What the two ends
//! agree on, and nothing that only one of them knows.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::DestinationError;
use crate::oci::{Descriptor, Digest, chunks::AverageSize};

/// Both ends must speak the same: an old plugin may meet a new builder image, and the reverse.
pub const PROTOCOL_VERSION: u32 = 2;
/// Header of every request: the version that the plugin speaks.
pub const PROTOCOL_HEADER: &str = "b2i-protocol";
/// Says who is there. Its path has no version, so that any two versions can tell each other.
pub const HELLO: &str = "/hello";
/// Asks which blobs the registry lacks.
pub const MISSING: &str = "/v2/blobs/missing";
/// A blob; the digest follows.
pub const BLOBS: &str = "/v2/blobs/";
/// Unpacks a layer of an earlier build and answers with the names of its groups of chunks.
pub const BASES: &str = "/v2/bases";
/// Answers with the chunks of some of these groups.
pub const CHUNKS: &str = "/v2/bases/chunks";
/// A delta against such a layer; the delta's own digest follows.
pub const DELTAS: &str = "/v2/deltas/";
/// Ends the staging Pod.
pub const FINISH: &str = "/v2/finish";

/// Answer to [`HELLO`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the protocol.
    pub protocol: u32,
    /// Version of the staging Pod's kubectl-b2i.
    pub version: String,
    /// Host of the registry that it sends to.
    pub registry: String,
    /// The one repository that it sends to.
    pub repository: String,
}

/// Question of [`MISSING`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The blobs of the image.
    pub blobs: Vec<WantedBlob>,
    /// Whether an upload begins with this question. A Pod that served an earlier one then forgets that the
    /// registry committed these blobs: a garbage collection may have taken them since.
    #[serde(default)]
    pub begins: bool,
}

/// A blob that the registry must have in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedBlob {
    /// Digest of the bytes as they are sent.
    pub digest: Digest,
    /// How many they are.
    pub size_bytes: u64,
    /// Send it whatever the registry says: after a garbage collection its HEAD may answer 200 for
    /// a blob that it does not have.
    #[serde(default)]
    pub always: bool,
}

/// Answer to [`MISSING`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The blobs that the registry lacks, in the order of the question.
    pub blobs: Vec<MissingBlob>,
}

/// A blob that the registry lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingBlob {
    /// Its digest.
    pub digest: Digest,
    /// How many of its bytes are in the spool: where to go on.
    pub offset: u64,
}

/// Query of a PUT to [`BLOBS`]. The body is the rest of the blob, so it has a `Content-Length` of
/// `size - offset`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Range {
    /// Where the body begins.
    pub offset: u64,
    /// Size of the whole blob.
    pub size: u64,
}

/// Question of [`BASES`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The earlier layer, as the registry has it.
    pub descriptor: Descriptor,
    /// How it is cut.
    pub average_chunk_bytes: AverageSize,
}

/// Question of [`CHUNKS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// Digest of the earlier layer.
    pub base: Digest,
    /// The groups, by number.
    pub groups: Vec<std::ops::Range<u32>>,
}

/// Query of a PUT to [`DELTAS`], beside its [`Range`]: what the delta makes, of what.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DeltaOf {
    /// Where the body begins in the delta.
    pub offset: u64,
    /// Size of the whole delta.
    pub size: u64,
    /// Digest of the earlier layer, which was asked for by [`BASES`].
    pub base: Digest,
    /// Digest that the new layer must have, compressed.
    pub layer: Digest,
    /// Its size, compressed.
    pub layer_size: u64,
}

impl DeltaOf {
    /// Returns which part of the delta the body is.
    #[must_use]
    pub fn range(&self) -> Range {
        Range {
            offset: self.offset,
            size: self.size,
        }
    }
}

/// Why the staging Pod did not do what was asked: the JSON body of every answer that is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No token, or another one.
    #[error("the token is wrong")]
    Unauthorized,
    /// The two ends speak different versions.
    #[error(
        "the staging Pod (kubectl-b2i {version}) speaks version {theirs} of the upload protocol and the plugin version {ours}: the {older} is older",
        older = if theirs < ours { "builder image" } else { "plugin" }
    )]
    Protocol {
        /// The plugin's version of the protocol; 0 when it named none.
        ours: u32,
        /// The staging Pod's version of the protocol.
        theirs: u32,
        /// Version of the staging Pod's kubectl-b2i.
        version: String,
    },
    /// There is nothing at this path.
    #[error("the staging Pod has no such path")]
    NotFound,
    /// The request makes no sense.
    #[error("the staging Pod did not understand: {why}")]
    BadRequest {
        /// What is wrong with it.
        why: String,
    },
    /// The body does not begin where the spool ends.
    #[error("the spool ends at byte {offset}")]
    WrongOffset {
        /// Where the spool ends.
        offset: u64,
    },
    /// A later request for the same blob took over.
    #[error("another request sends the same layer")]
    Superseded,
    /// The bytes are not what the digest says. Nothing of them was committed.
    #[error("the bytes that arrived have the digest {found}")]
    WrongDigest {
        /// Digest of what arrived.
        found: Digest,
    },
    /// The earlier layer is not there, or cannot be cut: send the whole layer.
    #[error("there is no such layer to build upon: {why}")]
    NoBase {
        /// What is wrong with it.
        why: String,
    },
    /// The spool cannot hold it.
    #[error("the spool holds {limit_bytes} bytes, and this layer does not fit in")]
    TooLarge {
        /// What the spool may hold at one time.
        limit_bytes: u64,
    },
    /// The spool could not be written or read.
    #[error("the spool failed: {why}")]
    Spool {
        /// What the operating system said.
        why: String,
    },
    /// The registry did not take it.
    #[error(transparent)]
    Registry {
        /// What the registry said.
        #[from]
        error: DestinationError,
    },
}

impl Refusal {
    /// Returns the status of the answer that carries it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Protocol { .. } | Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoBase { .. } => StatusCode::NOT_FOUND,
            Self::WrongOffset { .. } | Self::Superseded => StatusCode::CONFLICT,
            Self::WrongDigest { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Spool { .. } => StatusCode::INSUFFICIENT_STORAGE,
            Self::Registry { .. } => StatusCode::BAD_GATEWAY,
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        let why = error.to_string();
        Self::Spool { why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_side_is_named() {
        let refusal = |ours, theirs| {
            let version = "0.1.0".to_owned();
            Refusal::Protocol {
                ours,
                theirs,
                version,
            }
            .to_string()
        };
        assert!(refusal(2, 1).ends_with("the builder image is older"));
        assert!(refusal(1, 2).ends_with("the plugin is older"));
    }

    #[test]
    fn a_refusal_is_json_with_a_code() {
        let refusal = Refusal::WrongOffset { offset: 7 };
        let text = serde_json::to_string(&refusal).expect("plain data");
        assert_eq!(text, r#"{"code":"wrong_offset","offset":7}"#);
        assert_eq!(
            serde_json::from_str::<Refusal>(&text).expect("own output"),
            refusal
        );
    }
}
