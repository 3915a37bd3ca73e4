//! The readers one by one, for `tests/fuzz`: each takes any bytes, and gives an answer or a failure.

use std::io::Cursor;

use super::{elf, manifest::Manifest, servlet};

/// Reads a manifest and asks it for what the inspection asks.
#[must_use]
pub fn manifest(bytes: &[u8]) -> Option<String> {
    Manifest::parse(bytes).get("Main-Class").map(str::to_owned)
}

/// Reads a deployment descriptor (`web.xml`).
#[must_use]
pub fn descriptor(bytes: &[u8]) -> Option<String> {
    servlet::Descriptor::parse(&String::from_utf8_lossy(bytes)).version
}

/// Says which of `javax.servlet` and `jakarta.servlet` a class names.
#[must_use]
pub fn class(bytes: &[u8]) -> (bool, bool) {
    servlet::packages_named(bytes)
}

/// Reads an ELF file.
#[must_use]
pub fn elf(bytes: &[u8]) -> bool {
    elf::inspect(Cursor::new(bytes), "fuzz").is_ok()
}
