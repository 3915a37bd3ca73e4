//! What an archive's entries are read from: a ZIP file, or the same files unpacked in a folder.

use std::{
    fs::File,
    io::{self, Read, Seek},
};

use flate2::{Decompress, FlushDecompress};

use crate::{
    model::{ArchiveEntry, RealPath},
    zip,
};

/// The longest description of a Huffman code and a few symbols; what begins stranger is read whole.
const PACKED_HEAD_BYTES: usize = 512;

/// Reads the beginnings of entries.
pub(super) trait Heads {
    /// Reads at most the first bytes of an entry; fewer when it is shorter.
    fn read_head(&mut self, entry: &ArchiveEntry, most_bytes: u64, out: &mut Vec<u8>) -> io::Result<()>;

    /// Reads the first bytes of an entry, as many as there is room for or as it has.
    fn read_magic(&mut self, entry: &ArchiveEntry, magic: &mut Magic) -> io::Result<()> {
        self.read_head(entry, MAGIC_BYTES as u64, &mut magic.bytes)
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

impl<R: Read + Seek> Heads for zip::Reader<R> {
    fn read_head(&mut self, entry: &ArchiveEntry, most_bytes: u64, out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        self.contents(entry)?.take(most_bytes).read_to_end(out)?;
        Ok(())
    }

    fn read_magic(&mut self, entry: &ArchiveEntry, magic: &mut Magic) -> io::Result<()> {
        let mut packed = [0; PACKED_HEAD_BYTES];
        match self.deflated_head(entry, &mut packed)? {
            Some(count) if magic.inflate(&packed[..count]) => Ok(()),
            _ => self.read_head(entry, MAGIC_BYTES as u64, &mut magic.bytes),
        }
    }
}

/// Where entries are.
pub(super) enum Container {
    Zip(zip::Reader<File>),
    /// The files of a tree, in its order, which is that of their indexes.
    Folder(Vec<RealPath>),
}

impl Heads for Container {
    fn read_head(&mut self, entry: &ArchiveEntry, most_bytes: u64, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Zip(zip) => zip.read_head(entry, most_bytes, out),
            Self::Folder(paths) => {
                out.clear();
                let path = paths.get(entry.index as usize).ok_or(io::ErrorKind::NotFound)?;
                path.open()?.take(most_bytes).read_to_end(out)?;
                Ok(())
            }
        }
    }

    fn read_magic(&mut self, entry: &ArchiveEntry, magic: &mut Magic) -> io::Result<()> {
        match self {
            Self::Zip(zip) => zip.read_magic(entry, magic),
            Self::Folder(_) => self.read_head(entry, MAGIC_BYTES as u64, &mut magic.bytes),
        }
    }
}
