//! Plain lines on stdout, for the in-cluster roles: their stdout is the container's log.
#![allow(clippy::print_stdout, reason = "this room prints")]

use super::sanitize;

/// Prints one line, made safe for a terminal.
pub fn line(text: &str) {
    println!("{}", sanitize(text));
}
