//! What a registry can have against a push, in a person's words.

use crate::{
    error::Failure,
    registry::{Client, Error, Kind, LoginSource},
};

/// The destination refused something.
pub(super) fn refused(what: String, destination: &Client, repository: &str, error: &Error) -> Failure {
    let failure = error.failure(what);
    let host = destination.host();
    let has_login = destination.has_credentials();
    match (&error.kind, destination.login_source()) {
        (Kind::Unauthorized, LoginSource::Secret) if !has_login => failure
            .why(format!("{error}\n(no login was sent: the push Secret has none for `{host}`)"))
            .next(format!("make a Secret with a login for {host}, and name it with `--push-secret`"))
            .command(format!("kubectl b2i registry login {host} --secret NAME"))
            .anchor("push-unauthorized"),
        (Kind::Unauthorized, LoginSource::DockerConfig) if !has_login => failure
            .why(format!("{error}\n(no login was sent: you have none for `{host}` on this machine)"))
            .next("log in, with whichever of these you have:")
            .command(format!("docker login {host}"))
            .command(format!("crane auth login {host}"))
            .anchor("push-unauthorized"),
        (Kind::Unauthorized, LoginSource::Secret) => failure
            .why(format!("{error}\n(the push Secret's login was sent)"))
            .next(format!(
                "check that the push Secret's login is still good and may write to `{repository}`"
            ))
            .anchor("push-unauthorized"),
        (Kind::Unauthorized, LoginSource::DockerConfig) => failure
            .why(format!("{error}\n(your login was sent)"))
            .next(format!("log in again, as somebody who may write to `{repository}`:"))
            .command(format!("docker login {host}"))
            .anchor("push-unauthorized"),
        (Kind::Denied, LoginSource::Secret) => failure
            .next(format!(
                "let the push Secret's user write to `{repository}`, or name another repository with `--image`"
            ))
            .anchor("push-denied"),
        (Kind::Denied, LoginSource::DockerConfig) => failure
            .next(format!(
                "let your user write to `{repository}`, or name another repository with `--image`"
            ))
            .anchor("push-denied"),
        (Kind::TagImmutable, _) => failure
            .next("give the image another tag, or let the registry move this one")
            .anchor("tag-immutable"),
        // A GET is of the base, whose layer its own registry may lack.
        (Kind::NotFound | Kind::NameUnknown, _) if !error.request.starts_with("GET ") => failure
            .next(format!(
                "create the repository `{repository}` in {host}, which does not do so by itself, \
                 or name another with `--image`"
            ))
            .anchor("push-repository"),
        _ => failure,
    }
}
