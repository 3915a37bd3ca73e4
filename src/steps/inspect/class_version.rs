//! Which Java an archive needs, by the versions of its class files:
//! <https://docs.oracle.com/javase/specs/jvms/se25/html/jvms-4.html#jvms-4.1>.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek},
};

use zip::{ZipArchive, result::ZipError};

use super::{
    archive::Archive,
    container::{Heads, Magic},
    near::Near,
};
use crate::error::Failure;

/// The releases that base images are made of.
const LONG_TERM: [u32; 5] = [8, 11, 17, 21, 25];
/// Class files of Java 1.1 are version 45, and each release has added one.
const BEFORE_JAVA_1: u16 = 44;
/// Enough classes of a nested JAR to know what most of them are.
const SAMPLE: usize = 32;

/// Returns the lowest Java that runs all of the archive's own classes, and most of each nested
/// JAR's: libraries carry classes for newer releases that they load only there.
///
/// # Errors
/// A [`Failure`] when a class cannot be read.
pub(super) fn lowest_java(archive: &mut Archive, own: &[usize], jars: &[usize]) -> Result<u32, Failure> {
    let mut highest = 0;
    // The archive's own file, class or JAR, that asks for the most.
    let mut newest = None;
    let mut magic = Magic::new();
    for &index in own {
        let counts = is_counted(archive.entries[index].name.as_bytes());
        if counts {
            let major = major_version(&mut archive.zip, index, &mut magic);
            let major = major.map_err(|error| archive.damaged(&error))?.unwrap_or(0);
            if major > highest {
                (highest, newest) = (major, Some(index));
            }
        }
    }
    for &index in jars {
        // What is no JAR has no say; nor has one that is damaged, since Java may never open it.
        let usual = archive.nested(index).and_then(|mut jar| usual_version(&mut jar));
        if let Some(major) = usual.filter(|&major| major > highest) {
            (highest, newest) = (major, Some(index));
        }
    }
    if let Some(index) = newest {
        let name = &archive.entries[index].name;
        let java = java_of(highest);
        let line = format!("the newest class files are of Java {java}: {name}");
        archive.evidence.push(line);
    }
    Ok(release(highest))
}

/// Returns the lowest Java that runs most classes of a JAR; `None` where it is none or has none.
pub(super) fn usual_java(jar: File) -> Option<u32> {
    let mut jar = ZipArchive::new(Near::new(jar).ok()?).ok()?;
    usual_version(&mut jar).map(release)
}

fn java_of(major: u16) -> u32 {
    u32::from(major.saturating_sub(BEFORE_JAVA_1))
}

/// Returns the lowest Java that runs class files of this version; above the long-term releases the
/// exact one.
fn release(major: u16) -> u32 {
    let release = java_of(major);
    let long_term = LONG_TERM.into_iter().find(|&lts| lts >= release);
    long_term.unwrap_or(release)
}

/// Returns the version that most classes of a JAR have; the lower one of two.
fn usual_version<R: Read + Seek>(jar: &mut ZipArchive<R>) -> Option<u16> {
    let classes: Vec<usize> = jar
        .file_names_raw()
        .enumerate()
        .filter(|(_, name)| is_counted(name))
        .map(|(index, _)| index)
        .collect();
    let mut votes = BTreeMap::new();
    let mut magic = Magic::new();
    for &index in classes.iter().step_by(classes.len().div_ceil(SAMPLE).max(1)) {
        if let Ok(Some(major)) = major_version(jar, index, &mut magic) {
            *votes.entry(major).or_insert(0_u32) += 1;
        }
    }
    let most = votes.values().copied().max()?;
    votes
        .into_iter()
        .find(|&(_, count)| count == most)
        .map(|(major, _)| major)
}

/// `META-INF/versions` holds classes for newer releases, and only Java 9 looks at `module-info`.
fn is_counted(name: &[u8]) -> bool {
    const VERSIONS: &[u8] = b"META-INF/versions/";
    name.ends_with(b".class")
        && !name.ends_with(b"module-info.class")
        && !name.windows(VERSIONS.len()).any(|part| part == VERSIONS)
}

/// Returns `None` for what is no class file.
fn major_version(zip: &mut impl Heads, index: usize, magic: &mut Magic) -> Result<Option<u16>, ZipError> {
    zip.read_magic(index, magic)?;
    Ok(match magic.bytes[..] {
        [0xca, 0xfe, 0xba, 0xbe, _, _, high, low] => Some(u16::from_be_bytes([high, low])),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts() {
        assert!(is_counted(b"BOOT-INF/classes/a/B.class"));
        for name in [
            "a/B.java",
            "module-info.class",
            "BOOT-INF/classes/module-info.class",
            "META-INF/versions/21/a/B.class",
            "BOOT-INF/classes/META-INF/versions/21/a/B.class",
        ] {
            assert!(!is_counted(name.as_bytes()), "{name}");
        }
    }
}
