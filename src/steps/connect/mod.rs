//! The way to a registry from a Pod: with what its mounted Secrets hold.

use std::path::Path;

use crate::{
    error::{Failure, Result},
    model::RegistryAccess,
    oci::Reference,
    registry::{Authorities, Client, Keychain, Limits, LoginSource, Notices, Options, ProxySettings},
};

/// What a mounted Secret holds: logins, and maybe authorities and proxies.
#[derive(Clone, Debug)]
pub struct Logins {
    keychain: Keychain,
    authorities: Authorities,
    proxy: ProxySettings,
}

impl Logins {
    /// Reads the Secret that is mounted in a folder; an empty folder holds nothing.
    ///
    /// # Errors
    /// A key that is not what it should be.
    pub fn mounted(folder: &Path) -> Result<Self> {
        let failure = || {
            Failure::new("could not read the registry logins of the mounted Secret")
                .next("make the Secret anew:")
                .command("kubectl b2i registry login HOST")
                .anchor("push-secret")
        };
        Ok(Self {
            keychain: Keychain::from_mounted_secret(folder).map_err(|error| failure().because(error))?,
            authorities: Authorities::from_mounted_secret(folder)
                .map_err(|error| failure().why(format!("its key `ca.crt`: {error}")))?,
            proxy: ProxySettings::from_mounted_secret(folder).map_err(|error| {
                failure()
                    .because(error)
                    .next("write it as `http://USER:PASSWORD@HOST:PORT`")
                    .anchor("registry-proxy")
            })?,
        })
    }
}

/// Makes a client of an image's registry, with the first login for it; nothing is sent yet. `notices` shows
/// what the registry asks us to wait for.
///
/// # Errors
/// Authorities that are none, and a host that is none.
pub fn run(
    access: &RegistryAccess,
    image: &Reference,
    logins: &[&Logins],
    notices: Notices,
) -> Result<Client> {
    let what = || format!("could not connect to `{}`", image.registry);
    let asked_for = access
        .authorities
        .as_deref()
        .map(Authorities::from_pem)
        .transpose();
    let asked_for = asked_for.map_err(|error| Failure::new(what()).because(error))?;
    let find = |logins: &&Logins| logins.keychain.find(&image.registry, &image.repository);
    let of_access = ProxySettings {
        http: access.proxy.http.clone(),
        https: access.proxy.https.clone(),
        no: access.proxy.no.clone(),
    };
    let options = Options {
        insecure: access.is_insecure(&image.registry),
        hosts: access.named_hosts(),
        address: access.address_of(&image.registry).map(str::to_owned),
        authorities: logins.iter().fold(asked_for.unwrap_or_default(), |all, logins| {
            all.and(&logins.authorities)
        }),
        // A Secret's proxy may have a login, which the configuration's may not.
        proxy: logins
            .iter()
            .fold(ProxySettings::default(), |all, logins| all.or(&logins.proxy))
            .or(&of_access),
        credentials: logins.iter().find_map(find),
        login_source: LoginSource::Secret,
        limits: Limits::default(),
        notices,
    };
    Client::new(&image.registry, &options).map_err(|error| error.failure(what()))
}
