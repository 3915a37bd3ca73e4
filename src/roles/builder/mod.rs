//! Role 3: the builder Job. It makes the image of a base and of layers that are in the registry.
//!
//! In: the request (a mounted key of the build record), its digest (an argument) and the mounted Secrets. Out: the outcome as
//! termination message, a log for people, and exit code 0 (done), 1 (failed) or 3 (layers missing).

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

mod bootstrap;
mod check;

pub use bootstrap::run as bootstrap;
pub use check::run as check;

use crate::{
    cluster::objects::builder_job::PATIENCE_ENV,
    error::{Failure, Result},
    model::{Base, BuildOutcome, BuildRequest, Event, Events},
    oci::{Digest, Reference},
    registry::Notices,
    steps::{
        assemble,
        connect::{self, Logins},
        push,
    },
    term,
};

/// As a shell reports a process that SIGTERM ended.
const TERMINATED: u8 = 143;
const MISSING_BLOBS: u8 = 3;

/// Where the Job's Pod has things mounted; env variables say otherwise in tests.
struct Mounts {
    request: PathBuf,
    /// What the request must be, by the Job's spec.
    request_digest: Option<Digest>,
    push_secret: PathBuf,
    pull_secret: Option<PathBuf>,
    termination: PathBuf,
    /// How long our layers may be on their way; not at all for a plugin that sends them first.
    patience: Duration,
}

impl Mounts {
    fn from_env(request_digest: Option<&OsStr>) -> Self {
        let path = |name: &str| {
            let set = std::env::var_os(name).filter(|value| !value.is_empty());
            set.map(PathBuf::from)
        };
        let or = |name: &str, default: &str| path(name).unwrap_or_else(|| default.into());
        Self {
            request: or("B2I_REQUEST", "/etc/b2i/request.json"),
            request_digest: request_digest.and_then(|text| text.to_str()?.parse().ok()),
            push_secret: or("B2I_PUSH_SECRET", "/etc/b2i/push-secret"),
            pull_secret: path("B2I_PULL_SECRET"),
            termination: or("B2I_TERMINATION", "/dev/termination-log"),
            patience: std::env::var(PATIENCE_ENV)
                .ok()
                .and_then(|seconds| seconds.parse().ok())
                .map_or(Duration::ZERO, Duration::from_secs),
        }
    }
}

/// Reads the request, whose digest is given, makes and pushes the image, and writes what came of it.
#[must_use]
pub fn run(request_digest: Option<&OsString>) -> ExitCode {
    let mounts = Mounts::from_env(request_digest.map(OsString::as_os_str));
    let outcome = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let outcome = runtime.block_on(async {
                tokio::select! {
                    // Listens before the work begins: there is no moment at which it is not heard.
                    biased;
                    () = terminated() => None,
                    outcome = build(&mounts) => Some(outcome),
                }
            });
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Some(BuildOutcome::Failed(
            Failure::new("could not start the builder").because(error),
        )),
    };
    let Some(outcome) = outcome else {
        term::line("told to end");
        return ExitCode::from(TERMINATED);
    };
    if let Err(error) = fs::write(&mounts.termination, outcome.to_termination_message()) {
        term::line(&format!("could not write the termination message: {error}"));
    }
    match outcome {
        BuildOutcome::Done(result) => {
            term::line(&format!("done: {}", result.image));
            ExitCode::SUCCESS
        }
        BuildOutcome::Failed(failure) => {
            // A cause may have lines of detail; a log has a line for each message.
            term::line(&format!("error: {failure}").replace('\n', " "));
            failure.exit_code()
        }
        BuildOutcome::MissingBlobs(_) => ExitCode::from(MISSING_BLOBS),
    }
}

async fn build(mounts: &Mounts) -> BuildOutcome {
    match make_and_push(mounts).await {
        Ok(outcome) => outcome,
        Err(failure) => BuildOutcome::Failed(failure),
    }
}

async fn make_and_push(mounts: &Mounts) -> Result<BuildOutcome> {
    let request = read_request(mounts)?;
    let push = Logins::mounted(&mounts.push_secret)?;
    let pull = mounts.pull_secret.as_deref().map(Logins::mounted).transpose()?;
    let destination = connect::run(
        &request.access,
        &request.destination,
        &[&push],
        Notices::to(term::line),
    )?;
    let base = match &request.base {
        Base::Scratch => None,
        Base::Image(image) => {
            let source = request.access.source_of(image);
            let logins: Vec<&Logins> = pull.iter().chain([&push]).collect();
            Some(connect::run(
                &request.access,
                &source,
                &logins,
                Notices::to(term::line),
            )?)
        }
    };
    let image = match assemble::run(&request, base.as_ref()).await {
        Ok(image) => image,
        Err(failure) => return Err(push::cause_of(failure, &request, &destination).await),
    };
    if let Some(base) = &image.base {
        term::line(&describe_base(&base.reference, &base.source));
    }
    let events = Events::to(|event| {
        if let Event::Doing(_, text) = event {
            term::line(&text);
        }
    });
    match push::run(
        &image,
        &request,
        &destination,
        base.as_ref(),
        mounts.patience,
        &events,
    )
    .await
    {
        Ok(result) => Ok(BuildOutcome::Done(result)),
        Err(push::Error::MissingBlobs(digests)) => Ok(BuildOutcome::MissingBlobs(digests)),
        Err(push::Error::Failed(failure)) => Err(failure),
    }
}

fn read_request(mounts: &Mounts) -> Result<BuildRequest> {
    let failure = || {
        Failure::new("could not read the build request")
            .next("use a builder image of the same version as the plugin")
            .command("kubectl b2i version")
            .anchor("builder-request")
    };
    let Some(expected) = mounts.request_digest else {
        return Err(failure().why("the Job does not name the request's digest"));
    };
    let bytes = fs::read(&mounts.request).map_err(|error| failure().because(error))?;
    let found = Digest::of(&bytes);
    if found != expected {
        return Err(Failure::new("could not use the build request")
            .why(format!(
                "the ConfigMap that holds it was changed after the build began: its digest is {found}, and the Job wants {expected}"
            ))
            .next("see who may write ConfigMaps in this namespace, and who did; then build again:")
            .command("kubectl get rolebindings -o wide")
            .anchor("builder-request-changed"));
    }
    serde_json::from_slice(&bytes).map_err(|error| failure().because(error))
}

/// `base docker.io/library/alpine:latest → sha256:… (mirror 10.0.0.1:5000)`
fn describe_base(base: &Reference, source: &Reference) -> String {
    let name = Reference {
        digest: None,
        ..base.clone()
    };
    let digest = base.digest.map(|digest| digest.short()).unwrap_or_default();
    let mirror = if base.registry == source.registry {
        String::new()
    } else {
        format!(" (mirror {})", source.registry)
    };
    format!("base {name} → {digest}{mirror}")
}

/// Process 1 of a container has no default for SIGTERM: unhandled, the kubelet would wait for its
/// grace period and kill.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut signals) = signal(SignalKind::terminate()) {
            signals.recv().await;
            return;
        }
    }
    std::future::pending::<()>().await;
}
