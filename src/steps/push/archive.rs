//! The image into a file instead of a registry: no cluster, no Docker.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use futures_util::TryStreamExt;
use tempfile::NamedTempFile;

use crate::{
    error::{Failure, Result},
    model::{Blob, BuildRequest, Event, Events, Image, Layer, Step},
    oci::{ArchiveWriter, Descriptor, Reference},
    registry::Client,
};

type Archive<'a> = ArchiveWriter<BufWriter<&'a mut File>>;

/// Writes an image as an OCI archive; the file is there whole or not at all. `layers` are ours;
/// the base's are pulled with `base`. Returns what the image is called, with its digest.
///
/// # Errors
/// The file cannot be written, or the base's registry does not give a layer.
pub async fn archive(
    image: &Image,
    request: &BuildRequest,
    layers: &[Layer],
    base: Option<&Client>,
    out_path: &Path,
    events: &Events,
) -> Result<Reference> {
    let what = || format!("could not write `{}`", out_path.display());
    let unwritable = |error: io::Error| {
        Failure::new(what())
            .because(error)
            .next("check that its folder exists, may be written to and has room")
            .anchor("archive-unwritable")
    };
    let mut file = beside(out_path).map_err(unwritable)?;
    let out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    let names: Vec<_> = request
        .tags
        .iter()
        .map(|tag| (request.destination.with_tag(tag).to_string(), tag.clone()))
        .collect();
    let mut archive = ArchiveWriter::begin(out, &image.top().descriptor, &names).map_err(unwritable)?;

    for layer in image.base_layers() {
        events.send(Event::Doing(
            Step::Build,
            format!("pulling base layer {}", layer.digest),
        ));
        add_base_layer(&mut archive, image, base, layer)
            .await
            .map_err(|error| unusable_layer(what(), layer, &error))?;
    }
    for layer in layers {
        add_file(&mut archive, layer).map_err(unwritable)?;
    }
    let small = image
        .manifests
        .iter()
        .flat_map(|image| [&image.config, &image.manifest]);
    for blob in small.chain(&image.index) {
        add_bytes(&mut archive, blob).map_err(unwritable)?;
    }
    archive.finish().map_err(unwritable)?;
    file.persist(out_path).map_err(|error| unwritable(error.error))?;
    Ok(request.destination.with_digest(image.digest()))
}

/// A file in the same folder, so that renaming it is one step.
fn beside(out_path: &Path) -> io::Result<NamedTempFile> {
    let folder = out_path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".b2i-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other file; the crate's default is for secrets.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

async fn add_base_layer(
    archive: &mut Archive<'_>,
    image: &Image,
    client: Option<&Client>,
    layer: &Descriptor,
) -> io::Result<()> {
    // A foreign layer is fetched from its URLs by who runs the image.
    let (Some(base), Some(client), true) = (&image.base, client, layer.urls.is_empty()) else {
        return Ok(());
    };
    let Some(mut blob) = archive.blob(layer.digest, layer.size_bytes)? else {
        return Ok(());
    };
    let chunks = client.pull_blob(&base.source.repository, layer).await;
    let mut chunks = chunks.map_err(io::Error::other)?;
    while let Some(chunk) = chunks.try_next().await? {
        blob.write_all(&chunk)?;
    }
    blob.finish()
}

/// A registry that fails has advice of its own.
fn unusable_layer(what: String, layer: &Descriptor, error: &io::Error) -> Failure {
    let refusal = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<crate::registry::Error>());
    match refusal {
        Some(refusal) => refusal.failure(what),
        None => Failure::new(what)
            .why(format!("base layer {}: {error}", layer.digest))
            .anchor("archive-unwritable"),
    }
}

fn add_file(archive: &mut Archive<'_>, layer: &Layer) -> io::Result<()> {
    let descriptor = &layer.described.descriptor;
    if let Some(mut blob) = archive.blob(descriptor.digest, descriptor.size_bytes)? {
        io::copy(&mut File::open(&layer.local_path)?, &mut blob)?;
        blob.finish()?;
    }
    Ok(())
}

fn add_bytes(archive: &mut Archive<'_>, bytes: &Blob) -> io::Result<()> {
    let descriptor = &bytes.descriptor;
    if let Some(mut blob) = archive.blob(descriptor.digest, descriptor.size_bytes)? {
        blob.write_all(&bytes.bytes)?;
        blob.finish()?;
    }
    Ok(())
}
