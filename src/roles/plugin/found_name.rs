//! An app's name that only a found options file gives. It may name a new app, or the one that this artifact was
//! deployed as; another's has Secrets, claims and users of its own.

use super::derived_name::is_of;
use crate::{
    error::{Failure, Result},
    model::{AppName, Artifact, BuildRecord},
};

/// Checks that such a name is not another app's; `last` is the last build of the app with that name, `exists` whether
/// it runs.
///
/// # Errors
/// A usage failure that says which artifact the app was built from.
pub(super) fn ensure_own(
    app: &AppName,
    artifact: &Artifact,
    last: Option<&BuildRecord>,
    exists: bool,
) -> Result<()> {
    let why = match last {
        Some(last) if is_of(last, artifact) => return Ok(()),
        Some(last) => format!("`{app}` was built from `{}`", last.artifact),
        None if exists => format!("`{app}` was not built by kubectl-b2i"),
        None => return Ok(()),
    };
    Err(refused(app, &why))
}

/// The same where no cluster knows the apps: only the artifact's own name is its own.
pub(super) fn ensure_artifacts(app: &AppName, artifact: &Artifact) -> Result<()> {
    if AppName::from_file_name(&artifact.named_after).as_ref() == Some(app) {
        return Ok(());
    }
    Err(refused(app, "without a cluster nobody knows whose name it is"))
}

fn refused(app: &AppName, why: &str) -> Failure {
    Failure::usage(format!("could not use the name `{app}`"))
        .why(format!(
            "it comes from a `b2i.yaml` that nobody named, and {why}"
        ))
        .next(format!(
            "if it is the same app, say so by `--name {app}`, or name the file by `--file`; else give another name:"
        ))
        .command("kubectl b2i deploy ./shop.jar --name shop")
        .anchor("options-file-trust")
}
