//! A ZIP archive, opened with suspicion: names become paths in an image, so each is checked first.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::Path,
};

use tempfile::SpooledTempFile;
use zip::{ZipArchive, result::ZipError};

use super::{
    container::{Container, Heads},
    limits::Limits,
    local_headers::{self, Place},
    manifest::{self, Manifest},
    near::Near,
    refusal, zip_end,
};
use crate::{error::Failure, model::ArchiveEntry};

/// Manifests of signed JARs name every file; `web.xml` and the layers index are smaller.
const LARGEST_TEXT_BYTES: u64 = 16 << 20;
/// A nested JAR that is compressed once more has to be unpacked to be read: in memory up to the
/// first size, in a temporary file up to the second.
const NESTED_IN_MEMORY_BYTES: usize = 4 << 20;
const LARGEST_NESTED_BYTES: u64 = 256 << 20;

/// Bit 11 of an entry's flags: its name is UTF-8.
const UTF8_FLAG: u16 = 1 << 11;
/// 1980-01-01, the first day of DOS's calendar.
const EARLIEST_SECONDS: u32 = 315_532_800;
const TYPE_MASK: u32 = 0o170_000;
/// Symbolic link, socket, block device, character device, pipe. Old Maven gives folders the mode
/// -1, whose type is none at all.
const SPECIAL_TYPES: [u32; 5] = [0o120_000, 0o140_000, 0o060_000, 0o020_000, 0o010_000];

/// What a nested JAR is read from.
pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}
pub(super) type Nested<'a> = ZipArchive<Box<dyn ReadSeek + 'a>>;

/// An archive whose names are safe.
pub(super) struct Archive {
    pub(super) zip: Container,
    pub(super) file_name: String,
    pub(super) entries: Vec<ArchiveEntry>,
    /// What was seen of it so far that tells what it is.
    pub(super) evidence: Vec<String>,
}

/// Opens an archive.
///
/// # Errors
/// A [`Failure`] when it is cut short or damaged, contradicts itself, is larger than the limits, or
/// has an entry that nobody should unpack.
pub(super) fn open(
    path: &Path,
    mut file: File,
    file_name: &str,
    may_have_prefix: bool,
    limits: &Limits,
) -> Result<Archive, Failure> {
    let directory = zip_end::find(&mut file, limits.max_entries)
        .map_err(|flaw| refusal::flawed(file_name, &flaw, limits))?;
    if directory.prefix_bytes > 0 && !may_have_prefix {
        return Err(refusal::prefix(file_name, directory.prefix_bytes));
    }
    let damaged = |error| refusal::damaged(file_name, &error);
    let file = Near::new(file).map_err(|error| refusal::unreadable(path, &error))?;
    let mut zip = ZipArchive::new(file).map_err(damaged)?;
    let mut entries = Vec::with_capacity(zip.len());
    let mut places = Vec::with_capacity(zip.len());
    for index in 0..zip.len() {
        let (name, wrong) = {
            let entry = zip.by_index_data(index).map_err(damaged)?;
            let is_utf8 = entry.flags().as_u16() & UTF8_FLAG != 0;
            // Java takes names as UTF-8, whether the archive says that they are or not.
            let (name, wrong) = match std::str::from_utf8(entry.name_raw()) {
                Ok(name) => (name.to_owned(), wrong_name(name)),
                Err(_) if is_utf8 => (
                    String::from_utf8_lossy(entry.name_raw()).into_owned(),
                    Some("its name is said to be UTF-8, and is not"),
                ),
                Err(_) => {
                    let name = entry.name().map_err(damaged)?.into_owned();
                    let wrong = wrong_name(&name);
                    (name, wrong)
                }
            };
            let wrong = wrong.or_else(|| {
                let file_type = entry.unix_mode().unwrap_or_default() & TYPE_MASK;
                let is_special = SPECIAL_TYPES.contains(&file_type);
                is_special.then_some("it is a symbolic link or a device")
            });
            if wrong.is_none() && entry.encrypted() {
                return Err(refusal::encrypted(file_name, &name));
            }
            (name, wrong)
        };
        if let Some(why) = wrong {
            return Err(refusal::unsafe_entry(file_name, &name, why));
        }
        let entry = zip.by_index_raw(index).map_err(damaged)?;
        places.push(Place {
            index,
            header_at: entry.header_start(),
            data_bytes: entry.compressed_size(),
        });
        entries.push(ArchiveEntry {
            is_folder: name.ends_with('/'),
            name: name.trim_end_matches('/').to_owned(),
            index,
            size_bytes: entry.size(),
            modified_seconds: modified_seconds(&entry),
        });
    }
    limits.check(file_name, &entries, directory.start)?;
    let again = File::open(path).map_err(|error| refusal::unreadable(path, &error))?;
    local_headers::check(again, &zip, places, directory.start)
        .map_err(|contradiction| refusal::contradiction(file_name, &contradiction))?;
    Ok(Archive {
        zip: Container::Zip(zip),
        file_name: file_name.to_owned(),
        entries,
        evidence: Vec::new(),
    })
}

