//! Whether the registry has an image already, under all of its names.

use super::{failure, names, result};
use crate::{
    error::Result,
    model::{BuildRequest, BuildResult, Image},
    registry::{Client, Kind},
};

/// Returns what a push would come to, where all of the image's tags mean this very image: then there
/// is nothing to do. Takes the registry's word for it that it has what a manifest names.
///
/// # Errors
/// The registry did not answer, or does not know us.
pub async fn unchanged(
    image: &Image,
    request: &BuildRequest,
    destination: &Client,
) -> Result<Option<BuildResult>> {
    let tags = names(image, request);
    let repository = &request.destination.repository;
    let asked = tags.iter().map(|tag| destination.find_manifest(repository, tag));
    match futures_util::future::try_join_all(asked).await {
        Ok(digests) => {
            let is_there = digests.iter().all(|digest| *digest == Some(image.digest()));
            Ok(is_there.then(|| result(image, request, tags, 0)))
        }
        // Some registries deny what is in a repository that is not there yet; the push will show.
        Err(error) if matches!(error.kind, Kind::NotFound | Kind::NameUnknown | Kind::Denied) => Ok(None),
        Err(error) => {
            let what = format!("could not push `{}`", request.destination.name());
            Err(failure::refused(what, destination, repository, &error))
        }
    }
}
