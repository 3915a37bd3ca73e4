//! A layer of an earlier build, in the spool: its tar in a file, and where its chunks are in it.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use tempfile::TempPath;

use super::spool::Room;
use crate::oci::chunks::{self, AverageSize, Fingerprint};

/// Bounds the memory that a layer takes: 16 bytes for each chunk.
const MOST_CHUNKS: usize = 512 << 10;
const BUFFER_BYTES: usize = 64 << 10;

/// An earlier layer. When its last owner lets go, its file is deleted.
pub(super) struct Base {
    /// Names each chunk, in order.
    pub(super) fingerprints: Vec<Fingerprint>,
    /// Where each chunk begins in the tar, and where the last one ends.
    pub(super) starts: Vec<u64>,
    path: TempPath,
    _room: Room,
}

impl Base {
    /// Unpacks the blob of a layer. It is read to its end, where its digest is checked. Blocks.
    ///
    /// # Errors
    /// What `blob` answers; not gzip; no room; too many chunks.
    pub(super) fn unpack(
        mut blob: impl Read,
        average: AverageSize,
        folder: &Path,
        mut room: Room,
    ) -> io::Result<Self> {
        let (file, path) = tempfile::Builder::new()
            .prefix("base")
            .tempfile_in(folder)?
            .into_parts();
        let mut tar = BufWriter::with_capacity(BUFFER_BYTES, file);
        let (mut fingerprints, mut starts) = (Vec::new(), vec![0]);
        let mut size_bytes = 0;
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, &mut blob));
        chunks::cut(unpacked, average, |chunk| {
            if fingerprints.len() == MOST_CHUNKS {
                return Err(io::Error::other("it has too many chunks"));
            }
            size_bytes += chunk.len() as u64;
            room.grow_to(size_bytes)?;
            tar.write_all(chunk)?;
            fingerprints.push(Fingerprint::of(chunk));
            starts.push(size_bytes);
            Ok(())
        })?;
        io::copy(&mut blob, &mut io::sink())?;
        tar.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self {
            fingerprints,
            starts,
            path,
            _room: room,
        })
    }

    /// Opens the tar.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}
