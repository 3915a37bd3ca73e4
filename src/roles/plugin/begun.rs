//! The record of a build that begins: what is known of it before anything is made.

use jiff::Timestamp;

use super::options::{Site, Target};
use crate::{
    model::{Artifact, BuildOrigin, BuildOutcome, BuildRecord, BuildRequest, BuildResult, ImageOptions},
    oci::Digest,
};

/// Returns the record of the same build once more, which begins now.
pub(super) fn again(last: &BuildRecord, target: &Target, site: &Site) -> BuildRecord {
    let mut record = last.once_more(BuildOrigin::Artifact, Timestamp::now().to_string());
    record.options.clone_from(&target.options);
    record.request.access = site.access.clone();
    record
}

/// Returns the record of a build that is done, and that `build --local` made.
pub(super) fn done_here(
    begun: BuildRecord,
    started: Timestamp,
    result: &BuildResult,
    uploaded_bytes: u64,
) -> BuildRecord {
    BuildRecord {
        started: started.to_string(),
        ended: Some(Timestamp::now().to_string()),
        origin: BuildOrigin::Local,
        uploaded_bytes,
        outcome: Some(BuildOutcome::Done(result.clone())),
        ..begun
    }
}

/// Returns the record of a build that begins now.
pub(super) fn of_artifact(
    artifact: &Artifact,
    inputs: Digest,
    options: ImageOptions,
    request: BuildRequest,
) -> BuildRecord {
    BuildRecord {
        number: 0,
        started: Timestamp::now().to_string(),
        ended: None,
        origin: BuildOrigin::Artifact,
        artifact: artifact.file_name.clone(),
        named_after: Some(artifact.named_after.clone()).filter(|name| *name != artifact.file_name),
        artifact_bytes: artifact.size_bytes,
        artifact_digest: artifact.digest,
        summary: artifact.summary(),
        inputs,
        options,
        request,
        uploaded_bytes: 0,
        outcome: None,
        log_tail: Vec::new(),
        run: None,
        skipped: None,
    }
}
