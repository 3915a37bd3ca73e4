//! What can be wrong with a base image, in a person's words.

use std::fmt::Display;

use crate::{
    error::Failure,
    oci::{Platform, Reference},
    registry::{Client, Error, Kind, LoginSource},
};

const ANOTHER_BASE: &str = "name another base with `--base IMAGE`";

pub(super) fn unusable(base: &Reference) -> Failure {
    Failure::new(format!("could not use the base image `{base}`"))
}

/// The registry did not give something of the base.
pub(super) fn refused(base: &Reference, source: &Reference, client: &Client, error: &Error) -> Failure {
    let failure = error.failure(unusable(base).what);
    let is_mirrored = base.registry != source.registry;
    let why = if is_mirrored {
        let (mirror, registry) = (&source.registry, &base.registry);
        format!("{}\n({mirror} is the mirror of {registry})", failure.why)
    } else {
        failure.why.clone()
    };
    let failure = failure.why(why);
    match error.kind {
        Kind::NotFound | Kind::NameUnknown if is_mirrored => failure
            .next(format!("push it to the mirror as `{source}`, or {ANOTHER_BASE}"))
            .anchor("base-not-found"),
        Kind::NotFound | Kind::NameUnknown => failure
            .next(format!("check its name, or {ANOTHER_BASE}"))
            .anchor("base-not-found"),
        Kind::Unauthorized | Kind::Denied => failure
            .next(format!(
                "check its name (some registries say this of images that do not exist), \
                 {} {}, or {ANOTHER_BASE}",
                match client.login_source() {
                    LoginSource::Secret => "let the build's Secret log in to",
                    LoginSource::DockerConfig => "log in to",
                },
                source.registry
            ))
            .anchor("base-unauthorized"),
        _ => failure,
    }
}

pub(super) fn not_for_platform(
    base: &Reference,
    wanted: &Platform,
    there: impl IntoIterator<Item = Platform>,
) -> Failure {
    let mut there: Vec<String> = there
        .into_iter()
        // Attestations are listed as manifests of no platform.
        .filter(|platform| platform.os != "unknown")
        .map(|platform| format!("`{platform}`"))
        .collect();
    there.sort();
    there.dedup();
    Failure::new(format!("could not use the base image `{base}` on `{wanted}`"))
        .why(format!("it is made for {}", there.join(", ")))
        .next(format!(
            "build for one of those with `--platform`, or {ANOTHER_BASE}"
        ))
        .anchor("base-platform")
}

pub(super) fn schema_1(base: &Reference) -> Failure {
    unusable(base)
        .why("its registry gives a manifest of schema 1, which was given up long ago and has no config")
        .next(format!(
            "push the image again with a current tool, or {ANOTHER_BASE}"
        ))
        .anchor("base-unreadable")
}

pub(super) fn unreadable(base: &Reference, why: impl Display) -> Failure {
    unusable(base)
        .why(format!("it is not as the image specification wants it: {why}"))
        .next(ANOTHER_BASE)
        .anchor("base-unreadable")
}
