//! What a registry can have against a push, in a person's words.

use crate::{
    error::Failure,
    registry::{Client, Error, Kind},
};

/// The destination refused something.
pub(super) fn refused(what: String, destination: &Client, repository: &str, error: &Error) -> Failure {
    let failure = error.failure(what);
    let host = destination.host();
    match error.kind {
        Kind::Unauthorized if !destination.has_credentials() => failure
            .why(format!("{error}\n(no login was sent: the push Secret has none for `{host}`)"))
            .next(format!("make a Secret with a login for {host}, and name it with `--push-secret`"))
            .command(format!(
                "kubectl create secret docker-registry NAME --docker-server={host} \
                 --docker-username=USER --docker-password=PASSWORD"
            ))
            .anchor("push-unauthorized"),
        Kind::Unauthorized => failure
            .why(format!("{error}\n(the push Secret's login was sent)"))
            .next(format!(
                "check that the push Secret's login is still good and may write to `{repository}`"
            ))
            .anchor("push-unauthorized"),
        Kind::Denied => failure
            .next(format!(
                "let the push Secret's user write to `{repository}`, or name another repository with `--image`"
            ))
            .anchor("push-denied"),
        Kind::TagImmutable => failure
            .next("give the image another tag, or let the registry move this one")
            .anchor("tag-immutable"),
        // A GET is of the base, whose layer its own registry may lack.
        Kind::NotFound | Kind::NameUnknown if !error.request.starts_with("GET ") => failure
            .next(format!(
                "create the repository `{repository}` in {host}, which does not do so by itself, \
                 or name another with `--image`"
            ))
            .anchor("push-repository"),
        _ => failure,
    }
}
