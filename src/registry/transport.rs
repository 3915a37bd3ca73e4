//! The connections to a registry: TLS, proxies, whom they may lead to.

use std::{sync::Once, time::Duration};

use reqwest::{Certificate, redirect};

use super::{Options, reach::Reach, resolver::Resolver};

/// A peer that acknowledges nothing for so long is gone.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_mins(1);

/// Makes ring the TLS provider of the process, once; reqwest panics where there is none.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails where another part of the process has already chosen one, which does too.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// System roots, where there are any, and the ones we bring: our image is made from scratch.
pub(super) fn connection_pool(options: &Options, reach: &Reach) -> reqwest::Result<reqwest::Client> {
    let ours = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok());
    let builder = reqwest::Client::builder();
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
    let builder = builder
        .user_agent(concat!("kubectl-b2i/", env!("CARGO_PKG_VERSION")))
        .tls_certs_merge(ours.chain(options.authorities.iter()))
        .tls_danger_accept_invalid_certs(options.insecure)
        .connect_timeout(options.limits.connect)
        .dns_resolver(Resolver(reach.clone()))
        .tcp_keepalive(Duration::from_secs(15))
        .http2_adaptive_window(true)
        // The `Referer` would show a signed URL to the next host.
        .referer(false)
        // Followed by `wire`, which knows where the registry is.
        .redirect(redirect::Policy::none());
    options.proxy.set(builder)?.build()
}
