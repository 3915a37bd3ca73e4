//! What the image will be, decided before anything is sent. Pure data: the same artifact and
//! options give the same plan on any machine.

use serde::Serialize;

use super::{Base, ConfigChanges, ImagePath, ServletApi};
use crate::oci::{Compression, Platform};

/// What the image will be.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePlan {
    /// What our layers go on top of.
    pub base: Base,
    /// Why this base, in words; decides nothing.
    #[serde(skip)]
    pub base_reason: String,
    /// What the person should know of it; decides nothing.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// The platform that it is built for.
    pub platform: Platform,
    /// What changes in the base's config.
    pub config: ConfigChanges,
    /// Our layers, from what seldom changes to what changes every time.
    pub layers: Vec<LayerPlan>,
    /// Where a web app answers, with the slashes: `/` or `/shop/`.
    pub context_path: String,
    /// Which servlet API the base's container has to serve, where the app is for one.
    #[serde(skip)]
    pub servlet_api: Option<ServletApi>,
    /// Whether the layers are as source-to-image bases want them; `None` where nobody said so, and
    /// they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s2i: Option<bool>,
    /// How the layers are compressed.
    #[serde(skip_serializing_if = "is_usual")]
    pub compression: Compression,
}

/// What is as ever is not said: plans of earlier versions have it nowhere.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_usual(compression: &Compression) -> bool {
    *compression == Compression::default()
}

/// What one layer will hold.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerPlan {
    /// What it is for: `dependencies`, `application` …
    pub name: String,
    /// What it holds, sorted by path; a folder comes before what is in it.
    pub entries: Vec<Entry>,
}

/// One file or folder of a layer. All are owned by root, group 0.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Path in the image.
    pub image_path: ImagePath,
    /// Permission bits: 0o644, 0o755, 0o775 or 0o1777 for what the app may write to.
    pub mode: u32,
    /// Seconds since 1970; never 0.
    pub modified_seconds: u64,
    /// What it is.
    pub kind: EntryKind,
}

/// A file or a folder.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file, with where its bytes come from.
    File(Source),
}

/// Where a file's bytes come from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The artifact as a whole.
    Artifact,
    /// An entry of the artifact, which is an archive.
    ArchiveEntry {
        /// Its place in the archive's central directory.
        index: u32,
        /// Its uncompressed size, as the archive says.
        size_bytes: u64,
    },
    /// A file of the artifact's tree.
    LocalFile {
        /// Its place among the tree's files.
        index: u32,
        /// Its size.
        size_bytes: u64,
    },
}
