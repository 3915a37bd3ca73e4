//! Cuts the bytes of a layer where their content says so, so that an insertion moves the cuts with
//! it: two versions of a layer share all chunks but those around the changes. Pure: a reader in,
//! chunks out; memory does not grow with the layer.
//!
//! `FastCDC` (Xia et al., 2020) finds cuts in anything. In ZIP archives (a JAR that stays packed,
//! nested JARs) the frames around the entries are chunks of their own as well: a tool that writes
//! the archive anew changes each frame and no entry's data (`jar --update` does, and would cost
//! 12 MB of a 20 MB JAR otherwise; measured, see docs/concepts/staging.md).

use std::io::{self, Read};

use fastcdc::v2020::{Normalization, cut as find_cut, select_masks};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// More chunks cost more to name, larger ones more to send. From so many on (and below twice as many)
/// both are small, whatever the size of the layer: measured, see docs/concepts/staging.md.
const FEWEST_CHUNKS: u64 = 8 << 10;
const SMALLEST_AVERAGE_BYTES: u32 = 512;
const LARGEST_AVERAGE_BYTES: u32 = 64 << 10;
const BUFFER_BYTES: usize = 1 << 20;

/// ZIP's signatures of what frames an entry's data:
/// <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, sections 4.3.7 and 4.3.9.
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const DATA_DESCRIPTOR: &[u8] = b"PK\x07\x08";
const SIGNATURE_BYTES: usize = 4;
/// Length of a local header without the name and the extra field, whose lengths end it.
const LOCAL_HEADER_BYTES: usize = 30;
/// Lengths of a data descriptor with its signature: sizes of 32 bits, and of 64.
const DATA_DESCRIPTOR_BYTES: [usize; 2] = [16, 24];

/// How long chunks are on average. Both ends must use the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub struct AverageSize(u32);

impl AverageSize {
    /// Returns what suits a layer of this size, compressed, since that is what is to be saved.
    #[must_use]
    pub fn of_layer(size_bytes: u64) -> Self {
        let bounded = (size_bytes / FEWEST_CHUNKS).clamp(
            u64::from(SMALLEST_AVERAGE_BYTES),
            u64::from(LARGEST_AVERAGE_BYTES),
        );
        Self(1 << bounded.ilog2())
    }

    fn bytes(self) -> usize {
        self.0 as usize
    }

    /// Half the average: less makes more chunks and finds no more of what is the same.
    fn shortest_bytes(self) -> usize {
        self.bytes() / 2
    }

    fn longest_bytes(self) -> usize {
        self.bytes() * 4
    }
}

impl From<AverageSize> for u32 {
    fn from(size: AverageSize) -> Self {
        size.0
    }
}

impl TryFrom<u32> for AverageSize {
    type Error = &'static str;

    fn try_from(bytes: u32) -> Result<Self, Self::Error> {
        let is_ours =
            bytes.is_power_of_two() && (SMALLEST_AVERAGE_BYTES..=LARGEST_AVERAGE_BYTES).contains(&bytes);
        if is_ours {
            Ok(Self(bytes))
        } else {
            Err("chunks are 512 bytes to 64 KiB long on average, a power of two")
        }
    }
}

/// Names a chunk: the first 64 bits of its sha256. That two differ by accident and have the same is
/// no danger, since what is put together must have the right digest as a whole; nor is it likely:
/// once in a hundred million pairs of layers with a hundred thousand chunks each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// How many bytes name a chunk on the link.
    pub const BYTES: usize = size_of::<u64>();

    /// Returns the fingerprint of a chunk.
    #[must_use]
    pub fn of(chunk: &[u8]) -> Self {
        let mut first = [0; Self::BYTES];
        first.copy_from_slice(&Sha256::digest(chunk)[..Self::BYTES]);
        Self::from_bytes(first)
    }

    /// Returns how it is written on the link.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0.to_le_bytes()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }
}

