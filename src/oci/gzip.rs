//! Our gzip (RFC 1952): the pieces are deflated, each alone, by a compressor that is pure Rust
//! without CPU features and pinned to one version. So the bytes depend on the input alone, also in
//! later versions of this program.

use std::io::{self, Write};

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};

use super::pieces::Squeeze;

const SAMPLE_BYTES: usize = 32 << 10;
const SAMPLE_PARTS: usize = 8;
/// A stored block has a 16-bit length: <https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4>.
const STORED_BYTES: usize = 0xffff;

/// No name, no time, no flags; 255 is "unknown operating system".
pub(super) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty final block. Every piece ends at a byte, so that none needs to know whether it is last.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Ends a stream; `crc` has seen all of the input.
pub(super) fn write_trailer(out: &mut impl Write, crc: &crc32fast::Hasher) -> io::Result<()> {
    out.write_all(&LAST_BLOCK)?;
    out.write_all(&crc.clone().finalize().to_le_bytes())?;
    // ISIZE is the size modulo 2^32.
    out.write_all(&crc.total_len().to_le_bytes()[..4])
}

/// Deflates pieces. Its tables are large, so they are made once.
pub(super) struct Squeezer {
    compressor: Box<CompressorOxide>,
    sample: Vec<u8>,
}

impl Squeezer {
    pub(super) fn new(level: u8) -> Self {
        // Raw: without zlib's header.
        let flags = create_comp_flags_from_zip_params(i32::from(level), 0, 0);
        Self {
            compressor: Box::new(CompressorOxide::new(flags)),
            sample: Vec::new(),
        }
    }

    /// Whether a sample shrinks by a sixteenth. Most nested JARs do not, and they are most of an
    /// application: they pass at the speed of a copy. (Squeezing all of an 87 MB JAR made of 143
    /// others takes twice the time and saves another 2 %.)
    fn is_worth_squeezing(&mut self, piece: &[u8], scratch: &mut Vec<u8>) -> bool {
        if piece.len() <= SAMPLE_BYTES {
            return true;
        }
        let part = SAMPLE_BYTES / SAMPLE_PARTS;
        self.sample.clear();
        for start in (0..SAMPLE_PARTS).map(|n| n * (piece.len() - part) / (SAMPLE_PARTS - 1)) {
            self.sample.extend_from_slice(&piece[start..start + part]);
        }
        let is_done = deflate(&mut self.compressor, &self.sample, scratch);
        let is_worth = is_done && scratch.len() < SAMPLE_BYTES / 16 * 15;
        scratch.clear();
        is_worth
    }
}

impl Squeeze for Squeezer {
    fn squeeze(&mut self, piece: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let is_smaller = self.is_worth_squeezing(piece, out)
            && deflate(&mut self.compressor, piece, out)
            && out.len() < piece.len();
        if !is_smaller {
            out.clear();
            store(piece, out);
        }
        Ok(())
    }
}

/// Appends deflate blocks that end at a byte, without a final one; whether that went well.
fn deflate(compressor: &mut CompressorOxide, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    compressor.reset();
    let (status, taken) = compress_to_output(compressor, bytes, TDEFLFlush::Sync, |part| {
        out.extend_from_slice(part);
        true
    });
    status == TDEFLStatus::Okay && taken == bytes.len()
}

/// Appends the bytes as stored blocks, without a final one.
fn store(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 5 * bytes.len().div_ceil(STORED_BYTES));
    for block in bytes.chunks(STORED_BYTES) {
        let length = u16::try_from(block.len()).expect("a block is at most 65535 bytes long");
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
}
