//! Whether a found file may decide what it would decide: asked at a terminal once, refused elsewhere.

use std::{io, path::Path};

use clap::{ArgMatches, Command, parser::ValueSource};

use super::{ARTIFACT, Subject, authority, content::Content, key::camel_case};
use crate::{
    error::{Failure, Result},
    model::{ArtifactPlace, brief, quoted},
    term::{Printer, Talk, ask},
};

/// Longer values are cut: a file must not push its other keys off the screen.
const SHOWN_CHARACTERS: usize = 200;

/// One thing that a file would decide for the user.
pub(super) struct Decision {
    key: String,
    value: String,
    /// What to type instead.
    instead: String,
}

impl Decision {
    fn line(&self) -> String {
        format!("  {}: {}", self.key, self.value)
    }
}

/// Returns what needs the user's trust in what a file says: `said` is what clap makes of its words, `typed` what
/// the user said.
pub(super) fn decisions(
    content: &Content,
    command: &Command,
    said: &ArgMatches,
    typed: &ArgMatches,
) -> Vec<Decision> {
    let is_set = |matches: &ArgMatches, id: &str| {
        // Of an id that a command does not have, clap would panic.
        matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    let mut decisions = Vec::new();
    let flags = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg)));
    for (flag, arg) in flags {
        let id = arg.get_id().as_str();
        if flag == "file" || !is_set(said, id) {
            continue;
        }
        let values = said.get_raw(id).into_iter().flatten();
        let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        let needs_trust = |value: &&String| {
            authority::needs_trust(flag, value) && !(flag == "env" && is_overruled(value, typed))
        };
        decisions.extend(values.iter().filter(needs_trust).map(|value| Decision {
            key: camel_case(flag),
            value: shown(value),
            instead: format!("--{flag}"),
        }));
    }
    let has_digest = is_set(said, "sha256") || is_set(typed, "sha256");
    let artifact = Some(said).filter(|said| is_set(said, ARTIFACT));
    if let Some(place) = artifact.and_then(|said| said.get_one::<ArtifactPlace>(ARTIFACT))
        && reaches_out(content, place, has_digest)
    {
        decisions.push(Decision {
            key: ARTIFACT.to_owned(),
            value: shown(&place.shown()),
            instead: "as an argument".to_owned(),
        });
    }
    decisions
}

/// Whether a variable was typed too, so that the file's is not used.
fn is_overruled(word: &str, typed: &ArgMatches) -> bool {
    fn name(word: &str) -> &str {
        match word.split_once('=') {
            Some((name, _)) => name,
            None => word.trim_end_matches('-'),
        }
    }
    let words = typed.get_raw("env").into_iter().flatten();
    let mut words = words.map(|word| word.to_string_lossy().into_owned());
    words.any(|own| name(&own) == name(word))
}

/// Whether an artifact is anything but a file below the options file's folder, or bytes that their digest names.
fn reaches_out(content: &Content, artifact: &ArtifactPlace, has_digest: bool) -> bool {
    let path = match artifact {
        ArtifactPlace::File(path) => path,
        ArtifactPlace::Stdin => return true,
        ArtifactPlace::Url(url) => {
            let is_https = url
                .get(..8)
                .is_some_and(|start| start.eq_ignore_ascii_case("https://"));
            return !(is_https && has_digest);
        }
    };
    let folder = match content.path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => !path.starts_with(folder),
        // What cannot be found is not read either.
        (_, Err(_)) => false,
        (Err(_), _) => true,
    }
}

/// A value as it may be printed.
pub(super) fn shown(value: &str) -> String {
    brief(value, SHOWN_CHARACTERS)
}

/// Returns if the file counts, as it is.
///
/// # Errors
/// A usage failure where the user does not trust it, or nobody can be asked.
pub(super) fn ensure(content: &Content, decisions: &[Decision]) -> Result<()> {
    let path = shown(&content.path.to_string_lossy());
    if !ask::is_possible() {
        return Err(refused(
            &path,
            "nobody named it, and it decides what needs your trust",
            decisions,
        )
        .next("type the flags instead; or read the file and accept all of it by naming it:")
        .again(format!("--file {}", quoted(&content.path.to_string_lossy()))));
    }
    let printer = Printer::new(Talk::Plain);
    printer.say(&format!("`{path}` was found, and it would decide:"));
    for decision in decisions {
        printer.say(&decision.line());
    }
    if ask::confirm("Trust this file as it is now?") != Some(true) {
        return Err(
            refused(&path, "you did not trust it, and it would decide", decisions)
                .next("type the flags instead, or leave the file out:")
                .again("--file ''"),
        );
    }
    let no_folder = || io::Error::other("its folder is gone");
    let file = Subject::file(&content.path).ok_or_else(no_folder);
    if let Err(error) = file.and_then(|file| file.remember(&content.digest())) {
        printer.say(&format!("warning: this is not remembered: {error}"));
    }
    Ok(())
}

fn refused(path: &str, why: &str, decisions: &[Decision]) -> Failure {
    let lines: Vec<String> = decisions
        .iter()
        .map(|decision| format!("{} (instead: {})", decision.line(), decision.instead))
        .collect();
    Failure::usage(format!("could not use `{path}`"))
        .why(format!("{why}:\n{}", lines.join("\n")))
        .anchor("options-file-trust")
}
