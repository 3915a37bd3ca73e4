//! What we say when an artifact cannot be had.

use std::{error::Error as _, io};

use reqwest::StatusCode;

use super::redirect::Refusal;
use crate::{error::Failure, oci::Digest};

fn not_fetched(shown: &str) -> Failure {
    Failure::new(format!("could not get the artifact `{shown}`"))
}

pub(super) fn no_url(shown: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("could not use `{shown}` as an artifact"))
        .why(format!("it is no URL: {error}"))
        .next("give the address of a file: `https://HOST/PATH/shop.jar`")
        .anchor("artifact-url")
}

pub(super) fn refused(shown: &str, refusal: &Refusal) -> Failure {
    let failure = not_fetched(shown).why(refusal);
    match refusal {
        Refusal::TooMany | Refusal::Private(_) => failure
            .next("give the address that it ends at; this shows the way there:")
            .command("curl -sIL URL")
            .anchor("artifact-download"),
        Refusal::OtherScheme(scheme) if scheme == "file" => failure
            .next("give the path alone, without `file://`")
            .anchor("artifact-url"),
        Refusal::OtherScheme(scheme) if scheme.contains("ftp") => failure
            .next("download it by other means, check it, and give the file, or pipe it in:")
            .command("curl -fsS URL | kubectl b2i deploy - --name shop")
            .anchor("artifact-url"),
        Refusal::ToPlain | Refusal::OtherScheme(_) => failure
            .next("download it by other means, check it, and give the file")
            .anchor("artifact-url"),
        Refusal::Plain => failure
            .next("give an `https://` address, or say what it should be by `--sha256 DIGEST`")
            .anchor("artifact-url"),
    }
}

/// The request could not be made, or broke off.
pub(super) fn not_had(shown: &str, error: reqwest::Error) -> Failure {
    let next = match tls_error(&error) {
        Some(rustls::Error::InvalidMessage(_)) => {
            return not_fetched(shown)
                .why("it begins with `https://`, and the server speaks plain HTTP on that port, without TLS")
                .next("use the server's HTTPS port; or `http://`, and give the digest by `--sha256 DIGEST`")
                .anchor("artifact-url");
        }
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => {
            "if the server is your own, name the file with its authority's certificate: `SSL_CERT_FILE=FILE`, as for curl"
        }
        _ => "check the address and the way there; `HTTPS_PROXY` names a proxy",
    };
    not_fetched(shown)
        .because(error)
        .next(next)
        .anchor("artifact-download")
}

fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        // An I/O error tells its own cause only so.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

pub(super) fn other_status(shown: &str, status: StatusCode) -> Failure {
    let next = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "download it with your login, and give the file",
        StatusCode::NOT_FOUND | StatusCode::GONE => "check the address: name, version, and file",
        _ => "try again later, or download it by other means and give the file",
    };
    not_fetched(shown)
        .why(format!("the server answered {status}"))
        .next(next)
        .anchor("artifact-download")
}

/// `size_bytes` where it is known before all of it came.
pub(super) fn too_large(shown: &str, size_bytes: Option<u64>, max_bytes: u64) -> Failure {
    let why = match size_bytes {
        Some(size) => format!("it has {size} bytes, and {max_bytes} is the most that we take"),
        None => format!("it has more than {max_bytes} bytes, which is the most that we take"),
    };
    not_fetched(shown)
        .why(why)
        .next("raise the limit if you mean it: `--max-artifact-size 8Gi`")
        .anchor("artifact-size")
}

pub(super) fn other_digest(shown: &str, found: &Digest, expected: &Digest) -> Failure {
    not_fetched(shown)
        .why(format!(
            "it is not what `--sha256` says:\nexpected {expected}\nfound    {found}"
        ))
        .next("find out which of the two is right before you run it")
        .anchor("artifact-digest")
}

pub(super) fn unreadable(shown: &str, error: &io::Error) -> Failure {
    not_fetched(shown)
        .why(error)
        .next("check what it is read from, then try again")
        .anchor("artifact-unreadable")
}

pub(super) fn unwritable(shown: &str, error: &io::Error) -> Failure {
    not_fetched(shown)
        .why(format!("it could not be written to a temporary file: {error}"))
        .next("make room there, or name another folder for temporary files by TMPDIR:")
        .command("export TMPDIR=/var/tmp")
        .anchor("layer-write")
}
