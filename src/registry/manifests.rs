//! Manifests and indexes, as bytes: what they say is for the one who asked.

use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::{
    Client, Error, Kind,
    auth::Scope,
    client::{SMALL_REQUEST, read_at_most},
};
use crate::oci::{Digest, media_type};

/// A manifest or index as the registry gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawManifest {
    /// What the registry says that it is.
    pub media_type: String,
    /// Digest of the bytes, reckoned here.
    pub digest: Digest,
    /// The bytes themselves: the digest is of them, not of what they mean.
    pub bytes: Vec<u8>,
}

/// What registries take at least, and most take no more:
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>.
const LIMIT_BYTES: u64 = 4 * 1024 * 1024;

const ACCEPTED: [&str; 4] = [
    media_type::INDEX,
    media_type::MANIFEST,
    media_type::DOCKER_INDEX,
    media_type::DOCKER_MANIFEST,
];

impl Client {
    /// Pulls a manifest or an index by tag or digest.
    ///
    /// # Errors
    /// What the registry answers; [`Kind::TooLarge`] over 4 MiB; [`Kind::DigestMismatch`] where it
    /// was asked for by digest and is something else.
    pub async fn pull_manifest(&self, repository: &str, reference: &str) -> Result<RawManifest, Error> {
        let url = self.url(repository, &format!("manifests/{reference}")).await?;
        let line = format!("GET {url}");
        let (content_type, bytes) = self
            .with_retries(|| async {
                let get = |http: &reqwest::Client| {
                    let accepted = ACCEPTED.join(", ");
                    http.get(&url).header(ACCEPT, accepted).timeout(SMALL_REQUEST)
                };
                let response = self.send(&[Scope::pull(repository)], get).await?;
                let content_type = response.headers().get(CONTENT_TYPE).cloned();
                let bytes = read_at_most(&line, response, LIMIT_BYTES).await?;
                Ok((content_type, bytes))
            })
            .await?;
        let digest = Digest::of(&bytes);
        match reference.parse::<Digest>() {
            Ok(expected) if expected != digest => Err(Error::new(&line, Kind::DigestMismatch { expected })),
            _ => Ok(RawManifest {
                media_type: content_type
                    .and_then(|value| Some(value.to_str().ok()?.split(';').next()?.trim().to_owned()))
                    .unwrap_or_default(),
                digest,
                bytes,
            }),
        }
    }

    /// Asks for a manifest or an index without its bytes, which Docker Hub does not count as a pull.
    /// Returns the digest that the registry names, if it does.
    ///
    /// # Errors
    /// What the registry answers: [`Kind::NotFound`] where there is none.
    pub async fn find_manifest(&self, repository: &str, reference: &str) -> Result<Option<Digest>, Error> {
        let url = self.url(repository, &format!("manifests/{reference}")).await?;
        let head = |http: &reqwest::Client| {
            http.head(&url)
                .header(ACCEPT, ACCEPTED.join(", "))
                .timeout(SMALL_REQUEST)
        };
        let scopes = [Scope::pull(repository)];
        let response = self.with_retries(|| self.send(&scopes, head)).await?;
        let digest = response.headers().get("docker-content-digest");
        Ok(digest.and_then(|digest| digest.to_str().ok()?.parse().ok()))
    }

    /// Pushes a manifest or an index under a tag or its digest.
    ///
    /// # Errors
    /// What the registry answers; [`Kind::BlobUnknown`] where it lacks what the manifest names.
    pub async fn push_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        let url = self.url(repository, &format!("manifests/{reference}")).await?;
        let bytes = bytes::Bytes::from(bytes);
        // The same bytes under the same name twice are no harm, so this may be tried again.
        self.with_retries(|| async {
            self.send(&[Scope::push(repository)], |http| {
                http.put(&url)
                    .header(CONTENT_TYPE, media_type)
                    .body(bytes.clone())
                    .timeout(SMALL_REQUEST)
            })
            .await
            .map(drop)
        })
        .await
    }
}
