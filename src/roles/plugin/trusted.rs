//! What the user has trusted on this machine: one small file for each subject and content, so that two runs at once
//! lose nothing and one that is damaged is only itself.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{environment, staging::state_folder};
use crate::oci::Digest;

/// What is trusted, whatever its content is at the time.
pub(super) struct Subject(Vec<u8>);

impl Subject {
    /// The file at a path; `None` where it has no folder.
    pub(super) fn file(path: &Path) -> Option<Self> {
        // Where the file was found, not where a link leads: a link beside a stranger's artifact to a file that
        // is trusted elsewhere is not trusted.
        let held_by = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let place = fs::canonicalize(held_by).ok()?.join(path.file_name()?);
        Some(Self(place.as_os_str().as_encoded_bytes().to_vec()))
    }

    /// What a key of a namespace's configuration says. It is no absolute path, so no file's either.
    pub(super) fn of_namespace(server: &str, namespace: &str, key: &str) -> Self {
        Self(
            serde_json::json!([server, namespace, key])
                .to_string()
                .into_bytes(),
        )
    }

    /// Whether the user has trusted this content of it.
    pub(super) fn is_trusted(&self, content: &Digest) -> bool {
        let text = self.entry(content);
        let file = file(&text);
        file.is_some_and(|file| fs::read(file).is_ok_and(|found| found == text))
    }

    /// Remembers that the user trusts this content of it.
    pub(super) fn remember(&self, content: &Digest) -> io::Result<()> {
        let text = self.entry(content);
        let no_folder = || io::Error::other("there is no folder for the user's state");
        let to = file(&text).ok_or_else(no_folder)?;
        let folder = to.parent().unwrap_or(Path::new("."));
        make_own(folder)?;
        // Readable by the user alone, and either whole or not there.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&text)?;
        file.persist(&to)?;
        Ok(())
    }

    /// What the file of an entry holds.
    fn entry(&self, content: &Digest) -> Vec<u8> {
        [format!("{content} ").as_bytes(), &self.0, b"\n"].concat()
    }
}

/// Where an entry is kept; `None` where nothing can be remembered.
fn file(entry: &[u8]) -> Option<PathBuf> {
    let folder = state_folder(environment::variable)?.join("trusted");
    Some(folder.join(Digest::of(entry).hex()))
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
