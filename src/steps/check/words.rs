//! What a check that failed tells a person.

use std::fmt::Display;

use crate::{
    error::Failure,
    model::SecretName,
    oci::Reference,
    registry::{Client, Error, Kind},
};

/// What was found, or what is wrong.
pub(super) type Outcome = Result<String, Failure>;

/// The names that the words need.
pub(super) struct Words<'a> {
    pub(super) image: &'a Reference,
    pub(super) push_secret: &'a SecretName,
    pub(super) client: &'a Client,
}

impl Words<'_> {
    pub(super) fn no_connection(&self, error: &Error) -> Failure {
        error.failure(format!("could not reach `{}`", self.client.host()))
    }

    /// It is no refusal: it took too long.
    pub(super) fn no_answer(&self, why: impl Display) -> Failure {
        Failure::new(format!("could not reach `{}`", self.client.host()))
            .why(why)
            .next("check the registry's address, and that it can be reached from where the build runs: the Pods of the namespace")
            .anchor("registry-unreachable")
    }

    pub(super) fn no_login(&self, error: &Error) -> Failure {
        let host = self.client.host();
        let failure = error.failure(format!("could not log in to `{host}`"));
        match error.kind {
            Kind::Unauthorized | Kind::Denied => failure
                .why(format!("{error}\n({})", self.login()))
                .next("log in with a user and a password (or token) that are good:")
                .command(self.login_again())
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
                .command(self.login_again())
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
                .command(self.login_again())
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

    /// What was sent, and of which Secret.
    fn login(&self) -> String {
        let (secret, host) = (self.push_secret, self.client.host());
        match (self.client.user(), self.client.has_credentials()) {
            (Some(user), _) => format!("push Secret `{secret}` was sent, as user `{user}`"),
            (None, true) => format!("push Secret `{secret}` was sent, a token"),
            (None, false) => format!("push Secret `{secret}` has no login for `{host}`"),
        }
    }

    fn login_again(&self) -> String {
        let SecretName { namespace, name } = self.push_secret;
        let host = self.client.host();
        format!("kubectl b2i registry login {host} --secret {name} -n {namespace}")
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
