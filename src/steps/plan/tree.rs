//! Trees of files: how an archive's entries become the sorted entries of layers.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::Failure,
    model::{ArchiveEntry, Artifact, Entry, EntryKind, LayerPlan, Source},
};

/// 1980-02-01T00:00:00Z, which Maven and Gradle write into reproducible archives. Never 0, for
/// which Spring reports that a resource is missing:
/// <https://github.com/GoogleContainerTools/jib/issues/1079>.
pub(super) const FIXED_TIME_SECONDS: u64 = 318_211_200;

const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;
const EXECUTABLE_MODE: u32 = 0o755;

/// The folder that everything of a layer is in. Those above it belong to the base, and a layer
/// that named them would change their modes.
pub(super) struct Root<'a> {
    /// Path in the image, without leading slash.
    pub(super) path: &'a str,
    pub(super) mode: u32,
}

/// Applications write into their working folder, and group 0 is theirs.
pub(super) const APP: Root<'_> = Root {
    path: "app",
    mode: 0o775,
};

/// A file below the root.
pub(super) struct File {
    /// Path below the root.
    pub(super) name: String,
    pub(super) mode: u32,
    pub(super) modified_seconds: u64,
    pub(super) source: Source,
}

/// Makes a layer of files and of folders that are to be there though nothing is in them; the
/// folders that they are in come with them.
///
/// # Errors
/// A [`Failure`] when a path is needed twice.
pub(super) fn layer(
    name: &str,
    artifact: &Artifact,
    root: &Root<'_>,
    files: Vec<File>,
    empty_folders: &[&str],
) -> Result<LayerPlan, Failure> {
    let mut tree = BTreeMap::from([(root.path.to_owned(), folder(root.path, root.mode))]);
    let paths = files.iter().flat_map(|file| parents(&file.name));
    let paths = paths.chain(empty_folders.iter().flat_map(|path| parents(path).chain([*path])));
    for path in paths {
        let path = format!("{}/{path}", root.path);
        let entry = folder(&path, FOLDER_MODE);
        tree.entry(path).or_insert(entry);
    }
    for file in files {
        let image_path = format!("{}/{}", root.path, file.name);
        let entry = Entry {
            image_path: image_path.clone(),
            mode: file.mode,
            modified_seconds: file.modified_seconds,
            kind: EntryKind::File(file.source),
        };
        if tree.insert(image_path, entry).is_some() {
            return Err(clash(artifact, &file.name));
        }
    }
    Ok(LayerPlan {
        name: name.to_owned(),
        entries: tree.into_values().collect(),
    })
}

fn clash(artifact: &Artifact, name: &str) -> Failure {
    Failure::new(format!("could not unpack `{}`", artifact.file_name))
        .why(format!("two of its entries are called `{name}`"))
        .next("build it again, without merging two trees into it that do not fit")
        .anchor("archive-duplicates")
}

/// Returns a folder's entry; the same in every layer that has it.
pub(super) fn folder(image_path: &str, mode: u32) -> Entry {
    Entry {
        image_path: image_path.to_owned(),
        mode,
        modified_seconds: FIXED_TIME_SECONDS,
        kind: EntryKind::Folder,
    }
}

/// Returns the folders that a path is in, outermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// How an archive is unpacked into layers.
pub(super) struct Unpacking<'a, L, T> {
    /// Where everything goes.
    pub(super) root: Root<'a>,
    /// The layers, in order.
    pub(super) names: Vec<&'a str>,
    /// The layer of an entry; `None` leaves it out.
    pub(super) layer_of: L,
    /// Whether an entry keeps the time that the archive gives it. Browsers and Tomcat cache static
    /// resources by it: <https://github.com/GoogleContainerTools/jib/issues/1800>.
    pub(super) keeps_time: T,
}

impl<L, T> Unpacking<'_, L, T>
where
    L: Fn(&str) -> Option<usize>,
    T: Fn(&str) -> bool,
{
    /// Makes the layers; those that would be empty are left out.
    ///
    /// # Errors
    /// A [`Failure`] when two entries do not fit into one tree.
    pub(super) fn layers(&self, artifact: &Artifact) -> Result<Vec<LayerPlan>, Failure> {
        let mut files: Vec<Vec<File>> = self.names.iter().map(|_| Vec::new()).collect();
        let mut filled = BTreeSet::new();
        for entry in artifact.entries.iter().filter(|entry| !entry.is_folder) {
            filled.extend(parents(&entry.name));
            if let Some(layer) = (self.layer_of)(&entry.name) {
                files[layer].push(self.file(artifact, entry));
            }
        }
        // A file here and a folder there, perhaps in two layers.
        if let Some(file) = files
            .iter()
            .flatten()
            .find(|file| filled.contains(file.name.as_str()))
        {
            return Err(clash(artifact, &file.name));
        }
        // Folders come with what is in them. An empty one may be looked for all the same.
        let mut empty = vec![Vec::new(); self.names.len()];
        for entry in artifact.entries.iter().filter(|entry| entry.is_folder) {
            let name = entry.name.as_str();
            if !filled.contains(name)
                && let Some(layer) = (self.layer_of)(name)
            {
                empty[layer].push(name);
            }
        }
        self.names
            .iter()
            .zip(files.into_iter().zip(empty))
            .filter(|(_, (files, empty))| !files.is_empty() || !empty.is_empty())
            .map(|(name, (files, empty))| layer(name, artifact, &self.root, files, &empty))
            .collect()
    }

    fn file(&self, artifact: &Artifact, entry: &ArchiveEntry) -> File {
        let own_time = entry.modified_seconds.filter(|_| (self.keeps_time)(&entry.name));
        let (index, size_bytes) = (entry.index, entry.size_bytes);
        let (source, is_executable) = match &artifact.tree {
            Some(tree) => (
                Source::LocalFile { index, size_bytes },
                tree.files[index].is_executable,
            ),
            None => (Source::ArchiveEntry { index, size_bytes }, false),
        };
        File {
            name: entry.name.clone(),
            mode: if is_executable { EXECUTABLE_MODE } else { FILE_MODE },
            modified_seconds: own_time.unwrap_or(FIXED_TIME_SECONDS),
            source,
        }
    }
}
