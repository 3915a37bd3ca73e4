//! How what is known of apps is printed: `-o` as kubectl's `get` has it.

use serde::Serialize;

use super::commands::Context;
use crate::error::{Failure, Result};

/// What `-o` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// The table with more columns.
    Wide,
    /// Names alone, one a line.
    Name,
    /// All that is known, as JSON.
    Json,
    /// All that is known, as YAML.
    Yaml,
}

/// Returns a result as JSON or YAML; `None` where a format for people was asked for.
pub(super) fn structured(format: Option<Format>, all: &impl Serialize) -> Result<Option<String>> {
    let failure = || Failure::new("could not print the result");
    match format {
        Some(Format::Json) => serde_json::to_string_pretty(all)
            .map(Some)
            .map_err(|error| failure().because(error)),
        Some(Format::Yaml) => yaml(all).map(Some),
        Some(Format::Wide | Format::Name) | None => Ok(None),
    }
}

/// Returns something as YAML. Long values stay on their line, where people edit them.
pub(super) fn yaml(all: &impl Serialize) -> Result<String> {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    serde_yaml::to_string_with_options(all, options)
        .map_err(|error| Failure::new("could not print the result").because(error))
}

/// Prints a result: as JSON or YAML, or what `for_people` makes of it.
pub(super) fn print(
    context: &Context,
    format: Option<Format>,
    all: &impl Serialize,
    for_people: impl FnOnce() -> String,
) -> Result<()> {
    let text = match structured(format, all)? {
        Some(text) => text,
        None => for_people(),
    };
    context.printer.result(&text);
    Ok(())
}
