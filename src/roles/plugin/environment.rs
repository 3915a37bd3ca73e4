//! The environment of the plugin. A variable that is empty counts as unset: `B2I_IMAGE=` is how a shell or a CI
//! system says that there is none.

use std::{env, path::Path};

use clap::{Command, builder::Resettable};

/// Returns a variable that is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the command with no flag that reads an empty variable. clap would take the empty text as a value.
pub(super) fn without_empty(command: Command) -> Command {
    let is_empty = |arg: &clap::Arg| {
        let name = arg.get_env();
        name.and_then(env::var_os).is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| {
            if is_empty(&arg) {
                arg.env(Resettable::Reset)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty)
}

/// Makes temporary files go where they go without `TMPDIR`, where that is empty: else it would be the current
/// folder.
pub(super) fn ignore_empty_tmpdir() {
    if cfg!(unix) && env::var_os("TMPDIR").is_some_and(|value| value.is_empty()) {
        // It fails only where it was set before, and nobody else does that.
        let _ = tempfile::env::override_temp_dir(Path::new("/tmp"));
    }
}
