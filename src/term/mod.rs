//! The only room that prints: stdout carries the result and nothing else, stderr all talk.
//!
//! All text becomes harmless here, on its way out: rows of a page are lines, so that no value can forge another, and
//! colours come last.

pub mod ask;
mod data;
mod failure;
#[cfg(test)]
pub(crate) mod hostile;
mod lines;
mod log;
mod page;
mod panics;
mod printer;
mod sanitize;
mod table;
mod usage;
mod words;

pub use data::{json, yaml};
pub use lines::{error_line, line};
pub use log::LogPrinter;
pub use panics::show_panics;
pub use printer::{Printer, Talk};
pub use sanitize::json as harmless_json;
pub use table::Table;
pub use words::{age, bytes, cut, duration, fold, join_folded};
