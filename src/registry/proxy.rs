//! The way out of a network that has but one.

use std::{fmt, fs, io, path::Path};

use reqwest::{NoProxy, Proxy};

/// Proxies. Without, the process's own `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` hold.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxySettings {
    /// Proxy for `http://`.
    pub http: Option<String>,
    /// Proxy for `https://`.
    pub https: Option<String>,
    /// Hosts that are reached without, as in `NO_PROXY`.
    pub no: Option<String>,
}

/// Why a Secret's proxy cannot be used. Quotes nothing of it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The key's file cannot be read.
    #[error("its key `{0}` cannot be read: {1}")]
    Unreadable(&'static str, io::ErrorKind),
    /// The key holds no URL of a proxy.
    #[error("its key `{0}` is no URL of a proxy")]
    NoUrl(&'static str),
}

/// The keys that may stand beside the logins of a Secret, named as everybody's variables.
const HTTP: &str = "HTTP_PROXY";
const HTTPS: &str = "HTTPS_PROXY";
const NO: &str = "NO_PROXY";

impl ProxySettings {
    /// Reads the keys `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of a Secret that is mounted in a
    /// folder; most have none.
    ///
    /// # Errors
    /// A key that cannot be read, or is no URL.
    pub fn from_mounted_secret(folder: &Path) -> Result<Self, ProxyError> {
        Ok(Self {
            http: read(folder, HTTP)?.map(|url| checked(HTTP, url)).transpose()?,
            https: read(folder, HTTPS)?.map(|url| checked(HTTPS, url)).transpose()?,
            no: read(folder, NO)?,
        })
    }

    /// Returns these, and those where there is none.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            http: self.http.or_else(|| others.http.clone()),
            https: self.https.or_else(|| others.https.clone()),
            no: self.no.or_else(|| others.no.clone()),
        }
    }

    /// Sets the proxies of a connection pool; reqwest sends a URL's login as `Proxy-Authorization`.
    pub(super) fn set(&self, mut builder: reqwest::ClientBuilder) -> reqwest::Result<reqwest::ClientBuilder> {
        let no = self.no.as_deref().and_then(NoProxy::from_string);
        if let Some(url) = &self.http {
            builder = builder.proxy(Proxy::http(url)?.no_proxy(no.clone()));
        }
        if let Some(url) = &self.https {
            builder = builder.proxy(Proxy::https(url)?.no_proxy(no));
        }
        Ok(builder)
    }
}

fn read(folder: &Path, key: &'static str) -> Result<Option<String>, ProxyError> {
    match fs::read_to_string(folder.join(key)) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProxyError::Unreadable(key, error.kind())),
    }
}

fn checked(key: &'static str, url: String) -> Result<String, ProxyError> {
    let is_url = url
        .parse::<http::Uri>()
        .is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some());
    is_url.then_some(url).ok_or(ProxyError::NoUrl(key))
}

/// Without the URLs: they may hold a password.
impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = |url: &Option<String>| url.as_ref().map(|_| "…");
        f.debug_struct("ProxySettings")
            .field("http", &kept(&self.http))
            .field("https", &kept(&self.https))
            .field("no", &self.no)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secrets_proxy_comes_first_and_is_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = ProxySettings::from_mounted_secret(folder.path()).expect("nothing to read");
        assert_eq!(none, ProxySettings::default());
        fs::write(
            folder.path().join(HTTPS),
            "http://ann:s3cret@proxy.example:3128\n",
        )
        .expect("written");
        let of_secret = ProxySettings::from_mounted_secret(folder.path()).expect("a URL");
        let of_configuration = ProxySettings {
            https: Some("http://proxy.example:3128".to_owned()),
            no: Some(".example".to_owned()),
            ..ProxySettings::default()
        };
        let both = of_secret.or(&of_configuration);
        assert_eq!(
            both.https.as_deref(),
            Some("http://ann:s3cret@proxy.example:3128")
        );
        assert_eq!(both.no.as_deref(), Some(".example"));
        assert!(!format!("{both:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_no_url_is_said_and_not_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(HTTP), "s3cret").expect("written");
        let error = ProxySettings::from_mounted_secret(folder.path()).expect_err("no URL");
        assert_eq!(error.to_string(), "its key `HTTP_PROXY` is no URL of a proxy");
    }
}
