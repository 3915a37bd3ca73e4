//! The builder image's other work: says what a registry would have against a build, without one.
//!
//! In: the request (an environment variable) and the mounted Secrets. Out: the report as termination
//! message, and exit code 0 whatever it says.

use std::{fs, path::Path, process::ExitCode};

use crate::{
    cluster::objects::{
        check_job::{PULL_SECRET_FOLDER, PUSH_SECRET_FOLDER, REQUEST_VARIABLE, TERMINATION_VARIABLE},
        restricted::joined_env,
    },
    error::{Failure, Result},
    model::{CheckReport, CheckRequest},
    registry::Notices,
    steps::{
        check,
        connect::{self, Logins},
    },
    term,
};

/// Checks, and writes what came of it.
#[must_use]
pub fn run() -> ExitCode {
    let report = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error))
        .and_then(|runtime| runtime.block_on(report()));
    let report = report.unwrap_or_else(CheckReport::of_failure);
    for check in &report.checks {
        term::line(&format!("{}: {}", check.name, check.detail));
    }
    let termination = std::env::var(TERMINATION_VARIABLE)
        .ok()
        .filter(|file| !file.is_empty());
    let termination = termination.as_deref().unwrap_or("/dev/termination-log");
    if let Err(error) = fs::write(termination, report.to_termination_message()) {
        term::line(&format!("could not write the termination message: {error}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn report() -> Result<CheckReport> {
    let text = joined_env(REQUEST_VARIABLE, |name| std::env::var(name).ok());
    let request: CheckRequest = serde_json::from_str(&text).map_err(|error| {
        Failure::new("could not read the request")
            .because(error)
            .next("use a builder image of the same version as the plugin")
            .command("kubectl b2i version")
            .anchor("builder-request")
    })?;
    let folder = |variable: &str, default: &str| {
        let set = std::env::var(variable).ok().filter(|folder| !folder.is_empty());
        set.unwrap_or_else(|| default.to_owned())
    };
    let push = Logins::mounted(Path::new(&folder("B2I_PUSH_SECRET", PUSH_SECRET_FOLDER)))?;
    let pull = Logins::mounted(Path::new(&folder("B2I_PULL_SECRET", PULL_SECRET_FOLDER)))?;
    let destination = connect::run(&request.access, &request.image, &[&push], Notices::to(term::line))?;
    let base = request.base.as_ref().map(|image| {
        let source = request.access.source_of(image);
        connect::run(&request.access, &source, &[&pull, &push], Notices::to(term::line))
    });
    Ok(check::run(&request, &destination, base.transpose()?.as_ref()).await)
}
