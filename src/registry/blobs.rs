//! Blobs: is it there, mount it, push it, pull it:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs>.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use reqwest::{
    Body, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE},
};

use super::{
    Client, Error, Kind,
    auth::Scope,
    client::{SMALL_REQUEST, redacted},
    retry::with_retries,
};
use crate::oci::{Descriptor, Digest, Hasher};

/// The bytes of a blob, as they come.
pub type BlobStream = BoxStream<'static, io::Result<Bytes>>;

/// How long a pull may go without a byte.
const IDLE: Duration = Duration::from_mins(1);
/// How often one pull is taken up again.
const RESUMES: u32 = 3;

impl Client {
    /// Asks whether a repository has a blob. "Yes" can be wrong after a garbage collection.
    ///
    /// # Errors
    /// Whatever is neither yes nor no.
    pub async fn blob_exists(&self, repository: &str, digest: Digest) -> Result<bool, Error> {
        let url = self.url(repository, &format!("blobs/{digest}")).await?;
        let head = || async {
            self.send(&[Scope::pull(repository)], |http| {
                http.head(&url).timeout(SMALL_REQUEST)
            })
            .await
        };
        match with_retries(head).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, Kind::NotFound | Kind::NameUnknown) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks the registry to take a blob over from another repository of its own. `false` means
    /// that the blob must be pushed: registries may refuse (Harbor), or not know how (ECR).
    ///
    /// # Errors
    /// Only where there was no answer.
    pub async fn mount_blob(
        &self,
        repository: &str,
        digest: Digest,
        from_repository: &str,
    ) -> Result<bool, Error> {
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
        match with_retries(post).await {
            Ok(response) if response.status() == StatusCode::CREATED => Ok(true),
            Ok(response) => {
                self.cancel_upload(&scopes, &response).await;
                Ok(false)
            }
            Err(error) if error.status.is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends the upload that a refused mount has opened. Registries forget it in the end anyway,
    /// so the answer does not matter.
    async fn cancel_upload(&self, scopes: &[Scope], opened: &Response) {
        if let Ok(location) = self.upload_location(opened) {
            let _ = self
                .send(scopes, |http| {
                    http.delete(location.clone()).timeout(SMALL_REQUEST)
                })
                .await;
        }
    }

    /// Pushes a blob in one streaming request (Google's registry takes no chunks). `body` is
    /// called again for each new try, and must then give the same bytes from the first one on.
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
        let scopes = [Scope::push(repository)];
        let start = self.url(repository, "blobs/uploads/").await?;
        // A registry may forget a session whose request broke off (distribution 2.8 does), so each
        // try is a session of its own.
        with_retries(|| async {
            let opened = self
                .send(&scopes, |http| {
                    http.post(&start).header(CONTENT_LENGTH, 0).timeout(SMALL_REQUEST)
                })
                .await?;
            let mut location = self.upload_location(&opened)?;
            location
                .query_pairs_mut()
                .append_pair("digest", &digest.to_string());
            let line = format!("PUT {}", redacted(&location));
            self.send(&scopes, |http| {
                let line = line.clone();
                let bytes = body().map_err(move |error| Error::body(&line, &error));
                http.put(location.clone())
                    .header(CONTENT_TYPE, "application/octet-stream")
                    // Known, and hence not `Transfer-Encoding: chunked`.
                    .header(CONTENT_LENGTH, size_bytes)
                    .body(Body::wrap_stream(bytes))
            })
            .await
            .map(drop)
        })
        .await
    }

    /// Pulls a blob. A connection that breaks is taken up where it broke. Digest and size are
    /// checked when all of it has come, so only the end of the stream says that the bytes are
    /// right: a mismatch is an error as its last item.
    ///
    /// # Errors
    /// What the registry answers. In the stream: an `io::Error` that holds an [`Error`].
    pub async fn pull_blob(&self, repository: &str, descriptor: &Descriptor) -> Result<BlobStream, Error> {
        let scopes = [Scope::pull(repository)];
        let url = self
            .url(repository, &format!("blobs/{}", descriptor.digest))
            .await?;
        let pull = Pull {
            response: self.get_from(&scopes, &url, 0).await?,
            client: self.clone(),
            scopes,
            url,
            hasher: Hasher::default(),
            digest: descriptor.digest,
            size_bytes: descriptor.size_bytes,
            resumes_left: RESUMES,
        };
        Ok(stream::try_unfold(pull, |mut pull| async move {
            let chunk = pull.next().await.map_err(io::Error::other)?;
            Ok(chunk.map(|chunk| (chunk, pull)))
        })
        .boxed())
    }

    /// Asks for a blob's bytes from an offset on.
    async fn get_from(&self, scopes: &[Scope], url: &str, offset: u64) -> Result<Response, Error> {
        let line = format!("GET {url}");
        with_retries(|| async {
            let get = |http: &reqwest::Client| match offset {
                0 => http.get(url),
                _ => http.get(url).header(RANGE, format!("bytes={offset}-")),
            };
            let response = in_time(&line, self.send(scopes, get)).await??;
            if offset > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
                return Err(Error::protocol(
                    &line,
                    "the connection broke, and it gives no ranges",
                ));
            }
            Ok(response)
        })
        .await
    }

