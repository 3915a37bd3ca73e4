//! The record of a build that begins: what is known of it before anything is made.

use super::{
    options::{Site, Target},
    packed::Packed,
};
use crate::{
    model::{Artifact, BuildOrigin, BuildRecord, ImagePlan},
    oci::Digest,
};

/// Returns the record of the same build once more, which begins now.
pub(super) fn again(last: &BuildRecord, site: &Site) -> BuildRecord {
    let mut record = BuildRecord {
        started: jiff::Timestamp::now().to_string(),
        ended: None,
        uploaded_bytes: 0,
        outcome: None,
        log_tail: Vec::new(),
        ..last.clone()
    };
    record.request.access = site.access.clone();
    record
}

/// Returns the record of a build that begins now.
pub(super) fn of_artifact(
    artifact: &Artifact,
    plan: &ImagePlan,
    target: &Target,
    site: &Site,
    inputs: Digest,
    packed: &Packed,
) -> BuildRecord {
    BuildRecord {
        number: 0,
        started: jiff::Timestamp::now().to_string(),
        ended: None,
        origin: BuildOrigin::Artifact,
        artifact: artifact.file_name.clone(),
        artifact_bytes: artifact.size_bytes,
        artifact_digest: artifact.digest,
        summary: artifact.summary(),
        inputs,
        options: target.options.clone(),
        request: packed.request(
            plan,
            target.destination.clone(),
            target.tags.clone(),
            site.access.clone(),
        ),
        uploaded_bytes: 0,
        outcome: None,
        log_tail: Vec::new(),
    }
}
