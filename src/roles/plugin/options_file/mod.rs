//! `b2i.yaml`: options in a file beside the artifact. Each key is a flag of `deploy`, read by that
//! flag's own rules: the file becomes words of the command line, which stand before the typed ones.

mod authority;
mod content;
mod find;
mod key;
mod owner;
mod read;
mod schema;
mod trust;
mod words;
mod write;

use std::ffi::{OsStr, OsString};

use clap::{ArgMatches, Command, parser::ValueSource};

pub(super) use authority::table;
pub(super) use find::NAME;
pub(super) use schema::schema;
pub(super) use write::{Entries, decided, of_flags, of_typed, words_of, write};

use super::{trusted::Subject, values};
use crate::error::Result;
use key::{Key, Shape};
use read::ARTIFACT;

/// The commands whose flags may stand in the file.
const COMMANDS: [&str; 3] = ["deploy", "build", "inspect"];
/// Flags that replace what the file says, instead of adding to it.
const REPLACING: [&str; 2] = ["port", "tag"];

/// The command line with the words of the options file in it.
pub(super) struct Joined {
    pub args: Vec<OsString>,
    /// Whether the app's name is only what a file says that nobody named or trusted.
    pub has_found_name: bool,
}

/// Returns the command line with the words of the options file in it, where there is one that counts.
///
/// # Errors
/// A usage failure for a file that cannot be read, an unknown key, a value that its flag would refuse, and a
/// found file that is another user's or decides what the user does not trust it to.
pub(super) fn join(command: &Command, args: Vec<OsString>) -> Result<Joined> {
    let none = |args| {
        Ok(Joined {
            args,
            has_found_name: false,
        })
    };
    // What is wrong with the command line is told by who parses it for good.
    let Ok(matches) = command.clone().try_get_matches_from(&args) else {
        return none(args);
    };
    let Some((name, typed)) = matches.subcommand().filter(|(name, _)| COMMANDS.contains(name)) else {
        return none(args);
    };
    let Some((content, is_named)) = find::of(typed)? else {
        return none(args);
    };
    if !is_named {
        owner::ensure_own(&content)?;
    }
    let file = read::file(&content, command)?;
    let mut words = Vec::new();
    if !is_named {
        words.push(option_word("file", content.path.as_os_str()));
    }
    let own: Vec<Key> = command.find_subcommand(name).map(key::of).unwrap_or_default();
    for (key, value) in &file.entries {
        let its_own = own.iter().find(|own| own.id == key.id);
        if its_own.is_some_and(|own| !is_overruled(typed, own)) {
            words.extend(file.words(key, value)?.into_iter().map(OsString::from));
        }
    }
    if let (false, Some(artifact)) = (find::has_artifact(typed), file.artifact()) {
        words.push(artifact);
    }
    let said = file.parsed(command, name, &words)?;
    let is_trusted =
        is_named || Subject::file(&content.path).is_some_and(|file| file.is_trusted(&content.digest()));
    let mut has_found_name = false;
    if let (false, Some((_, said)), Some(own)) =
        (is_trusted, said.subcommand(), command.find_subcommand(name))
    {
        let decisions = trust::decisions(&content, own, said, typed);
        if decisions.is_empty() {
            has_found_name = own.get_arguments().any(|arg| arg.get_id() == "name")
                && said.value_source("name") == Some(ValueSource::CommandLine);
        } else {
            trust::ensure(&content, &decisions)?;
        }
    }
    Ok(Joined {
        args: joined(command, name, args, words),
        has_found_name,
    })
}

/// Returns the command with the flags that may stand in the file added to one of its commands, which
/// takes them to write them down.
pub(super) fn with_keys(command: Command, name: &str) -> Command {
    let flags = command
        .find_subcommand("deploy")
        .map(key::flags)
        .unwrap_or_default();
    command.mut_subcommand(name, |command| command.args(flags))
}

/// Whether what was typed leaves nothing of what the file says about a flag.
fn is_overruled(typed: &ArgMatches, key: &Key) -> bool {
    let was_typed = |id: &str| {
        let source = typed.value_source(id);
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    let adds = matches!(key.shape, Shape::Many | Shape::Pairs) && !REPLACING.contains(&key.flag.as_str());
    (was_typed(&key.id) && !adds) || (key.has_no && was_typed(&format!("no_{}", key.id)))
}

fn option_word(flag: &str, value: &OsStr) -> OsString {
    let mut word = OsString::from(format!("--{flag}="));
    word.push(value);
    word
}

/// Puts words behind the command's name. Flags of kubectl may stand before it.
fn joined(command: &Command, name: &str, args: Vec<OsString>, words: Vec<OsString>) -> Vec<OsString> {
    let is_name = |at: &usize| {
        let so_far = command.clone().try_get_matches_from(&args[..=*at]);
        args[*at] == *name && so_far.is_ok_and(|matches| matches.subcommand_name() == Some(name))
    };
    let at = (1..args.len()).find(is_name).unwrap_or(args.len() - 1);
    let mut joined = args;
    let rest = joined.split_off(at + 1);
    joined.extend(words);
    joined.extend(rest);
    joined
}
