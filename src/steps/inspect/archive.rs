//! A ZIP archive, opened with suspicion: names become paths in an image, so each is checked first.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read, Seek},
};

use zip::{ZipArchive, result::ZipError};

use super::{
    container::{Container, Heads},
    manifest::{self, Manifest},
    refusal,
};
use crate::{error::Failure, model::ArchiveEntry};

/// More entries than any application has; the JDK's own `jimage` has 30 000.
const MOST_ENTRIES: usize = 200_000;
/// Manifests of signed JARs name every file; `web.xml` and the layers index are smaller.
const LARGEST_TEXT_BYTES: u64 = 16 << 20;
/// A nested JAR that is compressed once more has to be held in memory to be read.
const LARGEST_NESTED_BYTES: u64 = 256 << 20;

const FOLDER_TYPE: u32 = 0o040_000;
const FILE_TYPE: u32 = 0o100_000;
const TYPE_MASK: u32 = 0o170_000;

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
/// A [`Failure`] when it is cut short or damaged, or has an entry that nobody should unpack.
pub(super) fn open(file: File, file_name: &str) -> Result<Archive, Failure> {
    let damaged = |error| refusal::damaged(file_name, &error);
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if zip.len() > MOST_ENTRIES {
        return Err(refusal::too_many_entries(file_name, zip.len(), MOST_ENTRIES));
    }
    let mut entries = Vec::with_capacity(zip.len());
    for index in 0..zip.len() {
        let (name, is_encrypted, wrong) = {
            let entry = zip.by_index_data(index).map_err(damaged)?;
            // Java takes names as UTF-8, whether the archive says that they are or not.
            let name = match std::str::from_utf8(entry.name_raw()) {
                Ok(name) => name.to_owned(),
                Err(_) => entry.name().map_err(damaged)?.into_owned(),
            };
            let wrong = wrong_name(&name).or_else(|| {
                let file_type = entry.unix_mode().unwrap_or_default() & TYPE_MASK;
                let is_plain = matches!(file_type, 0 | FILE_TYPE | FOLDER_TYPE);
                (!is_plain).then_some("it is a symbolic link or a device")
            });
            (name, entry.encrypted(), wrong)
        };
        if let Some(why) = wrong {
            return Err(refusal::unsafe_entry(file_name, &name, why));
        }
        if is_encrypted {
            return Err(refusal::encrypted(file_name, &name));
        }
        let entry = zip.by_index_raw(index).map_err(damaged)?;
        entries.push(ArchiveEntry {
            is_folder: name.ends_with('/'),
            name: name.trim_end_matches('/').to_owned(),
            index,
            size_bytes: entry.size(),
            modified_seconds: modified_seconds(&entry),
        });
    }
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
                return ZipArchive::new(Box::new(BufReader::new(file)) as Box<dyn ReadSeek>).ok();
            }
        };
        let entry = zip.by_index_data(index).ok()?;
        let is_stored = entry.compression() == zip::CompressionMethod::Stored;
        let size_bytes = entry.size();
        drop(entry);
        let reader: Box<dyn ReadSeek> = if is_stored {
            Box::new(BufReader::new(zip.by_index_seek(index).ok()?))
        } else if size_bytes <= LARGEST_NESTED_BYTES {
            let mut bytes = Vec::new();
            zip.by_index(index).ok()?.read_to_end(&mut bytes).ok()?;
            Box::new(Cursor::new(bytes))
        } else {
            return None;
        };
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
        return Some(u64::from(seconds)).filter(|&seconds| seconds > 0);
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
