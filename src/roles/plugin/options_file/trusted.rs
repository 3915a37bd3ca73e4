//! The files that the user has trusted: one small file for each path and content, so that two runs at once lose
//! nothing and one that is damaged is only itself.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{environment, state_folder};
use crate::oci::Digest;

/// An entry, as it is on the disk.
struct Entry {
    file: PathBuf,
    text: Vec<u8>,
}

impl Entry {
    /// Returns the entry of a path and a content; `None` where nothing can be remembered.
    fn of(path: &Path, content: &Digest) -> Option<Self> {
        let folder = state_folder(environment::variable)?.join("trusted");
        // Where the file was found, not where a link leads: a link beside a stranger's artifact to a file that
        // is trusted elsewhere is not trusted.
        let held_by = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let place = fs::canonicalize(held_by).ok()?.join(path.file_name()?);
        let mut text = format!("{content} ").into_bytes();
        text.extend(place.as_os_str().as_encoded_bytes());
        text.push(b'\n');
        Some(Self {
            file: folder.join(Digest::of(&text).hex()),
            text,
        })
    }
}

/// Whether the user has trusted this content at this path.
pub(super) fn is_trusted(path: &Path, content: &Digest) -> bool {
    Entry::of(path, content).is_some_and(|entry| fs::read(&entry.file).is_ok_and(|text| text == entry.text))
}

/// Remembers that the user trusts this content at this path.
pub(super) fn remember(path: &Path, content: &Digest) -> io::Result<()> {
    let Some(entry) = Entry::of(path, content) else {
        return Err(io::Error::other("there is no folder for the user's state"));
    };
    let folder = entry.file.parent().unwrap_or(Path::new("."));
    make_own(folder)?;
    // Readable by the user alone, and either whole or not there.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&entry.text)?;
    file.persist(&entry.file)?;
    Ok(())
}

#[cfg(unix)]
fn make_own(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_own(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
