//! The only room that prints: stdout carries the result and nothing else, stderr all talk.

pub mod ask;
mod failure;
mod lines;
mod log;
mod printer;
mod sanitize;
mod table;
mod words;

pub use lines::{error_line, line};
pub use log::LogPrinter;
pub use printer::{Printer, Talk};
pub use sanitize::sanitize;
pub use table::Table;
pub use words::{age, bytes, cut, duration, fold, join_folded};
