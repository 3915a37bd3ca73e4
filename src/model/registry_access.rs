//! How registries are reached. It travels in specs and `ConfigMap`s, so it holds no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// at the host and port at the right.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
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
