//! The end of an archive: where its directory is, and whether that is what it says. An archive that
//! says two things at once is refused: who signs off what one reader sees must not get what another
//! one runs.

use std::io::{self, Read, Seek};

use super::{Flaw, Reader, long, quad, short};

const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;
/// A comment has a 16-bit length, and nothing may follow it.
const LONGEST_TAIL_BYTES: u64 = END_BYTES + 0xffff;
/// Bytes of the directory for each entry that is allowed: a header and a name of 82 bytes. Of an
/// archive with fewer entries those may be longer. Names are held in memory.
const DIRECTORY_BYTES_EACH: u64 = 128;
/// As many as it may have whatever its number of entries.
const SMALL_DIRECTORY_BYTES: u64 = 1 << 20;

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR: [u8; 4] = *b"PK\x06\x07";

/// Where the directory is.
#[derive(Debug)]
pub(super) struct Directory {
    /// Where it begins in the file.
    pub(super) start: u64,
    /// Its size.
    pub(super) size: u64,
    /// How many entries it has, says the end.
    pub(super) count: u64,
    /// Bytes before the archive: a script, or nothing.
    pub(super) prefix_bytes: u64,
}

/// Finds the directory.
///
/// # Errors
/// A [`Flaw`] when readers could disagree about the archive, or it is too large.
pub(super) fn find<R: Read + Seek>(file: &mut Reader<R>, most_entries: u64) -> Result<Directory, Flaw> {
    let file_bytes = file.size_bytes()?;
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
    let largest = most_entries.saturating_mul(DIRECTORY_BYTES_EACH);
    if size > largest.max(SMALL_DIRECTORY_BYTES) {
        return Err(Flaw::TooLarge(size));
    }
    let start = directory_end.checked_sub(size).ok_or(Flaw::NoDirectory)?;
    Ok(Directory {
        start,
        size,
        count,
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
fn end64<R: Read + Seek>(file: &mut Reader<R>, end: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
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

fn read<R: Read + Seek>(file: &mut Reader<R>, at: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.go_to(at)?;
    file.take(count).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
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
}
