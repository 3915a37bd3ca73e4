//! What an archive's entries are read from: a ZIP file, or the same files unpacked in a folder.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};

use flate2::{Decompress, FlushDecompress};
use zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::near::Near;

/// The longest description of a Huffman code and a few symbols; what begins stranger is read whole.
const PACKED_HEAD_BYTES: usize = 512;

/// Reads the beginnings of entries.
pub(super) trait Heads {
    /// Reads at most the first bytes of an entry; fewer when it is shorter.
    fn read_head(&mut self, index: usize, most_bytes: u64, out: &mut Vec<u8>) -> Result<(), ZipError>;

    /// Reads the first bytes of an entry, as many as there is room for or as it has.
    fn read_magic(&mut self, index: usize, magic: &mut Magic) -> Result<(), ZipError> {
        self.read_head(index, MAGIC_BYTES as u64, &mut magic.bytes)
    }
}

const MAGIC_BYTES: usize = 8;

/// The first bytes of an entry, and what unpacks them: made once, since a class file has less to
/// unpack than a new inflater has to clear.
pub(super) struct Magic {
    pub(super) bytes: Vec<u8>,
    inflater: Decompress,
}

impl Magic {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            inflater: Decompress::new(false),
        }
    }

    /// Unpacks the beginning of deflated data. Returns whether that was enough of it.
    fn inflate(&mut self, packed: &[u8]) -> bool {
        self.inflater.reset(false);
        let mut bytes = [0; MAGIC_BYTES];
        let unpacked = self
            .inflater
            .decompress(packed, &mut bytes, FlushDecompress::None);
        self.bytes.clear();
        self.bytes.extend_from_slice(&bytes);
        unpacked.is_ok() && self.inflater.total_out() == MAGIC_BYTES as u64
    }
}

impl<R: Read + Seek> Heads for ZipArchive<R> {
    fn read_head(&mut self, index: usize, most_bytes: u64, out: &mut Vec<u8>) -> Result<(), ZipError> {
        out.clear();
        let read: io::Result<usize> = self.by_index(index)?.take(most_bytes).read_to_end(out);
        read?;
        Ok(())
    }

    fn read_magic(&mut self, index: usize, magic: &mut Magic) -> Result<(), ZipError> {
        let mut packed = [0; PACKED_HEAD_BYTES];
        let mut entry = self.by_index_raw(index)?;
        if entry.compression() == CompressionMethod::Deflated && !entry.encrypted() {
            let length = entry.compressed_size().min(PACKED_HEAD_BYTES as u64);
            let packed = &mut packed[..usize::try_from(length).unwrap_or_default()];
            entry.read_exact(packed)?;
            if magic.inflate(packed) {
                return Ok(());
            }
        }
        drop(entry);
        self.read_head(index, MAGIC_BYTES as u64, &mut magic.bytes)
    }
}

/// Where entries are.
pub(super) enum Container {
    Zip(ZipArchive<Near<File>>),
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

    fn read_magic(&mut self, index: usize, magic: &mut Magic) -> Result<(), ZipError> {
        match self {
            Self::Zip(zip) => zip.read_magic(index, magic),
            Self::Folder(_) => self.read_head(index, MAGIC_BYTES as u64, &mut magic.bytes),
        }
    }
}
