//! Giving a registry a blob: mounted from another repository, in one request, or in chunks:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs>.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use reqwest::{
    Response, StatusCode, Url,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

use super::{
    Client, Error, Kind,
    auth::Scope,
    client::{SMALL_REQUEST, redacted},
    limits::Progress,
    retry::{TRIES, with_tries},
};
use crate::oci::Digest;

/// An upload that a registry has opened.
#[derive(Debug)]
pub struct Upload {
    pub(super) location: Url,
    /// The registry takes no smaller chunks, but for the last one.
    pub(super) least_chunk_bytes: u64,
}

/// What came of asking for a mount.
#[derive(Debug)]
pub enum Mount {
    /// The repository has the blob now.
    Mounted,
    /// The registry rather wants the bytes, and has opened an upload for them.
    Opened(Upload),
    /// It rather wants the bytes.
    Refused,
}

/// A broken session is begun anew more often than other work: what was sent is still at hand.
const SESSIONS: u32 = 8;
pub(super) const OCTETS: &str = "application/octet-stream";

impl Client {
    /// Asks the registry to take a blob over from another repository of its own. Registries may
    /// refuse (Harbor), or not know how (ECR).
    ///
    /// # Errors
    /// Only where there was no answer.
    pub async fn mount_blob(
        &self,
        repository: &str,
        digest: Digest,
        from_repository: &str,
    ) -> Result<Mount, Error> {
        let url = self.url(repository, "blobs/uploads/").await?;
        let query = [
            ("mount", digest.to_string()),
            ("from", from_repository.to_owned()),
        ];
        // Without the source's scope Docker Hub refuses: <https://github.com/oras-project/rust-oci-client/issues/235>
        let scopes = [Scope::push(repository), Scope::pull(from_repository)];
        let post = || async {
            self.send(&scopes, |http| {
                http.post(&url)
                    .query(&query)
                    .header(CONTENT_LENGTH, 0)
                    .timeout(SMALL_REQUEST)
            })
            .await
        };
        match self.with_retries(post).await {
            Ok(response) if response.status() == StatusCode::CREATED => Ok(Mount::Mounted),
            Ok(response) => Ok(self.opened(&response).map_or(Mount::Refused, Mount::Opened)),
            Err(error) if error.status.is_some() => Ok(Mount::Refused),
            Err(error) => Err(error),
        }
    }

    /// Opens an upload.
    ///
    /// # Errors
    /// What the registry answers: this is where it says whether we may push.
    pub async fn begin_upload(&self, repository: &str) -> Result<Upload, Error> {
        let start = self.url(repository, "blobs/uploads/").await?;
        let scopes = [Scope::push(repository)];
        let post =
            |http: &reqwest::Client| http.post(&start).header(CONTENT_LENGTH, 0).timeout(SMALL_REQUEST);
        let response = self.send(&scopes, post).await?;
        self.opened(&response)
    }

    /// Asks whether we may push: opens an upload, and cancels it.
    ///
    /// # Errors
    /// What the registry answers, after the tries that make sense.
    pub async fn try_upload(&self, repository: &str) -> Result<(), Error> {
        let upload = self.with_retries(|| self.begin_upload(repository)).await?;
        self.cancel_upload(repository, upload).await;
        Ok(())
    }

    /// Ends an upload that is not wanted. Registries forget it in the end anyway, so the answer
    /// does not matter.
    pub async fn cancel_upload(&self, repository: &str, upload: Upload) {
        let delete = |http: &reqwest::Client| http.delete(upload.location.clone()).timeout(SMALL_REQUEST);
        let _ = self.send(&[Scope::push(repository)], delete).await;
    }

