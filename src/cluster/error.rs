//! Why the cluster could not be spoken to, or said no: typed facts, and the sentence that tells a
//! person the nearest true cause.

use std::{io, path::PathBuf};

use kube::{client::AuthError, config::KubeconfigError, core::Status, runtime::watcher};

use super::{auth_plugin, scheme};
use crate::error::Failure;

/// What keeps us from connecting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No kubeconfig, and this is no Pod.
    #[error("no kubeconfig was found; looked at {}", list(looked_at))]
    NoKubeconfig {
        /// The files that would have been read.
        looked_at: Vec<PathBuf>,
    },
    /// A kubeconfig, or a file that it names, cannot be used.
    #[error("{}", kubeconfig_words(.0))]
    Kubeconfig(Box<KubeconfigError>),
    /// A flag, or the kubeconfig itself, names something that no kubeconfig has.
    #[error("{kind} `{name}` does not exist in the kubeconfig")]
    NotInKubeconfig {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// What `--namespace` says can name none.
    #[error("a namespace's name has 1 to 63 of a-z, 0-9 and `-`, and neither begins nor ends with `-`")]
    NoNamespace {
        /// What it says.
        name: String,
    },
    /// There is a kubeconfig, but it chooses no server.
    #[error("the kubeconfig has no current context, or its context names no cluster")]
    NoServer,
    /// `--as-group` or `--as-uid` without `--as`.
    #[error("a group or uid to act as was given without a user")]
    ActingAsNobody,
    /// The kubeconfig's auth plugin could not be started.
    #[error("{}", auth_plugin::not_started_words(command, hint, source))]
    AuthPlugin {
        /// The plugin's program, as the kubeconfig names it.
        command: String,
        /// The kubeconfig's `installHint`; empty where it has none.
        hint: String,
        /// What the operating system answered.
        source: io::Error,
    },
    /// The client could not be set up: most often the kubeconfig's auth plugin failed.
    #[error("{}", why(server, source))]
    Client {
        /// URL of the API server.
        server: String,
        /// What happened.
        source: Box<kube::Error>,
    },
}

impl From<KubeconfigError> for Error {
    fn from(error: KubeconfigError) -> Self {
        Self::Kubeconfig(Box::new(error))
    }
}

impl Error {
    /// Tells a person what to do about it.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        let failure = Failure::new("could not connect to a cluster").why(self);
        match self {
            Self::NoKubeconfig { .. } => failure
                .next("set KUBECONFIG, or name the file with `--kubeconfig`; this shows what kubectl itself sees:")
                .command("kubectl config view --minify")
                .anchor("no-kubeconfig"),
            Self::NotInKubeconfig { .. } | Self::NoServer => failure
                .next("choose one that exists with `--context`:")
                .command("kubectl config get-contexts")
                .anchor("no-kubeconfig"),
            Self::NoNamespace { name } => Failure::usage(format!("could not use the namespace `{name}`"))
                .why(self)
                .next("name one with `-n`, for example `-n shop`; these are there:")
                .command("kubectl get namespaces"),
            Self::ActingAsNobody => Failure::usage("could not connect to a cluster")
                .why(self)
                .next("add the user with `--as`"),
            Self::Kubeconfig(_) => failure
                .next("mend the file; this shows what kubectl makes of it:")
                .command("kubectl config view --minify")
                .anchor("no-kubeconfig"),
            Self::AuthPlugin { .. } => failure
                .next("install it, or add its folder to the PATH; then check that kubectl gets through:")
                .command("kubectl version")
                .anchor("auth-plugin"),
            Self::Client { .. } => failure
                .next("see whether kubectl itself gets through:")
                .command("kubectl version")
                .anchor("cluster-credentials"),
        }
    }
}

/// Starts the failure of a request: what the person did not get, why, and what to do where that
/// follows from the answer alone.
#[must_use]
pub fn failure(server: &str, what: impl Into<String>, error: &kube::Error) -> Failure {
    let failure = Failure::new(what).why(why(server, error));
    if let Some(namespace) = missing_namespace(error) {
        return failure
            .why(format!("there is no namespace `{namespace}`"))
            .next("make it, or name another one with `-n`:")
            .command(format!("kubectl create namespace {namespace}"))
            .anchor("namespace");
    }
    if let Some(wrong) = scheme::wrong(error) {
        return wrong.explain(failure, server);
    }
    match error {
        kube::Error::Api(status) if status.code == 403 && !is_admission(status) => failure
            .next("you need the Role in docs/reference/permissions.yaml in this namespace; this lists what you have:")
            .command("kubectl auth can-i --list")
            .anchor("permissions"),
        kube::Error::Api(status) if status.code == 401 => failure
            .next("log in to the cluster again; this shows whom kubectl says you are:")
            .command("kubectl auth whoami")
            .anchor("cluster-credentials"),
        kube::Error::Auth(_) => failure
            .next("see whether kubectl itself gets through:")
            .command("kubectl version")
            .anchor("cluster-credentials"),
        kube::Error::Service(_) | kube::Error::HyperError(_) => failure
            .next("see whether kubectl itself gets through:")
            .command("kubectl version")
            .anchor("cluster-unreachable"),
        _ => failure,
    }
}

/// Returns the namespace that an answer says does not exist; a create of anything in it says so too.
fn missing_namespace(error: &kube::Error) -> Option<&str> {
    let kube::Error::Api(status) = error else {
        return None;
    };
    let name = status.message.strip_prefix("namespaces \"")?;
    name.strip_suffix("\" not found").filter(|_| status.code == 404)
}

