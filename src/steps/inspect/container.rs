//! What an archive's entries are read from: a ZIP file, or the same files unpacked in a folder.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};

use crate::{model::ArchiveEntry, zip};

/// Reads the beginnings of entries.
pub(super) trait Heads {
    /// Reads at most the first bytes of an entry; fewer when it is shorter.
    fn read_head(&mut self, entry: &ArchiveEntry, most_bytes: u64, out: &mut Vec<u8>) -> io::Result<()>;
}

impl<R: Read + Seek> Heads for zip::Reader<R> {
    fn read_head(&mut self, entry: &ArchiveEntry, most_bytes: u64, out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        self.contents(entry)?.take(most_bytes).read_to_end(out)?;
        Ok(())
    }
}

/// Where entries are.
pub(super) enum Container {
    Zip(zip::Reader<File>),
    /// Their paths, by index; a folder's is empty.
    Folder(Vec<PathBuf>),
}

impl Container {
    /// Returns the files of a tree, in its order.
    pub(super) fn of_folder<'a>(folder: &Path, names: impl Iterator<Item = &'a str>) -> Self {
        Self::Folder(names.map(|name| folder.join(name)).collect())
    }
}

impl Heads for Container {
    fn read_head(&mut self, entry: &ArchiveEntry, most_bytes: u64, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Zip(zip) => zip.read_head(entry, most_bytes, out),
            Self::Folder(paths) => {
                out.clear();
                let path = paths.get(entry.index as usize).ok_or(io::ErrorKind::NotFound)?;
                File::open(path)?.take(most_bytes).read_to_end(out)?;
                Ok(())
            }
        }
    }
}
