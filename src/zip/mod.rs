//! ZIP archives, read with distrust: names become paths in an image, and what one reader takes for an
//! archive must be what the next one takes for it. A directory of 200 000 entries fits into 25 MB.
//!
//! Records: <https://pkwaredownloads.blob.core.windows.net/pem/APPNOTE.txt>, sections 4.3 to 4.5.

mod contents;
mod directory;
mod end;
mod entry;
mod flaw;
mod headers;
mod name;
mod reader;
mod time;

use std::io::{Read, Seek};

pub use contents::Contents;
use entry::Method;
pub use entry::{Entry, Place, implied_folders, wrong_name};
pub use flaw::Flaw;
pub use name::Name;
pub use reader::{Reader, Section};

/// An archive whose directory was read.
pub struct Opened<R> {
    /// Reads what is in it.
    pub reader: Reader<R>,
    /// What is in it, in the directory's order.
    pub entries: Vec<Entry>,
    /// Bytes before it: a script, or nothing.
    pub prefix_bytes: u64,
    /// Where its directory begins: as much do its entries take, packed.
    pub directory_start: u64,
}

/// Opens an archive whose entries may be unpacked: no name leads out of it, nothing is encrypted, and
/// no other reader sees another archive.
///
/// # Errors
/// The first [`Flaw`].
pub fn open<R: Read + Seek>(source: R, max_entries: u64) -> Result<Opened<R>, Flaw> {
    let mut opened = open_as(source, max_entries, directory::Trust::None)?;
    headers::check(&mut opened.reader, &opened.entries, opened.directory_start)?;
    Ok(opened)
}

/// Opens an archive that is only looked into, as a library is: what names are in it is its own affair.
///
/// # Errors
/// A [`Flaw`] when its directory cannot be read.
pub fn open_to_look<R: Read + Seek>(source: R, max_entries: u64) -> Result<Opened<R>, Flaw> {
    open_as(source, max_entries, directory::Trust::Names)
}

fn open_as<R: Read + Seek>(source: R, max_entries: u64, trust: directory::Trust) -> Result<Opened<R>, Flaw> {
    let mut reader = Reader::new(source);
    let directory = end::find(&mut reader, max_entries)?;
    let entries = directory::read(&mut reader, &directory, trust)?;
    Ok(Opened {
        reader,
        entries,
        prefix_bytes: directory.prefix_bytes,
        directory_start: directory.start,
    })
}

/// Whether a name is there twice, which no folder can hold.
#[must_use]
pub fn has_duplicate_names(entries: &[Entry]) -> bool {
    let names = entry::sorted_by_name(entries);
    names.windows(2).any(|two| {
        let [one, other] = two else { return false };
        let (one, other) = (&entries[*one as usize], &entries[*other as usize]);
        one.name == other.name && one.is_folder == other.is_folder
    })
}

/// Little-endian numbers at the beginning of bytes that are long enough.
fn short(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}

fn long(bytes: &[u8]) -> u32 {
    u32::from(short(bytes)) | u32::from(short(&bytes[2..])) << 16
}

fn quad(bytes: &[u8]) -> u64 {
    u64::from(long(bytes)) | u64::from(long(&bytes[4..])) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(quad(&[1, 2, 3, 4, 5, 6, 7, 8]), 0x0807_0605_0403_0201);
    }
}
