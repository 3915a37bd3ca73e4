//! An upload in chunks, for registries and proxies that take no large requests (GHCR's limit for a
//! chunk is 4 MiB, nginx' for a body 1 MiB):
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.

use std::{
    io,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use reqwest::{
    Response, StatusCode, Url,
    header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE},
};

use super::{
    Client, Error, Upload,
    auth::Scope,
    client::{SMALL_REQUEST, redacted},
    limits::Progress,
    retry::pause,
};
use crate::oci::Digest;

/// The sizes of requests that are tried one after the other.
const SIZES: [u64; 3] = [4 << 20, 1 << 20, 256 << 10];
/// A chunk is held in memory, and three uploads run at a time.
const LARGEST_CHUNK_BYTES: u64 = 32 << 20;
/// How often one chunk is taken up again.
const RESUMES: u32 = 4;

/// How large a request to a registry may be, as far as was learned.
#[derive(Debug)]
pub(super) struct RequestLimit(AtomicU64);

impl RequestLimit {
    pub(super) fn none() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes one step down from a request of this size; `false` where there is none.
    pub(super) fn lower(&self, size_bytes: u64, limit_bytes: u64) -> bool {
        let failed = size_bytes.min(limit_bytes);
        let Some(next) = SIZES.into_iter().find(|size| *size < failed) else {
            return false;
        };
        self.0.fetch_min(next, Ordering::Relaxed);
        true
    }
}

impl Client {
    pub(super) async fn push_chunks(
        &self,
        repository: &str,
        upload: Upload,
        digest: Digest,
        limit_bytes: u64,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<(), Error> {
        let scopes = [Scope::push(repository)];
        let mut location = upload.location;
        let line = format!("PATCH {}", redacted(&location));
        let chunk_bytes = limit_bytes.max(upload.least_chunk_bytes);
        if chunk_bytes > LARGEST_CHUNK_BYTES {
            return Err(Error::protocol(
                &line,
                format!("it takes no chunks of less than {chunk_bytes} bytes"),
            ));
        }
        let chunk_bytes = usize::try_from(chunk_bytes).unwrap_or(usize::MAX);
        let mut body = pin!(body);
        let mut gathered = BytesMut::new();
        let mut offset = 0;
        let mut is_at_end = false;
        while !is_at_end {
            while gathered.len() < chunk_bytes && !is_at_end {
                match body.next().await {
                    Some(bytes) => {
                        let bytes = bytes.map_err(|error| Error::body(&line, &error))?;
                        gathered.extend_from_slice(&bytes);
                    }
                    None => is_at_end = true,
                }
            }
            while gathered.len() >= chunk_bytes || is_at_end && !gathered.is_empty() {
                let chunk = gathered.split_to(chunk_bytes.min(gathered.len())).freeze();
                let size_bytes = chunk.len() as u64;
                location = self.chunk(&scopes, location, offset, chunk).await?;
                offset += size_bytes;
            }
        }
        self.close_upload(&scopes, location, digest).await
    }

    /// Sends a chunk; where the connection breaks, goes on from where the registry says that it is.
    async fn chunk(
        &self,
        scopes: &[Scope],
        mut location: Url,
        mut offset: u64,
        mut chunk: Bytes,
    ) -> Result<Url, Error> {
        for failures in 0.. {
            let patch = |http: &reqwest::Client, progress: &Progress| {
                // Inclusive, and without the `bytes ` of HTTP's own.
                let range = format!("{offset}-{}", offset + chunk.len() as u64 - 1);
                http.patch(location.clone())
                    .header(CONTENT_TYPE, "application/octet-stream")
                    .header(CONTENT_RANGE, range)
                    .header(CONTENT_LENGTH, chunk.len())
                    .body(progress.body_of(chunk.clone()))
            };
            let error = match self.send_body(scopes, patch).await {
                Ok(response) => return self.upload_location("PATCH", &response),
                Err(error) => error,
            };
            if !error.is_temporary() || failures == RESUMES {
                return Err(error);
            }
            pause(self.notices(), failures, &error).await;
            // What it does not know any more must be begun anew, and the first error says why.
            let Some((place, received)) = self.progress(scopes, &location).await else {
                return Err(error);
            };
            let Some(got) = received
                .checked_sub(offset)
                .filter(|got| *got <= chunk.len() as u64)
            else {
                return Err(error);
            };
            location = place;
            offset = received;
            chunk = chunk.slice(usize::try_from(got).unwrap_or(chunk.len())..);
            if chunk.is_empty() {
                break;
            }
        }
        Ok(location)
    }

    /// Asks how far an upload is: where it goes on, and how many bytes have come.
    async fn progress(&self, scopes: &[Scope], location: &Url) -> Option<(Url, u64)> {
        let get = |http: &reqwest::Client| http.get(location.clone()).timeout(SMALL_REQUEST);
        let response = self.with_retries(|| self.send(scopes, get)).await.ok()?;
        if response.status() != StatusCode::NO_CONTENT {
            return None;
        }
        let received = received(&response)?;
        let location = self
            .upload_location("GET", &response)
            .unwrap_or_else(|_| location.clone());
        Some((location, received))
    }
}

/// `Range: 0-1023` is 1024 bytes. Registries say `0-0` for none as well as for one; a byte sent
/// twice would be refused, so that is taken for none and left to the registry.
fn received(response: &Response) -> Option<u64> {
    let range = response.headers().get(RANGE)?.to_str().ok()?;
    let (_, last) = range.trim_start_matches("bytes=").split_once('-')?;
    match last.parse().ok()? {
        0 => Some(0),
        last => u64::checked_add(last, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_get_smaller_step_by_step() {
        let limit = RequestLimit::none();
        assert!(limit.lower(80 << 20, u64::MAX));
        assert_eq!(limit.bytes(), 4 << 20);
        assert!(limit.lower(80 << 20, 4 << 20));
        assert!(limit.lower(80 << 20, 1 << 20));
        assert_eq!(limit.bytes(), 256 << 10);
        assert!(!limit.lower(80 << 20, 256 << 10), "there is no smaller one");
        // A small blob that is refused says that even its size is too large.
        let limit = RequestLimit::none();
        assert!(limit.lower(2 << 20, u64::MAX));
        assert_eq!(limit.bytes(), 1 << 20);
        assert!(!limit.lower(100, u64::MAX));
    }
}