/// A chunk, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its name.
    pub fingerprint: Fingerprint,
    /// How many bytes it has.
    pub length: usize,
}

impl Chunk {
    /// Returns what is said of a chunk.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            fingerprint: Fingerprint::of(bytes),
            length: bytes.len(),
        }
    }
}

/// Reads to the end and hands each chunk on, in order. All of them together are what was read.
///
/// # Errors
/// What the reader or `each` answers.
pub fn cut(
    mut reader: impl Read,
    average: AverageSize,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut cutter = Cutter::new(average);
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut start, mut end, mut is_at_end) = (0, 0, false);
    loop {
        // Cuts must not depend on how much was read at one time.
        if !is_at_end && end - start < average.longest_bytes() + SIGNATURE_BYTES {
            buffer.copy_within(start..end, 0);
            (start, end) = (0, end - start);
            while !is_at_end && end < buffer.len() {
                match reader.read(&mut buffer[end..]) {
                    Ok(0) => is_at_end = true,
                    Ok(count) => end += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        if start == end {
            return Ok(());
        }
        let length = cutter.next(&buffer[start..end]);
        each(&buffer[start..start + length])?;
        start += length;
    }
}

/// Finds the ends of chunks.
struct Cutter {
    average: AverageSize,
    /// `FastCDC`'s masks for chunks below and above the average, and both shifted by a bit, since it
    /// looks at two bytes at a time.
    masks: [u64; 4],
    /// No signature begins in so many bytes after the first.
    clear_bytes: usize,
}

impl Cutter {
    fn new(average: AverageSize) -> Self {
        let (below, above) = select_masks(average.bytes(), Normalization::Level1);
        Self {
            average,
            masks: [below, above, below << 1, above << 1],
            clear_bytes: 0,
        }
    }

    /// Returns the length of the chunk that these bytes begin with.
    fn next(&mut self, bytes: &[u8]) -> usize {
        let longest = self.average.longest_bytes().min(bytes.len());
        let length = frame_bytes(bytes)
            .filter(|frame| *frame <= longest)
            .unwrap_or_else(|| {
                let [below, above, below_shifted, above_shifted] = self.masks;
                let (_, length) = find_cut(
                    &bytes[..self.next_signature(bytes, longest)],
                    self.average.shortest_bytes(),
                    self.average.bytes(),
                    self.average.longest_bytes(),
                    below,
                    above,
                    below_shifted,
                    above_shifted,
                );
                length
            });
        self.clear_bytes = self.clear_bytes.saturating_sub(length);
        length
    }

    /// Returns where the first signature after the first byte begins, `longest` at most.
    fn next_signature(&mut self, bytes: &[u8], longest: usize) -> usize {
        let mut at = self.clear_bytes.max(1);
        while at < longest && !is_signature(&bytes[at..]) {
            let rest = &bytes[at + 1..longest];
            at += 1 + rest
                .iter()
                .position(|&byte| byte == LOCAL_HEADER[0])
                .unwrap_or(rest.len());
        }
        self.clear_bytes = at;
        at.min(longest)
    }
}

fn is_signature(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL_HEADER) || bytes.starts_with(DATA_DESCRIPTOR)
}

/// Returns the length of what is between the data of two entries, if that is what begins here: the
/// descriptor of the one, if it has any, and the header of the other.
fn frame_bytes(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(DATA_DESCRIPTOR) {
        DATA_DESCRIPTOR_BYTES
            .iter()
            .find_map(|&length| Some(length + header_bytes(bytes.get(length..)?)?))
    } else {
        header_bytes(bytes)
    }
}

fn header_bytes(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..LOCAL_HEADER_BYTES)?;
    let &[.., name_low, name_high, extra_low, extra_high] = header else {
        return None;
    };
    let name_bytes = u16::from_le_bytes([name_low, name_high]);
    let extra_bytes = u16::from_le_bytes([extra_low, extra_high]);
    header
        .starts_with(LOCAL_HEADER)
        .then(|| LOCAL_HEADER_BYTES + usize::from(name_bytes) + usize::from(extra_bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Bytes of which none looks like its neighbour (Knuth's MMIX generator).
    fn noise(size: usize) -> Vec<u8> {
        let mut state = 7_u64;
        std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .take(size)
        .collect()
    }

    fn chunks(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut chunks = Vec::new();
        cut(bytes, AverageSize::of_layer(bytes.len() as u64), |chunk| {
            chunks.push(chunk.to_vec());
            Ok(())
        })
        .expect("memory can be read");
        chunks
    }

    /// Gives one byte at a time.
    struct Slowly<'a>(&'a [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn the_average_grows_with_the_layer_and_is_bounded() {
        for (size_bytes, average) in [
            (0, 512),
            (7_498_356, 512),
            (18_588_791, 2 << 10),
            (1 << 30, 64 << 10),
            (u64::MAX, 64 << 10),
        ] {
            assert_eq!(
                u32::from(AverageSize::of_layer(size_bytes)),
                average,
                "{size_bytes}"
            );
        }
        for wrong in [0, 256, 3000, 128 << 10, u32::MAX] {
            assert!(AverageSize::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn chunks_are_the_whole_and_as_long_as_they_should_be() {
        let bytes = noise(3 << 20);
        let chunks = chunks(&bytes);
        assert_eq!(chunks.concat(), bytes);
        let (last, others) = chunks.split_last().expect("some chunks");
        assert!(others.iter().all(|chunk| (256..=2048).contains(&chunk.len())));
        assert!(last.len() <= 2048);
        let average = bytes.len() / chunks.len();
        assert!((450..1000).contains(&average), "{average}");
    }

    #[test]
    fn cuts_do_not_depend_on_how_it_is_read() {
        let bytes = [noise(40_000), archive(false), noise(40_000)].concat();
        let mut slowly = Vec::new();
        cut(Slowly(&bytes), AverageSize::of_layer(0), |chunk| {
            slowly.push(chunk.to_vec());
            Ok(())
        })
        .expect("memory can be read");
        assert_eq!(slowly, chunks(&bytes));
    }

    #[test]
    fn an_insertion_changes_the_chunks_around_it_alone() {
        let old = noise(1 << 20);
        let new = [&old[..400_001], b"inserted", &old[400_001..]].concat();
        let known: HashSet<Fingerprint> = chunks(&old).iter().map(|chunk| Fingerprint::of(chunk)).collect();
        let changed: usize = chunks(&new)
            .iter()
            .filter(|chunk| !known.contains(&Fingerprint::of(chunk)))
            .map(Vec::len)
            .sum();
        assert!((1..3 * 2048).contains(&changed), "{changed} bytes");
    }

    /// A hundred entries of 300 bytes, with descriptors or without.
    fn archive(has_descriptors: bool) -> Vec<u8> {
        let data = noise(30_000);
        let mut archive = Vec::new();
        for (number, data) in (0_u8..).zip(data.chunks(300)) {
            archive.extend_from_slice(LOCAL_HEADER);
            archive.extend_from_slice(&[u8::from(has_descriptors); 22]);
            archive.extend_from_slice(&[5, 0, 0, 0]);
            archive.extend_from_slice(&[b'n', b'a', b'm', b'e', number]);
            archive.extend_from_slice(data);
            if has_descriptors {
                archive.extend_from_slice(DATA_DESCRIPTOR);
                archive.extend_from_slice(&[number; 12]);
            }
        }
        archive
    }

    #[test]
    fn an_archive_that_is_framed_anew_keeps_its_entries() {
        let known: HashSet<Vec<u8>> = chunks(&archive(false)).into_iter().collect();
        let kept: usize = chunks(&archive(true))
            .iter()
            .filter(|chunk| known.contains(*chunk))
            .map(Vec::len)
            .sum();
        assert_eq!(kept, 30_000, "all data, no frame");
    }
}
