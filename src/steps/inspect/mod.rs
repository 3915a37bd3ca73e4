//! Finds out what a file is, by content.
