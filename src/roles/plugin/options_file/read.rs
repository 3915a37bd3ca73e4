//! Reads an options file, and says in its own terms what is wrong with it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Command};
use serde_json::{Map, Value};

use super::{
    content::Content,
    key::{self, Key},
    values, words,
};
use crate::{
    error::{Failure, Result},
    model::ArtifactPlace,
};

/// The key that is no flag.
pub(super) const ARTIFACT: &str = "artifact";
/// From which likeness on a key is taken for a typing error of another one.
const LIKE: f64 = 0.8;

/// What a file says.
pub(super) struct File {
    path: PathBuf,
    artifact: Option<String>,
    /// Keys with their values, in the file's order.
    pub(super) entries: Vec<(Key, Value)>,
}

/// Reads the file; each key must be a flag of `deploy`.
pub(super) fn file(content: &Content, command: &Command) -> Result<File> {
    let path = &content.path;
    let refused = |why: String| refused(path, why);
    let mut map = map(content).map_err(refused)?;
    let artifact = match map.remove(ARTIFACT) {
        None | Some(Value::Null) => None,
        Some(Value::String(artifact)) => Some(artifact),
        Some(_) => return Err(refused("`artifact` is a path or a URL".to_owned())),
    };
    let mut keys = command.find_subcommand("deploy").map(key::of).unwrap_or_default();
    let mut entries = Vec::with_capacity(map.len());
    for (name, value) in map {
        match keys.iter().position(|key| key.name == name) {
            Some(at) => entries.push((keys.swap_remove(at), value)),
            None => return Err(refused(unknown(&name, &keys))),
        }
    }
    Ok(File {
        path: path.clone(),
        artifact,
        entries,
    })
}

/// Returns the path of the artifact that a file names, seen from here; `None` where it names none, or
/// cannot be read, which is told when it is used.
pub(super) fn artifact_in(content: &Content) -> Option<PathBuf> {
    let artifact = map(content).ok()?.remove(ARTIFACT)?;
    let place = ArtifactPlace::of(artifact.as_str()?.into());
    Some(folder(&content.path).join(place.local_path()?))
}

fn map(content: &Content) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(&content.bytes).map_err(|_| "it is no text".to_owned())?;
    match serde_yaml::from_str(text).map_err(|error| values::yaml_words(&error))? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err("it is no map of options".to_owned()),
    }
}

fn unknown(name: &str, keys: &[Key]) -> String {
    let known = keys.iter().map(|key| key.name.as_str()).chain([ARTIFACT]);
    let near = known
        .map(|known| {
            (
                strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase()),
                known,
            )
        })
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match near {
        Some((_, near)) => format!("there is no option `{name}`; `{near}` is near"),
        None => format!("there is no option `{name}`"),
    }
}

/// The failure for a file that says what it cannot.
pub(super) fn refused(path: &Path, why: String) -> Failure {
    Failure::usage(format!("could not use `{}`", path.display()))
        .why(why)
        .next("mend it; its keys are the flags of `deploy` in camelCase:")
        .command("kubectl b2i deploy --help")
        .anchor("options-file")
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

impl File {
    /// Returns a key's value as words of the command line.
    pub(super) fn words(&self, key: &Key, value: &Value) -> Result<Vec<String>> {
        let in_folder = |text: &str| folder(&self.path).join(text).to_string_lossy().into_owned();
        let value = match value {
            Value::String(text) if key.is_path => &Value::from(in_folder(text)),
            value => value,
        };
        words::of(key, value).map_err(|why| refused(&self.path, format!("`{}`: {why}", key.name)))
    }

    /// Returns the artifact that it names, with a path seen from here.
    pub(super) fn artifact(&self) -> Option<OsString> {
        let artifact = self.artifact.as_ref()?;
        Some(match ArtifactPlace::of(artifact.into()) {
            ArtifactPlace::File(path) => folder(&self.path).join(path).into_os_string(),
            ArtifactPlace::Stdin | ArtifactPlace::Url(_) => artifact.into(),
        })
    }

    /// Returns what its words say by the flags alone, so that a wrong value is told as the file's.
    pub(super) fn parsed(&self, command: &Command, name: &str, words: &[OsString]) -> Result<ArgMatches> {
        let line = [OsString::from("kubectl-b2i"), name.into()];
        let parsed = command.clone().try_get_matches_from(line.iter().chain(words));
        parsed.map_err(|error| {
            let error = error.to_string();
            let first = error.lines().next().unwrap_or_default();
            refused(&self.path, first.trim_start_matches("error: ").to_owned())
        })
    }
}
