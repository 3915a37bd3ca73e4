//! Where a server may send us: to itself, or to a public host over HTTPS. Upload locations, redirects and token
//! servers all follow this one rule.

use std::fmt;

use reqwest::Url;

use super::addresses::is_private;

/// Why an address that a server sent us to was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Scheme, host and port, without path and query.
    pub origin: String,
    /// What is wrong with it.
    pub rule: Rule,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// HTTPS was left for plain HTTP.
    PlainHttp,
    /// Neither HTTPS nor HTTP.
    Scheme,
    /// It holds a login.
    Login,
    /// It is, or resolves to, an address of a machine, a cluster or a private network.
    Private,
    /// Another port of the server itself.
    Port,
}

impl Refusal {
    pub(super) fn new(url: &Url, rule: Rule) -> Self {
        let origin = match url.host_str() {
            Some(host) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}://{host}{port}", url.scheme())
            }
            None => format!("{}:", url.scheme()),
        };
        Self { origin, rule }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address `{}` was refused: ", self.origin)?;
        f.write_str(match self.rule {
            Rule::PlainHttp => "it is plain HTTP",
            Rule::Scheme => "it is not HTTPS",
            Rule::Login => "it holds a login",
            Rule::Private => "it is inside a machine, a cluster or a private network",
            Rule::Port => "it is another port of the server's own host",
        })
    }
}

impl std::error::Error for Refusal {}

/// The hosts that the user named. Everything else is the server's word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// `HOST`, for HTTPS at any port, or `HOST:PORT`.
    pub(crate) hosts: Vec<String>,
    /// Hosts whose names may resolve to anything: the server itself, proxies, and the above.
    pub(crate) unchecked_names: Vec<String>,
}

impl Reach {
    /// Checks an address that the server at `own` sent us to.
    pub(super) fn check(&self, own: &Url, url: &Url) -> Result<(), Refusal> {
        let refuse = |rule| Err(Refusal::new(url, rule));
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(Rule::Login);
        }
        if url.origin() == own.origin() || is_same_loopback(own, url) {
            return Ok(());
        }
        match url.scheme() {
            "https" => {}
            // Another registry without TLS that the user named, seen from one that has none either.
            "http" if own.scheme() == "http" && self.names_port(url) => return Ok(()),
            "http" => return refuse(Rule::PlainHttp),
            _ => return refuse(Rule::Scheme),
        }
        if self.names(url) {
            Ok(())
        } else if url.host_str() == own.host_str() {
            refuse(Rule::Port)
        } else if is_private(url) || self.is_unchecked(url.host_str().unwrap_or_default()) {
            // An unchecked name could resolve to anything.
            refuse(Rule::Private)
        } else {
            Ok(())
        }
    }

    /// Checks the address of a token server, which may be at another port of the registry's own host.
    pub(super) fn check_realm(&self, own: &Url, url: &Url) -> Result<(), Refusal> {
        match self.check(own, url) {
            Err(Refusal { rule: Rule::Port, .. }) if !is_of_this_machine(url) => Ok(()),
            checked => checked,
        }
    }

    /// Whether a name may resolve to a private address.
    pub(super) fn is_unchecked(&self, name: &str) -> bool {
        let is = |unchecked: &String| unchecked.eq_ignore_ascii_case(name);
        self.unchecked_names.iter().any(is)
    }

    fn names(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.hosts.iter().any(|named| named.eq_ignore_ascii_case(host)) || self.names_port(url)
    }

    fn names_port(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return false;
        };
        let with_port = format!("{host}:{port}");
        self.hosts
            .iter()
            .any(|named| named.eq_ignore_ascii_case(&with_port))
    }
}

/// The loopback of a Pod or of the user's machine serves what was never meant for others.
fn is_of_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(v4)) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        Ok(std::net::IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local() || v6.to_ipv4().is_some()
        }
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// A server on this machine may know itself by another name than we do; its port is still its own.
fn is_same_loopback(own: &Url, url: &Url) -> bool {
    let is_loopback = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let place = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
    is_loopback(own) && is_loopback(url) && place(own) == place(url)
}

