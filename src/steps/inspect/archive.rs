//! An archive that may be unpacked, and the JARs in it.

use std::{
    fs::File,
    io::{self, Read, Seek},
};

use tempfile::SpooledTempFile;

use super::{
    container::{Container, Heads},
    limits::Limits,
    manifest::{self, Manifest},
    refusal,
};
use crate::{
    error::Failure,
    model::ArchiveEntry,
    zip::{self, Opened},
};

/// Manifests of signed JARs name every file; `web.xml` and the layers index are smaller.
const LARGEST_TEXT_BYTES: u64 = 16 << 20;
/// A nested JAR that is compressed once more has to be unpacked to be read: in memory up to the
/// first size, in a temporary file up to the second.
const NESTED_IN_MEMORY_BYTES: usize = 4 << 20;
const LARGEST_NESTED_BYTES: u64 = 256 << 20;

/// What a nested JAR is read from.
pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}
pub(super) type Nested<'a> = Opened<Box<dyn ReadSeek + 'a>>;

/// An archive whose names are safe.
pub(super) struct Archive {
    pub(super) container: Container,
    pub(super) file_name: String,
    pub(super) entries: Vec<ArchiveEntry>,
    /// What was seen of it so far that tells what it is.
    pub(super) evidence: Vec<String>,
}

/// Opens an archive.
///
/// # Errors
/// A [`Failure`] when it is cut short or damaged, contradicts itself, is larger than the limits, or
/// has an entry that nobody should unpack.
pub(super) fn open(
    file: File,
    file_name: &str,
    may_have_prefix: bool,
    limits: &Limits,
) -> Result<Archive, Failure> {
    let opened = zip::open(file, limits.max_entries);
    let opened = opened.map_err(|flaw| refusal::flawed(file_name, &flaw, limits))?;
    if opened.prefix_bytes > 0 && !may_have_prefix {
        return Err(refusal::prefix(file_name, opened.prefix_bytes));
    }
    limits.check(file_name, &opened.entries, opened.directory_start)?;
    Ok(Archive {
        container: Container::Zip(opened.reader),
        file_name: file_name.to_owned(),
        entries: opened.entries,
        evidence: Vec::new(),
    })
}

/// Opens a JAR that is only looked into. `None` when it is none.
pub(super) fn library<R: Read + Seek>(jar: R) -> Option<Opened<R>> {
    zip::open_to_look(jar, Limits::default().max_entries).ok()
}

impl Archive {
    /// Whether a folder is there, or anything in it.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        self.entries.iter().any(|entry| {
            entry
                .name
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && entry.is_folder)
        })
    }

    pub(super) fn manifest(&mut self) -> Result<Manifest, Failure> {
        let bytes = self.read(manifest::NAME)?;
        Ok(bytes.map(|bytes| Manifest::parse(&bytes)).unwrap_or_default())
    }

    /// Returns the bytes of a small file.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(entry) = self.entries.iter().find(|entry| *entry.name == *name) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.container
            .read_head(entry, LARGEST_TEXT_BYTES, &mut bytes)
            .map_err(|error| refusal::damaged(&self.file_name, &error))?;
        Ok(Some(bytes))
    }

    /// Returns the files whose path begins and ends like this.
    pub(super) fn files(&self, prefix: &str, suffix: &str) -> Vec<usize> {
        self.entries
            .iter()
            .filter(|entry| !entry.is_folder)
            .filter(|entry| entry.name.starts_with(prefix) && entry.name.ends_with(suffix))
            .map(|entry| entry.index as usize)
            .collect()
    }

    /// Opens a JAR in the archive, in place when it is stored. `None` when it is no JAR.
    pub(super) fn nested(&mut self, index: usize) -> Option<Nested<'_>> {
        let entry = self.entries.get(index)?;
        let zip = match &mut self.container {
            Container::Folder(paths) => return library(Box::new(paths.get(index)?.open().ok()?)),
            Container::Zip(zip) => zip,
        };
        let jar: Box<dyn ReadSeek> = if entry.place.as_ref()?.is_stored() {
            Box::new(zip.section(entry).ok()?)
        } else if entry.size_bytes <= LARGEST_NESTED_BYTES {
            let mut unpacked = SpooledTempFile::new(NESTED_IN_MEMORY_BYTES);
            io::copy(&mut zip.contents(entry).ok()?, &mut unpacked).ok()?;
            Box::new(unpacked)
        } else {
            return None;
        };
        library(jar)
    }

    /// Refuses an archive that names a file twice: which of the two runs depends on the reader.
    pub(super) fn refuse_duplicates(&self) -> Result<(), Failure> {
        if zip::has_duplicate_names(&self.entries) {
            return Err(refusal::duplicates(&self.file_name));
        }
        Ok(())
    }

    pub(super) fn damaged(&self, error: &io::Error) -> Failure {
        refusal::damaged(&self.file_name, error)
    }
}
