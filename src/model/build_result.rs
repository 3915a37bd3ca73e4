//! What came out of a build.

use serde::{Deserialize, Serialize};

use crate::{
    error::Failure,
    oci::{Digest, Reference},
};

/// An image that was made and pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildResult {
    /// `registry/repository@digest`.
    pub image: Reference,
    /// Tags that name it now.
    pub tags: Vec<String>,
    /// Sum of the compressed layers, base included.
    pub size_bytes: u64,
    /// The base with its digest; `None` for scratch.
    pub base: Option<Reference>,
    /// How many of the base's layers had to be copied between registries.
    pub copied_layers: usize,
    /// How many were there already, or were mounted from another repository.
    pub mounted_layers: usize,
}

/// How a builder ended: the text of its termination message, which Kubernetes caps at 4096 bytes:
/// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildOutcome {
    /// It made the image.
    Done(BuildResult),
    /// It could not.
    Failed(Failure),
    /// The registry said that it has these layers and then did not know them (seen after a
    /// garbage collection): they must be sent without asking.
    MissingBlobs(Vec<Digest>),
}

impl BuildOutcome {
    /// Returns the JSON, at most 4096 bytes long: a failure's `why` is cut, never its `next`.
    #[must_use]
    pub fn to_termination_message(&self) -> String {
        const CAP_BYTES: usize = 4096;
        let text = |outcome: &Self| serde_json::to_string(outcome).unwrap_or_default();
        let whole = text(self);
        let Self::Failed(failure) = self else { return whole };
        let mut failure = failure.clone();
        let mut out = whole;
        while out.len() > CAP_BYTES && !failure.why.is_empty() {
            // Escapes make the JSON longer than the text, so a quarter of the excess at a time.
            let mut keep = failure
                .why
                .len()
                .saturating_sub(((out.len() - CAP_BYTES) / 4).max(16));
            while !failure.why.is_char_boundary(keep) {
                keep -= 1;
            }
            failure.why.truncate(keep);
            out = text(&Self::Failed(failure.clone()));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_cause_is_cut_and_the_advice_is_kept() {
        let failure = Failure::new("could not push")
            .why("é\n".repeat(4000))
            .next("log in again");
        let message = BuildOutcome::Failed(failure).to_termination_message();
        assert!(message.len() <= 4096);
        let BuildOutcome::Failed(read) = serde_json::from_str(&message).expect("JSON") else {
            panic!("{message}")
        };
        assert_eq!(read.next, "log in again");
        assert!(read.why.len() > 1000);
    }
}
