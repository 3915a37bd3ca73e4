//! What a person should know of a JAR that can be run all the same.

use super::{archive::Archive, jar::LAST_JAVA_OF_BOOT_1};
use crate::model::{ArtifactKind, JarLayout};

/// Returns notes on an archive; `has_others_beside` when it is a part of a folder.
pub(super) fn of(archive: &Archive, kind: &ArtifactKind, has_others_beside: bool) -> Vec<String> {
    let ArtifactKind::Jar(facts) = kind else {
        return Vec::new();
    };
    let note = match &facts.layout {
        JarLayout::SpringBoot { .. } if has_others_beside => Some(format!(
            "{} runs packed, in one layer, since other files are beside it; give it alone to have it in layers",
            archive.file_name
        )),
        JarLayout::SpringBoot { .. } if is_signed(archive) => Some(
            "it is signed, and runs unpacked: Java checks the signatures of the JARs in it, not of its own classes"
                .to_owned(),
        ),
        layout @ JarLayout::SpringBoot1 { .. } => Some(format!(
            "{layout} runs on Java {LAST_JAVA_OF_BOOT_1} only: on a newer one it ends at once, without an error"
        )),
        JarLayout::SpringBoot { .. } | JarLayout::Plain | JarLayout::Quarkus { .. } => None,
    };
    note.into_iter().collect()
}

/// <https://docs.oracle.com/en/java/javase/25/docs/specs/jar/jar.html#signature-file>
fn is_signed(archive: &Archive) -> bool {
    let mut names = archive.entries.iter().map(|entry| &*entry.name);
    names.any(|name| {
        let name = name.strip_prefix("META-INF/");
        name.is_some_and(|name| name.strip_suffix(".SF").is_some())
    })
}
