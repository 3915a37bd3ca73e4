//! Opens a URL in the person's browser, by the program that each system has for that.

use std::process::{Command, Stdio};

/// Starts the browser and does not wait for it. Returns why that was not possible.
pub(super) fn open(url: &str) -> Result<(), String> {
    let (program, words): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        // Not by `start`: a shell would read the URL.
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let started = Command::new(program)
        .args(words)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{program}` could not be started: {error}")),
    }
}
