//! What decides an image, as one digest: with the same one as last time nothing is built.

use super::options::Target;
use crate::{
    model::{Artifact, ImagePlan},
    oci::{Digest, Hasher},
};

/// Returns the digest of everything that decides the image.
pub(super) fn of(artifact: &Artifact, plan: &ImagePlan, target: &Target) -> Digest {
    /// Raised when the same inputs would give other layers or another config.
    const FORMAT: u32 = 1;
    #[derive(serde::Serialize)]
    struct Inputs<'a> {
        format: u32,
        artifact: Digest,
        plan: &'a ImagePlan,
        destination: String,
        tags: &'a [String],
    }
    let all = Inputs {
        format: FORMAT,
        artifact: artifact.digest,
        plan,
        destination: target.destination.name(),
        tags: &target.tags,
    };
    // Straight into the digest: a plan has an entry for each file.
    let mut hasher = Hasher::default();
    serde_json::to_writer(&mut hasher, &all).expect("plans are JSON, and hashing does not fail");
    hasher.finish()
}
