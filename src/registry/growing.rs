//! A blob that is still being made: its bytes go as they come, its digest at the end. The
//! specification's streaming upload, a PATCH without a length; not every registry takes it:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-monolithically>.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use super::{
    Client, Error, Kind,
    auth::Scope,
    client::{SMALL_REQUEST, read_at_most, redacted},
    limits::Progress,
    uploads::OCTETS,
};
use crate::oci::Digest;

/// One tag is asked for; a registry that does not know how to limit gives all.
const LONGEST_LIST_BYTES: u64 = 4 << 20;

impl Client {
    /// Whether a repository is known to hold nothing: the registry has never heard of it, or it has no
    /// tag.
    ///
    /// # Errors
    /// What the registry answers otherwise.
    pub async fn is_empty(&self, repository: &str) -> Result<bool, Error> {
        #[derive(Deserialize)]
        struct Tags {
            tags: Option<Vec<String>>,
        }
        let url = self.url(repository, "tags/list?n=1").await?;
        let get = |http: &reqwest::Client| http.get(&url).timeout(SMALL_REQUEST);
        // The right to push is asked for at once: the next request needs it.
        let response = match self.send(&[Scope::push(repository)], get).await {
            Err(error) if matches!(error.kind, Kind::NotFound | Kind::NameUnknown) => return Ok(true),
            answer => answer?,
        };
        let line = format!("GET {}", redacted(response.url()));
        let text = read_at_most(&line, response, LONGEST_LIST_BYTES).await?;
        let list: Tags = serde_json::from_slice(&text).map_err(|error| Error::protocol(&line, error))?;
        Ok(list.tags.is_none_or(|tags| tags.is_empty()))
    }

    /// Pushes a blob while it is made. `body` is called again where a login is needed, and must then
    /// give the same bytes from the first one on; `digest` is asked for when it has ended. Tried once: by
    /// the time that it fails, the blob may as well be pushed as a whole.
    ///
    /// # Errors
    /// What the registry answers; what `body` failed with.
    pub async fn push_growing<S, F>(
        &self,
        repository: &str,
        body: F,
        digest: impl FnOnce() -> Option<Digest>,
    ) -> Result<(), Error>
    where
        F: Fn() -> S + Send,
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let upload = self.begin_upload(repository).await?;
        let line = format!("PATCH {}", redacted(&upload.location));
        let scopes = [Scope::push(repository)];
        let patch = |http: &reqwest::Client, progress: &Progress| {
            let line = line.clone();
            let bytes = body().map_err(move |error| Error::body(&line, &error));
            http.patch(upload.location.clone())
                .header(CONTENT_TYPE, OCTETS)
                .body(progress.body(None, bytes))
        };
        let location = match self.send_body(&scopes, patch).await {
            Ok(response) => self.upload_location("PATCH", &response)?,
            Err(error) => {
                self.cancel_upload(repository, upload).await;
                return Err(error);
            }
        };
        let digest = digest().ok_or_else(|| Error::protocol(&line, "the blob has no end"))?;
        self.close_upload(&scopes, location, digest).await
    }
}
