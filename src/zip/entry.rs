//! An entry of an archive, and which names are no safe paths.

use super::Name;

/// Linux takes no longer path, and no reader should hold more of one: `PATH_MAX`, less the folders
/// that it is unpacked into.
const LONGEST_NAME_BYTES: usize = 3 << 10;

/// A file or folder in an archive, or in a tree that is treated as one. Its name is relative and
/// without `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the archive, without the slash at a folder's end.
    pub name: Name,
    /// Its uncompressed size, as the archive says.
    pub size_bytes: u64,
    /// Where its bytes are; `None` for what is no archive's.
    pub place: Option<Place>,
    /// Its place in the archive's central directory; in a tree, a file's place among its files. In
    /// both, its place among the entries.
    pub index: u32,
    /// Seconds since 1970, where the archive says so; a DOS time is taken as UTC.
    pub modified_seconds: Option<u32>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl Entry {
    /// Whether its bytes can be read here: they are packed in a way that Java knows too, and not
    /// encrypted.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        let place = self.place.as_ref();
        place.is_some_and(|place| place.method != Method::Other)
    }
}

/// Where the bytes of an entry are, and what they must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the header before them begins, in the file.
    pub(super) header_at: u64,
    /// How many they are, packed.
    pub(super) packed_bytes: u64,
    /// CRC-32 of them, unpacked.
    pub(super) crc: u32,
    /// How they are packed.
    pub(super) method: Method,
    /// Whether the name is in UTF-8, and not in DOS's code page.
    pub(super) is_utf8: bool,
}

impl Place {
    /// Whether the bytes lie there as they are.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.method == Method::Stored
    }
}

/// How bytes are packed; Java knows these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Not at all.
    Stored,
    /// RFC 1951.
    Deflated,
    /// In any other way, or encrypted: so nothing can be read here.
    Other,
}

/// Says why nobody should unpack a file of this name, if so.
#[must_use]
pub fn wrong_name(name: &str) -> Option<&'static str> {
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
    } else if path.len() > LONGEST_NAME_BYTES {
        Some("its name is longer than a path may be")
    } else {
        None
    }
}

/// Returns the entries' places, sorted by name.
pub(super) fn sorted_by_name(entries: &[Entry]) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..).take(entries.len()).collect();
    sorted.sort_unstable_by(|&a, &b| entries[a as usize].name.cmp(&entries[b as usize].name));
    sorted
}

/// Counts the folders that names say there are. A few long names may say so of millions.
#[must_use]
pub fn implied_folders(entries: &[Entry]) -> u64 {
    let mut count = 0;
    let mut before = "";
    for index in sorted_by_name(entries) {
        let name = &*entries[index as usize].name;
        // Sorted, all that is in one folder is together.
        let same = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        let same = same.count();
        count += name.bytes().skip(same).filter(|&byte| byte == b'/').count() as u64;
        before = name;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<Entry> {
        let entry = |name: &&str| Entry {
            name: (*name).into(),
            size_bytes: 0,
            place: None,
            index: 0,
            modified_seconds: None,
            is_folder: false,
        };
        names.iter().map(entry).collect()
    }

    #[test]
    fn names_that_nobody_should_unpack() {
        let long = "a/".repeat(LONGEST_NAME_BYTES);
        for name in [
            "../a", "a/../b", "/a", "C:/a", "c:a", "a\\b", "a\0b", "a\nb", "", "/", "a//b", "./a", "..",
            &long,
        ] {
            assert!(wrong_name(name).is_some(), "{name}");
        }
        for name in ["a", "a/b/", "a..b", "META-INF/x:y", "ä/ü.class", "...", "a b"] {
            assert!(wrong_name(name).is_none(), "{name}");
        }
    }

    #[test]
    fn folders_are_counted_once() {
        for (names, count) in [
            (&["a"][..], 0),
            (&["a/b", "a-b/c", "a/c", "a/d/e", "a/d/f"], 3),
            (&["a/b/c/d", "a/b/x/d"], 4),
            (&["ab/c", "a/c"], 2),
        ] {
            assert_eq!(implied_folders(&named(names)), count, "{names:?}");
        }
    }
}
