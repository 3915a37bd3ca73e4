//! The token: what the plugin proves with that it is the one who started the staging Pod. The
//! Pod's spec holds its digest only, since many may read that.

use http::HeaderValue;
use rustls::crypto::{GetRandomFailed, ring};
use serde::{Deserialize, Serialize};

use crate::oci::Digest;

/// A random secret. Has no `Debug` and no `Display`, so that it gets into no output; it is serialized
/// only into a file that nobody but its owner may read.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Makes a token of 256 random bits.
    ///
    /// # Errors
    /// When the operating system has no random bytes to give.
    pub fn generate() -> Result<Self, GetRandomFailed> {
        let mut bytes = [0; 32];
        ring::default_provider().secure_random.fill(&mut bytes)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// Returns what the staging Pod is told of it.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Returns the header that carries it.
    pub(super) fn authorization(&self) -> HeaderValue {
        let mut header =
            HeaderValue::try_from(format!("Bearer {}", self.0)).expect("hex digits are valid in a header");
        header.set_sensitive(true);
        header
    }
}
