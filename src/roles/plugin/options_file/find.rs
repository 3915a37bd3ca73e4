//! Which options file holds: the one that `--file` names, the one beside the artifact, or the one in
//! the current folder that names this artifact.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, parser::ValueSource};

use super::{content::Content, read};
use crate::{
    error::{Failure, Result},
    model::ArtifactPlace,
};

/// How the file is called.
pub(crate) const NAME: &str = "b2i.yaml";

/// Returns the file for what was typed, and whether the user named it; `None` where there is none, or none is
/// wanted (`--file ''`).
///
/// # Errors
/// A usage failure where `--file` names none, or the one that is found cannot be read.
pub(super) fn of(typed: &ArgMatches) -> Result<Option<(Content, bool)>> {
    if typed.value_source("file") == Some(ValueSource::CommandLine) {
        let named = typed.get_one::<OsString>("file").map(PathBuf::from);
        let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(None);
        };
        let content = Content::read(&path)?.ok_or_else(|| no_such_file(&path))?;
        return Ok(Some((content, true)));
    }
    let found = found(typed)?;
    Ok(found.map(|content| (content, false)))
}

fn found(typed: &ArgMatches) -> Result<Option<Content>> {
    let here = Path::new(NAME);
    if !has_artifact(typed) {
        return Content::read(here);
    }
    let place = typed.get_one::<ArtifactPlace>("artifact");
    let Some(artifact) = place.and_then(ArtifactPlace::local_path) else {
        return Ok(None);
    };
    // In the folder of several artifacts a file is for the one that it names, or for all.
    let fits = |content: &Content, where_none_is_named: bool| {
        read::artifact_in(content).map_or(where_none_is_named, |named| is_same(&named, artifact))
    };
    let beside = artifact.parent().unwrap_or(Path::new("")).join(NAME);
    let beside = Content::read(&beside)?.filter(|content| fits(content, true));
    if beside.is_some() {
        return Ok(beside);
    }
    Ok(Content::read(here)?.filter(|content| fits(content, false)))
}

fn no_such_file(path: &Path) -> Failure {
    Failure::usage(format!("could not use `{}`", path.display()))
        .why("there is no such file")
        .next("write one:")
        .command("kubectl b2i init ./shop.jar --port 8080")
        .anchor("options-file")
}

/// Whether an artifact was typed.
pub(super) fn has_artifact(typed: &ArgMatches) -> bool {
    typed.value_source("artifact") == Some(ValueSource::CommandLine)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
