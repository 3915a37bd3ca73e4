//! Which options file holds: the one that `--file` names, the one beside the artifact, or the one in
//! the current folder that names this artifact.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, parser::ValueSource};

use super::read;
use crate::{
    error::{Failure, Result},
    model::ArtifactPlace,
};

/// How the file is called.
pub(crate) const NAME: &str = "b2i.yaml";

/// Returns the file for what was typed; `None` where there is none, or none is wanted (`--file ''`).
///
/// # Errors
/// A usage failure where `--file` names none.
pub(super) fn of(typed: &ArgMatches) -> Result<Option<PathBuf>> {
    if typed.value_source("file") == Some(ValueSource::CommandLine) {
        let named = typed.get_one::<OsString>("file").map(PathBuf::from);
        return match named.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) if path.is_file() => Ok(Some(path)),
            Some(path) => Err(Failure::usage(format!("could not use `{}`", path.display()))
                .why("there is no such file")
                .next("write one:")
                .command("kubectl b2i init ./shop.jar --port 8080")
                .anchor("options-file")),
            None => Ok(None),
        };
    }
    let here = PathBuf::from(NAME);
    if !has_artifact(typed) {
        return Ok(Some(here).filter(|file| file.is_file()));
    }
    let place = typed.get_one::<ArtifactPlace>("artifact");
    let Some(artifact) = place.and_then(ArtifactPlace::local_path) else {
        return Ok(None);
    };
    let beside = artifact.parent().unwrap_or(Path::new("")).join(NAME);
    let fits = |file: &PathBuf, where_none_is_named: bool| {
        file.is_file()
            && read::artifact_in(file).map_or(where_none_is_named, |named| is_same(&named, artifact))
    };
    // In the folder of several artifacts a file is for the one that it names, or for all.
    Ok(Some(beside)
        .filter(|file| fits(file, true))
        .or_else(|| Some(here).filter(|file| fits(file, false))))
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
