//! Which addresses are gone to.

use std::net::IpAddr;

use reqwest::Url;

const MOST_REDIRECTS: usize = 5;

/// Why an address is not gone to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is redirected more than {MOST_REDIRECTS} times")]
    TooMany,
    #[error("it is redirected from HTTPS to plain HTTP")]
    ToPlain,
    #[error("over plain HTTP anybody on the way can change what comes")]
    Plain,
    #[error("`{0}://` is not supported: only `https://` and `http://` are")]
    OtherScheme(String),
    #[error("it is redirected to `{0}`, which is inside a machine, a cluster or a private network")]
    Private(String),
}

impl Refusal {
    pub(super) fn private(url: &Url) -> Self {
        Self::Private(url.origin().ascii_serialization())
    }
}

/// Says whether `next` may be gone to after those before it. Plain HTTP is for what is checked
/// against a digest, and for this machine itself.
pub(super) fn may_go_to(before: &[Url], next: &Url, has_digest: bool) -> Result<(), Refusal> {
    if before.len() > MOST_REDIRECTS {
        return Err(Refusal::TooMany);
    }
    match next.scheme() {
        "https" => Ok(()),
        "http" if before.iter().any(|url| url.scheme() == "https") => Err(Refusal::ToPlain),
        "http" if has_digest || is_this_machine(next) => Ok(()),
        "http" => Err(Refusal::Plain),
        scheme => Err(Refusal::OtherScheme(scheme.to_owned())),
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn never_from_https_to_http() {
        let go = |before: &[&str], next: &str, has_digest| {
            let before: Vec<Url> = before.iter().map(|text| url(text)).collect();
            may_go_to(&before, &url(next), has_digest)
        };
        assert_eq!(go(&[], "https://a/", false), Ok(()));
        assert_eq!(go(&["https://a/"], "https://b/", false), Ok(()));
        for has_digest in [false, true] {
            assert_eq!(
                go(&["https://a/"], "http://b/", has_digest),
                Err(Refusal::ToPlain)
            );
            assert_eq!(
                go(&["https://a/"], "http://127.0.0.1/", has_digest),
                Err(Refusal::ToPlain)
            );
            // Nor by way of a third.
            assert_eq!(
                go(&["http://a/", "https://a/"], "http://a/", has_digest),
                Err(Refusal::ToPlain)
            );
        }
        assert_eq!(go(&[], "http://a/", false), Err(Refusal::Plain));
        assert_eq!(
            go(&["http://127.0.0.1/"], "http://a/", false),
            Err(Refusal::Plain)
        );
        assert_eq!(go(&[], "http://a/", true), Ok(()));
        for here in ["http://127.0.0.2:80/", "http://[::1]:80/", "http://localhost/"] {
            assert_eq!(go(&[], here, false), Ok(()), "{here}");
        }
        let ftp = Err(Refusal::OtherScheme("ftp".to_owned()));
        assert_eq!(go(&["https://a/"], "ftp://a/", true), ftp);
    }

    #[test]
    fn five_redirects_and_no_more() {
        let before = vec![url("https://a/"); MOST_REDIRECTS];
        assert_eq!(may_go_to(&before, &url("https://b/"), false), Ok(()));
        let before = vec![url("https://a/"); MOST_REDIRECTS + 1];
        assert_eq!(
            may_go_to(&before, &url("https://b/"), false),
            Err(Refusal::TooMany)
        );
    }
}
