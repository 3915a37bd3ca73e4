//! Speaks the distribution specification, as a client:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! Our own, since the crates at hand lose the upload session of a refused mount, do not renew a
//! token in the middle of the work, and never try again.

mod addresses;
mod advice;
mod auth;
mod authority;
mod blobs;
mod challenge;
mod chunks;
mod client;
mod credential_helper;
mod credentials;
mod docker_config;
mod error;
mod growing;
mod guard;
mod htpasswd;
mod keychain;
mod limits;
mod login_entry;
mod manifests;
mod proxy;
mod reach;
mod resolver;
mod retry;
mod tls_problem;
mod transport;
mod uploads;
mod wire;

pub use authority::{Authorities, AuthorityError};
pub use blobs::BlobStream;
pub use client::{Client, Options};
pub use credential_helper::HelperError;
pub use credentials::{Credentials, CredentialsError, LoginSource};
pub use docker_config::DockerConfig;
pub use error::{Answer, Error, Kind};
pub use guard::Guard;
pub use htpasswd::{generate_password, htpasswd_line};
pub use keychain::Keychain;
pub use limits::Limits;
pub use login_entry::with_login;
pub use manifests::RawManifest;
pub use proxy::{ProxyError, ProxySettings};
pub use reach::{Refusal, Rule};
pub use retry::Notices;
pub use tls_problem::TlsProblem;
pub use transport::install_tls;
pub use uploads::{Mount, Upload};
