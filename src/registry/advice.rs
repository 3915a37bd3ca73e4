//! What to tell a person about a registry that fails in a way that has nothing to do with what
//! was asked of it. The steps put the rest into words themselves.

use super::{Error, Kind, Refusal, Rule, TlsProblem};
use crate::error::Failure;

impl Error {
    /// Turns the error into a failure: no connection, no TLS, too many requests and the like have
    /// advice of their own; anything else is told as it is.
    #[must_use]
    pub fn failure(&self, what: impl Into<String>) -> Failure {
        let failure = Failure::new(what).why(self);
        match (&self.kind, self.status.map(|status| status.as_u16())) {
            (Kind::Connect(_) | Kind::Stalled(_), _) => failure
                .next(
                    "check the registry's address, and that it can be reached from where the build runs: \
                     the Pods of the namespace, or this machine",
                )
                .anchor("registry-unreachable"),
            (Kind::Refused(refusal), _) => failure.next(refused(refusal)).anchor("registry-sent-elsewhere"),
            (Kind::Tls { problem, .. }, _) => failure.next(tls(*problem)).anchor("registry-tls"),
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

fn refused(refusal: &Refusal) -> String {
    let host = refusal.origin.split_once("://").map_or("", |(_, host)| host);
    match refusal.rule {
        Rule::Private | Rule::Port => format!(
            "if this host is yours and belongs to the registry, name it by `--registry-host {host}`, or under \
             `registryHosts` in the configuration"
        ),
        Rule::PlainHttp => {
            "let the registry, or the proxy in front of it, name itself by `https://` (`X-Forwarded-Proto`)"
                .to_owned()
        }
        Rule::Scheme | Rule::Login => {
            "check the registry's configuration: no registry should answer that".to_owned()
        }
    }
}

fn tls(problem: TlsProblem) -> &'static str {
    match problem {
        TlsProblem::PlainHttp => {
            "the registry speaks plain HTTP: name it by `--insecure-registry`, or under `insecureRegistries` in the configuration"
        }
        TlsProblem::UnknownAuthority => {
            "give the certificate of the registry's authority: `--registry-ca FILE`, or `registryCa` in the \
             configuration"
        }
        TlsProblem::Name => "use a name that the registry's certificate is for",
        TlsProblem::Time => "renew the registry's certificate, or set the clock of where the build runs",
        TlsProblem::SelfSigned => {
            "the certificate is marked as an authority and serves by itself: let an authority of yours issue one, \
             and give that by `--registry-ca FILE`; or name the registry by `--insecure-registry`"
        }
        TlsProblem::Other => "check the registry's name in the reference, and its certificate",
    }
}
