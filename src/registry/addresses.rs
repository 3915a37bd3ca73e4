//! Addresses and names that belong to a machine, a cluster or a private network. Nobody but the user may send
//! us there: from a Pod, such an address reaches what the sender cannot.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Names that are never public: <https://www.iana.org/assignments/special-use-domain-names>, Kubernetes' own
/// (`<service>.<namespace>.svc.cluster.local`), and what clouds use inside.
const PRIVATE_SUFFIXES: [&str; 8] = [
    ".svc",
    ".local",
    ".localhost",
    ".localdomain",
    ".internal",
    ".intranet",
    ".home.arpa",
    ".lan",
];

/// Returns whether a URL's host is private by what it says. What a public name resolves to shows later: see
/// [`super::resolver`].
pub(super) fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse() {
        Ok(address) => is_private_address(address),
        Err(_) => is_private_name(host),
    }
}

/// A name without a dot is completed by the search list, in a Pod with the namespace's Services.
fn is_private_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    !name.contains('.')
        || name.contains(".svc.")
        || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

pub(super) fn is_private_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, which clusters use for Pods (RFC 6598); one cloud has its metadata there.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        // Azure's host agent, at a public address that is local to each machine.
        || address == Ipv4Addr::new(168, 63, 129, 16)
}

/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    embedded_v4(segments).is_some_and(is_private_v4)
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        // Unique local, link-local, and the older site-local.
        || segments[0] & 0xfe00 == 0xfc00
        || segments[0] & 0xff80 == 0xfe80
        // Discard only, and Teredo, whose IPv4 address is its client's.
        || segments[..4] == [0x100, 0, 0, 0]
        || segments[..2] == [0x2001, 0]
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64, 6to4.
fn embedded_v4(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_machine_a_cluster_or_a_private_network() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "kubernetes",
            "kubernetes.default.svc",
            "kubernetes.default.svc.",
            "minio.storage.svc.cluster.local",
            "minio.storage.svc.example.com",
            "metadata.google.internal",
            "printer.local",
            "a.localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0",
            "0.0.0.0",
            "10.96.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "169.254.169.254",
            "168.63.129.16",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:169.254.169.254]",
            "[::ffff:10.0.0.1]",
            "[::ffff:0:10.0.0.1]",
            "[::10.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::10.0.0.1]",
            "[2002:a00:1::1]",
            "[2001:0:a::1]",
            "[100::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[febf::1]",
            "[fec0::1]",
            "[ff02::1]",
        ] {
            let url = Url::parse(&format!("https://{host}/")).expect(host);
            assert!(is_private(&url), "{host}");
        }
    }

    #[test]
    fn what_is_public() {
        for host in [
            "auth.docker.io",
            "production.cloudflare.docker.com",
            "storage.googleapis.com",
            "svc.example.com",
            "internal.example.com",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "169.253.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::8.8.8.8]",
            "[2002:808:808::1]",
        ] {
            let url = Url::parse(&format!("https://{host}/")).expect(host);
            assert!(!is_private(&url), "{host}");
        }
    }
}
