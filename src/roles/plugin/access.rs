//! How registries are reached: flags over configuration, read and checked before anything is sent.

use std::path::Path;

use super::{args::AccessArgs, config::Config};
use crate::{
    error::{Failure, Result},
    model::{Proxy, RegistryAccess},
    oci::Reference,
    registry::{Authorities, AuthorityError, Credentials, LoginSource, Options, ProxySettings},
};

/// Collects how registries are reached.
pub(super) fn access(args: &AccessArgs, config: &Config) -> Result<RegistryAccess> {
    let mut insecure = [&args.insecure_registries[..], &config.insecure_registries].concat();
    insecure.sort();
    insecure.dedup();
    let file = args.registry_ca.as_ref().or(config.registry_ca.as_ref());
    let authorities = file.map(|file| read_authorities(file)).transpose()?;
    let mut proxy = checked(&config.proxy)?;
    if config.is_proxy_of_namespace {
        around(&mut proxy, &insecure);
    }
    Ok(RegistryAccess {
        mirrors: config.mirrors.clone(),
        insecure,
        hosts: [&args.registry_hosts[..], &config.registry_hosts].concat(),
        addresses: config.registry_addresses.clone(),
        authorities,
        proxy,
    })
}

fn read_authorities(file: &Path) -> Result<String> {
    let read = Authorities::from_file(file);
    read.map(|(_, pem)| pem).map_err(|error: AuthorityError| {
        Failure::usage(format!("could not use `{}` as registry CA", file.display()))
            .because(error)
            .next("give a file with the certificate of the registry's authority, in PEM form:")
            .command(format!("openssl x509 -noout -subject -in {}", file.display()))
            .anchor("registry-ca")
    })
}

/// Keeps registries whose certificate is not checked from being reached through proxies that only the namespace's
/// configuration names: whoever may write that could read the push login on its way.
fn around(proxy: &mut Proxy, insecure: &[String]) {
    let hosts = insecure.iter().map(|registry| {
        let end = registry.rfind(':').filter(|_| !registry.ends_with(']'));
        registry[..end.unwrap_or(registry.len())].trim_matches(['[', ']'])
    });
    let listed = proxy.no.as_deref().into_iter().chain(hosts);
    proxy.no = Some(listed.collect::<Vec<_>>().join(",")).filter(|list| !list.is_empty());
}

/// A proxy's password would be readable for all who may read Pods.
fn checked(proxy: &Proxy) -> Result<Proxy> {
    for (key, url) in [("http", &proxy.http), ("https", &proxy.https)] {
        let Some(url) = url else { continue };
        let failure = || {
            Failure::usage(format!("could not use the proxy for {key}"))
                .next(format!(
                    "set `proxy.{key}` in the configuration to `http://HOST:PORT`"
                ))
                .anchor("registry-proxy")
        };
        match url.parse::<http::Uri>() {
            Ok(uri) if uri.authority().is_some_and(|whom| whom.as_str().contains('@')) => {
                return Err(
                    failure().why("its address holds a login, which all who may read Pods could read")
                );
            }
            Ok(uri) if uri.scheme().is_some() && uri.host().is_some() => {}
            _ => return Err(failure().why("its address is no URL")),
        }
    }
    Ok(proxy.clone())
}

/// Returns how an image's registry is spoken to from this machine, which has proxies of its own.
pub(super) fn from_here(
    access: &RegistryAccess,
    image: &Reference,
    login: Option<Credentials>,
) -> Result<Options> {
    let authorities = access
        .authorities
        .as_deref()
        .map(Authorities::from_pem)
        .transpose();
    let authorities = authorities
        .map_err(|error| Failure::new(format!("could not connect to `{}`", image.registry)).because(error))?;
    Ok(Options {
        insecure: access.is_insecure(&image.registry),
        hosts: access.named_hosts(),
        // Those are of the Pods' network.
        address: None,
        authorities: authorities.unwrap_or_default(),
        proxy: ProxySettings::default(),
        credentials: login,
        login_source: LoginSource::DockerConfig,
        ..Options::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_of_the_namespace_sees_no_login_of_an_insecure_registry() {
        let insecure = ["r.example:5000", "plain.example", "[fd00::1]:5000"].map(str::to_owned);
        for (before, after) in [
            (None, "r.example,plain.example,fd00::1"),
            (Some("a.example"), "a.example,r.example,plain.example,fd00::1"),
        ] {
            let mut proxy = Proxy {
                https: Some("http://proxy.example:3128".to_owned()),
                no: before.map(str::to_owned),
                ..Proxy::default()
            };
            around(&mut proxy, &insecure);
            assert_eq!(proxy.no.as_deref(), Some(after));
        }
    }

    #[test]
    fn a_proxys_password_is_refused_and_not_repeated() {
        let of = |url: &str| Proxy {
            https: Some(url.to_owned()),
            ..Proxy::default()
        };
        assert!(checked(&of("http://proxy.example:3128")).is_ok());
        for url in ["http://ann:s3cret@proxy.example:3128", "proxy.example", "s3cret"] {
            let failure = checked(&of(url)).expect_err(url);
            assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
        }
    }
}
