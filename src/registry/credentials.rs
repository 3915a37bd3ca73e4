//! A login of a registry, and why one could not be read.

use std::{fmt, io};

/// A login.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User and password.
    Basic {
        /// The user.
        username: String,
        /// The password, or what a registry takes for one.
        password: String,
    },
    /// An OAuth 2 refresh token, which only buys tokens (`docker login` of Azure and others).
    IdentityToken(String),
    /// A token that is shown as it is (`registrytoken`).
    RegistryToken(String),
}

/// Where a login is from, or would be: what a person is told to mend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginSource {
    /// The Secret that a Pod has mounted.
    #[default]
    Secret,
    /// Docker's configuration on this machine.
    DockerConfig,
}

/// Never the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { username, .. } => write!(f, "Basic({username}, …)"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(…)"),
            Self::RegistryToken(_) => f.write_str("RegistryToken(…)"),
        }
    }
}

/// Why logins could not be read. Quotes nothing of what was read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CredentialsError {
    /// Not the JSON that it should be.
    #[error("not a Docker config: line {line}, column {column} is not what it should be")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// `auth` is not base64 of `user:password`.
    #[error("`auth` of `{host}` is not base64 of `user:password`")]
    Auth {
        /// The entry.
        host: String,
    },
    /// A Secret of a type that holds no logins.
    #[error("a Secret of type `{0}` holds no registry logins: expected `kubernetes.io/dockerconfigjson`")]
    SecretType(String),
    /// A Secret without the key that its type promises.
    #[error("the Secret has no key `{0}`")]
    MissingKey(&'static str),
    /// A file that cannot be read: Docker's, or a mounted Secret's key.
    #[error("could not read `{0}`: {1}")]
    Unreadable(&'static str, io::ErrorKind),
}
