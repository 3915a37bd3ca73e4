//! Role 2: the staging Pod. It takes layers from the plugin and hands them to the registry.

use std::process::ExitCode;

/// Serves until it is told to end or is idle.
#[must_use]
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
