//! What happened, as JSON or YAML for programs and as one line for people and scripts.

use serde::Serialize;

use crate::{
    model::{Artifact, BuildRecord, BuildResult, Rollout, Uploaded},
    oci::{Digest, Reference},
};

/// All that a `build` or `deploy` knows at its end.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `registry/repository@digest`.
    pub image: Reference,
    /// The image's digest.
    pub digest: Option<Digest>,
    /// Tags that name it.
    pub tags: Vec<String>,
    /// Sum of its compressed layers, base included.
    pub size_bytes: u64,
    /// The base with its digest; `null` for scratch.
    pub base: Option<Reference>,
    /// What it was made from.
    pub artifact: ArtifactReport,
    /// Whether nothing had changed since the last build, so that nothing was built.
    pub unchanged: bool,
    /// Bytes of layers that crossed the link, either way.
    pub uploaded_bytes: u64,
    /// Bytes of layers that did not have to, since a layer of the last build has them.
    pub reused_bytes: u64,
    /// Layers that were sent, by digest.
    pub sent_layers: Vec<Digest>,
    /// Those of them of which only the changes were sent.
    pub changed_layers: Vec<Digest>,
    /// Layers that the registry had, by digest.
    pub skipped_layers: Vec<Digest>,
    /// The rollout; `null` for `build`.
    pub rollout: Option<Rollout>,
}

/// What the image was made from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactReport {
    /// Name of the file.
    pub file_name: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// Digest of the file.
    pub digest: Digest,
    /// What it is, in words.
    pub summary: String,
}

/// Collects a report. `uploaded` is `None` where nothing was built since nothing had changed.
#[must_use]
pub fn run(
    artifact: &Artifact,
    built: &BuildResult,
    uploaded: Option<Uploaded>,
    rollout: Option<Rollout>,
) -> Report {
    let artifact = ArtifactReport {
        file_name: artifact.file_name.clone(),
        size_bytes: artifact.size_bytes,
        digest: artifact.digest,
        summary: artifact.summary(),
    };
    collect(artifact, built, uploaded, rollout)
}

/// Collects a report of what was made without the artifact, from the record of a build.
#[must_use]
pub fn of_record(
    record: &BuildRecord,
    built: &BuildResult,
    uploaded: Option<Uploaded>,
    rollout: Option<Rollout>,
) -> Report {
    let artifact = ArtifactReport {
        file_name: record.artifact.clone(),
        size_bytes: record.artifact_bytes,
        digest: record.artifact_digest,
        summary: record.summary.clone(),
    };
    collect(artifact, built, uploaded, rollout)
}

fn collect(
    artifact: ArtifactReport,
    built: &BuildResult,
    uploaded: Option<Uploaded>,
    rollout: Option<Rollout>,
) -> Report {
    let unchanged = uploaded.is_none();
    let uploaded = uploaded.unwrap_or_default();
    Report {
        image: built.image.clone(),
        digest: built.image.digest,
        tags: built.tags.clone(),
        size_bytes: built.size_bytes,
        base: built.base.clone(),
        artifact,
        unchanged,
        uploaded_bytes: uploaded.uploaded_bytes,
        reused_bytes: uploaded.reused_bytes,
        sent_layers: uploaded.sent,
        changed_layers: uploaded.changed,
        skipped_layers: uploaded.skipped,
        rollout,
    }
}
