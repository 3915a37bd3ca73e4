//! How a failed run ends: for people on stderr, and for programs on stdout where `-o json` or `-o yaml` asked for data.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    command_line::{CommandLine, Data},
    format,
};
use crate::{
    error::{Failure, Kind},
    term::{self, Printer},
};

/// A failure for programs: `docs/reference/failure.schema.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    error: &'a str,
    why: &'a str,
    /// What to do, then the commands to paste.
    next: Vec<&'a str>,
    anchor: &'a str,
    exit_code: u8,
}

impl<'a> Document<'a> {
    fn of(failure: &'a Failure) -> Self {
        let next = Some(failure.next.as_str()).filter(|next| !next.is_empty());
        Self {
            error: &failure.what,
            why: &failure.why,
            next: next
                .into_iter()
                .chain(failure.commands.iter().map(String::as_str))
                .collect(),
            anchor: &failure.anchor,
            exit_code: failure.kind.code(),
        }
    }
}

/// Prints a failure, and returns its exit code.
pub(super) fn end(printer: &Printer, line: &CommandLine, failure: Failure) -> ExitCode {
    let failure = line.complete(failure);
    printer.failure(&failure);
    document(printer, line, &failure);
    failure.exit_code()
}

/// Prints the failure that a wrong command line is, for programs. People get clap's own text.
pub(super) fn usage(printer: &Printer, line: &CommandLine, error: &clap::Error) {
    // Without clap's colours.
    let text = error.render().to_string();
    let (why, next) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut failure = Failure {
        kind: Kind::Usage,
        ..Failure::new("could not read the command line")
    }
    .why(why.trim_start_matches("error: ").trim_end());
    let lines = next.lines().map(str::trim).filter(|line| !line.is_empty());
    failure.commands = lines.map(str::to_owned).collect();
    document(printer, line, &failure);
}

/// There is one document on stdout. A result that says itself what failed, such as `doctor`'s, is that one. What
/// `--watch` prints is a stream, and the failure ends it.
fn document(printer: &Printer, line: &CommandLine, failure: &Failure) {
    let Some(data) = line.data.filter(|_| !printer.has_result()) else {
        return;
    };
    let document = Document::of(failure);
    let text = match data {
        Data::Json => term::json(&document),
        Data::Yaml => term::yaml(&document).map(|yaml| {
            let before = if printer.has_pages() { "---\n" } else { "" };
            format!("{before}{yaml}")
        }),
    };
    // Text has both forms.
    if let Ok(text) = text {
        printer.result(&format::lines(&text));
    }
}
