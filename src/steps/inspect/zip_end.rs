//! The end of a ZIP archive, and the directory before it: walked before anything is made of them.
//! An archive that says two things at once is refused: who signs off what one reader sees must not
//! get what another one runs.
//!
//! Records: <https://pkwaredownloads.blob.core.windows.net/pem/APPNOTE.txt>, sections 4.3.12 to 4.3.16.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;
const HEADER_BYTES: usize = 46;
/// A comment has a 16-bit length, and nothing may follow it.
const LONGEST_TAIL_BYTES: u64 = END_BYTES + 0xffff;
/// 300 bytes for each of 200 000 entries. All of it is held in memory.
const LARGEST_DIRECTORY_BYTES: u64 = 64 << 20;

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const HEADER: [u8; 4] = *b"PK\x01\x02";

/// Where the directory is.
#[derive(Debug)]
pub(super) struct Directory {
    /// Where it begins in the file.
    pub(super) start: u64,
    /// Bytes before the archive: a script, or nothing.
    pub(super) prefix_bytes: u64,
}

/// Why an archive is not taken.
#[derive(Debug)]
pub(super) enum Flaw {
    /// There is no end.
    CutShort,
    /// Something comes after it.
    DataAfterEnd(u64),
    /// There is another end in the comment of the first.
    TwoEnds,
    /// The directory is not where the end says.
    NoDirectory,
    /// Number of entries that the end declares, and that are there.
    Count(u64, u64),
    /// Number of entries.
    TooMany(u64),
    /// Bytes of the directory.
    TooLarge(u64),
    Unreadable(io::Error),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::NoDirectory,
            _ => Self::Unreadable(error),
        }
    }
}

/// Finds the directory, and counts what is in it.
///
/// # Errors
/// A [`Flaw`] when readers could disagree about the archive, or it is too large.
pub(super) fn find(file: &mut (impl Read + Seek), most_entries: u64) -> Result<Directory, Flaw> {
    let file_bytes = file.seek(SeekFrom::End(0))?;
    let tail_at = file_bytes.saturating_sub(LONGEST_TAIL_BYTES);
    let tail = read(file, tail_at, file_bytes - tail_at)?;
    let end = tail_at + end_of(&tail, tail_at)?;
    let record = read(file, end, END_BYTES)?;
    let (mut count, mut size, mut offset) = (
        u64::from(short(&record[10..])),
        u64::from(long(&record[12..])),
        u64::from(long(&record[16..])),
    );
    let mut directory_end = end;
    if let Some((at, end64)) = end64(file, end)? {
        (count, size, offset) = (quad(&end64[32..]), quad(&end64[40..]), quad(&end64[48..]));
        directory_end = at;
    }
    if count > most_entries {
        return Err(Flaw::TooMany(count));
    }
    if size > LARGEST_DIRECTORY_BYTES {
        return Err(Flaw::TooLarge(size));
    }
    let start = directory_end.checked_sub(size).ok_or(Flaw::NoDirectory)?;
    let found = count_headers(file, start, size, count)?;
    if found != count {
        return Err(Flaw::Count(count, found));
    }
    Ok(Directory {
        start,
        prefix_bytes: start.checked_sub(offset).ok_or(Flaw::NoDirectory)?,
    })
}

/// Returns where in the tail, which begins at `tail_at`, the end record is.
fn end_of(tail: &[u8], tail_at: u64) -> Result<u64, Flaw> {
    let records = tail.windows(4).enumerate().filter(|(_, four)| *four == END);
    // For each, what is left of the file after its comment; a negative number is a comment cut short.
    let ends: Vec<(usize, i64)> = records
        .filter_map(|(at, _)| {
            let comment = i64::from(short(tail.get(at + 20..at + 22)?));
            let left = i64::try_from(tail.len() - at - 22).ok()?;
            Some((at, left - comment))
        })
        .collect();
    let mut exact = ends.iter().filter(|(_, left)| *left == 0);
    match (exact.next(), exact.next(), ends.last()) {
        (Some(&(at, _)), None, Some(&(last, _))) if at == last => Ok(at as u64),
        (Some(_), _, _) => Err(Flaw::TwoEnds),
        (None, _, Some(&(at, left))) if left > 0 && is_whole(&tail[at..], tail_at + at as u64) => {
            Err(Flaw::DataAfterEnd(left.unsigned_abs()))
        }
        _ => Err(Flaw::CutShort),
    }
}

