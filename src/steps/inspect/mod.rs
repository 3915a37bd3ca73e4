//! Finds out what a file or folder is, by content. Local, no network; what we cannot run is refused here,
//! before anything is made in the cluster.

mod archive;
mod class_path;
mod class_version;
mod container;
mod content;
mod elf;
mod elf_arm;
mod elf_dynamic;
mod folder;
mod jar;
mod jar_notes;
mod jar_tree;
mod limits;
mod manifest;
mod reach;
#[doc(hidden)]
pub mod readers;
mod refusal;
mod refusal_tree;
mod servlet;
mod walk;
mod war;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::{
    error::Failure,
    model::{ArchiveEntry, Artifact, ArtifactKind, JarLayout, RealPath},
    oci::{Digest, Hasher},
};
use archive::Archive;
use content::Content;
pub use limits::Limits;

/// How much of a file's beginning tells its kind: a tar's magic number is 257 bytes in.
const HEAD_BYTES: u64 = 8 << 10;
const READ_BYTES: usize = 256 << 10;

/// Says what the file or folder at `path` is, within the usual limits.
///
/// # Errors
/// As [`run_within`].
pub fn run(path: &Path) -> Result<Artifact, Failure> {
    run_within(path, &Limits::default())
}

/// Says what the file or folder at `path` is. Blocks: it reads every file once, for the digest.
///
/// # Errors
/// A [`Failure`] that names what it is, when it is nothing that we can run.
pub fn run_within(path: &Path, limits: &Limits) -> Result<Artifact, Failure> {
    if path.is_dir() {
        return folder::inspect(path, limits);
    }
    let artifact = file(path, limits)?;
    match &artifact.kind {
        ArtifactKind::Jar(jar) => match jar.layout {
            // The starter alone starts nothing.
            JarLayout::Quarkus { .. } => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new("."));
                jar_tree::ensure_quarkus_is_whole(folder, &artifact.file_name)?;
                folder::of_quarkus(folder, &artifact.file_name, limits)
            }
            // Unpacked; and what is packed in it may well have been named beside it once.
            JarLayout::SpringBoot { .. } => Ok(artifact),
            JarLayout::Plain | JarLayout::SpringBoot1 { .. } => {
                jar_tree::with_libraries(path, artifact, limits)
            }
        },
        ArtifactKind::War(_) | ArtifactKind::Elf(_) => Ok(artifact),
    }
}

/// Returns the name of a file or folder, also of `.`.
fn name_of(path: &Path) -> String {
    let whole = path.file_name().is_none().then(|| path.canonicalize().ok());
    let whole = whole.flatten();
    let name = path.file_name().or(whole.as_deref().and_then(Path::file_name));
    name.unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn file(path: &Path, limits: &Limits) -> Result<Artifact, Failure> {
    let file_name = name_of(path);
    let (real, mut file, metadata) = open(path, &file_name)?;
    let mut head = Vec::new();
    file.by_ref()
        .take(HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(|error| refusal::unreadable(path, &error))?;
    let content = content::recognise(&head);

    let is_refused = AtomicBool::new(false);
    let (recognised, digest) = thread::scope(|scope| {
        // Hashing takes longer than looking, so it goes on at the same time.
        let hashing = scope.spawn(|| digest_of(&real, &is_refused));
        let recognised = look_inside(path, file, content, &file_name, limits);
        is_refused.store(recognised.is_err(), Ordering::Relaxed);
        (recognised, hashing.join())
    });
    let inside = recognised?;
    let digest = digest
        .unwrap_or_else(|_| Err(io::Error::other("the thread that hashes has panicked")))
        .map_err(|error| refusal::unreadable(path, &error))?;
    Ok(Artifact {
        named_after: file_name.clone(),
        file_name,
        local_path: real,
        local_modified: metadata.modified().ok(),
        size_bytes: metadata.len(),
        digest,
        kind: inside.kind,
        evidence: inside.evidence,
        notes: inside.notes,
        entries: inside.entries,
        tree: None,
    })
}

/// What was found in a file.
struct Inside {
    kind: ArtifactKind,
    evidence: Vec<String>,
    notes: Vec<String>,
    entries: Vec<ArchiveEntry>,
}

/// Opens the artifact. The person named it, so it may be a link that leads anywhere.
fn open(path: &Path, file_name: &str) -> Result<(RealPath, File, fs::Metadata), Failure> {
    let unreadable = |error: io::Error| refusal::unreadable(path, &error);
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(refusal::special_file(path));
    }
    let real = RealPath::of(path).map_err(unreadable)?;
    let file = real.open().map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.len() == 0 {
        return Err(refusal::empty(file_name));
    }
    Ok((real, file, metadata))
}

fn look_inside(
    path: &Path,
    file: File,
    content: Content,
    file_name: &str,
    limits: &Limits,
) -> Result<Inside, Failure> {
    let mut archive = match content {
        Content::Elf => {
            let elf = elf::inspect(file, file_name)?;
            return Ok(Inside {
                kind: ArtifactKind::Elf(elf.facts),
                evidence: elf.evidence,
                notes: Vec::new(),
                entries: Vec::new(),
            });
        }
        Content::Foreign(foreign) => return Err(refusal::foreign(path, file_name, foreign)),
        Content::Zip => archive::open(file, file_name, false, limits)?,
        // Spring Boot's "fully executable" JAR begins with a shell script.
        Content::Script => archive::open(file, file_name, true, limits)
            .map_err(|failure| refusal::behind_script(path, file_name, failure))?,
    };
    let kind = of_archive(&mut archive)?;
    let notes = jar_notes::of(&archive, &kind, false);
    Ok(Inside {
        kind,
        evidence: archive.evidence,
        notes,
        entries: archive.entries,
    })
}

/// Says what an archive is, packed or not.
fn of_archive(archive: &mut Archive) -> Result<ArtifactKind, Failure> {
    let manifest = archive.manifest()?;
    if archive.has_folder("WEB-INF") && !archive.has_folder("BOOT-INF") {
        war::inspect(archive, &manifest)
    } else {
        jar::inspect(archive, &manifest)
    }
}

fn digest_of(path: &RealPath, is_refused: &AtomicBool) -> io::Result<Digest> {
    let mut file = path.open()?;
    let mut buffer = vec![0; READ_BYTES];
    let mut hasher = Hasher::default();
    while !is_refused.load(Ordering::Relaxed) {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finish())
}