    /// Pulls a blob that is small enough to be held (a config).
    ///
    /// # Errors
    /// As [`Self::pull_blob`]; [`Kind::TooLarge`] where the descriptor says more than the limit.
    pub async fn pull_small_blob(
        &self,
        repository: &str,
        descriptor: &Descriptor,
        limit_bytes: u64,
    ) -> Result<Vec<u8>, Error> {
        let line = format!(
            "GET {}",
            self.url(repository, &format!("blobs/{}", descriptor.digest))
                .await?
        );
        if descriptor.size_bytes > limit_bytes {
            return Err(Error::new(&line, Kind::TooLarge { limit_bytes }));
        }
        with_retries(|| async {
            let chunks = self.pull_blob(repository, descriptor).await?;
            let chunks: Vec<Bytes> = chunks
                .try_collect()
                .await
                .map_err(|error| Error::body(&line, &error))?;
            Ok(chunks.concat())
        })
        .await
    }
}

/// A blob on its way here.
struct Pull {
    client: Client,
    scopes: [Scope; 1],
    url: String,
    response: Response,
    hasher: Hasher,
    digest: Digest,
    size_bytes: u64,
    resumes_left: u32,
}

impl Pull {
    /// The next bytes; `None` once all have come and are right.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let line = format!("GET {}", self.url);
        let chunk = loop {
            let chunk = in_time(&line, self.response.chunk()).await;
            let chunk = chunk.and_then(|chunk| chunk.map_err(|error| Error::transport(&line, &error)));
            match chunk {
                Err(error) if error.is_temporary() && self.resumes_left > 0 => {
                    self.resumes_left -= 1;
                    let offset = self.hasher.size_bytes();
                    self.response = self.client.get_from(&self.scopes, &self.url, offset).await?;
                }
                chunk => break chunk?,
            }
        };
        let expected = self.digest;
        if let Some(bytes) = &chunk {
            self.hasher.update(bytes);
            if self.hasher.size_bytes() > self.size_bytes {
                let limit_bytes = self.size_bytes;
                return Err(Error::new(&line, Kind::TooLarge { limit_bytes }));
            }
        } else if self.hasher.size_bytes() < self.size_bytes || self.hasher.clone().finish() != expected {
            return Err(Error::new(&line, Kind::DigestMismatch { expected }));
        }
        Ok(chunk)
    }
}

async fn in_time<T>(line: &str, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(IDLE, work)
        .await
        .map_err(|_| Error::new(line, Kind::Connect("no answer in time".to_owned())))
}
