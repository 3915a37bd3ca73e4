//! Downloads. Proxies are taken from the environment, as every command-line client does.

use std::{error::Error as _, time::Duration};

use reqwest::{Certificate, Response, Url, header, redirect};

use super::{
    Fetched, NAMELESS, failure, file_name,
    redirect::{Refusal, may_go_to},
    spool::Spool,
};
use crate::{
    error::Failure,
    model::{ArtifactPlace, Event, Events, Expected, Step},
    oci::Digest,
    registry,
};

const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may say nothing. There is no limit on the whole: links are slow.
const SILENCE: Duration = Duration::from_mins(1);

/// Downloads an artifact.
pub(super) async fn download(
    url: &str,
    place: &ArtifactPlace,
    expected: &Expected,
    events: &Events,
) -> Result<Fetched, Failure> {
    let shown = place.shown();
    let has_digest = expected.digest.is_some();
    let url = allowed(url, &shown, expected.digest.as_ref())?;
    events.send(Event::Doing(Step::Inspect, format!("downloading {shown}")));
    let lost = |error: reqwest::Error| match refusal_in(&error) {
        Some(refusal) => failure::refused(&shown, &refusal),
        None => failure::not_had(&shown, error.without_url()),
    };
    let mut response = client(&url, has_digest)
        .and_then(|client| client.get(url).build().map(|request| (client, request)))
        .map(|(client, request)| client.execute(request))
        .map_err(lost)?
        .await
        .map_err(lost)?;
    if !response.status().is_success() {
        return Err(failure::other_status(&shown, response.status()));
    }
    let total = response.content_length();
    if total.is_some_and(|total| total > expected.max_bytes) {
        return Err(failure::too_large(&shown, total, expected.max_bytes));
    }
    let mut spool = Spool::new(&name(&response), &shown, expected.max_bytes)?;
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        spool.write(&chunk)?;
        if let Some(total) = total {
            let done = spool.size_bytes();
            events.send(Event::Bytes {
                step: Step::Inspect,
                done,
                total,
            });
        }
    }
    let (fetched, digest) = spool.finish(expected.digest.as_ref())?;
    if !has_digest {
        events.send(Event::Warning(format!(
            "nobody said what {shown} should be; to get the same next time, or nothing: --sha256 {}",
            digest.hex()
        )));
    }
    Ok(fetched)
}

/// Returns the URL, where it is one that may be downloaded from.
pub(super) fn allowed(url: &str, shown: &str, expected: Option<&Digest>) -> Result<Url, Failure> {
    let url = Url::parse(url).map_err(|error| failure::no_url(shown, &error))?;
    may_go_to(&[], &url, expected.is_some()).map_err(|refusal| failure::refused(shown, &refusal))?;
    Ok(url)
}

fn name(response: &Response) -> String {
    let header = response.headers().get(header::CONTENT_DISPOSITION);
    // Names beyond ASCII come as raw UTF-8 from some servers.
    let header = header.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    file_name::of(header, response.url()).unwrap_or_else(|| NAMELESS.to_owned())
}

fn client(typed: &Url, has_digest: bool) -> reqwest::Result<reqwest::Client> {
    registry::install_tls();
    let ours = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok());
    let guard = registry::Guard::of(typed);
    let resolver = guard.resolver();
    let follow = redirect::Policy::custom(move |attempt| {
        match may_go_to(attempt.previous(), attempt.url(), has_digest) {
            Ok(()) if !guard.allows(attempt.url()) => {
                let refusal = Refusal::private(attempt.url());
                attempt.error(refusal)
            }
            Ok(()) => attempt.follow(),
            Err(refusal) => attempt.error(refusal),
        }
    });
    reqwest::Client::builder()
        .user_agent(concat!("kubectl-b2i/", env!("CARGO_PKG_VERSION")))
        .tls_certs_merge(ours)
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .referer(false)
        .dns_resolver(resolver)
        .redirect(follow)
        .build()
}

/// The refusal of ours that ended a request, if one did.
fn refusal_in(error: &reqwest::Error) -> Option<Refusal> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(refusal.clone());
        }
        if let Some(refusal) = error.downcast_ref::<registry::Refusal>() {
            return Some(Refusal::Private(refusal.origin.clone()));
        }
        cause = error.source();
    }
    None
}
