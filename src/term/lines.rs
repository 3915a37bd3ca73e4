//! The log of the in-cluster roles: plain lines on stdout, which the kubelet keeps and the plugin
//! follows.

use std::io::Write;

use super::sanitize;

/// Writes one line to stderr: for a role whose stdout carries data.
pub fn error_line(text: &str) {
    let line = sanitize::line(text);
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes one line. What others said (registries, file names) may be in it, and `kubectl logs` shows it to people.
pub fn line(text: &str) {
    let line = sanitize::line(text);
    // Nobody reads the log any more? The work goes on all the same.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
