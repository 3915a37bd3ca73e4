//! Walks a folder: what of it goes into an image, and nothing from around it.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{digest_of, refusal, refusal_tree as refused};
use crate::{
    error::Failure,
    model::{ArchiveEntry, LocalFile, LocalTree},
    zip::wrong_name,
};

/// As many as of an archive.
const MOST_FILES: usize = 200_000;
/// The work of version control and of macOS' Finder, never of a build.
const LEFT_OUT: [&str; 4] = [".git", ".svn", ".hg", ".DS_Store"];

/// A file or folder that was found.
pub(super) struct Found {
    /// Path below the folder that was walked, with `/`.
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) size_bytes: u64,
    pub(super) is_executable: bool,
    pub(super) modified: Option<SystemTime>,
}

impl Found {
    pub(super) fn new(name: String, metadata: &Metadata) -> Self {
        Self {
            name,
            is_folder: metadata.is_dir(),
            size_bytes: if metadata.is_dir() { 0 } else { metadata.len() },
            is_executable: is_executable(metadata),
            modified: metadata.modified().ok(),
        }
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

/// Returns all that is in a folder, sorted by name.
///
/// Symbolic links are followed as long as they stay inside: what they lead to is not in the image
/// otherwise, and may be no business of the image's readers.
///
/// # Errors
/// A [`Failure`] when something in it cannot be read or cannot be in an image.
pub(super) fn walk(folder: &Path) -> Result<Vec<Found>, Failure> {
    let root = folder
        .canonicalize()
        .map_err(|error| refusal::unreadable(folder, &error))?;
    let mut walk = Walk {
        shown: folder,
        above: vec![root.clone()],
        root,
        found: Vec::new(),
    };
    walk.visit(folder, "")?;
    walk.found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walk.found)
}

struct Walk<'a> {
    /// The folder as the person wrote it.
    shown: &'a Path,
    /// The same without links.
    root: PathBuf,
    /// The folders that we are in, without links, outermost first.
    above: Vec<PathBuf>,
    found: Vec<Found>,
}

impl Walk<'_> {
    /// Visits a folder, whose name below the root is empty or ends with a slash.
    fn visit(&mut self, folder: &Path, below: &str) -> Result<(), Failure> {
        let unreadable = |error: io::Error| refusal::unreadable(folder, &error);
        let entries: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
        let mut entries = entries.map_err(unreadable)?;
        // So that of several flaws the same one is told each time.
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = self.name(below, entry.file_name())?;
            let Some(name) = name else { continue };
            let path = entry.path();
            let is_link = entry.file_type().map_err(unreadable)?.is_symlink();
            if is_link && let Err(why) = self.follow(&path) {
                return Err(refused::link(self.shown, &name, why));
            }
            let metadata = fs::metadata(&path).map_err(|error| refusal::unreadable(&path, &error))?;
            if !metadata.is_dir() && !metadata.is_file() {
                return Err(refused::special_file(self.shown, &name));
            }
            if self.found.len() == MOST_FILES {
                return Err(refused::too_many_files(self.shown, MOST_FILES));
            }
            self.found.push(Found::new(name.clone(), &metadata));
            if metadata.is_dir() {
                let without_links = path
                    .canonicalize()
                    .map_err(|error| refusal::unreadable(&path, &error))?;
                if self.above.contains(&without_links) {
                    return Err(refused::link(self.shown, &name, "it leads in a circle"));
                }
                self.above.push(without_links);
                self.visit(&path, &format!("{name}/"))?;
                self.above.pop();
            }
        }
        Ok(())
    }

    /// Returns the path below the root; `None` for what is left out.
    fn name(&self, below: &str, file_name: OsString) -> Result<Option<String>, Failure> {
        let file_name = file_name.into_string().map_err(|name| {
            let name = format!("{below}{}", name.to_string_lossy());
            refused::name(self.shown, &name, "its name is not UTF-8")
        })?;
        if LEFT_OUT.contains(&file_name.as_str()) {
            return Ok(None);
        }
        if let Some(why) = wrong_name(&file_name) {
            return Err(refused::name(self.shown, &format!("{below}{file_name}"), why));
        }
        Ok(Some(format!("{below}{file_name}")))
    }

    fn follow(&self, link: &Path) -> Result<(), &'static str> {
        match link.canonicalize() {
            Ok(target) if target.starts_with(&self.root) => Ok(()),
            Ok(_) => Err("it leads out of the folder"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err("it leads nowhere"),
            Err(_) => Err("it cannot be followed"),
        }
    }
}

/// Makes a tree of what was found, and lists it as an archive would. Reads every file, for its
/// digest.
///
/// # Errors
/// A [`Failure`] when a file cannot be read.
pub(super) fn tree(
    folder: &Path,
    found: &[Found],
    main_file: Option<&str>,
) -> Result<(LocalTree, Vec<ArchiveEntry>), Failure> {
    let mut files = Vec::new();
    for file in found.iter().filter(|found| !found.is_folder) {
        let path = folder.join(&file.name);
        let digest = digest_of(&path, &false.into());
        files.push(LocalFile {
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            is_executable: file.is_executable,
            digest: digest.map_err(|error| refusal::unreadable(&path, &error))?,
            local_modified: file.modified,
        });
    }
    let tree = LocalTree {
        local_folder: folder.to_owned(),
        main_file: main_file.map(str::to_owned),
        files,
    };
    Ok((tree, entries(found)))
}

/// Lists what was found as an archive would: the files, in the tree's order, then the folders.
pub(super) fn entries(found: &[Found]) -> Vec<ArchiveEntry> {
    let (folders, files): (Vec<&Found>, Vec<&Found>) = found.iter().partition(|found| found.is_folder);
    let entry = |(index, found): (u32, &Found)| {
        let since_1970 = found
            .modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let seconds = since_1970.and_then(|time| u32::try_from(time.as_secs()).ok());
        ArchiveEntry {
            name: found.name.as_str().into(),
            size_bytes: found.size_bytes,
            place: None,
            index,
            modified_seconds: seconds.filter(|&seconds| seconds > 0),
            is_folder: found.is_folder,
        }
    };
    (0..).zip(files.into_iter().chain(folders)).map(entry).collect()
}
