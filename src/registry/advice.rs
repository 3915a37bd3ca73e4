//! What to tell a person about a registry that fails in a way that has nothing to do with what
//! was asked of it. The steps put the rest into words themselves.

use super::{Error, Kind};
use crate::error::Failure;

impl Error {
    /// Turns the error into a failure: no connection, no TLS, too many requests and the like have
    /// advice of their own; anything else is told as it is.
    #[must_use]
    pub fn failure(&self, what: impl Into<String>) -> Failure {
        let failure = Failure::new(what).why(self);
        match (&self.kind, self.status.map(|status| status.as_u16())) {
            (Kind::Connect(_), _) => failure
                .next(
                    "check the registry's address, and that it can be reached from where the build runs: \
                     the Pods of the namespace, or this machine",
                )
                .anchor("registry-unreachable"),
            (
                Kind::Tls {
                    is_plain_http: true, ..
                },
                _,
            ) => failure
                .next("the registry speaks plain HTTP: name it by `--insecure-registry`, or under `insecureRegistries` in the configuration")
                .anchor("registry-tls"),
            (Kind::Tls { .. }, _) => failure
                .next("check the registry's name in the reference, and its certificate")
                .anchor("registry-tls"),
            (_, Some(429)) => failure
                .next("the registry limits requests: wait, log in, or use a mirror")
                .anchor("registry-rate-limit"),
            (_, Some(500..)) => failure
                .next("the registry is not well: try again, and look at its own log")
                .anchor("registry-error"),
            _ => failure.anchor("registry-error"),
        }
    }
}
