//! The only room that prints: stdout carries the result and nothing else, stderr all talk.

mod failure;
mod lines;
mod printer;
mod sanitize;
mod words;

pub use lines::line;
pub use printer::{Printer, Talk};
pub use sanitize::sanitize;
pub use words::{bytes, duration};
