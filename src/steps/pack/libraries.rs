//! The JARs of a folder, and those beside a JAR: each of their entries must have the CRC that is
//! declared. Java opens a JAR whose middle is damaged like any other, and fails at some class. (Of
//! the JARs in an archive, the archive has a CRC of all their bytes.)

use std::{
    fs::File,
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{damaged, local_file, read_to_end};
use crate::{error::Failure, model::Artifact, zip};

/// As many as of any archive; one with more is none that Java would open gladly.
const MOST_ENTRIES: u64 = 200_000;

/// Reads all JARs of an artifact's tree to their end, until `is_over`. Blocks, as long as it takes to
/// unpack them all: to be done beside other work.
///
/// What is no JAR is passed over, as the JVM does.
///
/// # Errors
/// A [`Failure`] that names the JAR and the entry.
pub(super) fn check(artifact: &Artifact, is_over: &AtomicBool) -> Result<(), Failure> {
    let Some(tree) = &artifact.tree else {
        return Ok(());
    };
    for (index, file) in (0..).zip(&tree.files) {
        let is_main = tree.main_file.as_ref() == Some(&file.name);
        if !is_main && !is_jar(&file.name) {
            continue;
        }
        // What became of it meanwhile is said by who packs it.
        let Ok(jar) = local_file(artifact, index).and_then(|file| file.local_path.open()) else {
            continue;
        };
        check_jar(jar, is_over).map_err(|(entry, error)| {
            damaged(
                artifact,
                &format!("the entry `{entry}` of its `{}`: ", file.name),
                &error,
            )
        })?;
    }
    Ok(())
}

fn is_jar(name: &str) -> bool {
    name.strip_suffix(".jar").is_some()
}

/// Fails with the entry's name.
fn check_jar(jar: File, is_over: &AtomicBool) -> Result<(), (String, io::Error)> {
    let Ok(mut jar) = zip::open_to_look(jar, MOST_ENTRIES) else {
        return Ok(());
    };
    for entry in jar.entries.iter().filter(|entry| entry.is_readable()) {
        if is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        read_to_end(&mut jar.reader, entry)
            .map_err(|error| (entry.name.escape_debug().to_string(), error))?;
    }
    Ok(())
}