impl Archive {
    /// Whether a folder is there, or anything in it.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        self.entries.iter().any(|entry| {
            entry
                .name
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && entry.is_folder)
        })
    }

    pub(super) fn manifest(&mut self) -> Result<Manifest, Failure> {
        let bytes = self.read(manifest::NAME)?;
        Ok(bytes.map(|bytes| Manifest::parse(&bytes)).unwrap_or_default())
    }

    /// Returns the bytes of a small file.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let found = self.entries.iter().find(|entry| entry.name == name);
        let Some(index) = found.map(|entry| entry.index) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.zip
            .read_head(index, LARGEST_TEXT_BYTES, &mut bytes)
            .map_err(|error| refusal::damaged(&self.file_name, &error))?;
        Ok(Some(bytes))
    }

    /// Returns the files whose path begins and ends like this.
    pub(super) fn files(&self, prefix: &str, suffix: &str) -> Vec<usize> {
        self.entries
            .iter()
            .filter(|entry| !entry.is_folder)
            .filter(|entry| entry.name.starts_with(prefix) && entry.name.ends_with(suffix))
            .map(|entry| entry.index)
            .collect()
    }

    /// Opens a JAR in the archive, in place when it is stored. `None` when it is no JAR.
    pub(super) fn nested(&mut self, index: usize) -> Option<Nested<'_>> {
        let zip = match &mut self.zip {
            Container::Zip(zip) => zip,
            Container::Folder(paths) => {
                let file = File::open(paths.get(index)?).ok()?;
                return ZipArchive::new(Box::new(Near::new(file).ok()?) as Box<dyn ReadSeek>).ok();
            }
        };
        let entry = zip.by_index_data(index).ok()?;
        let is_stored = entry.compression() == zip::CompressionMethod::Stored;
        let size_bytes = entry.size();
        drop(entry);
        let mut reader: Box<dyn ReadSeek> = if is_stored {
            Box::new(Near::new(zip.by_index_seek(index).ok()?).ok()?)
        } else if size_bytes <= LARGEST_NESTED_BYTES {
            let mut unpacked = SpooledTempFile::new(NESTED_IN_MEMORY_BYTES);
            io::copy(&mut zip.by_index(index).ok()?, &mut unpacked).ok()?;
            Box::new(Near::new(unpacked).ok()?)
        } else {
            return None;
        };
        // Its entries are held in memory as well.
        zip_end::find(&mut reader, Limits::default().max_entries).ok()?;
        ZipArchive::new(reader).ok()
    }

    /// Refuses an archive that names a file twice: which of the two runs depends on the reader.
    pub(super) fn refuse_duplicates(&self) -> Result<(), Failure> {
        if self.zip.has_duplicate_names() {
            return Err(refusal::duplicates(&self.file_name));
        }
        Ok(())
    }

    pub(super) fn damaged(&self, error: &ZipError) -> Failure {
        refusal::damaged(&self.file_name, error)
    }
}

/// Says why nobody should unpack a file of this name, if so.
pub(super) fn wrong_name(name: &str) -> Option<&'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let has_drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.contains(char::is_control) {
        Some("its name has a control character")
    } else if path.starts_with('/') || has_drive {
        Some("its name is an absolute path")
    } else if path.contains('\\') {
        Some("its name has a backslash")
    } else if path.split('/').any(|part| part == "..") {
        Some("its name leads out of the archive")
    } else if path.split('/').any(|part| matches!(part, "" | ".")) {
        Some("its name is no plain path")
    } else {
        None
    }
}

/// The extended timestamp where there is one (it is in UTC), else the DOS time.
fn modified_seconds<R: Read>(entry: &zip::read::ZipFile<'_, R>) -> Option<u64> {
    let extended = entry.extra_data_fields().find_map(|field| match field {
        zip::ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    });
    if let Some(seconds) = extended {
        // Signed, by Info-ZIP's notes. Before DOS there was no ZIP: such a time is nobody's.
        let is_time = (EARLIEST_SECONDS..=i32::MAX.unsigned_abs()).contains(&seconds);
        return is_time.then_some(u64::from(seconds));
    }
    let dos = entry.last_modified()?;
    let field = |number: u8| i8::try_from(number).ok();
    let civil = jiff::civil::DateTime::new(
        i16::try_from(dos.year()).ok()?,
        field(dos.month())?,
        field(dos.day())?,
        field(dos.hour())?,
        field(dos.minute())?,
        field(dos.second())?,
        0,
    );
    let utc = civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(utc.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nobody_should_unpack() {
        for name in [
            "../a", "a/../b", "/a", "C:/a", "c:a", "a\\b", "a\0b", "a\nb", "", "/", "a//b", "./a", "..",
        ] {
            assert!(wrong_name(name).is_some(), "{name}");
        }
        for name in ["a", "a/b/", "a..b", "META-INF/x:y", "ä/ü.class", "...", "a b"] {
            assert!(wrong_name(name).is_none(), "{name}");
        }
    }
}
