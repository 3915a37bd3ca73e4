//! The log of the in-cluster roles: plain lines on stdout, which the kubelet keeps and the plugin
//! follows.

use std::io::Write;

/// Writes one line. What others said (registries, file names) may be in it, so control characters,
/// line ends included, become spaces.
pub fn line(text: &str) {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // Nobody reads the log any more? The work goes on all the same.
    let _ = writeln!(std::io::stdout().lock(), "{plain}");
}
