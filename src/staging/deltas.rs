//! The plugin's end of deltas: asks for the chunks of an earlier layer, and sends what is new.

use std::path::Path;

use http::Method;
use serde::Serialize;

use super::{
    Client,
    client::Error,
    protocol::{BASES, Base, CHUNKS, DELTAS, DeltaOf, Groups},
};
use crate::oci::{Digest, chunks::Fingerprint};

/// The longest list of chunks that is read: as many as the staging Pod keeps of a layer.
const LONGEST_LIST_BYTES: usize = 4 << 20;

impl Client {
    /// Has an earlier layer unpacked, and returns the names of its groups of chunks.
    ///
    /// # Errors
    /// Any [`Error`]; [`super::protocol::Refusal::NoBase`] where the registry does not have it.
    pub async fn base(&mut self, base: &Base) -> Result<Vec<Fingerprint>, Error> {
        self.ask_for_list(BASES, base).await
    }

    /// Returns the chunks of some groups of such a layer.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn chunks(&mut self, groups: &Groups) -> Result<Vec<Fingerprint>, Error> {
        self.ask_for_list(CHUNKS, groups).await
    }

    async fn ask_for_list(
        &mut self,
        path: &str,
        question: &impl Serialize,
    ) -> Result<Vec<Fingerprint>, Error> {
        let list = self
            .ask_for_bytes(Method::POST, path, question, LONGEST_LIST_BYTES)
            .await?;
        let (fingerprints, rest) = list.as_chunks();
        if !rest.is_empty() {
            return Err(Error::Garbled("a list of chunks is cut short".to_owned()));
        }
        Ok(fingerprints
            .iter()
            .map(|bytes| Fingerprint::from_bytes(*bytes))
            .collect())
    }

    /// Sends a delta from its offset on, and returns once the registry has committed the layer that
    /// it makes. `progress` is told how many bytes of the delta are sent so far.
    ///
    /// # Errors
    /// Any [`Error`]. After [`Error::Cut`] it can be gone on with; after a refusal it is gone.
    pub async fn put_delta(
        &mut self,
        digest: Digest,
        of: DeltaOf,
        local_path: &Path,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let DeltaOf {
            offset,
            size,
            base,
            layer,
            layer_size,
        } = of;
        let uri = format!(
            "{DELTAS}{digest}?offset={offset}&size={size}&base={base}&layer={layer}&layer_size={layer_size}"
        );
        self.put_to(&uri, of.range(), local_path, progress).await
    }
}
