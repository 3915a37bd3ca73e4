//! Folders as artifacts: an unpacked WAR or Spring Boot JAR, Quarkus' `quarkus-app`, or one JAR or
//! executable with the files that it wants beside it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use super::{
    HEAD_BYTES, Limits,
    archive::{self, Archive},
    container::Container,
    content::{self, Content, Foreign},
    elf, jar_notes, jar_tree,
    manifest::{self, Manifest},
    name_of, of_archive,
    reach::Reach,
    refusal, refusal_tree as refused,
    walk::{self, Found},
};
use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, JarLayout, RealPath},
    zip::Opened,
};

/// What Quarkus' build writes beside its starter.
const QUARKUS_PARTS: [&str; 4] = ["app", "lib", "quarkus", "quarkus-app-dependencies.txt"];

/// Says what a folder is.
///
/// # Errors
/// A [`Failure`] when nothing or more than one thing in it can be run, or something in it cannot be
/// in an image.
pub(super) fn inspect(folder: &Path, limits: &Limits) -> Result<Artifact, Failure> {
    let found = walk::walk(folder)?;
    if found.is_empty() {
        return Err(refused::empty_folder(folder));
    }
    let has = |name: &str| found.iter().any(|found| found.name == name);
    if has("WEB-INF") || has("BOOT-INF") && has(manifest::NAME) {
        return unpacked(folder, found);
    }
    let mut candidates = Vec::new();
    let mut seen = Vec::new();
    for file in found
        .iter()
        .filter(|found| !found.is_folder && !found.name.contains('/'))
    {
        match look_at(&file.real) {
            Top::Nothing => {}
            Top::Refused(why) => seen.push(format!("{}: {why}", file.name)),
            candidate => candidates.push((file.name.clone(), candidate)),
        }
    }
    match &candidates[..] {
        [] => {
            let better = ["quarkus-app", "build/quarkus-app", "target/quarkus-app"];
            let better = better
                .iter()
                .find(|name| has(&format!("{name}/quarkus-run.jar")))
                .map(|name| folder.join(name));
            Err(refused::nothing_to_run(folder, &seen, better.as_deref()))
        }
        [(name, Top::War)] => Err(refused::only_a_war(folder, name)),
        [(name, Top::Jar)] => jar(folder, &found, name, limits),
        [(name, _)] => executable(folder, &found, name),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(refused::several(folder, &names))
        }
    }
}

/// What a file at the folder's top is.
enum Top {
    Jar,
    War,
    Executable,
    /// Somebody may have meant it to be run; with why it cannot be.
    Refused(String),
    /// A file as there are beside programs.
    Nothing,
}

/// Looks at no more of a file than tells whether it is meant to be run.
fn look_at(path: &RealPath) -> Top {
    let read = || {
        let mut file = path.open().ok()?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).ok()?;
        Some((file, head))
    };
    let Some((file, head)) = read() else {
        return Top::Refused("it cannot be read".to_owned());
    };
    match content::recognise(&head) {
        Content::Elf => match elf::inspect(file, "") {
            Ok(_) => Top::Executable,
            Err(failure) => Top::Refused(failure.why),
        },
        Content::Zip | Content::Script => match archive::library(file) {
            Some(zip) => look_into(zip),
            None if head.starts_with(b"#!") => Top::Nothing,
            None => Top::Refused("it is a damaged ZIP archive".to_owned()),
        },
        Content::Foreign(Foreign::WindowsExecutable) => {
            Top::Refused("it is a Windows executable (PE)".to_owned())
        }
        Content::Foreign(Foreign::MacExecutable) => {
            Top::Refused("it is a macOS executable (Mach-O)".to_owned())
        }
        Content::Foreign(_) => Top::Nothing,
    }
}

fn look_into(mut zip: Opened<File>) -> Top {
    let is_in = |folder: &str| zip.entries.iter().any(|entry| is_below(&entry.name, folder));
    let is_web = is_in("WEB-INF") && !is_in("BOOT-INF");
    let has_meta = is_in("META-INF");
    // A damaged one names nothing.
    let text = manifest::of(&mut zip).unwrap_or_default();
    match Manifest::parse(&text).get("Main-Class") {
        _ if is_web => Top::War,
        Some(_) => Top::Jar,
        None if has_meta => Top::Refused("it is a library: its manifest names no Main-Class".to_owned()),
        None => Top::Nothing,
    }
}

fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A WAR or a Spring Boot JAR, unpacked.
fn unpacked(folder: &Path, mut found: Vec<Found>) -> Result<Artifact, Failure> {
    // Whatever reads them does not execute them; and the zipped one knows no modes either.
    for file in &mut found {
        file.is_executable = false;
    }
    let file_name = name_of(folder);
    let files = found.iter().filter(|found| !found.is_folder);
    let mut archive = Archive {
        container: Container::Folder(files.map(|file| file.real.clone()).collect()),
        file_name: file_name.clone(),
        entries: walk::entries(&found),
        evidence: Vec::new(),
    };
    let kind = of_archive(&mut archive)?;
    let mut artifact = artifact(folder, &found, kind, None, file_name)?;
    artifact.evidence = archive.evidence;
    Ok(artifact)
}

/// Says what the folder is in which this starter of Quarkus lies. The person gave that one file, so
/// what may lie beside it of others stays out.
///
/// # Errors
/// As [`inspect`].
pub(super) fn of_quarkus(folder: &Path, main_file: &str, limits: &Limits) -> Result<Artifact, Failure> {
    let is_part = |first: &str| first == main_file || QUARKUS_PARTS.contains(&first);
    let found = walk::walk_parts(folder, |name| is_part(name.split('/').next().unwrap_or(name)))?;
    let mut artifact = jar(folder, &found, main_file, limits)?;
    let others = fs::read_dir(folder).map_err(|error| refusal::unreadable(folder, &error))?;
    let others = others.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut others: Vec<String> = others.filter(|name| !is_part(name)).collect();
    if !others.is_empty() {
        others.sort();
        artifact.notes.push(format!(
            "what is beside {main_file} and not of Quarkus stays out ({}); give the folder to take all of it",
            others.join(", ").escape_debug()
        ));
    }
    Ok(artifact)
}

/// One JAR that runs, and what it wants beside it.
fn jar(folder: &Path, found: &[Found], main_file: &str, limits: &Limits) -> Result<Artifact, Failure> {
    let file = open(folder, found, main_file)?;
    let mut archive = archive::open(file, main_file, true, limits)?;
    let mut kind = of_archive(&mut archive)?;
    let mut named_after = main_file.to_owned();
    let mut notes = jar_notes::of(&archive, &kind, true);
    if let ArtifactKind::Jar(facts) = &mut kind {
        let is_quarkus = matches!(facts.layout, JarLayout::Quarkus { .. });
        if is_quarkus {
            jar_tree::ensure_quarkus_is_whole(folder, main_file)?;
        }
        let reach = Reach::of_folder(folder, main_file)?;
        jar_tree::resolve(&reach, &archive.entries, facts, &mut notes, limits)?;
        if is_quarkus {
            let own = jar_tree::quarkus_java(folder, found, facts, limits)?;
            named_after = own.unwrap_or_else(|| name_of(folder));
        }
    }
    let mut artifact = artifact(folder, found, kind, Some(main_file), named_after)?;
    artifact.notes = notes;
    artifact.evidence = archive.evidence;
    Ok(artifact)
}

fn open(folder: &Path, found: &[Found], name: &str) -> Result<File, Failure> {
    let file = found.iter().find(|file| file.name == name);
    let opened = file.map_or(Err(io::ErrorKind::NotFound.into()), |file| file.real.open());
    opened.map_err(|error| refusal::unreadable(&folder.join(name), &error))
}

/// One executable, and the files that it wants beside it.
fn executable(folder: &Path, found: &[Found], main_file: &str) -> Result<Artifact, Failure> {
    let file = open(folder, found, main_file)?;
    let elf = elf::inspect(file, main_file)?;
    let kind = ArtifactKind::Elf(elf.facts);
    let mut artifact = artifact(folder, found, kind, Some(main_file), main_file.to_owned())?;
    artifact.evidence = elf.evidence;
    Ok(artifact)
}

fn artifact(
    folder: &Path,
    found: &[Found],
    kind: ArtifactKind,
    main_file: Option<&str>,
    named_after: String,
) -> Result<Artifact, Failure> {
    let (tree, entries) = walk::tree(folder, found, main_file)?;
    let local_path = RealPath::of(folder).map_err(|error| refusal::unreadable(folder, &error))?;
    Ok(Artifact {
        file_name: name_of(folder),
        named_after,
        local_path,
        // Each of its files has its own.
        local_modified: None,
        size_bytes: tree.size_bytes(),
        digest: tree.digest(),
        kind,
        evidence: Vec::new(),
        notes: Vec::new(),
        entries,
        tree: Some(tree),
    })
}
