//! Why a node could not pull an image, read from its runtime's words: there is nothing else to read.
//! They are Go's, and so the same in containerd and CRI-O where they come from the network; what
//! containerd says itself was seen in 1.6; CRI-O's words are from its issues.

use crate::error::Failure;

/// Why a node could not pull an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullProblem {
    /// The runtime speaks TLS, and the registry does not.
    PlainHttp,
    /// The runtime does not trust the registry's certificate.
    Untrusted,
    /// The certificate is for another name.
    Name,
    /// The certificate is of another time.
    Expired,
    /// Nobody answers there.
    Unreachable,
    /// The registry limits requests.
    RateLimit,
    /// The registry wants a login, or another one.
    Refused,
    /// There is no such image.
    NotFound,
    /// There is none for the node's platform.
    Platform,
    /// Something else.
    Other,
}

/// What is said, in small letters, and what it means. The first that fits holds: a host that is not
/// found is no image that is not found.
const SIGNS: &[(&str, PullProblem)] = &[
    (
        "server gave http response to https client",
        PullProblem::PlainHttp,
    ),
    ("certificate signed by unknown authority", PullProblem::Untrusted),
    ("certificate is not trusted", PullProblem::Untrusted),
    (
        "certificate has expired or is not yet valid",
        PullProblem::Expired,
    ),
    ("x509: certificate is valid for", PullProblem::Name),
    ("x509: certificate is not valid for", PullProblem::Name),
    ("doesn't contain any ip sans", PullProblem::Name),
    ("x509: ", PullProblem::Untrusted),
    ("no such host", PullProblem::Unreachable),
    ("dial tcp", PullProblem::Unreachable),
    ("connection refused", PullProblem::Unreachable),
    ("i/o timeout", PullProblem::Unreachable),
    ("tls handshake timeout", PullProblem::Unreachable),
    ("toomanyrequests", PullProblem::RateLimit),
    ("429 too many requests", PullProblem::RateLimit),
    ("unauthorized", PullProblem::Refused),
    ("no basic auth credentials", PullProblem::Refused),
    ("authorization failed", PullProblem::Refused),
    ("denied", PullProblem::Refused),
    ("forbidden", PullProblem::Refused),
    ("no match for platform", PullProblem::Platform),
    (
        "no image found in image index for architecture",
        PullProblem::Platform,
    ),
    ("not found", PullProblem::NotFound),
    ("manifest unknown", PullProblem::NotFound),
];

impl PullProblem {
    /// Reads the kubelet's message.
    #[must_use]
    pub fn of(message: &str) -> Self {
        let message = message.to_lowercase();
        SIGNS
            .iter()
            .find(|(sign, _)| message.contains(sign))
            .map_or(Self::Other, |(_, problem)| *problem)
    }

