//! Writes an options file.

use std::{fs::OpenOptions, io::Write, path::Path};

use clap::{ArgMatches, Command, parser::ValueSource};
use serde_json::{Map, Value};

use super::{Subject, authority, key, trust, words};
use crate::{
    error::{Failure, Result},
    model::Flag,
    oci::Digest,
    term,
};

/// Where editors find what the keys are.
const SCHEMA: &str =
    "https://raw.githubusercontent.com/kubectl-b2i/kubectl-b2i/main/docs/reference/b2i.schema.json";

/// Keys and values of a file to be.
pub(crate) type Entries = Map<String, Value>;

/// Returns what was typed as the file has it.
pub(crate) fn of_typed(command: &Command, typed: &ArgMatches) -> Entries {
    let was_typed = |id: &str| typed.value_source(id) == Some(ValueSource::CommandLine);
    let mut entries = Map::new();
    for key in key::of(command) {
        let takes_back = key.has_no && was_typed(&format!("no_{}", key.id));
        if !takes_back && !was_typed(&key.id) {
            continue;
        }
        let raw = typed.get_raw(&key.id).into_iter().flatten();
        let values: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        entries.insert(key.name.clone(), words::back(&key, &values, takes_back));
    }
    entries
}

/// Returns flags as the file has them.
pub(crate) fn of_flags(command: &Command, flags: &[Flag]) -> Entries {
    let mut entries = Map::new();
    for key in key::of(command) {
        let own = flags.iter().filter(|flag| flag.name == key.flag);
        let values: Vec<String> = own.map(|flag| flag.value.clone()).collect();
        if !values.is_empty() {
            entries.insert(key.name.clone(), words::back(&key, &values, false));
        }
    }
    entries
}

/// Returns the words of the command line that entries stand for.
///
/// # Errors
/// What a key takes instead.
pub(crate) fn words_of(command: &Command, entries: &Entries) -> std::result::Result<Vec<String>, String> {
    let keys = key::of(command).into_iter();
    let own = keys.filter_map(|key| Some((entries.get(&key.name)?, key)));
    let words: std::result::Result<Vec<_>, _> = own.map(|(value, key)| words::of(&key, value)).collect();
    words.map(|words| words.concat())
}

/// Returns a line for each of these flags that would need the user's trust in a file that was found.
pub(crate) fn decided(flags: &[Flag]) -> Vec<String> {
    let deciding = flags
        .iter()
        .filter(|flag| authority::needs_trust(flag.name, &flag.value));
    let line = |flag: &Flag| format!("  {}: {}", key::camel_case(flag.name), trust::shown(&flag.value));
    deciding.map(line).collect()
}

/// Writes the file, with a head for people and editors, and trusts it: what it says the user has just said. One that
/// is there stays, unless `force` is set.
///
/// # Errors
/// A failure where there is a file already, or it cannot be written.
pub(crate) fn write(path: &Path, entries: &Entries, force: bool) -> Result<()> {
    let failure = || Failure::new(format!("could not write `{}`", path.display()));
    let yaml = term::yaml(entries)?;
    let text = format!(
        "# Options of kubectl-b2i: the flags of `deploy` in camelCase. A flag that is typed wins.\n\
         # yaml-language-server: $schema={SCHEMA}\n{yaml}"
    );
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!force);
    only_own(&mut options);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::usage(failure().what)
            .why("there is one already")
            .next("look at it; to write it anew, add `--force`")
            .anchor("options-file"),
        _ => failure().because(error),
    })?;
    // Where it cannot be remembered, the next run asks.
    let _ = Subject::file(path).map(|file| file.remember(&Digest::of(text.as_bytes())));
    Ok(())
}

/// A file that others may write to would not count.
#[cfg(unix)]
fn only_own(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o644);
}

#[cfg(not(unix))]
fn only_own(_: &mut OpenOptions) {}
