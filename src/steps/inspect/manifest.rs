//! The main section of a manifest:
//! <https://docs.oracle.com/en/java/javase/25/docs/specs/jar/jar.html#jar-manifest>.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use super::container::Heads;
use crate::zip::Opened;

/// Its path in a JAR.
pub(super) const NAME: &str = "META-INF/MANIFEST.MF";
/// Those of signed JARs name every file.
const LARGEST_BYTES: u64 = 16 << 20;

/// Returns the bytes of a JAR's manifest, where there is one that can be read.
pub(super) fn of<R: Read + Seek>(jar: &mut Opened<R>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let entry = jar.entries.iter().find(|entry| *entry.name == *NAME)?;
    jar.reader.read_head(entry, LARGEST_BYTES, &mut bytes).ok()?;
    Some(bytes)
}

/// Attributes of the main section; their names have no case.
#[derive(Debug, Default)]
pub(super) struct Manifest(BTreeMap<String, String>);

impl Manifest {
    /// Reads a manifest. Lines that are none are passed over, as the JDK's launcher does.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for line in split_lines(bytes) {
            match (line.split_first(), lines.last_mut()) {
                // An empty line ends the section; those before the first attribute do not count.
                (None, Some(_)) => break,
                (None, None) => {}
                // Lines are folded at 72 bytes, in the middle of a character if need be.
                (Some((b' ', rest)), Some(last)) => last.extend_from_slice(rest),
                (Some(_), _) => lines.push(line.to_vec()),
            }
        }
        let attribute = |line: Vec<u8>| {
            let line = String::from_utf8_lossy(&line).into_owned();
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self(lines.into_iter().filter_map(attribute).collect())
    }

    /// Returns an attribute that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(&name.to_ascii_lowercase())
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// Lines end with CRLF, LF or CR.
fn split_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let width = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = Some(&text[end + width..]);
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_lines_are_folded() {
        let text = b"Manifest-Version: 1.0\r\nmain-class: com.exam\r\n ple.M\xc3\r\n \xa4in\r\n\r\nName: x\r\nMain-Class: no\r\n";
        let manifest = Manifest::parse(text);
        assert_eq!(manifest.get("Main-Class"), Some("com.example.Mäin"));
        assert_eq!(manifest.get("Name"), None);
    }

    #[test]
    fn every_end_of_line_will_do() {
        for end in ["\n", "\r", "\r\n"] {
            let text = format!("A: 1{end}B: 2{end} 3{end}{end}C: 4{end}");
            let manifest = Manifest::parse(text.as_bytes());
            assert_eq!(
                (manifest.get("a"), manifest.get("b"), manifest.get("c")),
                (Some("1"), Some("23"), None)
            );
        }
    }

    #[test]
    fn an_empty_attribute_is_none() {
        assert_eq!(Manifest::parse(b"Class-Path: \n").get("Class-Path"), None);
        assert_eq!(Manifest::parse(b" folded\nno colon\n").get("folded"), None);
    }
}