    /// Whether waiting is of no use.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::PlainHttp
            | Self::Untrusted
            | Self::Name
            | Self::Expired
            | Self::NotFound
            | Self::Platform => true,
            Self::Unreachable | Self::RateLimit | Self::Refused | Self::Other => false,
        }
    }

    /// Adds what has to be set on the nodes, where that is it; `None` where a login or the image is
    /// the matter, which is for the one to say who knows what was to be pulled.
    #[must_use]
    pub fn on_nodes(self, failure: Failure, image: &str) -> Option<Failure> {
        let host = host(image);
        let folder = format!("/etc/containerd/certs.d/{host}");
        // With `server`, too: where `[host]` lacks an image, containerd asks there, by TLS unless told, and
        // says what went wrong then. Alone it counts for nothing (seen in 1.6).
        let hosts = |lines: &str| format!("printf '{lines}' > {folder}/hosts.toml");
        Some(match self {
            Self::PlainHttp => failure
                .next(format!(
                    "a cluster administrator has to tell each node's runtime that `{host}` speaks plain HTTP; containerd:"
                ))
                .command(format!("mkdir -p {folder}"))
                .command(hosts(&format!(r#"server = "http://{host}"\n[host."http://{host}"]\n"#)))
                .anchor("node-plain-http"),
            Self::Untrusted => failure
                .next(format!(
                    "a cluster administrator has to let each node's runtime trust the authority of `{host}`; containerd:"
                ))
                .command(format!("mkdir -p {folder} && cp ca.crt {folder}/ca.crt"))
                .command(hosts(&format!(r#"server = "https://{host}"\n[host."https://{host}"]\n  ca = "{folder}/ca.crt"\n"#)))
                .anchor("node-untrusted"),
            Self::Name => failure
                .next(format!("name the registry as its certificate does, or give `{host}` one with this name"))
                .anchor("node-untrusted"),
            Self::Expired => failure
                .next(format!("renew the certificate of `{host}`, or set the nodes' clocks"))
                .anchor("node-untrusted"),
            Self::Unreachable => failure
                .next(format!(
                    "the build's Pods reached `{host}` and the nodes do not, which have DNS, routes and proxies of their own; on a node:"
                ))
                .command(format!("curl -sI https://{host}/v2/"))
                .anchor("node-unreachable"),
            Self::RateLimit => failure
                .next(format!("`{host}` limits requests: wait, or let the nodes log in or use a mirror"))
                .anchor("registry-rate-limit"),
            Self::Refused | Self::NotFound | Self::Platform | Self::Other => return None,
        })
    }

    /// Adds what to do where it is the builder image that could not be pulled.
    #[must_use]
    pub fn of_builder_image(self, failure: Failure, image: &str) -> Failure {
        self.on_nodes(failure.clone(), image).unwrap_or_else(|| {
            failure
                .next(
                    "name a builder image that the nodes can pull with `--builder-image`, and its Secret with \
                     `--builder-pull-secret`",
                )
                .anchor("builder-image")
        })
    }
}

/// The registry of an image as the kubelet names it.
pub(super) fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runtimes_said() {
        for (message, problem) in [
            (
                r#"failed to do request: Head "https://10.250.0.1:5501/v2/a/b/manifests/1": http: server gave HTTP response to HTTPS client"#,
                PullProblem::PlainHttp,
            ),
            (
                r#"failed to do request: Head "https://10.250.0.1:5502/v2/a/b/manifests/1": x509: certificate signed by unknown authority"#,
                PullProblem::Untrusted,
            ),
            (
                "tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
                PullProblem::Name,
            ),
            (
                "dial tcp 10.250.0.1:5999: connect: connection refused",
                PullProblem::Unreachable,
            ),
            (
                "dial tcp: lookup nosuch.example.com on 10.255.255.53:53: no such host",
                PullProblem::Unreachable,
            ),
            (
                "pulling from host 10.250.0.1:5000 failed with status code [manifests latest]: 401 Unauthorized",
                PullProblem::Refused,
            ),
            (
                "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
                PullProblem::Refused,
            ),
            (
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                PullProblem::Refused,
            ),
            // CRI-O
            (
                "reading manifest latest in r.example/team/shop: unauthorized: authentication required",
                PullProblem::Refused,
            ),
            (
                "reading manifest 1 in r.example/team/shop: manifest unknown",
                PullProblem::NotFound,
            ),
            (
                r#"choosing image instance: no image found in image index for architecture "arm64", variant "v8", OS "linux""#,
                PullProblem::Platform,
            ),
            // Docker Hub
            (
                "429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.",
                PullProblem::RateLimit,
            ),
            (
                "no match for platform in manifest: not found",
                PullProblem::Platform,
            ),
            ("not found", PullProblem::NotFound),
            ("unexpected EOF", PullProblem::Other),
        ] {
            assert_eq!(PullProblem::of(message), problem, "{message}");
        }
    }

    #[test]
    fn what_is_to_be_set_is_for_the_registry_of_the_image() {
        let told = |image| {
            let told = PullProblem::PlainHttp.on_nodes(Failure::new("x"), image);
            told.expect("for the nodes").commands[0].clone()
        };
        assert_eq!(
            told("r.example:5000/a@sha256:1"),
            "mkdir -p /etc/containerd/certs.d/r.example:5000"
        );
        assert_eq!(
            told("library/alpine"),
            "mkdir -p /etc/containerd/certs.d/docker.io"
        );
        assert_eq!(PullProblem::Refused.on_nodes(Failure::new("x"), "a/b"), None);
    }
}
