//! A delta: how the tar of a layer is put together from the chunks of an earlier one and from bytes
//! that are new. Ours alone, and safe by one rule: whoever applies one checks the digest of what
//! came out.
//!
//! ```text
//! gzip(new bytes) gzip(moves) length of gzip(moves): u32, little-endian
//! a move: how many new bytes come first, how far the first old chunk is from the one after the
//!         last that was copied (zigzag), how many chunks are copied: LEB128 each
//! ```
//!
//! New bytes and moves are apart since each compresses better with its like: of a JAR whose
//! frames have changed, all moves look the same.

use std::{
    collections::HashMap,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use super::chunks::{Chunk, Fingerprint};

/// A move has at least three bytes; five million of them are no delta any more.
const MOST_MOVES_BYTES: u64 = 16 << 20;
const TRAILER_BYTES: i64 = 4;
const BUFFER_BYTES: usize = 64 << 10;

/// Writes the delta that makes `new`, an uncompressed tar that is cut into `chunks`, of chunks that have
/// the fingerprints `old`, and returns how many bytes of it are new.
///
/// # Errors
/// What `new` or `out` answers.
pub fn write(
    mut new: impl Read,
    chunks: &[Chunk],
    old: &[Fingerprint],
    mut out: impl Write,
) -> io::Result<u64> {
    let index: HashMap<Fingerprint, usize> = old.iter().copied().zip(0..).collect();
    let mut moves = Moves::default();
    let mut new_bytes = GzEncoder::new(&mut out, Compression::default());
    let mut count = 0;
    for chunk in chunks {
        let length = chunk.length as u64;
        // The same bytes may be in several places, and the next chunk is the cheapest to name.
        let is_next = old.get(moves.next_old()) == Some(&chunk.fingerprint);
        let place = if is_next {
            Some(moves.next_old())
        } else {
            index.get(&chunk.fingerprint).copied()
        };
        if let Some(place) = place {
            moves.copy(place);
            copy(&mut new, length, &mut io::sink())?;
        } else {
            moves.add(length);
            count += length;
            copy(&mut new, length, &mut new_bytes)?;
        }
    }
    new_bytes.finish()?;
    let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
    compressed.write_all(&moves.finish())?;
    let compressed = compressed.finish()?;
    out.write_all(&compressed)?;
    let length = u32::try_from(compressed.len()).map_err(|_| damaged("it has too many moves"))?;
    out.write_all(&length.to_le_bytes())?;
    Ok(count)
}

/// Puts the tar together. `starts` says where each chunk of `old` begins, and where the last ends.
///
/// # Errors
/// What a reader or `out` answers, and a delta that asks for what is not there.
pub fn apply(
    mut delta: impl Read + Seek,
    old: impl Read + Seek,
    starts: &[u64],
    mut out: impl Write,
) -> io::Result<()> {
    let end = delta.seek(SeekFrom::End(-TRAILER_BYTES))?;
    let mut length = [0; 4];
    delta.read_exact(&mut length)?;
    let moves_start = end
        .checked_sub(u64::from(u32::from_le_bytes(length)))
        .ok_or_else(|| damaged("it is cut short"))?;
    delta.seek(SeekFrom::Start(moves_start))?;
    let mut moves = Vec::new();
    let compressed = delta.by_ref().take(end - moves_start);
    GzDecoder::new(compressed)
        .take(MOST_MOVES_BYTES + 1)
        .read_to_end(&mut moves)?;
    if moves.len() as u64 > MOST_MOVES_BYTES {
        return Err(damaged("it has too many moves"));
    }
    delta.rewind()?;
    let mut new_bytes = GzDecoder::new(BufReader::new(delta.take(moves_start)));
    let mut old = BufReader::with_capacity(BUFFER_BYTES, old);
    let (mut position, mut next_chunk) = (old.stream_position()?, 0_u64);
    let mut moves = moves.as_slice();
    while !moves.is_empty() {
        copy(&mut new_bytes, read_number(&mut moves)?, &mut out)?;
        let first = next_chunk.wrapping_add_signed(unzigzag(read_number(&mut moves)?));
        next_chunk = first.wrapping_add(read_number(&mut moves)?);
        let start_of = |chunk| {
            usize::try_from(chunk)
                .ok()
                .and_then(|chunk| starts.get(chunk).copied())
        };
        let (Some(start), Some(end)) = (start_of(first), start_of(next_chunk)) else {
            return Err(damaged(
                "it asks for a chunk that the earlier layer does not have",
            ));
        };
        let length = end
            .checked_sub(start)
            .ok_or_else(|| damaged("it goes backwards"))?;
        // A relative seek keeps what the buffer holds.
        old.seek_relative(start.wrapping_sub(position).cast_signed())?;
        copy(&mut old, length, &mut out)?;
        position = end;
    }
    Ok(())
}

/// What is to be done, while it is found out.
#[derive(Default)]
struct Moves {
    written: Vec<u8>,
    new_bytes: u64,
    first: usize,
    count: usize,
    /// The chunk after the last one that the moves before this one copied.
    after_last: usize,
}

impl Moves {
    fn next_old(&self) -> usize {
        self.first + self.count
    }

    fn add(&mut self, new_bytes: u64) {
        if self.count > 0 {
            self.end_move();
        }
        self.new_bytes += new_bytes;
    }

    fn copy(&mut self, place: usize) {
        if self.count > 0 && place != self.next_old() {
            self.end_move();
        }
        if self.count == 0 {
            self.first = place;
        }
        self.count += 1;
    }

    fn end_move(&mut self) {
        let distance = (self.first as u64).wrapping_sub(self.after_last as u64);
        for number in [self.new_bytes, zigzag(distance.cast_signed()), self.count as u64] {
            write_number(&mut self.written, number);
        }
        self.after_last = self.next_old();
        (self.first, self.count, self.new_bytes) = (self.after_last, 0, 0);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 || self.new_bytes > 0 {
            self.end_move();
        }
        self.written
    }
}

fn copy(from: &mut impl Read, length: u64, to: &mut impl Write) -> io::Result<()> {
    if io::copy(&mut from.take(length), to)? == length {
        Ok(())
    } else {
        Err(damaged("it is cut short"))
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn read_number(bytes: &mut &[u8]) -> io::Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or_else(|| damaged("it is cut short"))?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(damaged("a number is too long"))
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the delta is damaged: {why}"))
}
