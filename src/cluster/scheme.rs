//! Whether the URL of the API server has the wrong scheme: `https://` for a port that speaks plain HTTP, or the reverse.

use super::error::tls_error;
use crate::error::Failure;

/// What Go's HTTP server and nginx answer to plain HTTP on a port for TLS.
const WANTS_TLS: [&str; 2] = [
    "HTTP request to an HTTPS server",
    "plain HTTP request was sent to HTTPS port",
];

/// How the scheme is wrong.
#[derive(Clone, Copy)]
pub(super) enum WrongScheme {
    /// `https://`, and the port speaks plain HTTP.
    Https,
    /// `http://`, and the port wants TLS.
    Http,
}

/// Returns how the scheme of the server's URL is wrong, where a request failed because of that.
pub(super) fn wrong(error: &kube::Error) -> Option<WrongScheme> {
    let of_connection = match error {
        kube::Error::Api(status) if status.code == 400 => {
            let wants_tls = WANTS_TLS.iter().any(|words| status.message.contains(words));
            return wants_tls.then_some(WrongScheme::Http);
        }
        kube::Error::Service(error) => error.as_ref() as &(dyn std::error::Error + 'static),
        kube::Error::HyperError(error) => error,
        _ => return None,
    };
    // Plain text where a TLS record should be.
    matches!(tls_error(of_connection), Some(rustls::Error::InvalidMessage(_))).then_some(WrongScheme::Https)
}

impl WrongScheme {
    /// Adds the cause to a failure, and which scheme to use.
    pub(super) fn explain(self, failure: Failure, server: &str) -> Failure {
        let address = server.split_once("://").map_or(server, |(_, address)| address);
        let (why, next, scheme) = match self {
            Self::Https => (
                format!("`{server}` begins with `https://`, and that port speaks plain HTTP, without TLS"),
                "name the port that speaks HTTPS; only if there is none, use `http://`:",
                "http",
            ),
            Self::Http => (
                format!("`{server}` begins with `http://`, and that port wants HTTPS"),
                "use `https://`:",
                "https",
            ),
        };
        let name = "$(kubectl config view --minify -o 'jsonpath={.clusters[0].name}')";
        failure
            .why(why)
            .next(next)
            .command(format!(
                "kubectl config set-cluster \"{name}\" --server={scheme}://{address}"
            ))
            .anchor("cluster-scheme")
    }
}
