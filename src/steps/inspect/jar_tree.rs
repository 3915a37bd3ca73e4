//! JARs that are not alone: thin ones with a `Class-Path`, and Quarkus' folder.

use std::path::Path;

use super::{
    Limits, archive, class_path,
    class_version::{lowest_java, usual_java},
    reach::Reach,
    refusal, refusal_tree as refused,
    walk::{self, Found},
};
use crate::{
    error::Failure,
    model::{ArchiveEntry, Artifact, ArtifactKind, JarFacts, JarLayout},
};

/// Where Quarkus keeps what its starter reads first.
const QUARKUS_APPLICATION: &str = "quarkus/quarkus-application.dat";
const QUARKUS_STARTER: &str = "lib/boot/io.quarkus.quarkus-bootstrap-runner-";

/// Resolves the `Class-Path` of a JAR in a folder, and raises the Java that is needed to what the
/// libraries need.
///
/// # Errors
/// A [`Failure`] when it names what is not there or cannot be taken along.
pub(super) fn resolve(
    reach: &Reach,
    entries: &[ArchiveEntry],
    facts: &mut JarFacts,
    notes: &mut Vec<String>,
    limits: &Limits,
) -> Result<Vec<Found>, Failure> {
    let is_inside = |name: &str| is_merged(entries, name);
    let resolved = class_path::resolve(reach, &facts.class_path, is_inside)?;
    let file_name = reach.main_jar.rsplit('/').next().unwrap_or(&reach.main_jar);
    match &resolved.missing[..] {
        [] => {}
        missing if limits.may_lack_libraries => notes.push(format!(
            "the Class-Path of {file_name} names what is not there, and stays out: {}",
            missing.join(", ")
        )),
        missing => return Err(refused::class_path_missing(file_name, missing)),
    }
    if resolved.names_own_folder {
        notes.push(format!(
            "the Class-Path of {file_name} names its own folder, of which only what is named otherwise is taken; \
             give the folder to take all of it"
        ));
    }
    if !reach.is_given && !resolved.no_archives.is_empty() {
        notes.push(format!(
            "the Class-Path of {file_name} names what is no archive, which Java passes over, and stays out: {}",
            resolved.no_archives.join(", ")
        ));
    }
    if !reach.is_given && !resolved.folders.is_empty() {
        notes.push(format!(
            "the Class-Path of {file_name} names folders, which go into the image with all that is not hidden \
             in them: {}",
            resolved.folders.join(", ")
        ));
    }
    for library in resolved.found.iter().filter(|found| !found.is_folder) {
        let java = library.real.open().ok().and_then(usual_java);
        facts.java = facts.java.max(java.unwrap_or(0));
    }
    Ok(resolved.found)
}

/// Whether a library was merged into the JAR, which then needs no file of that name: Maven's Shade
/// leaves the `Class-Path` as it was. `lib/commons-lang3-3.17.0.jar` is known by the
/// `META-INF/maven/org.apache.commons/commons-lang3/` that comes with it.
fn is_merged(entries: &[ArchiveEntry], name: &str) -> bool {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    entries.iter().any(|entry| {
        let below = entry.name.strip_prefix("META-INF/maven/").unwrap_or_default();
        let mut parts = below.split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(_group), Some(artifact), Some("pom.properties" | "pom.xml")) => file_name
                .strip_prefix(artifact)
                .is_some_and(|rest| rest == ".jar" || rest.starts_with('-')),
            _ => false,
        }
    })
}

/// Adds to a JAR that was given alone, at this path, what its `Class-Path` names.
///
/// # Errors
/// As [`resolve`].
pub(super) fn with_libraries(path: &Path, artifact: Artifact, limits: &Limits) -> Result<Artifact, Failure> {
    let ArtifactKind::Jar(facts) = &artifact.kind else {
        return Ok(artifact);
    };
    let mut facts = facts.clone();
    let reach = Reach::beside(path, &artifact.file_name, &facts.class_path)?;
    let mut notes = artifact.notes.clone();
    let mut found = resolve(&reach, &artifact.entries, &mut facts, &mut notes, limits)?;
    let kind = ArtifactKind::Jar(facts);
    if found.is_empty() {
        return Ok(Artifact {
            kind,
            notes,
            ..artifact
        });
    }
    let metadata = artifact.local_path.metadata();
    let metadata = metadata.map_err(|error| refusal::unreadable(path, &error))?;
    let main_file = reach.main_jar;
    found.push(Found::new(
        main_file.clone(),
        artifact.local_path.clone(),
        &metadata,
    ));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    for file in &mut found {
        // They were named for the JVM, which executes none of them.
        file.is_executable = false;
    }
    let (tree, entries) = walk::tree(&reach.folder, &found, Some(&main_file))?;
    Ok(Artifact {
        size_bytes: tree.size_bytes(),
        digest: tree.digest(),
        kind,
        notes,
        entries,
        tree: Some(tree),
        ..artifact
    })
}

/// # Errors
/// A [`Failure`] when the starter of Quarkus lies there without the rest of its folder.
pub(super) fn ensure_quarkus_is_whole(folder: &Path, main_file: &str) -> Result<(), Failure> {
    for missing in ["app", "lib/boot", "lib/main", QUARKUS_APPLICATION] {
        if !folder.join(missing).exists() {
            return Err(refused::quarkus_incomplete(main_file, missing));
        }
    }
    Ok(())
}

/// Raises the Java that a Quarkus folder needs to what its JARs need, and finds its version.
/// Returns the name of the application's JAR, where it is one.
///
/// # Errors
/// A [`Failure`] when a JAR of the application cannot be read.
pub(super) fn quarkus_java(
    folder: &Path,
    found: &[Found],
    facts: &mut JarFacts,
    limits: &Limits,
) -> Result<Option<String>, Failure> {
    let mut own = Vec::new();
    for file in found {
        let Some(stem) = file.name.strip_suffix(".jar") else {
            continue;
        };
        let jar = file.real.open();
        let jar = jar.map_err(|error| refusal::unreadable(&folder.join(&file.name), &error))?;
        let java = if let Some(name) = file.name.strip_prefix("app/") {
            own.push(name.to_owned());
            let mut archive = archive::open(jar, &file.name, false, limits)?;
            let classes = archive.files("", ".class");
            lowest_java(&mut archive, &classes, &[])?
        } else {
            usual_java(jar).unwrap_or(0)
        };
        facts.java = facts.java.max(java);
        if let Some(version) = stem.strip_prefix(QUARKUS_STARTER) {
            facts.layout = JarLayout::Quarkus {
                version: Some(version.to_owned()),
            };
        }
    }
    let one = if own.len() == 1 { own.pop() } else { None };
    Ok(one)
}
