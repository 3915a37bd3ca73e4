//! What the first bytes of a file say.

/// What a file begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Zip,
    Elf,
    /// A `#!` line: a script, or an archive behind one.
    Script,
    Foreign(Foreign),
}

/// What we know by sight and cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    WindowsExecutable,
    MacExecutable,
    JavaClass,
    /// What something of use may be in, with its kind.
    Compressed(&'static str),
    Text,
    Unknown,
}

const MAGIC: &[(usize, &[u8], Content)] = &[
    (0, b"PK\x03\x04", Content::Zip),
    // The end record: an archive without entries.
    (0, b"PK\x05\x06", Content::Zip),
    (0, b"\x7fELF", Content::Elf),
    (0, b"#!", Content::Script),
    (0, b"MZ", Content::Foreign(Foreign::WindowsExecutable)),
    (0, b"\xfe\xed\xfa\xce", Content::Foreign(Foreign::MacExecutable)),
    (0, b"\xfe\xed\xfa\xcf", Content::Foreign(Foreign::MacExecutable)),
    (0, b"\xce\xfa\xed\xfe", Content::Foreign(Foreign::MacExecutable)),
    (0, b"\xcf\xfa\xed\xfe", Content::Foreign(Foreign::MacExecutable)),
    (0, b"\xca\xfe\xba\xbf", Content::Foreign(Foreign::MacExecutable)),
    (
        0,
        b"\x1f\x8b",
        Content::Foreign(Foreign::Compressed("a gzip archive")),
    ),
    (
        0,
        b"BZh",
        Content::Foreign(Foreign::Compressed("a bzip2 archive")),
    ),
    (
        0,
        b"\xfd7zXZ\0",
        Content::Foreign(Foreign::Compressed("an xz archive")),
    ),
    (
        0,
        b"\x28\xb5\x2f\xfd",
        Content::Foreign(Foreign::Compressed("a Zstandard archive")),
    ),
    (
        0,
        b"7z\xbc\xaf\x27\x1c",
        Content::Foreign(Foreign::Compressed("a 7-Zip archive")),
    ),
    (
        0,
        b"!<arch>\ndebian-binary",
        Content::Foreign(Foreign::Compressed("a Debian package")),
    ),
    (
        0,
        b"\xed\xab\xee\xdb",
        Content::Foreign(Foreign::Compressed("an RPM package")),
    ),
    (
        257,
        b"ustar",
        Content::Foreign(Foreign::Compressed("a tar archive")),
    ),
];

/// Says what a file is that begins like this.
pub(super) fn recognise(head: &[u8]) -> Content {
    if let Some(rest) = head.strip_prefix(b"\xca\xfe\xba\xbe") {
        // Mach-O for several machines and Java classes share their magic number. There follows the
        // count of machines, or the minor and major version, which is 45 or more.
        let is_class = rest.get(3).is_none_or(|&major| major >= 45);
        return Content::Foreign(if is_class {
            Foreign::JavaClass
        } else {
            Foreign::MacExecutable
        });
    }
    MAGIC
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|tail| tail.starts_with(magic)))
        .map_or_else(
            || {
                Content::Foreign(if is_text(head) {
                    Foreign::Text
                } else {
                    Foreign::Unknown
                })
            },
            |&(_, _, content)| content,
        )
}

fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c' | '\x1b'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_fat_executables_are_told_apart() {
        let java_17 = b"\xca\xfe\xba\xbe\0\0\0\x3d";
        let two_machines = b"\xca\xfe\xba\xbe\0\0\0\x02";
        assert_eq!(recognise(java_17), Content::Foreign(Foreign::JavaClass));
        assert_eq!(recognise(two_machines), Content::Foreign(Foreign::MacExecutable));
    }

    #[test]
    fn a_cut_character_is_text_and_a_zero_is_not() {
        assert_eq!(
            recognise(&"Grüße ü".as_bytes()[..9]),
            Content::Foreign(Foreign::Text)
        );
        assert_eq!(recognise(b"a\0b"), Content::Foreign(Foreign::Unknown));
        assert_eq!(recognise(b"\xff\xfeabc"), Content::Foreign(Foreign::Unknown));
    }
}
