//! Our gzip (RFC 1952). A layer's digest is the digest of its compressed bytes, so the same input
//! must give the same bytes on any machine: whatever its CPU, its number of cores, and in any later
//! version of this program.
//!
//! Hence our own framing: the input is cut into pieces of 1 MiB, and each is compressed alone by a
//! compressor that is pure Rust without CPU features and pinned to one version. How many threads
//! do that changes nothing but the time. Memory: two pieces for each thread.

use std::{
    collections::VecDeque,
    io::{self, Write},
    thread::{self, JoinHandle},
};

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};

const PIECE_BYTES: usize = 1 << 20;
const SAMPLE_BYTES: usize = 32 << 10;
const SAMPLE_PARTS: usize = 8;
/// A stored block has a 16-bit length: <https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4>.
const STORED_BYTES: usize = 0xffff;
/// Four threads compress faster than one can read and hash.
const MOST_THREADS: usize = 4;

/// No name, no time, no flags; 255 is "unknown operating system".
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty final block. Every piece ends at a byte, so that none needs to know whether it is last.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Compresses what is written to it. Without [`Writer::finish`] the stream is cut short.
pub struct Writer<W: Write> {
    out: W,
    piece: Vec<u8>,
    threads: usize,
    in_flight: VecDeque<JoinHandle<Deflated>>,
    crc: crc32fast::Hasher,
}

/// A piece, compressed, and the checksum of what it was made from.
struct Deflated {
    bytes: Vec<u8>,
    crc: crc32fast::Hasher,
}

impl<W: Write> Writer<W> {
    /// Starts a stream, with as many threads as are of use on this machine.
    ///
    /// # Errors
    /// What `out` answers to the header.
    pub fn new(out: W) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self::with_threads(out, threads.min(MOST_THREADS))
    }

    /// Starts a stream, with this many threads; the bytes do not depend on it.
    ///
    /// # Errors
    /// What `out` answers to the header.
    pub fn with_threads(mut out: W, threads: usize) -> io::Result<Self> {
        out.write_all(&HEADER)?;
        Ok(Self {
            out,
            piece: Vec::new(),
            threads: threads.max(1),
            in_flight: VecDeque::new(),
            crc: crc32fast::Hasher::new(),
        })
    }

    /// Ends the stream and returns what it was written to.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn finish(mut self) -> io::Result<W> {
        // The only piece of a small stream is not worth a thread.
        let last = std::mem::take(&mut self.piece);
        let last = (!last.is_empty()).then(|| deflate(&last));
        while !self.in_flight.is_empty() {
            self.write_oldest()?;
        }
        if let Some(last) = last {
            self.write_piece(&last)?;
        }
        // ISIZE is the size modulo 2^32.
        let size = self.crc.total_len();
        self.out.write_all(&LAST_BLOCK)?;
        self.out.write_all(&self.crc.clone().finalize().to_le_bytes())?;
        self.out.write_all(&size.to_le_bytes()[..4])?;
        Ok(self.out)
    }

    fn send_piece(&mut self) -> io::Result<()> {
        if self.in_flight.len() >= self.threads {
            self.write_oldest()?;
        }
        let piece = std::mem::take(&mut self.piece);
        // A thread for each piece: starting one costs a hundredth of what it does.
        let thread = thread::Builder::new().spawn(move || deflate(&piece))?;
        self.in_flight.push_back(thread);
        Ok(())
    }

    fn write_oldest(&mut self) -> io::Result<()> {
        let Some(thread) = self.in_flight.pop_front() else {
            return Ok(());
        };
        let piece = thread
            .join()
            .map_err(|_| io::Error::other("a thread that compresses has panicked"))?;
        self.write_piece(&piece)
    }

    fn write_piece(&mut self, piece: &Deflated) -> io::Result<()> {
        self.crc.combine(&piece.crc);
        self.out.write_all(&piece.bytes)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.capacity() == 0 {
            self.piece.reserve_exact(PIECE_BYTES);
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE_BYTES {
            self.send_piece()?;
        }
        Ok(taken)
    }

    /// Does nothing: where a piece ends must depend on the bytes alone.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn deflate(piece: &[u8]) -> Deflated {
    let mut crc = crc32fast::Hasher::new();
    crc.update(piece);
    let bytes = is_worth_squeezing(piece)
        .then(|| squeeze(piece))
        .flatten()
        .filter(|squeezed| squeezed.len() < piece.len())
        .unwrap_or_else(|| store(piece));
    Deflated { bytes, crc }
}

/// Whether a sample shrinks by a sixteenth. Most nested JARs do not, and they are most of an
/// application: they pass at the speed of a copy. (Squeezing all of an 87 MB JAR made of 143 others
/// takes twice the time and saves another 2 %.)
fn is_worth_squeezing(piece: &[u8]) -> bool {
    if piece.len() <= SAMPLE_BYTES {
        return true;
    }
    let part = SAMPLE_BYTES / SAMPLE_PARTS;
    let sample: Vec<u8> = (0..SAMPLE_PARTS)
        .map(|n| n * (piece.len() - part) / (SAMPLE_PARTS - 1))
        .flat_map(|start| &piece[start..start + part])
        .copied()
        .collect();
    squeeze(&sample).is_some_and(|squeezed| squeezed.len() < SAMPLE_BYTES / 16 * 15)
}

/// Returns deflate blocks that end at a byte, without a final one.
fn squeeze(bytes: &[u8]) -> Option<Vec<u8>> {
    // Level 1 without zlib header: 300 MB/s, and within a tenth of level 6.
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(1, 0, 0));
    let mut out = Vec::with_capacity(bytes.len());
    let (status, taken) = compress_to_output(&mut compressor, bytes, TDEFLFlush::Sync, |part| {
        out.extend_from_slice(part);
        true
    });
    (status == TDEFLStatus::Okay && taken == bytes.len()).then_some(out)
}

/// Returns the bytes as stored blocks, without a final one.
fn store(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 5 * bytes.len().div_ceil(STORED_BYTES));
    for block in bytes.chunks(STORED_BYTES) {
        let length = u16::try_from(block.len()).expect("a block is at most 65535 bytes long");
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out
}
