//! Flags that are misspelt: what clap proposes instead, and what it does not find.

use std::ffi::OsString;

use clap::{
    Command,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

/// Returns clap's error with the most similar flag of the command in it. Clap compares letters at the same place alone,
/// so it does not know `--evn`, and proposes to pass it as the artifact, `-- --evn`.
pub(super) fn corrected(mut error: Error, command: &Command, args: &[OsString]) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let similar = match (
        error.get(ContextKind::SuggestedArg),
        error.get(ContextKind::InvalidArg),
    ) {
        (Some(ContextValue::String(_)), _) => None,
        (_, Some(ContextValue::String(typed))) => most_similar(typed, of_line(command, args)),
        _ => None,
    };
    if let Some(flag) = similar {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(flag));
    }
    if error.get(ContextKind::SuggestedArg).is_some() {
        error.remove(ContextKind::Suggested);
    }
    error
}

/// Returns the command that the line runs.
fn of_line<'a>(command: &'a Command, args: &[OsString]) -> &'a Command {
    args.iter()
        .skip(1)
        .fold(command, |command, word| match word.to_str() {
            Some(word) => command.find_subcommand(word).unwrap_or(command),
            None => command,
        })
}

fn most_similar(typed: &str, command: &Command) -> Option<String> {
    let typed = typed.strip_prefix("--")?;
    let typed = typed.split('=').next()?;
    // One slip, and one more for every four letters.
    let most = 1 + typed.len() / 4;
    let flags = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .flat_map(|arg| arg.get_long_and_visible_aliases().unwrap_or_default());
    let near = flags.filter_map(|flag| {
        let slips = strsim::osa_distance(typed, flag);
        (slips <= most && slips < typed.chars().count()).then_some((slips, flag))
    });
    near.min().map(|(_, flag)| format!("--{flag}"))
}
