//! What an archive's entries are read from: a ZIP file, or the same files unpacked in a folder.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use zip::{ZipArchive, result::ZipError};

/// Reads the beginnings of entries.
pub(super) trait Heads {
    /// Reads at most the first bytes of an entry; fewer when it is shorter.
    fn read_head(&mut self, index: usize, most_bytes: u64, out: &mut Vec<u8>) -> Result<(), ZipError>;
}

impl<R: Read + Seek> Heads for ZipArchive<R> {
    fn read_head(&mut self, index: usize, most_bytes: u64, out: &mut Vec<u8>) -> Result<(), ZipError> {
        out.clear();
        let read: io::Result<usize> = self.by_index(index)?.take(most_bytes).read_to_end(out);
        read?;
        Ok(())
    }
}

/// Where entries are.
pub(super) enum Container {
    Zip(ZipArchive<BufReader<File>>),
    /// Their paths, by index; a folder's is empty.
    Folder(Vec<PathBuf>),
}

impl Container {
    /// Returns the files of a tree, in its order.
    pub(super) fn of_folder<'a>(folder: &Path, names: impl Iterator<Item = &'a str>) -> Self {
        Self::Folder(names.map(|name| folder.join(name)).collect())
    }

    /// Whether a name is there twice, which no folder can hold.
    pub(super) fn has_duplicate_names(&self) -> bool {
        match self {
            Self::Zip(zip) => zip.has_duplicate_names(),
            Self::Folder(_) => false,
        }
    }
}

impl Heads for Container {
    fn read_head(&mut self, index: usize, most_bytes: u64, out: &mut Vec<u8>) -> Result<(), ZipError> {
        match self {
            Self::Zip(zip) => zip.read_head(index, most_bytes, out),
            Self::Folder(paths) => {
                out.clear();
                let path = paths.get(index).ok_or(ZipError::FileNotFound)?;
                File::open(path)?.take(most_bytes).read_to_end(out)?;
                Ok(())
            }
        }
    }
}
