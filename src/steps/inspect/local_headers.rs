//! The headers before each entry's data. The directory counts for us, as it does for Java; who reads
//! the archive as a stream (a scanner, `JarInputStream`) sees these. They must be about the same files.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use zip::ZipArchive;

use super::{near::Near, zip_end::short};

const HEADER: [u8; 4] = *b"PK\x03\x04";
const HEADER_BYTES: usize = 30;

/// Where an entry is, as the directory says.
pub(super) struct Place {
    pub(super) index: usize,
    pub(super) header_at: u64,
    /// As they are stored.
    pub(super) data_bytes: u64,
}

/// How directory and headers contradict each other; names as bytes.
#[derive(Debug)]
pub(super) enum Contradiction {
    /// There is no header where there should be one.
    NoHeader(Vec<u8>),
    /// Name in the directory, and at the entry.
    Names(Vec<u8>, Vec<u8>),
    /// Two entries have bytes in common; the second may be the directory (without a name).
    Overlap(Vec<u8>, Vec<u8>),
    Unreadable(io::Error),
}

impl From<io::Error> for Contradiction {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Compares each header with the directory.
///
/// # Errors
/// The first [`Contradiction`].
pub(super) fn check<R: Read + Seek>(
    file: File,
    zip: &ZipArchive<R>,
    mut places: Vec<Place>,
    directory_start: u64,
) -> Result<(), Contradiction> {
    let name = |index| {
        let entry = zip.by_index_data(index);
        entry.map_or_else(|_| Vec::new(), |entry| entry.name_raw().to_vec())
    };
    places.sort_by_key(|place| place.header_at);
    let mut file = Near::new(file)?;
    let mut before: Option<(u64, usize)> = None;
    for place in &places {
        if let Some((_, other)) = before.filter(|(end, _)| *end > place.header_at) {
            return Err(Contradiction::Overlap(name(other), name(place.index)));
        }
        file.seek(SeekFrom::Start(place.header_at))?;
        let mut header = [0; HEADER_BYTES];
        let is_header = read(&mut file, &mut header)? && header[..4] == HEADER;
        let mut own_name = vec![0; usize::from(short(&header[26..]))];
        if !is_header || !read(&mut file, &mut own_name)? {
            return Err(Contradiction::NoHeader(name(place.index)));
        }
        if own_name != name(place.index) {
            return Err(Contradiction::Names(name(place.index), own_name));
        }
        let header_bytes = HEADER_BYTES as u64 + own_name.len() as u64 + u64::from(short(&header[28..]));
        let end = place
            .header_at
            .saturating_add(header_bytes)
            .saturating_add(place.data_bytes);
        before = Some((end, place.index));
    }
    match before {
        Some((end, last)) if end > directory_start => Err(Contradiction::Overlap(name(last), Vec::new())),
        _ => Ok(()),
    }
}

/// Fills the buffer, if there is so much.
fn read(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