/// Whether the API server said that there is no such object.
#[must_use]
pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Whether the API server said that the person may not do this.
#[must_use]
pub fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

/// Whether the object exists already, changed meanwhile, or has fields that another manager owns.
#[must_use]
pub fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

/// Whether the API server could make nothing of a value.
#[must_use]
pub fn is_invalid(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 400 | 422))
}

/// Returns what the API server answered to a watch.
#[must_use]
pub fn of_watch(error: watcher::Error) -> kube::Error {
    use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => error,
        WatchError(status) => kube::Error::Api(status),
        NoResourceVersion => kube::Error::Service("the answer to a list has no resourceVersion".into()),
    }
}

/// RBAC and admission both answer 403; only RBAC's says that a *user cannot* do it:
/// <https://github.com/kubernetes/apiserver/blob/v0.34.0/pkg/endpoints/handlers/responsewriters/errors.go>.
fn is_admission(status: &Status) -> bool {
    !status.message.contains(" cannot ")
}

/// Says in a sentence why a request failed: Kubernetes' own words where it answered.
#[must_use]
pub fn why(server: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status_words(server, status),
        kube::Error::Auth(error) => auth_words(error),
        kube::Error::Service(error) => connection_words(server, error.as_ref()),
        kube::Error::HyperError(error) => connection_words(server, error),
        other => chain(other).join(": "),
    }
}

fn status_words(server: &str, status: &Status) -> String {
    match status.code {
        401 => format!("the API server at {server} does not accept your credentials (401 Unauthorized)"),
        code if status.message.trim().is_empty() => {
            format!("the API server at {server} answered {code} {}", status.reason)
        }
        // A proxy in between may have sent a page of HTML: its first line will do.
        _ if status.message.starts_with('<') => {
            let line = status.message.lines().next().unwrap_or_default();
            format!("{server} answered {}: {line:.200}", status.code)
        }
        _ => status.message.trim().chars().take(1200).collect(),
    }
}

fn auth_words(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => auth_plugin::failed_words(cmd, out),
        AuthError::AuthExecStart(error) => {
            format!("the kubeconfig's auth plugin could not be started: {error}")
        }
        other => chain(other).join(": "),
    }
}

fn connection_words(server: &str, error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(tls) = tls_error(error) {
        return format!("TLS with {server} failed: {tls}");
    }
    for io in causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()) {
        match io.kind() {
            io::ErrorKind::ConnectionRefused => return format!("{server} refused the connection"),
            io::ErrorKind::TimedOut => return format!("{server} did not answer in time"),
            _ => {}
        }
    }
    format!("no answer from {server}: {}", chain(error).join(": "))
}

/// Returns what TLS had against a connection.
pub(super) fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Returns an error and those below it. What an `io::Error` wraps is no `source` of it, hence the detour.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        }
    })
}

/// Returns the error and those below it, without what is said twice.
fn chain(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(now) = cause {
        let text = now.to_string();
        if !parts.last().is_some_and(|last| last.contains(&text)) {
            parts.push(text);
        }
        cause = now.source();
    }
    parts
}

/// kube quotes paths as Rust does; say them as the person wrote them.
fn kubeconfig_words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(source, path) => format!("`{}` cannot be read: {source}", path.display()),
        other => chain(other).join(": "),
    }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn api(code: u16, message: &str) -> kube::Error {
        kube::Error::Api(Status::failure(message, "Reason").with_code(code).boxed())
    }

    #[test]
    fn kubernetes_own_words_come_first() {
        let words = r#"jobs.batch is forbidden: User "x" cannot create resource "jobs" in API group "batch" in the namespace "shop""#;
        let told = failure("https://k", "could not create the builder Job", &api(403, words));
        assert_eq!(told.why, words);
        assert_eq!(told.anchor, "permissions");
    }

    #[test]
    fn admission_is_not_a_missing_permission() {
        let words =
            r#"pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#;
        assert_eq!(failure("https://k", "could not", &api(403, words)).anchor, "");
    }

    #[test]
    fn a_page_of_html_is_cut() {
        let told = why("https://k", &api(502, "<html>\n<body>Bad gateway"));
        assert_eq!(told, "https://k answered 502: <html>");
        assert_eq!(
            why("https://k", &api(500, "")),
            "the API server at https://k answered 500 Reason"
        );
    }

    #[test]
    fn a_failing_plugin_is_named_and_its_output_stays_secret() {
        let out = Command::new("sh")
            .args([
                "-c",
                "echo '{\"token\":\"t0p\"}'; echo 'session expired' >&2; exit 3",
            ])
            .output()
            .expect("sh");
        let error = kube::Error::Auth(AuthError::AuthExecRun {
            cmd: r#"INFO="{\"k\":\"t0p\"}" "aws-login" "--cluster" "c""#.to_owned(),
            out: Box::new(out),
        });
        assert_eq!(
            why("https://k", &error),
            "the kubeconfig's auth plugin `aws-login` failed, exit status: 3: session expired"
        );
    }

    #[test]
    fn a_refused_connection_names_the_server() {
        let io = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = kube::Error::Service(Box::new(io));
        assert_eq!(
            why("https://k:6443", &error),
            "https://k:6443 refused the connection"
        );
        let tls = io::Error::other(rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer,
        ));
        let told = failure("https://k", "could not", &kube::Error::Service(Box::new(tls)));
        assert_eq!(
            told.why,
            "TLS with https://k failed: invalid peer certificate: UnknownIssuer"
        );
    }
}
