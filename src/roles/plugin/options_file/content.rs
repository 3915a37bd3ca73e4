//! The content of an options file, opened and read once: what is checked is what is used.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::read::refused;
use crate::{error::Result, oci::Digest};

/// Options are short; a longer file is something else.
const LARGEST_BYTES: u64 = 1 << 20;

/// A file that was opened, and all that it holds.
pub(super) struct Content {
    /// As it was named or found.
    pub path: PathBuf,
    /// Of the open file, not of its path.
    #[cfg_attr(
        not(unix),
        allow(dead_code, reason = "only unix has owners and modes to check")
    )]
    pub metadata: Metadata,
    pub bytes: Vec<u8>,
}

impl Content {
    /// Opens and reads a file; `None` where there is none, or a folder has its name.
    ///
    /// # Errors
    /// A usage failure for what is no regular file, is too long, or cannot be read.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        match Self::open(path) {
            Ok(found) => found.map_err(|why| refused(path, why)),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(refused(path, error.to_string())),
            },
        }
    }

    fn open(path: &Path) -> io::Result<Result<Option<Self>, String>> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Ok(Ok(None));
        }
        if !metadata.is_file() {
            return Ok(Err("it is a pipe or a device, not a regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_BYTES {
            return Ok(Err(format!(
                "it has {} bytes, and options need few",
                metadata.len()
            )));
        }
        Ok(Ok(Some(Self {
            path: path.to_owned(),
            metadata,
            bytes,
        })))
    }

    /// Returns the digest of what it holds.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// Nobody has to write to a pipe for this to return.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    // A flag is a bit of a C int.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    if path.is_dir() {
        return Err(io::ErrorKind::NotFound.into());
    }
    OpenOptions::new().read(true).open(path)
}
