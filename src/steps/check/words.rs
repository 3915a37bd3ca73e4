//! What a check that failed tells a person.

use std::fmt::Display;

use crate::{
    error::Failure,
    oci::Reference,
    registry::{Client, Error, Kind, LoginSource},
};

/// What was found, or what is wrong.
pub(super) type Outcome = Result<String, Failure>;

/// The names that the words need.
pub(super) struct Words<'a> {
    pub(super) image: &'a Reference,
    pub(super) client: &'a Client,
}

impl Words<'_> {
    pub(super) fn no_connection(&self, error: &Error) -> Failure {
        error.failure(format!("could not reach `{}`", self.client.host()))
    }

    pub(super) fn no_login(&self, error: &Error) -> Failure {
        let host = self.client.host();
        let failure = error.failure(format!("could not log in to `{host}`"));
        match error.kind {
            Kind::Unauthorized | Kind::Denied => failure
                .why(format!("{error}\n({})", self.login()))
                .next("log in with a user and a password (or token) that are good:")
                .command(format!("kubectl b2i registry login {host}"))
                .anchor("push-unauthorized"),
            _ => failure,
        }
    }

    pub(super) fn no_pull(&self, error: &Error) -> Failure {
        let name = self.image.name();
        let failure = error.failure(format!("could not pull from `{name}`"));
        match error.kind {
            Kind::Unauthorized | Kind::Denied => failure
                .why(format!("{error}\n({})", self.login()))
                .next(format!(
                    "let this user read `{}`, or log in as another:",
                    self.image.repository
                ))
                .command(format!("kubectl b2i registry login {}", self.client.host()))
                .anchor("push-denied"),
            _ => failure,
        }
    }

    pub(super) fn no_push(&self, error: &Error) -> Failure {
        let (name, host) = (self.image.name(), self.client.host());
        let failure = error.failure(format!("could not push to `{name}`"));
        match error.kind {
            Kind::Unauthorized | Kind::Denied => failure
                .why(format!("{error}\n({})", self.login()))
                .next(format!(
                    "let this user write to `{}`, name another repository, or log in as another user:",
                    self.image.repository
                ))
                .command(format!("kubectl b2i registry login {host}"))
                .anchor("push-denied"),
            Kind::NotFound | Kind::NameUnknown => failure
                .next(format!(
                    "create the repository `{}` in {host}, which does not do so by itself",
                    self.image.repository
                ))
                .anchor("push-repository"),
            _ => failure,
        }
    }

    /// Who was said that we are.
    fn login(&self) -> String {
        match (
            self.client.user(),
            self.client.has_credentials(),
            self.client.login_source(),
        ) {
            (Some(user), ..) => format!("sent as `{user}`"),
            (None, true, _) => "a token was sent".to_owned(),
            (None, false, LoginSource::Secret) => {
                format!(
                    "no login was sent: the push Secret has none for `{}`",
                    self.client.host()
                )
            }
            (None, false, LoginSource::DockerConfig) => "no login was sent".to_owned(),
        }
    }
}

pub(super) fn no_name(host: &str, why: impl Display) -> Failure {
    Failure::new(format!("could not find `{host}`"))
        .why(why)
        .next("check the registry's name, and the DNS of where the build runs")
        .anchor("registry-unreachable")
}

pub(super) fn no_base(base: &Reference, source: &Reference, error: &Error) -> Failure {
    let failure = error.failure(format!("could not pull the base image `{base}`"));
    match error.kind {
        Kind::NotFound | Kind::NameUnknown => failure
            .next(format!("check its name: it was looked for as `{source}`"))
            .anchor("base-not-found"),
        Kind::Unauthorized | Kind::Denied => failure
            .next(format!(
                "check its name, or name a Secret for {} with `--pull-secret`",
                source.registry
            ))
            .anchor("base-unauthorized"),
        _ => failure,
    }
}
