//! Trees of files: how an archive's entries become the sorted entries of layers.

use std::collections::BTreeSet;

use crate::{
    error::Failure,
    model::{ArchiveEntry, Artifact, Entry, EntryKind, ImagePath, LayerPlan, Source},
    zip::Name,
};

/// 1980-02-01T00:00:00Z, which Maven and Gradle write into reproducible archives. Never 0, for
/// which Spring reports that a resource is missing:
/// <https://github.com/GoogleContainerTools/jib/issues/1079>.
pub(super) const FIXED_TIME_SECONDS: u64 = 318_211_200;

const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;
const EXECUTABLE_MODE: u32 = 0o755;
/// What no file system of a node takes: `NAME_MAX` of Linux.
const LONGEST_PART_BYTES: usize = 255;

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

/// Returns the entry of a file that is the artifact as it is.
pub(super) fn whole(root: &Root<'_>, name: &str, mode: u32) -> Entry {
    Entry {
        image_path: ImagePath::below(&root.path.into(), name.into()),
        mode,
        modified_seconds: FIXED_TIME_SECONDS,
        kind: EntryKind::File(Source::Artifact),
    }
}

/// Makes a layer of files below the root, and of folders that are to be there though nothing is in
/// them; the folders that they are in come with them.
///
/// # Errors
/// A [`Failure`] when a path is needed twice.
pub(super) fn layer(
    name: &str,
    artifact: &Artifact,
    root: &Root<'_>,
    files: Vec<Entry>,
    empty_folders: &[Name],
) -> Result<LayerPlan, Failure> {
    let root_name = Name::from(root.path);
    let mut folders = Folders::default();
    for file in &files {
        folders.add_those_above(file.image_path.name());
    }
    for path in empty_folders {
        folders.add_those_above(path);
        folders.0.insert(path.clone());
    }
    let mut entries = files;
    entries.push(folder(root.path.into(), root.mode));
    let below = |name| folder(ImagePath::below(&root_name, name), FOLDER_MODE);
    entries.extend(folders.0.into_iter().map(below));
    entries.sort_unstable_by(|a, b| a.image_path.cmp(&b.image_path));
    let twice = entries
        .windows(2)
        .find(|two| two[0].image_path == two[1].image_path);
    if let Some(two) = twice {
        return Err(clash(artifact, two[0].image_path.name()));
    }
    Ok(LayerPlan {
        name: name.to_owned(),
        entries,
    })
}

/// Folders, each once.
#[derive(Default)]
struct Folders(BTreeSet<Name>);

impl Folders {
    /// Adds the folders that a path is in.
    fn add_those_above(&mut self, path: &Name) {
        for (end, _) in path.rmatch_indices('/') {
            // Where one is known, so are those above it.
            if !self.0.insert(path.up_to(end)) {
                break;
            }
        }
    }
}

fn clash(artifact: &Artifact, name: &str) -> Failure {
    Failure::new(format!("could not unpack `{}`", artifact.file_name))
        .why(format!("two of its entries are called `{name}`"))
        .next("build it again, without merging two trees into it that do not fit")
        .anchor("archive-duplicates")
}

fn too_long(artifact: &Artifact, name: &str) -> Failure {
    Failure::new(format!("could not unpack `{}`", artifact.file_name))
        .why(format!(
            "its entry `{name}` has a part of more than {LONGEST_PART_BYTES} bytes, which no file may be called on a node"
        ))
        .next("build it again with a shorter name there")
        .anchor("archive-long-name")
}

/// Returns a folder's entry; the same in every layer that has it.
pub(super) fn folder(image_path: ImagePath, mode: u32) -> Entry {
    Entry {
        image_path,
        mode,
        modified_seconds: FIXED_TIME_SECONDS,
        kind: EntryKind::Folder,
    }
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
        let root = Name::from(self.root.path);
        let mut files: Vec<Vec<Entry>> = self.names.iter().map(|_| Vec::new()).collect();
        let mut filled = Folders::default();
        for entry in artifact.entries.iter().filter(|entry| !entry.is_folder) {
            if entry.name.split('/').any(|part| part.len() > LONGEST_PART_BYTES) {
                return Err(too_long(artifact, &entry.name));
            }
            filled.add_those_above(&entry.name);
            if let Some(layer) = (self.layer_of)(&entry.name) {
                files[layer].push(self.file(&root, artifact, entry));
            }
        }
        // A file here and a folder there, perhaps in two layers.
        if let Some(file) = files
            .iter()
            .flatten()
            .find(|file| filled.0.contains(file.image_path.name()))
        {
            return Err(clash(artifact, file.image_path.name()));
        }
        // Folders come with what is in them. An empty one may be looked for all the same.
        let mut empty = vec![Vec::new(); self.names.len()];
        for entry in artifact.entries.iter().filter(|entry| entry.is_folder) {
            if !filled.0.contains(&entry.name)
                && let Some(layer) = (self.layer_of)(&entry.name)
            {
                empty[layer].push(entry.name.clone());
            }
        }
        drop(filled);
        self.names
            .iter()
            .zip(files.into_iter().zip(empty))
            .filter(|(_, (files, empty))| !files.is_empty() || !empty.is_empty())
            .map(|(name, (files, empty))| layer(name, artifact, &self.root, files, &empty))
            .collect()
    }

    fn file(&self, root: &Name, artifact: &Artifact, entry: &ArchiveEntry) -> Entry {
        let own_time = entry.modified_seconds.filter(|_| (self.keeps_time)(&entry.name));
        let (index, size_bytes) = (entry.index, entry.size_bytes);
        let (source, is_executable) = match &artifact.tree {
            Some(tree) => (
                Source::LocalFile { index, size_bytes },
                tree.files[index as usize].is_executable,
            ),
            None => (Source::ArchiveEntry { index, size_bytes }, false),
        };
        Entry {
            image_path: ImagePath::below(root, entry.name.clone()),
            mode: if is_executable { EXECUTABLE_MODE } else { FILE_MODE },
            modified_seconds: own_time.map_or(FIXED_TIME_SECONDS, u64::from),
            kind: EntryKind::File(source),
        }
    }
}
