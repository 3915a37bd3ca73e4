//! How a layer is compressed. A layer's digest is the digest of its compressed bytes, so the same
//! input must give the same bytes on any machine: whatever its CPU and its number of cores.
//!
//! For gzip at its usual level that holds for any later version of this program too; zstd's bytes
//! are those of the version of its library that is built in.

use std::{
    fmt,
    io::{self, Read, Write},
    thread,
};

use serde::{Deserialize, Serialize};

use super::{
    gzip, media_type,
    pieces::{Pieces, Squeeze},
    zstd,
};

/// More than these and reading the artifact is what takes the time. Bounds the memory, too.
const MOST_THREADS: usize = 8;
const COPY_BYTES: usize = 256 << 10;

/// A way to compress, all that its bytes depend on beside the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "format")]
pub enum Compression {
    /// gzip: every registry and every runtime takes it.
    Gzip {
        /// 1 to 9.
        level: u8,
    },
    /// zstd: smaller and faster to unpack, for containerd 1.5, CRI-O 1.20, Docker 23 and newer.
    Zstd {
        /// 1 to 19.
        level: u8,
    },
}

impl Default for Compression {
    fn default() -> Self {
        Self::GZIP
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gzip { level } => write!(f, "gzip level {level}"),
            Self::Zstd { level } => write!(f, "zstd level {level}"),
        }
    }
}

impl Compression {
    /// gzip as it is when nobody says anything: 300 MB/s on one core, within a tenth of level 6.
    pub const GZIP: Self = Self::Gzip { level: 1 };
    /// zstd's own usual level.
    pub const ZSTD: Self = Self::Zstd { level: 3 };

    /// Returns the same with another level.
    #[must_use]
    pub fn with_level(self, level: u8) -> Self {
        match self {
            Self::Gzip { .. } => Self::Gzip { level },
            Self::Zstd { .. } => Self::Zstd { level },
        }
    }

    /// Returns the level.
    #[must_use]
    pub fn level(self) -> u8 {
        match self {
            Self::Gzip { level } | Self::Zstd { level } => level,
        }
    }

    /// Returns the highest level that there is; the lowest is 1.
    #[must_use]
    pub fn highest_level(self) -> u8 {
        match self {
            Self::Gzip { .. } => 9,
            // Those above need memory to unpack that a node may not have.
            Self::Zstd { .. } => 19,
        }
    }

    /// Returns the media type of a layer that is compressed so.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Gzip { .. } => media_type::LAYER,
            Self::Zstd { .. } => media_type::LAYER_ZSTD,
        }
    }

    /// Starts a stream, with as many threads as are of use on this machine.
    ///
    /// # Errors
    /// What `out` answers to the header; a level that there is not.
    pub fn writer<W: Write + Send + 'static>(self, out: W) -> io::Result<Writer<W>> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        self.writer_with_threads(out, threads.min(MOST_THREADS))
    }

    /// Starts a stream, with this many threads; the bytes do not depend on it.
    ///
    /// # Errors
    /// As [`Self::writer`].
    pub fn writer_with_threads<W: Write + Send + 'static>(
        self,
        mut out: W,
        threads: usize,
    ) -> io::Result<Writer<W>> {
        let level = self.level();
        if !(1..=self.highest_level()).contains(&level) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("there is no {self}"),
            ));
        }
        let trailer = match self {
            Self::Gzip { .. } => {
                out.write_all(&gzip::HEADER)?;
                Some(crc32fast::Hasher::new())
            }
            Self::Zstd { .. } => None,
        };
        let squeeze = move || -> io::Result<Box<dyn Squeeze>> {
            Ok(match self {
                Self::Gzip { .. } => Box::new(gzip::Squeezer::new(level)),
                Self::Zstd { .. } => Box::new(zstd::Squeezer::new(level)?),
            })
        };
        Ok(Writer {
            pieces: Pieces::new(out, threads, Box::new(squeeze)),
            trailer,
        })
    }

    /// Compresses all of `input` into `out`, and returns that.
    ///
    /// # Errors
    /// What either of them answers.
    pub fn compress<W: Write + Send + 'static>(self, mut input: impl Read, out: W) -> io::Result<W> {
        let mut writer = self.writer(out)?;
        let mut buffer = vec![0; COPY_BYTES];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => return writer.finish(),
                Ok(count) => writer.write_all(&buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Compresses what is written to it. Without [`Writer::finish`] the stream is cut short.
pub struct Writer<W: Write + Send + 'static> {
    pieces: Pieces<W>,
    /// gzip's checksum of the input; zstd has none.
    trailer: Option<crc32fast::Hasher>,
}

impl<W: Write + Send + 'static> Writer<W> {
    /// Ends the stream and returns what it was written to.
    ///
    /// # Errors
    /// What `out` answers, now or earlier.
    pub fn finish(self) -> io::Result<W> {
        // An empty gzip stream is its header and trailer; an empty zstd one is a frame.
        let mut out = self.pieces.finish(self.trailer.is_none())?;
        if let Some(crc) = self.trailer {
            gzip::write_trailer(&mut out, &crc)?;
        }
        Ok(out)
    }
}

impl<W: Write + Send + 'static> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.pieces.write(bytes)?;
        if let Some(crc) = &mut self.trailer {
            crc.update(&bytes[..taken]);
        }
        Ok(taken)
    }

    /// Does nothing: where a piece ends must depend on the bytes alone.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
