//! The headers before each entry's data. The directory counts for us, as it does for Java; who reads
//! the archive as a stream (a scanner, `JarInputStream`) sees these. They must be about the same files.

use std::io::{self, Read, Seek};

use super::{Entry, Flaw, Place, Reader, directory::decoded, short};

const HEADER: [u8; 4] = *b"PK\x03\x04";
const HEADER_BYTES: usize = 30;

/// The header before an entry's data.
pub(super) struct Header {
    /// Its own size, with name and extra fields.
    pub(super) bytes: u64,
    name_bytes: u16,
}

/// Reads a header, up to its name. `None` when there is none.
pub(super) fn read<R: Read + Seek>(reader: &mut Reader<R>, at: u64) -> io::Result<Option<Header>> {
    reader.go_to(at)?;
    let mut header = [0; HEADER_BYTES];
    if !fill(reader, &mut header)? || header[..4] != HEADER {
        return Ok(None);
    }
    let (name_bytes, extra_bytes) = (short(&header[26..]), short(&header[28..]));
    Ok(Some(Header {
        bytes: HEADER_BYTES as u64 + u64::from(name_bytes) + u64::from(extra_bytes),
        name_bytes,
    }))
}

/// Compares each header with the directory.
///
/// # Errors
/// The first [`Flaw`].
pub(super) fn check<R: Read + Seek>(
    reader: &mut Reader<R>,
    entries: &[Entry],
    directory_start: u64,
) -> Result<(), Flaw> {
    let place = |index: &u32| entries[*index as usize].place.as_ref();
    let mut in_order: Vec<u32> = (0..).take(entries.len()).collect();
    in_order.sort_by_key(|index| place(index).map(|place| place.header_at));
    let mut name = Vec::new();
    let mut before: Option<(u64, &Entry)> = None;
    for index in &in_order {
        let entry = &entries[*index as usize];
        let Some(place) = place(index) else { continue };
        if let Some((_, other)) = before.filter(|(end, _)| *end > place.header_at) {
            return Err(Flaw::Overlap(shown(other), shown(entry)));
        }
        let header = read(reader, place.header_at)?.ok_or_else(|| Flaw::NoHeader(shown(entry)))?;
        name.resize(usize::from(header.name_bytes), 0);
        if !fill(reader, &mut name)? {
            return Err(Flaw::NoHeader(shown(entry)));
        }
        if !is_name_of(entry, place, &name) {
            let own = String::from_utf8_lossy(&name).escape_debug().to_string();
            return Err(Flaw::Names(shown(entry), own));
        }
        let data_at = place.header_at.saturating_add(header.bytes);
        before = Some((data_at.saturating_add(place.packed_bytes), entry));
    }
    match before {
        Some((end, last)) if end > directory_start => Err(Flaw::IntoDirectory(shown(last))),
        _ => Ok(()),
    }
}

fn is_name_of(entry: &Entry, place: &Place, own_name: &[u8]) -> bool {
    let (name, is_utf8) = decoded(own_name);
    let name = if entry.is_folder {
        name.strip_suffix('/')
    } else {
        Some(&*name)
    };
    is_utf8 == place.is_utf8 && name == Some(&*entry.name)
}

/// A folder has its slash, as in the archive.
fn shown(entry: &Entry) -> String {
    let slash = if entry.is_folder { "/" } else { "" };
    format!("{}{slash}", entry.name.escape_debug())
}

/// Fills the buffer, if there is so much.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
