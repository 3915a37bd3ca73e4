//! Speaks the distribution specification, as a client:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! Our own, since the crates at hand lose the upload session of a refused mount, do not renew a
//! token in the middle of the work, and never try again.

mod advice;
mod auth;
mod authority;
mod blobs;
mod challenge;
mod chunks;
mod client;
mod credentials;
mod error;
mod keychain;
mod manifests;
mod retry;
mod tls_problem;
mod transport;
mod uploads;

pub use authority::{Authorities, AuthorityError};
pub use blobs::BlobStream;
pub use client::{Client, Options};
pub use credentials::{Credentials, CredentialsError};
pub use error::{Answer, Error, Kind};
pub use keychain::Keychain;
pub use manifests::RawManifest;
pub use tls_problem::TlsProblem;
pub use transport::{ProxySettings, install_tls};
pub use uploads::{Mount, Upload};
