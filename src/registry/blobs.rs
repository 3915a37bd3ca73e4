//! Blobs: is it there, and pull it:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use reqwest::{Response, StatusCode, header::RANGE};

use super::{Client, Error, Kind, auth::Scope, client::SMALL_REQUEST};
use crate::oci::{Descriptor, Digest, Hasher};

/// The bytes of a blob, as they come.
pub type BlobStream = BoxStream<'static, io::Result<Bytes>>;

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
        match self.with_retries(head).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, Kind::NotFound | Kind::NameUnknown) => Ok(false),
            Err(error) => Err(error),
        }
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
        self.with_retries(|| async {
            let get = |http: &reqwest::Client| match offset {
                0 => http.get(url),
                _ => http.get(url).header(RANGE, format!("bytes={offset}-")),
            };
            let response = self.send(scopes, get).await?;
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
        self.with_retries(|| async {
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
            let chunk = in_time(self.client.stall(), &line, self.response.chunk()).await;
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

async fn in_time<T>(limit: Duration, line: &str, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| Error::new(line, Kind::Stalled("it stopped sending bytes")))
}
