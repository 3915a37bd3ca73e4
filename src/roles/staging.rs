//! Role 2: the staging Pod. It takes layers from the plugin and hands them to the registry.

use std::{mem, net::Ipv4Addr, path::Path, process::ExitCode, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::net::TcpListener;

use crate::{
    cluster::objects::{
        restricted::joined_env,
        staging_job::{PULL_SECRET_FOLDER, PUSH_SECRET_FOLDER, REQUEST_VARIABLE, SPOOL_FOLDER},
    },
    error::{Failure, Result},
    model::{CheckReport, CheckRequest, CheckScope, StagingRequest},
    oci::{Descriptor, Digest, Reference},
    registry::{self, BlobStream, Client, Notices},
    staging::{Destination, DestinationError, Replay, server},
    steps::{
        check,
        connect::{self, Logins},
    },
    term::line,
};

/// One to take and one to hand on; the files have threads of their own.
const THREADS: usize = 2;

/// Serves until it is told to end or is idle.
#[must_use]
pub fn run() -> ExitCode {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error))
        .and_then(|runtime| {
            let ended = runtime.block_on(serve());
            // Dropped, it would cancel the writes to the spool, and requests that wait for them would be answered that the
            // spool failed. When the process ends, they get no answer, and the plugin looks for the next Pod.
            mem::forget(runtime);
            ended
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            line(&format!("error: {failure}"));
            failure.exit_code()
        }
    }
}

async fn serve() -> Result<()> {
    let request = read_request()?;
    let repository = repository(&request)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, request.port))
        .await
        .map_err(|error| Failure::new(format!("could not listen on port {}", request.port)).because(error))?;
    line(&format!(
        "waiting for layers of {}/{}",
        request.registry, request.repository
    ));
    let settings = server::Settings {
        registry: request.registry,
        repository: request.repository,
        token_sha256: request.token_sha256,
        idle: Duration::from_secs(request.idle_seconds),
        spool_folder: SPOOL_FOLDER.into(),
        spool_limit_bytes: request.spool_limit_bytes,
    };
    let ended = tokio::select! {
        // Listens before the work begins: there is no moment at which it is not heard.
        biased;
        // A Pod that succeeded would complete its Job, and no other would come in its place.
        () = asked_to_end() => return Err(Failure::new("ended from outside").why("the Pod is to go")),
        ended = server::serve(listener, settings, repository) => {
            ended.map_err(|error| Failure::new("could not go on serving").because(error))?
        }
    };
    line(match ended {
        server::Ended::Finished => "done",
        server::Ended::Idle => "nobody asked for anything; done",
    });
    Ok(())
}

fn read_request() -> Result<StagingRequest> {
    let text = joined_env(REQUEST_VARIABLE, |name| std::env::var(name).ok());
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("could not read `{REQUEST_VARIABLE}`")).because(error))
}

/// The first process of a container is sent SIGTERM and ignores it, unless it says otherwise.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        signal.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

/// The one repository that blobs go to.
struct Repository {
    client: Client,
    name: String,
    /// What a build would find out in the end. Asked as soon as the Pod runs, while the plugin is
    /// still on its way, so that it costs a deploy nothing.
    checked: Shared<BoxFuture<'static, CheckReport>>,
}

fn repository(request: &StagingRequest) -> Result<Repository> {
    let image = Reference {
        registry: request.registry.clone(),
        repository: request.repository.clone(),
        tag: None,
        digest: None,
    };
    let push = Logins::mounted(Path::new(PUSH_SECRET_FOLDER))?;
    // There is no such folder where the push Secret is for the base as well.
    let pull = Logins::mounted(Path::new(PULL_SECRET_FOLDER))?;
    let client = connect::run(&request.access, &image, &[&push], Notices::to(line))?;
    let base = request.base.as_ref().map(|base| {
        let source = request.access.source_of(base);
        connect::run(&request.access, &source, &[&pull, &push], Notices::to(line))
    });
    let asked = CheckRequest {
        image,
        scope: CheckScope::Build,
        push_secret: request.push_secret.clone(),
        base: request.base.clone(),
        access: request.access.clone(),
    };
    let (destination, base) = (client.clone(), base.transpose()?);
    let checked = async move {
        let report = check::run(&asked, &destination, base.as_ref()).await;
        for check in &report.checks {
            line(&format!("{}: {}", check.name, check.detail));
        }
        report
    };
    let checked = checked.boxed().shared();
    tokio::spawn(checked.clone());
    Ok(Repository {
        client,
        name: request.repository.clone(),
        checked,
    })
}

impl Repository {
    fn destination_error(&self, error: &registry::Error) -> DestinationError {
        let why = error.to_string();
        match error.kind {
            registry::Kind::Unauthorized => DestinationError::Unauthorized {
                why,
                has_login: self.client.has_credentials(),
            },
            registry::Kind::Denied => DestinationError::Denied { why },
            _ => {
                let what = format!("could not upload to `{}/{}`", self.client.host(), self.name);
                DestinationError::Failed(error.failure(what).into())
            }
        }
    }
}

impl Destination for Repository {
    async fn ready(&self) -> Result<(), DestinationError> {
        match self.checked.clone().await.failure() {
            Some(failure) => Err(DestinationError::Failed(failure.clone().into())),
            None => Ok(()),
        }
    }

    async fn exists(&self, digest: Digest) -> Result<bool, DestinationError> {
        let exists = self.client.blob_exists(&self.name, digest).await;
        exists.map_err(|error| self.destination_error(&error))
    }

    async fn pull(&self, descriptor: &Descriptor) -> Result<BlobStream, DestinationError> {
        line(&format!("reading {}", descriptor.digest));
        let pulled = self.client.pull_blob(&self.name, descriptor).await;
        pulled.map_err(|error| self.destination_error(&error))
    }

    async fn push(&self, digest: Digest, size_bytes: u64, body: Replay) -> Result<(), DestinationError> {
        line(&format!("pushing {digest}, {size_bytes} bytes"));
        let pushed = self
            .client
            .push_blob(&self.name, digest, size_bytes, move || body.stream())
            .await;
        match pushed {
            Ok(()) => {
                line(&format!("pushed {digest}"));
                Ok(())
            }
            Err(error) => {
                line(&format!("could not push {digest}: {error}"));
                Err(self.destination_error(&error))
            }
        }
    }
}
