//! Reads an archive's file here and there. What lies together is read together.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::{Contents, Entry, Method, Place, headers};

/// As much as some entries of a usual archive.
const BUFFER_BYTES: usize = 32 << 10;

/// A buffered file that knows where it is, so that a short way ahead costs no system call.
pub struct Reader<R> {
    file: BufReader<R>,
    at: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads from this file. An entry that is read must be of the same.
    pub fn new(source: R) -> Self {
        Self {
            file: BufReader::with_capacity(BUFFER_BYTES, source),
            // The first step is a seek to a place that counts from the beginning.
            at: u64::MAX,
        }
    }

    /// Goes on to this byte of the file.
    pub(super) fn go_to(&mut self, at: u64) -> io::Result<()> {
        let step = i64::try_from(i128::from(at) - i128::from(self.at));
        match step {
            Ok(step) if self.at != u64::MAX => self.file.seek_relative(step)?,
            _ => {
                self.file.seek(SeekFrom::Start(at))?;
            }
        }
        self.at = at;
        Ok(())
    }

    /// Returns the size of the file.
    pub(super) fn size_bytes(&mut self) -> io::Result<u64> {
        self.at = u64::MAX;
        self.file.seek(SeekFrom::End(0))
    }

    /// Reads an entry, unpacked. At its end its size and its CRC are compared with what the archive
    /// says.
    ///
    /// # Errors
    /// What the file answers; and when there is no such entry.
    pub fn contents(&mut self, entry: &Entry) -> io::Result<Contents<'_, R>> {
        let place = entry.place.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let start = self.data_start(place)?;
        self.go_to(start)?;
        Contents::new(self, place, entry.size_bytes)
    }

    /// Reads the beginning of an entry as it is packed, and returns how much of it there was; `None`
    /// where it is not deflated.
    ///
    /// # Errors
    /// What the file answers; and when there is no such entry.
    pub fn deflated_head(&mut self, entry: &Entry, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let place = entry.place.as_ref().ok_or(io::ErrorKind::NotFound)?;
        if place.method != Method::Deflated {
            return Ok(None);
        }
        let start = self.data_start(place)?;
        self.go_to(start)?;
        let count = usize::try_from(place.packed_bytes).map_or(buffer.len(), |all| all.min(buffer.len()));
        self.read_exact(&mut buffer[..count])?;
        Ok(Some(count))
    }

    /// Returns an entry that is stored as a file of its own.
    ///
    /// # Errors
    /// What the file answers; and when there is no such entry, or it is packed.
    pub fn section(&mut self, entry: &Entry) -> io::Result<Section<'_, R>> {
        let place = entry.place.as_ref().filter(|place| place.is_stored());
        let place = place.ok_or(io::ErrorKind::NotFound)?;
        let start = self.data_start(place)?;
        let size = place.packed_bytes;
        Ok(Section {
            reader: self,
            start,
            size,
            at: 0,
        })
    }

    fn data_start(&mut self, place: &Place) -> io::Result<u64> {
        let header = headers::read(self, place.header_at)?;
        let header = header.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not there"))?;
        Ok(place.header_at + header.bytes)
    }
}

impl<R: Read + Seek> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> BufRead for Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.file.consume(count);
        self.at += count as u64;
    }
}

/// A part of an archive's file, as a file of its own.
pub struct Section<'a, R> {
    reader: &'a mut Reader<R>,
    start: u64,
    size: u64,
    at: u64,
}

impl<R: Read + Seek> Read for Section<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if most == 0 {
            return Ok(0);
        }
        self.reader.go_to(self.start + self.at)?;
        let count = self.reader.read(&mut buffer[..most])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Section<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(step) => self.size.checked_add_signed(step),
            SeekFrom::Current(step) => self.at.checked_add_signed(step),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
