//! The bytes of an entry, unpacked and checked.

use std::io::{self, Read, Seek, Take};

use flate2::bufread::DeflateDecoder;

use super::{Method, Place, Reader};

/// Reads an entry to its end, where it must have the size and the CRC that the archive says.
pub struct Contents<'a, R: Read + Seek> {
    packed: Packed<'a, R>,
    hasher: crc32fast::Hasher,
    crc: u32,
    left_bytes: u64,
}

enum Packed<'a, R: Read + Seek> {
    Stored(Take<&'a mut Reader<R>>),
    Deflated(DeflateDecoder<Take<&'a mut Reader<R>>>),
}

impl<'a, R: Read + Seek> Contents<'a, R> {
    /// `reader` is where the bytes begin.
    pub(super) fn new(reader: &'a mut Reader<R>, place: &Place, size_bytes: u64) -> io::Result<Self> {
        let packed = reader.take(place.packed_bytes);
        let packed = match place.method {
            Method::Stored => Packed::Stored(packed),
            Method::Deflated => Packed::Deflated(DeflateDecoder::new(packed)),
            Method::Other => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Self {
            packed,
            hasher: crc32fast::Hasher::new(),
            crc: place.crc,
            left_bytes: size_bytes,
        })
    }
}

impl<R: Read + Seek> Read for Contents<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = match &mut self.packed {
            Packed::Stored(bytes) => bytes.read(buffer)?,
            Packed::Deflated(bytes) => bytes.read(buffer)?,
        };
        let left = self.left_bytes.checked_sub(count as u64);
        self.left_bytes = left.ok_or_else(|| wrong("its size is not what the archive says"))?;
        self.hasher.update(&buffer[..count]);
        if count > 0 {
            return Ok(count);
        }
        if self.left_bytes > 0 {
            return Err(wrong("its size is not what the archive says"));
        }
        if self.hasher.clone().finalize() != self.crc {
            return Err(wrong("its checksum is not what the archive says"));
        }
        Ok(0)
    }
}

fn wrong(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