/// The host of `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`.
pub(super) fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') && !host.is_empty() => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn reach(hosts: &[&str]) -> Reach {
        let mut unchecked_names: Vec<String> = hosts.iter().map(|host| host_of(host).to_owned()).collect();
        unchecked_names.extend(["r.corp.example".to_owned(), "proxy.corp.example".to_owned()]);
        Reach {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            unchecked_names,
        }
    }

    #[test]
    fn where_a_registry_may_send_us() {
        let own = url("https://r.corp.example:5000/v2/");
        let reach = reach(&["minio.corp.example", "10.0.0.9:9000"]);
        for (to, expected) in [
            ("https://r.corp.example:5000/v2/a", None),
            ("https://R.corp.example:5000/other", None),
            ("https://storage.example.com/x?signature=s", None),
            ("https://8.8.8.8:8443/", None),
            ("https://minio.corp.example:9000/", None),
            ("https://10.0.0.9:9000/", None),
            ("https://10.0.0.9:9001/", Some(Rule::Private)),
            ("https://10.0.0.9/", Some(Rule::Private)),
            ("http://r.corp.example:5000/v2/a", Some(Rule::PlainHttp)),
            ("http://minio.corp.example/", Some(Rule::PlainHttp)),
            ("http://10.0.0.9:9000/", Some(Rule::PlainHttp)),
            ("http://storage.example.com/", Some(Rule::PlainHttp)),
            ("http://169.254.169.254/latest/", Some(Rule::PlainHttp)),
            ("https://169.254.169.254/latest/", Some(Rule::Private)),
            ("https://kubernetes.default.svc/", Some(Rule::Private)),
            ("https://kubernetes/", Some(Rule::Private)),
            ("https://proxy.corp.example/", Some(Rule::Private)),
            ("https://r.corp.example/", Some(Rule::Port)),
            ("https://u:p@r.corp.example:5000/v2/a", Some(Rule::Login)),
            ("https://u@storage.example.com/", Some(Rule::Login)),
            ("ftp://storage.example.com/", Some(Rule::Scheme)),
            ("file:///etc/passwd", Some(Rule::Scheme)),
        ] {
            let rule = reach.check(&own, &url(to)).err().map(|refusal| refusal.rule);
            assert_eq!(rule, expected, "{to}");
        }
    }

    #[test]
    fn where_a_registry_without_tls_may_send_us() {
        let own = url("http://10.0.0.1:5000/v2/");
        let reach = reach(&["10.0.0.9:9000"]);
        for (to, expected) in [
            ("http://10.0.0.1:5000/v2/a", None),
            ("http://10.0.0.9:9000/", None),
            ("https://storage.example.com/", None),
            ("http://10.0.0.9/", Some(Rule::PlainHttp)),
            ("http://10.0.0.1:5001/", Some(Rule::PlainHttp)),
            ("https://10.0.0.1:5001/", Some(Rule::Port)),
        ] {
            let rule = reach.check(&own, &url(to)).err().map(|refusal| refusal.rule);
            assert_eq!(rule, expected, "{to}");
        }
    }

    #[test]
    fn a_token_server_may_be_at_another_port() {
        let reach = Reach::default();
        let check = |own: &str, to: &str| reach.check_realm(&url(own), &url(to)).is_ok();
        assert!(check("https://10.0.0.1:5443/", "https://10.0.0.1:5444/token"));
        assert!(check("https://r.example/", "https://r.example:8443/token"));
        assert!(!check("https://10.0.0.1:5443/", "http://10.0.0.1:5444/token"));
        assert!(!check("https://10.0.0.1:5443/", "https://10.0.0.2:5443/token"));
        for own in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"] {
            let (own, to) = (format!("https://{own}:1/"), format!("https://{own}:2/token"));
            assert!(!check(&own, &to), "{to}");
        }
        assert!(check("https://localhost:1/", "https://127.0.0.1:1/token"));
        assert!(!check("https://r.example:1/", "https://127.0.0.1:1/token"));
    }

    #[test]
    fn a_refusal_names_host_and_rule_only() {
        let secret = url("https://ann:s3cret@10.0.0.1:9000/path?signature=s3cret");
        let refusal = Reach::default().check(&url("https://r.example/"), &secret);
        assert_eq!(
            refusal.expect_err("refused").to_string(),
            "the address `https://10.0.0.1:9000` was refused: it holds a login"
        );
    }
}