    fn opened(&self, response: &Response) -> Result<Upload, Error> {
        let least = response.headers().get("oci-chunk-min-length");
        let least = least.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Upload {
            location: self.upload_location("POST", response)?,
            least_chunk_bytes: least.unwrap_or(0),
        })
    }

    /// Pushes a blob. `body` is called again for each new try, and must then give the same bytes
    /// from the first one on. Goes in one streaming request, since Google's registry takes no
    /// chunks; and in chunks once a large request was refused or kept breaking.
    ///
    /// # Errors
    /// What the registry answers, after the tries that make sense; what `body` failed with.
    pub async fn push_blob<S, F>(
        &self,
        repository: &str,
        digest: Digest,
        size_bytes: u64,
        body: F,
    ) -> Result<(), Error>
    where
        F: Fn() -> S + Send,
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        self.push_blob_into(None, repository, digest, size_bytes, body)
            .await
    }

    /// Pushes a blob as [`Self::push_blob`] does, the first time into an upload that is open.
    ///
    /// # Errors
    /// As [`Self::push_blob`].
    pub async fn push_blob_into<S, F>(
        &self,
        mut opened: Option<Upload>,
        repository: &str,
        digest: Digest,
        size_bytes: u64,
        body: F,
    ) -> Result<(), Error>
    where
        F: Fn() -> S + Send,
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        loop {
            let limit_bytes = self.request_limit().bytes();
            let is_whole = size_bytes <= limit_bytes;
            // A registry may forget a session whose request broke off (distribution 2.8 does), so
            // each try is a session of its own.
            let outcome = with_tries(self.notices(), if is_whole { TRIES } else { SESSIONS }, || {
                let opened = opened.take();
                async {
                    let upload = match opened {
                        Some(upload) => upload,
                        None => self.begin_upload(repository).await?,
                    };
                    if is_whole {
                        self.push_whole(repository, upload, digest, size_bytes, &body)
                            .await
                    } else {
                        self.push_chunks(repository, upload, digest, limit_bytes, body())
                            .await
                    }
                }
            })
            .await;
            match outcome {
                Err(error) if is_too_large(&error) && self.request_limit().lower(size_bytes, limit_bytes) => {
                }
                outcome => return outcome,
            }
        }
    }

    /// Ends an upload whose bytes are all there.
    pub(super) async fn close_upload(
        &self,
        scopes: &[Scope],
        location: Url,
        digest: Digest,
    ) -> Result<(), Error> {
        let location = closing(location, digest);
        let put = |http: &reqwest::Client| {
            http.put(location.clone())
                .header(CONTENT_LENGTH, 0)
                .timeout(SMALL_REQUEST)
        };
        self.with_retries(|| self.send(scopes, put)).await.map(drop)
    }

    async fn push_whole<S>(
        &self,
        repository: &str,
        upload: Upload,
        digest: Digest,
        size_bytes: u64,
        body: &(impl Fn() -> S + Send),
    ) -> Result<(), Error>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let location = closing(upload.location, digest);
        let line = format!("PUT {}", redacted(&location));
        let put = |http: &reqwest::Client, progress: &Progress| {
            let line = line.clone();
            let bytes = body().map_err(move |error| Error::body(&line, &error));
            http.put(location.clone())
                .header(CONTENT_TYPE, OCTETS)
                // Known, and hence not `Transfer-Encoding: chunked`.
                .header(CONTENT_LENGTH, size_bytes)
                .body(progress.body(Some(size_bytes), bytes))
        };
        self.send_body(&[Scope::push(repository)], put).await.map(drop)
    }
}

/// Where an upload ends, which says what it was.
fn closing(mut location: Url, digest: Digest) -> Url {
    let digest = digest.to_string();
    location.query_pairs_mut().append_pair("digest", &digest);
    location
}

/// Whether smaller requests might do: the registry or a proxy before it says so, or the connection
/// broke whatever was tried (a proxy may end a request by its size or its time, and say nothing).
fn is_too_large(error: &Error) -> bool {
    let is_of_bytes = error.request.starts_with("PUT ") || error.request.starts_with("PATCH ");
    let status = error.status.map(|status| status.as_u16());
    is_of_bytes && (matches!(status, Some(413 | 416)) || matches!(error.kind, Kind::Connect(_)))
}
