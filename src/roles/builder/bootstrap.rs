//! The bootstrap: run by a shell that took this executable in, it makes the builder image of itself and
//! pushes that with the mounted Secret.
//!
//! In: the request (an environment variable) and the mounted Secret. Out: the outcome as a line of JSON on
//! stdout, and exit code 0 whatever it says.

use std::{path::Path, process::ExitCode, time::Duration};

use crate::{
    cluster::objects::{
        bootstrap_job::{PUSH_SECRET_FOLDER, REQUEST_VARIABLE},
        restricted::joined_env,
    },
    error::{Failure, Result},
    model::{BootstrapRequest, BuildOutcome, BuildRequest, Events},
    registry::Notices,
    steps::{
        assemble,
        connect::{self, Logins},
        inspect, pack, plan, push,
    },
    term,
};

/// Makes and pushes the image, and says what came of it.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new("could not start").because(error))
        .and_then(|runtime| runtime.block_on(make_and_push()));
    let outcome = outcome.unwrap_or_else(BuildOutcome::Failed);
    // As long as a termination message may be, so that whoever reads it knows how long it gets.
    term::line(&term::harmless_json(&outcome.to_termination_message()));
    ExitCode::SUCCESS
}

async fn make_and_push() -> Result<BuildOutcome> {
    let text = joined_env(REQUEST_VARIABLE, |name| std::env::var(name).ok());
    let failure = || Failure::new("could not make the builder image").anchor("bootstrap");
    let BootstrapRequest { destination, access } =
        serde_json::from_str(&text).map_err(|error| failure().because(error))?;
    let this = std::env::current_exe().map_err(|error| failure().because(error))?;
    let executable = inspect::run(&this)?;
    let plan = plan::builder_image(&executable)?;
    let folder = tempfile::tempdir().map_err(|error| failure().because(error))?;
    let layers = pack::run(&executable, &plan, folder.path())?;
    let folder_of_secret = std::env::var("B2I_PUSH_SECRET")
        .ok()
        .filter(|folder| !folder.is_empty());
    let logins = Logins::mounted(Path::new(
        folder_of_secret.as_deref().unwrap_or(PUSH_SECRET_FOLDER),
    ))?;
    let client = connect::run(&access, &destination, &[&logins], Notices::default())?;
    let tags = vec![env!("CARGO_PKG_VERSION").to_owned()];
    let request = BuildRequest {
        layers: layers.iter().map(|layer| layer.described.clone()).collect(),
        ..BuildRequest::of_plan(&plan, destination, tags, access)
    };
    let events = Events::nowhere();
    let missing = push::missing(&request.layers, &request.destination, &client).await?;
    push::from_here(&layers, &missing, &request.destination, &client, &events).await?;
    let image = assemble::run(&request, None).await?;
    match push::run(&image, &request, &client, None, Duration::ZERO, &events).await {
        Ok(result) => Ok(BuildOutcome::Done(result)),
        Err(push::Error::Failed(failure)) => Err(failure),
        Err(push::Error::MissingBlobs(_)) => Err(failure()
            .why("the registry took its layer and then did not know it")
            .next("look at the registry's log and its storage; then try again")
            .anchor("blob-unknown")),
    }
}
