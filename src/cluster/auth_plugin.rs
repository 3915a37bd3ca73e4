//! The auth plugin of a kubeconfig (`users[].user.exec`): why it gave no credentials.

use std::io;

use kube::{client::AuthError, config::ExecConfig};

use super::Error;

/// A hint is a sentence and a link; what is longer was not written for a terminal.
const LONGEST_HINT: usize = 600;

/// Returns the error of a plugin that could not be started; `None` where something else failed.
pub(super) fn not_started(plugin: &ExecConfig, error: &kube::Error) -> Option<Error> {
    let kube::Error::Auth(AuthError::AuthExecStart(error)) = error else {
        return None;
    };
    let hint = plugin.install_hint.as_deref().unwrap_or_default().trim();
    Some(Error::AuthPlugin {
        command: plugin.command.clone().unwrap_or_default(),
        hint: hint.chars().take(LONGEST_HINT).collect(),
        source: io::Error::new(error.kind(), error.to_string()),
    })
}

/// Says why a plugin could not be started, and what the kubeconfig says about that.
pub(super) fn not_started_words(command: &str, hint: &str, error: &io::Error) -> String {
    let is_path = command.contains(['/', '\\']);
    let mut words = match error.kind() {
        io::ErrorKind::NotFound if is_path => {
            format!("the kubeconfig's auth plugin `{command}` does not exist")
        }
        io::ErrorKind::NotFound => format!("the kubeconfig's auth plugin `{command}` is not on the PATH"),
        _ => format!("the kubeconfig's auth plugin `{command}` could not be started: {error}"),
    };
    if !hint.is_empty() {
        words = format!("{words}\nthe kubeconfig's install hint: {hint}");
    }
    words
}

/// kube prints the plugin's whole output, which may hold a token: only the end of stderr is shown.
pub(super) fn failed_words(command: &str, out: &std::process::Output) -> String {
    let program = program(command);
    let stderr = String::from_utf8_lossy(&out.stderr);
    let last: Vec<&str> = stderr.lines().rev().take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    let told = if last.is_empty() {
        String::new()
    } else {
        format!(": {}", last.join("\n"))
    };
    format!(
        "the kubeconfig's auth plugin `{program}` failed, {}{told}",
        out.status
    )
}

/// Finds the program in a command line as Rust prints it for debugging: `KEY="value" "program" …`.
fn program(command: &str) -> &str {
    let mut rest = command;
    while let Some((before, quoted)) = rest.split_once('"') {
        let mut is_escaped = false;
        let end = quoted.find(|c| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        let Some(end) = end else { break };
        if !before.ends_with('=') {
            return &quoted[..end];
        }
        rest = &quoted[end + 1..];
    }
    command
}