/// Whether an end record is of an archive that begins where the file does. In an archive that was
/// cut short there may be the end of a nested one.
fn is_whole(record: &[u8], at: u64) -> bool {
    let (size, offset) = (long(&record[12..]), long(&record[16..]));
    u64::from(size) + u64::from(offset) == at
}

/// Returns the ZIP64 end record and where it is, where there is one.
fn end64(file: &mut (impl Read + Seek), end: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let Some(locator_at) = end.checked_sub(LOCATOR_BYTES) else {
        return Ok(None);
    };
    let locator = read(file, locator_at, LOCATOR_BYTES)?;
    if locator[..4] != LOCATOR {
        return Ok(None);
    }
    // What stands before the archive may have moved the record from where the locator says.
    for at in [Some(quad(&locator[8..])), locator_at.checked_sub(END64_BYTES)] {
        let Some(at) = at.filter(|at| at.checked_add(END64_BYTES).is_some_and(|end| end <= locator_at))
        else {
            continue;
        };
        let record = read(file, at, END64_BYTES)?;
        if record[..4] == END64 {
            return Ok(Some((at, record)));
        }
    }
    Ok(None)
}

/// Counts headers up to one more than `declared`. All of the directory must be headers.
fn count_headers(file: &mut (impl Read + Seek), start: u64, size: u64, declared: u64) -> Result<u64, Flaw> {
    file.seek(SeekFrom::Start(start))?;
    let mut directory = BufReader::new(file.take(size));
    let (mut found, mut at) = (0, 0);
    while at < size && found <= declared {
        let mut header = [0; HEADER_BYTES];
        directory.read_exact(&mut header)?;
        if header[..4] != HEADER {
            return Err(Flaw::NoDirectory);
        }
        let rest: i64 = [28, 30, 32]
            .map(|at| i64::from(short(&header[at..])))
            .iter()
            .sum();
        directory.seek_relative(rest)?;
        at += HEADER_BYTES as u64 + rest.unsigned_abs();
        found += 1;
    }
    if at > size {
        return Err(Flaw::NoDirectory);
    }
    Ok(found)
}

fn read(file: &mut (impl Read + Seek), at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(count).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Little-endian numbers at the beginning of bytes that are long enough.
pub(super) fn short(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}

pub(super) fn long(bytes: &[u8]) -> u32 {
    u32::from(short(bytes)) | u32::from(short(&bytes[2..])) << 16
}

fn quad(bytes: &[u8]) -> u64 {
    u64::from(long(bytes)) | u64::from(long(&bytes[4..])) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of an archive without entries.
    fn end(comment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(comment.len()).expect("short");
        [&END[..], &[0; 16], &length.to_le_bytes(), comment].concat()
    }

    #[test]
    fn an_end_ends_the_file() {
        let at = |bytes: Vec<u8>| end_of(&bytes, 0).map_err(|flaw| format!("{flaw:?}"));
        assert_eq!(at([b"1234", &end(b"")[..]].concat()), Ok(4));
        assert_eq!(at(end(b"a comment")), Ok(0));
        let refused = |bytes: Vec<u8>, flaw: &str| assert_eq!(at(bytes), Err(flaw.to_owned()));
        refused(b"no end".to_vec(), "CutShort");
        refused(end(b"a comment")[..24].to_vec(), "CutShort");
        refused([&end(b"")[..], b"more"].concat(), "DataAfterEnd(4)");
        // The end of a nested archive, in one without its own.
        refused([b"outer", &end(b"")[..], b"more"].concat(), "CutShort");
        // Two readers could take either.
        refused(end(&end(b"")), "TwoEnds");
        refused([&end(b"")[..], &end(b"x")[..22]].concat(), "CutShort");
        refused(
            [&end(&[0; 30])[..22], &end(b"")[..22], &[9; 8]].concat(),
            "TwoEnds",
        );
    }

    #[test]
    fn numbers() {
        assert_eq!(quad(&[1, 2, 3, 4, 5, 6, 7, 8]), 0x0807_0605_0403_0201);
    }
}
