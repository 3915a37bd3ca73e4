//! What layers became when they were made before: their digests, not their bytes. Where the registry
//! has them all, nothing needs to be made; and an artifact of 87 MB takes 1 kB here.
//!
//! One file for each artifact and way to pack it, written whole or not at all, so that runs may share
//! the folder. Nothing here is needed: what cannot be read or written is made anew.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{
    model::{Artifact, ImagePlan, LayerDescriptor},
    oci::Digest,
};

/// Raised when the same inputs would give other layers.
const FORMAT: u32 = 1;
/// About 1 MB. The ones that were not asked for the longest go first.
const MOST_FILES: usize = 1000;

/// A folder of such files.
#[derive(Clone, Debug)]
pub struct KnownLayers {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Note {
    layers: Vec<LayerDescriptor>,
    /// Of the layers as JSON: a disk may fail, and a wrong digest would name other bytes.
    checksum: Digest,
}

impl Note {
    fn of(layers: &[LayerDescriptor]) -> Option<Self> {
        let checksum = Digest::of(&serde_json::to_vec(layers).ok()?);
        Some(Self {
            layers: layers.to_vec(),
            checksum,
        })
    }
}

impl KnownLayers {
    /// `folder` need not be there.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Returns what the layers of this plan became the last time.
    #[must_use]
    pub fn find(&self, artifact: &Artifact, plan: &ImagePlan) -> Option<Vec<LayerDescriptor>> {
        let path = self.path(artifact, plan)?;
        let note: Note = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        let is_whole = note.layers.len() == plan.layers.len()
            && Note::of(&note.layers).is_some_and(|whole| whole.checksum == note.checksum);
        if !is_whole {
            let _ = fs::remove_file(&path);
            return None;
        }
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(note.layers)
    }

    /// Remembers what the layers of this plan became.
    pub fn keep(&self, artifact: &Artifact, plan: &ImagePlan, layers: &[LayerDescriptor]) {
        let Some((path, note)) = self.path(artifact, plan).zip(Note::of(layers)) else {
            return;
        };
        if self.write(&path, &note).is_ok() {
            self.forget_the_oldest();
        }
    }

    /// Forgets what the layers of this plan became, since it was wrong.
    pub fn forget(&self, artifact: &Artifact, plan: &ImagePlan) {
        if let Some(path) = self.path(artifact, plan) {
            let _ = fs::remove_file(path);
        }
    }

    fn write(&self, path: &Path, note: &Note) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(note)?)?;
        file.persist(path)?;
        Ok(())
    }

    /// Named after all that decides the layers: the artifact's bytes, what goes where, how it is
    /// compressed, and this version, whose zstd may not be the next one's.
    fn path(&self, artifact: &Artifact, plan: &ImagePlan) -> Option<PathBuf> {
        let decides = (
            FORMAT,
            env!("CARGO_PKG_VERSION"),
            artifact.digest,
            &plan.layers,
            plan.compression,
        );
        let key = Digest::of(&serde_json::to_vec(&decides).ok()?);
        Some(self.folder.join(format!("{}.json", key.hex())))
    }

    fn forget_the_oldest(&self) {
        let Ok(files) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, PathBuf)> = files
            .filter_map(|file| {
                let file = file.ok()?;
                Some((file.metadata().ok()?.modified().ok()?, file.path()))
            })
            .collect();
        let too_many = files.len().saturating_sub(MOST_FILES);
        files.sort();
        for (_, path) in &files[..too_many] {
            let _ = fs::remove_file(path);
        }
    }
}
