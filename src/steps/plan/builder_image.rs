//! The plan of the builder image: our own static executable on nothing.

use super::{Options, run};
use crate::{
    error::Failure,
    model::{Artifact, ImagePlan},
};

/// Tells which version an image is of: <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>.
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// Decides what the builder image of an executable of ours is; its tag is our version.
///
/// # Errors
/// It is no executable that can be on an empty base.
pub fn builder_image(executable: &Artifact) -> Result<ImagePlan, Failure> {
    let options = Options {
        base: Some("scratch".to_owned()),
        labels: [(VERSION_LABEL.to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        ..Options::default()
    };
    run(executable, &options)
}
