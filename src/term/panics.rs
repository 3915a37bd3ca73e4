//! A panic is a bug of ours, but its message may quote what a stranger wrote.

use std::{backtrace::Backtrace, backtrace::BacktraceStatus, io::Write, panic};

use super::sanitize;

/// Has panics printed as all else is.
pub fn show_panics() {
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let trace = match backtrace.status() {
            BacktraceStatus::Captured => format!("\n{backtrace}"),
            _ => String::new(),
        };
        let text = format!("kubectl-b2i {}: {panic}{trace}", env!("CARGO_PKG_VERSION"));
        // There is nobody left to tell that stderr is gone.
        let _ = writeln!(std::io::stderr().lock(), "{}", sanitize::text(&text));
    }));
}
