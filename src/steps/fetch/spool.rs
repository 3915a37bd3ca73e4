//! A temporary file that counts and hashes what comes in.

use std::{fs::File, io::Write, path::PathBuf};

use super::{Fetched, failure};
use crate::{
    error::Failure,
    oci::{Digest, Hasher},
};

/// A file in a folder of its own, which goes with it.
pub(super) struct Spool {
    folder: tempfile::TempDir,
    local_path: PathBuf,
    file: File,
    hasher: Hasher,
    max_bytes: u64,
    /// Where it comes from, for failures.
    shown: String,
}

impl Spool {
    /// Makes the file, under the artifact's own name.
    pub(super) fn new(name: &str, shown: &str, max_bytes: u64) -> Result<Self, Failure> {
        let unwritable = |error: std::io::Error| failure::unwritable(shown, &error);
        let folder = tempfile::Builder::new()
            .prefix("kubectl-b2i-")
            .tempdir()
            .map_err(unwritable)?;
        let local_path = folder.path().join(name);
        let file = File::create(&local_path).map_err(unwritable)?;
        Ok(Self {
            folder,
            local_path,
            file,
            hasher: Hasher::default(),
            max_bytes,
            shown: shown.to_owned(),
        })
    }

    /// Takes the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.hasher.size_bytes() + bytes.len() as u64 > self.max_bytes {
            return Err(failure::too_large(&self.shown, None, self.max_bytes));
        }
        self.hasher.update(bytes);
        self.file
            .write_all(bytes)
            .map_err(|error| failure::unwritable(&self.shown, &error))
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.hasher.size_bytes()
    }

    /// Ends the file, if it is what was expected.
    pub(super) fn finish(self, expected: Option<&Digest>) -> Result<(Fetched, Digest), Failure> {
        let found = self.hasher.finish();
        if let Some(expected) = expected.filter(|expected| **expected != found) {
            return Err(failure::other_digest(&self.shown, &found, expected));
        }
        let fetched = Fetched {
            local_path: self.local_path,
            _folder: Some(self.folder),
        };
        Ok((fetched, found))
    }
}
