//! How what is known of apps is printed: `-o` as kubectl's `get` has it.

use serde::Serialize;

use super::commands::Context;
use crate::{error::Result, term};

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

/// Returns a result as lines of JSON or YAML; `None` where a format for people was asked for.
pub(super) fn structured(format: Option<Format>, all: &impl Serialize) -> Result<Option<Vec<String>>> {
    match format {
        Some(Format::Json) => term::json(all).map(|text| Some(lines(&text))),
        Some(Format::Yaml) => term::yaml(all).map(|text| Some(lines(&text))),
        Some(Format::Wide | Format::Name) | None => Ok(None),
    }
}

/// Returns the lines of a document or a script.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Prints a result: as JSON or YAML, or what `for_people` makes of it.
pub(super) fn print(
    context: &Context,
    format: Option<Format>,
    all: &impl Serialize,
    for_people: impl FnOnce() -> Vec<String>,
) -> Result<()> {
    let lines = structured(format, all)?.unwrap_or_else(for_people);
    context.printer.result(&lines);
    Ok(())
}
