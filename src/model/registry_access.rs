//! How registries are reached. It travels in specs and `ConfigMap`s, so it holds no secret.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::oci::Reference;

/// How registries are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegistryAccess {
    /// Base images of the registry at the left are pulled from the one at the right.
    pub mirrors: BTreeMap<String, String>,
    /// Registries whose certificate is not looked at, or that speak plain HTTP.
    pub insecure: Vec<String>,
    /// Hosts that a registry may send us to although they are private: `HOST` or `HOST:PORT`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where Pods speak to registries whose names only the nodes can reach: `localhost:30500` is
    /// at the host and port at the right. Any other registry is where its name says: else whoever may write
    /// a specification or a `ConfigMap` could have its login sent to an address of theirs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "addresses")]
    pub addresses: BTreeMap<String, String>,
    /// Certificates of authorities to trust beside the public ones, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// The way out of the Pods' network.
    #[serde(skip_serializing_if = "Proxy::is_none")]
    pub proxy: Proxy,
}

impl RegistryAccess {
    /// Returns where an image is pulled from: itself, or its place in its registry's mirror. A
    /// mirror may have a path of its own: `harbor.example.com/dockerhub`.
    #[must_use]
    pub fn source_of(&self, image: &Reference) -> Reference {
        let Some(mirror) = self.mirrors.get(&image.registry) else {
            return image.clone();
        };
        let mirror = mirror.trim_end_matches('/');
        let (registry, repository) = match mirror.split_once('/') {
            Some((host, path)) => (host, format!("{path}/{}", image.repository)),
            None => (mirror, image.repository.clone()),
        };
        Reference {
            registry: registry.to_owned(),
            repository,
            ..image.clone()
        }
    }

    /// Returns where Pods speak to a registry, when that is not at its name.
    #[must_use]
    pub fn address_of(&self, registry: &str) -> Option<&str> {
        self.addresses.get(registry).map(String::as_str)
    }

    /// Returns the hosts that the user named, to which a registry may send us: for that alone, as an insecure
    /// registry, or as a mirror.
    #[must_use]
    pub fn named_hosts(&self) -> Vec<String> {
        let mirrors = self
            .mirrors
            .values()
            .map(|mirror| mirror.split('/').next().unwrap_or_default());
        let others = self.hosts.iter().chain(&self.insecure).map(String::as_str);
        others.chain(mirrors).map(str::to_owned).collect()
    }

    /// Whether a registry may be without TLS, or have a certificate that nobody vouches for.
    #[must_use]
    pub fn is_insecure(&self, registry: &str) -> bool {
        self.insecure.iter().any(|insecure| insecure == registry)
    }
}

fn addresses<'a, D: Deserializer<'a>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let addresses = BTreeMap::deserialize(deserializer)?;
    check_addresses(&addresses).map_err(D::Error::custom)?;
    Ok(addresses)
}

/// Checks where Pods are to speak to registries: only `localhost:PORT` may be elsewhere, and only at what `registry up`
/// writes, the address and port of a Service.
///
/// # Errors
/// Which entry is something else, in words.
pub fn check_addresses(addresses: &BTreeMap<String, String>) -> Result<(), String> {
    for (registry, address) in addresses {
        let port = registry.strip_prefix("localhost:");
        if !port.is_some_and(is_port) {
            return Err(format!(
                "addresses are for `localhost:PORT` only, not for `{registry}`"
            ));
        }
        if !is_service(address) {
            return Err(format!(
                "`{registry}` may be at the address and port of a Service (`10.96.0.1:5000`, `NAME.NAMESPACE.svc:5000`), not at `{address}`"
            ));
        }
    }
    Ok(())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_service(address: &str) -> bool {
    let Some((host, _)) = address.rsplit_once(':').filter(|(_, port)| is_port(port)) else {
        return false;
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match (host.parse::<Ipv4Addr>(), bare.map(str::parse::<Ipv6Addr>)) {
        // The network of Services may be any, but for what is a node's own or nobody's.
        (Ok(ip), _) => {
            !(ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast())
        }
        (_, Some(Ok(ip))) => {
            !(ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast())
                && ip.to_ipv4_mapped().is_none()
        }
        (_, Some(Err(_))) => false,
        (Err(_), None) => is_service_name(host),
    }
}

/// `NAME.NAMESPACE.svc`, with the cluster's own domain or without it.
fn is_service_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    labels.iter().copied().all(is_label)
        && matches!(labels[..], [_, _, "svc"] | [_, _, "svc", "cluster", "local"])
}

/// The proxies that Pods go through; they do not have this machine's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// For registries without TLS.
    pub http: Option<String>,
    /// For registries with TLS.
    pub https: Option<String>,
    /// Hosts, domains and networks that are reached without, as `NO_PROXY` has them.
    pub no: Option<String>,
}

impl Proxy {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_localhost_may_be_elsewhere_and_only_at_a_service() {
        let read = |registry: &str, address: &str| {
            let text = serde_json::json!({ "addresses": { registry: address } }).to_string();
            serde_json::from_str::<RegistryAccess>(&text)
        };
        for address in [
            "10.96.0.1:5000",
            "34.118.224.9:5000",
            "[fd00::1]:5000",
            "a.b.svc:5000",
            "a.b.svc.cluster.local:80",
        ] {
            assert!(read("localhost:30500", address).is_ok(), "{address}");
        }
        for registry in [
            "registry.example.com",
            "docker.io",
            "localhost",
            "localhost:",
            "localhost:x",
            "localhost:0",
            "localhost.example.com:5000",
            "localhost:5000/x",
            "127.0.0.1:5000",
            "LOCALHOST:5000",
            "a@localhost:5000",
            "localhost:5000@evil.example",
            "localhost:+5000",
        ] {
            let error = read(registry, "10.96.0.1:5000").expect_err(registry);
            assert!(error.to_string().contains(registry), "{error}");
        }
        for address in [
            "evil.example:443",
            "evil.example",
            "127.0.0.1:5000",
            "localhost:5000",
            "169.254.169.254:80",
            "[::1]:5000",
            "[::ffff:127.0.0.1]:80",
            "a.b.svc.evil.example:80",
            "x@10.96.0.1:5000",
            "10.96.0.1:5000/x",
            "10.96.0.1",
            "http://10.96.0.1:5000",
            "",
        ] {
            assert!(read("localhost:30500", address).is_err(), "{address}");
        }
    }

    #[test]
    fn a_mirror_takes_the_registrys_place() {
        let mirrors = [("docker.io", "10.0.0.1:5000"), ("gcr.io", "h.example/gcr/")];
        let access = RegistryAccess {
            mirrors: mirrors.map(|(from, to)| (from.into(), to.into())).into(),
            ..RegistryAccess::default()
        };
        for (image, source) in [
            ("tomcat:10", "10.0.0.1:5000/library/tomcat:10"),
            (
                "gcr.io/distroless/static",
                "h.example/gcr/distroless/static:latest",
            ),
            ("quay.io/a/b:c", "quay.io/a/b:c"),
        ] {
            let image = image.parse().expect(image);
            assert_eq!(access.source_of(&image).to_string(), source);
        }
    }
}
