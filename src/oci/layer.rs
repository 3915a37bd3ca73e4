//! A layer: a reproducible tar, compressed, with the digests of both in one pass. Rules:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md>.
//!
//! Everything that a tar could say of the machine that wrote it is left out or fixed: the owner is
//! 0:0 without names, there is no time but the one that is given. Memory does not grow with size.

use std::io::{self, Read, Write};

use super::{Compression, Descriptor, Digest, Hasher, compression};

const COPY_BYTES: usize = 128 << 10;
const BLOCK_BYTES: u64 = 512;

/// A finished layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Digest and size of the compressed blob.
    pub descriptor: Descriptor,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
}

/// Why a layer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What an entry is made from could not be read.
    #[error("could not read what becomes `{image_path}`")]
    Read {
        /// The entry.
        image_path: String,
        /// What the reader answered.
        source: io::Error,
    },
    /// What an entry is made from has more or fewer bytes than were declared.
    #[error("what becomes `{image_path}` is not {declared_bytes} bytes long, as it should be")]
    Size {
        /// The entry.
        image_path: String,
        /// How many there should have been.
        declared_bytes: u64,
    },
    /// The layer itself could not be written.
    #[error("could not write the layer")]
    Write(#[from] io::Error),
}

/// What is said of a file or folder beside its content.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Path in the image, without leading or trailing slash.
    pub image_path: &'a str,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub modified_seconds: u64,
}

/// Writes a layer, entry by entry, in the order that it is told.
pub struct Writer<W: Write + Send + 'static> {
    tar: tar::Builder<Hashed<compression::Writer<Hashed<W>>>>,
    buffer: Box<[u8]>,
    media_type: &'static str,
}

impl<W: Write + Send + 'static> Writer<W> {
    /// Starts a layer as it usually is; the compressed bytes go to `out`.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn new(out: W) -> Result<Self, Error> {
        Self::compressed(out, Compression::default())
    }

    /// Starts a layer; the bytes go to `out` compressed in this way. The uncompressed side is
    /// hashed here, the compressed one on the thread that writes.
    ///
    /// # Errors
    /// What `out` answers; a level that there is not.
    pub fn compressed(out: W, compression: Compression) -> Result<Self, Error> {
        let compressor = compression.writer(Hashed::new(out))?;
        Ok(Self {
            tar: tar::Builder::new(Hashed::new(compressor)),
            buffer: vec![0; COPY_BYTES].into(),
            media_type: compression.media_type(),
        })
    }

    /// Adds a folder.
    ///
    /// # Errors
    /// What the output answers, or a path that a tar cannot hold.
    pub fn folder(&mut self, entry: Entry<'_>) -> Result<(), Error> {
        let path = format!("{}/", entry.image_path);
        self.header(entry, &path, tar::EntryType::Directory, 0)
    }

    /// Adds a file with the bytes of `content`, which must be `size_bytes` long.
    ///
    /// # Errors
    /// What the output or `content` answers, or a size that is not the declared one.
    pub fn file(&mut self, entry: Entry<'_>, size_bytes: u64, content: &mut dyn Read) -> Result<(), Error> {
        self.header(entry, entry.image_path, tar::EntryType::Regular, size_bytes)?;
        let wrong_size = || Error::Size {
            image_path: entry.image_path.to_owned(),
            declared_bytes: size_bytes,
        };
        let out = self.tar.get_mut();
        let mut left = size_bytes;
        // Read to the end and not only to the size: archives check their checksum at the end.
        loop {
            let count = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    let image_path = entry.image_path.to_owned();
                    return Err(Error::Read { image_path, source });
                }
            };
            left = left.checked_sub(count as u64).ok_or_else(wrong_size)?;
            out.write_all(&self.buffer[..count])?;
        }
        if left > 0 {
            return Err(wrong_size());
        }
        // A tar is made of blocks of 512 bytes.
        let padding = size_bytes.next_multiple_of(BLOCK_BYTES) - size_bytes;
        io::copy(&mut io::repeat(0).take(padding), out)?;
        Ok(())
    }

    /// Ends the layer and returns what it became, and what it was written to.
    ///
    /// # Errors
    /// What the output answers.
    pub fn finish(self) -> Result<(Written, W), Error> {
        let tar = self.tar.into_inner()?;
        let diff_id = tar.hasher.finish();
        let blob = tar.inner.finish()?;
        let size_bytes = blob.hasher.size_bytes();
        let descriptor = Descriptor::new(self.media_type, blob.hasher.finish(), size_bytes);
        Ok((Written { descriptor, diff_id }, blob.inner))
    }

    fn header(
        &mut self,
        entry: Entry<'_>,
        path: &str,
        entry_type: tar::EntryType,
        size_bytes: u64,
    ) -> Result<(), Error> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(entry_type);
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(entry.modified_seconds);
        header.set_size(size_bytes);
        // The content follows apart: here a failed read could not be told from a failed write.
        self.tar.append_data(&mut header, path, io::empty())?;
        Ok(())
    }
}

/// Hashes what passes through.
struct Hashed<W> {
    inner: W,
    hasher: Hasher,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        let hasher = Hasher::default();
        Self { inner, hasher }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
