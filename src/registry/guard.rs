//! Keeps a download from being redirected into a machine, a cluster or a private network.

use reqwest::{Url, dns::Resolve};

use super::{
    ProxySettings,
    addresses::is_private,
    reach::Reach,
    resolver::{Resolver, proxy_hosts},
};

/// The address that the user typed, which may be private, and no other.
#[derive(Clone, Debug)]
pub struct Guard {
    typed: Url,
    reach: Reach,
}

impl Guard {
    /// Makes a guard for a download of what the user typed.
    #[must_use]
    pub fn of(typed: &Url) -> Self {
        let mut unchecked_names = proxy_hosts(&ProxySettings::default());
        unchecked_names.extend(typed.host_str().map(str::to_owned));
        let reach = Reach {
            hosts: Vec::new(),
            unchecked_names,
        };
        Self {
            typed: typed.clone(),
            reach,
        }
    }

    /// Whether a redirect may lead here. What a name resolves to is checked by [`Self::resolver`].
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let is_upgrade = url.scheme() == "https" && port == Some(443);
        if url.host() == self.typed.host() {
            return is_upgrade || port == self.typed.port_or_known_default();
        }
        !is_private(url) && !self.reach.is_unchecked(url.host_str().unwrap_or_default())
    }

    /// Returns a resolver that refuses private addresses for any other host, with a [`super::Refusal`].
    #[must_use]
    pub fn resolver(&self) -> impl Resolve + 'static {
        Resolver(self.reach.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_typed_may_be_private() {
        for (typed, to, expected) in [
            ("https://nexus.corp/a", "https://nexus.corp/b", true),
            ("http://nexus.corp/a", "https://nexus.corp/a", true),
            ("http://10.0.0.1:8081/a", "http://10.0.0.1:8081/b", true),
            ("http://10.0.0.1:8081/a", "http://10.0.0.1:8082/b", false),
            ("https://nexus.corp/a", "https://nexus.corp:8443/a", false),
            ("https://a.example/", "https://b.example:8443/", true),
            ("https://a.example/", "https://169.254.169.254/latest", false),
            ("https://a.example/", "https://[::ffff:10.0.0.1]/", false),
            ("https://a.example/", "https://kubernetes.default.svc/", false),
            ("https://a.example/", "https://localhost/", false),
        ] {
            let url = |text: &str| Url::parse(text).expect(text);
            assert_eq!(Guard::of(&url(typed)).allows(&url(to)), expected, "{typed} {to}");
        }
    }
}
