//! Walks a folder: what of it goes into an image, and nothing from around it.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    io,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{digest_of, refusal, refusal_tree as refused};
use crate::{
    error::Failure,
    model::{ArchiveEntry, LocalFile, LocalTree, RealPath},
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
    /// What that leads to.
    pub(super) real: RealPath,
    pub(super) is_folder: bool,
    pub(super) size_bytes: u64,
    pub(super) is_executable: bool,
    pub(super) modified: Option<SystemTime>,
}

impl Found {
    pub(super) fn new(name: String, real: RealPath, metadata: &Metadata) -> Self {
        Self {
            name,
            real,
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
    walk_parts(folder, |_| true)
}

/// The same of those files and folders alone whose paths below the folder are taken.
///
/// # Errors
/// As [`walk`].
pub(super) fn walk_parts(folder: &Path, takes: impl Fn(&str) -> bool) -> Result<Vec<Found>, Failure> {
    let root = RealPath::of(folder).map_err(|error| refusal::unreadable(folder, &error))?;
    walk_real(folder, &root, &takes)
}

/// The same of a folder that is resolved already.
///
/// # Errors
/// As [`walk`].
pub(super) fn walk_real(
    shown: &Path,
    root: &RealPath,
    takes: &dyn Fn(&str) -> bool,
) -> Result<Vec<Found>, Failure> {
    let mut walk = Walk {
        shown,
        takes,
        above: vec![root.clone()],
        found: Vec::new(),
    };
    walk.visit(root, "")?;
    walk.found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walk.found)
}

struct Walk<'a> {
    /// The folder as the person wrote it.
    shown: &'a Path,
    takes: &'a dyn Fn(&str) -> bool,
    /// The folders that we are in, outermost first: the first is the one that was given.
    above: Vec<RealPath>,
    found: Vec<Found>,
}

impl Walk<'_> {
    /// Visits a folder, whose name below the root is empty or ends with a slash.
    fn visit(&mut self, folder: &RealPath, below: &str) -> Result<(), Failure> {
        let unreadable = |error: io::Error| refusal::unreadable(&self.shown.join(below), &error);
        let entries: io::Result<Vec<_>> = fs::read_dir(folder.as_path()).and_then(Iterator::collect);
        let mut entries = entries.map_err(unreadable)?;
        // So that of several flaws the same one is told each time.
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let file_name = entry.file_name();
            let Some(name) = self.name(below, file_name.clone())? else {
                continue;
            };
            let unreadable = |error: io::Error| refusal::unreadable(&self.shown.join(&name), &error);
            let mut real = folder.child(&file_name);
            if entry.file_type().map_err(unreadable)?.is_symlink() {
                real = self
                    .follow(&real)
                    .map_err(|why| refused::link(self.shown, &name, &why))?;
            }
            let metadata = real.metadata().map_err(unreadable)?;
            if !metadata.is_dir() && !metadata.is_file() {
                return Err(refused::special_file(self.shown, &name));
            }
            if self.found.len() == MOST_FILES {
                return Err(refused::too_many_files(self.shown, MOST_FILES));
            }
            let found = Found::new(name.clone(), real.clone(), &metadata);
            self.found.push(found);
            if metadata.is_dir() {
                if self.above.contains(&real) {
                    return Err(refused::link(self.shown, &name, "it leads in a circle"));
                }
                self.above.push(real.clone());
                self.visit(&real, &format!("{name}/"))?;
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
        let name = format!("{below}{file_name}");
        if !(self.takes)(&name) {
            return Ok(None);
        }
        if let Some(why) = wrong_name(&file_name) {
            return Err(refused::name(self.shown, &name, why));
        }
        Ok(Some(name))
    }

    /// Returns what a link leads to; fails with why it cannot be taken.
    fn follow(&self, link: &RealPath) -> Result<RealPath, String> {
        let root = &self.above[0];
        match RealPath::of(link.as_path()) {
            Ok(target) if target == *root || target.below(root).is_some() => Ok(target),
            Ok(target) => Err(leads_out(target.as_path())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err("it leads nowhere".to_owned()),
            Err(_) => Err("it cannot be followed".to_owned()),
        }
    }
}

/// Why a link is refused.
pub(super) fn leads_out(target: &Path) -> String {
    let target = target.to_string_lossy();
    format!("it leads out of the folder, to `{}`", target.escape_debug())
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
        let digest = digest_of(&file.real, &false.into());
        let unreadable = |error| refusal::unreadable(&folder.join(&file.name), &error);
        files.push(LocalFile {
            name: file.name.clone(),
            local_path: file.real.clone(),
            size_bytes: file.size_bytes,
            is_executable: file.is_executable,
            digest: digest.map_err(unreadable)?,
            local_modified: file.modified,
        });
    }
    let tree = LocalTree {
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
