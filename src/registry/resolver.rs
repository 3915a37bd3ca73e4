//! Resolves names, and refuses a private address for a name that only a server has given us. Checked here and not
//! before, since a name may resolve to something else a moment later (DNS rebinding).

use std::net::SocketAddr;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    ProxySettings,
    addresses::is_private_address,
    reach::{Reach, Refusal, Rule},
};

/// The resolver of one connection pool.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_unchecked = self.0.is_unchecked(name.as_str());
        Box::pin(async move {
            let name = name.as_str();
            let found = tokio::net::lookup_host((name, 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if !is_unchecked && found.iter().any(|address| is_private_address(address.ip())) {
                let origin = format!("https://{name}");
                let rule = Rule::Private;
                return Err(Refusal { origin, rule }.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Returns the hosts of the proxies that are used, whose names are resolved like any other.
pub(super) fn proxy_hosts(settings: &ProxySettings) -> Vec<String> {
    if settings.http.is_some() || settings.https.is_some() {
        let urls = settings.http.iter().chain(&settings.https);
        return urls.filter_map(|url| host(&url.parse().ok()?)).collect();
    }
    let of_system = Matcher::from_system();
    // Any host that `NO_PROXY` does not name.
    ["http://proxied.invalid", "https://proxied.invalid"]
        .iter()
        .filter_map(|url| host(of_system.intercept(&url.parse().ok()?)?.uri()))
        .collect()
}

fn host(uri: &http::Uri) -> Option<String> {
    Some(uri.host()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolves(name: &str, unchecked: &[&str]) -> bool {
        let resolver = Resolver(Reach {
            hosts: Vec::new(),
            unchecked_names: unchecked.iter().map(|name| (*name).to_owned()).collect(),
        });
        resolver.resolve(name.parse().expect(name)).await.is_ok()
    }

    #[tokio::test]
    async fn a_name_may_not_turn_out_to_be_this_machine() {
        assert!(!resolves("localhost", &[]).await);
        assert!(resolves("localhost", &["localhost"]).await);
    }

    #[test]
    fn the_hosts_of_proxies() {
        let settings = ProxySettings {
            http: Some("http://ann:s3cret@proxy.example:3128".to_owned()),
            https: Some("http://10.0.0.1:3128".to_owned()),
            no: None,
        };
        assert_eq!(proxy_hosts(&settings), ["proxy.example", "10.0.0.1"]);
    }
}
