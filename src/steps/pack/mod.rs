//! Makes the layers: reproducible tars, compressed, with both digests. Blocks; memory stays flat.

mod growth;
mod known;
mod libraries;

use std::{
    fs::File,
    io::{self, BufWriter, Read},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::SystemTime,
};

use crate::{
    error::Failure,
    model::{
        ArchiveEntry, Artifact, EntryKind, GrowingLayer, ImagePlan, Layer, LayerDescriptor, LayerPlan,
        LocalFile, RealPath, Source,
    },
    oci::{Compression, Digest, Hasher, layer},
    zip,
};

use growth::Growth;
pub use known::KnownLayers;

const READ_BYTES: usize = 64 << 10;

/// Makes a file in `out_dir` of each layer of a plan, in the plan's order.
///
/// # Errors
/// A [`Failure`] when the artifact is damaged or changes meanwhile, or a file cannot be written.
pub fn run(artifact: &Artifact, plan: &ImagePlan, out_dir: &Path) -> Result<Vec<Layer>, Failure> {
    run_telling(artifact, plan, out_dir, &|_| ())
}

/// The same; `begun` is told of each layer when its first byte is yet to come.
///
/// # Errors
/// As [`run`].
pub fn run_telling(
    artifact: &Artifact,
    plan: &ImagePlan,
    out_dir: &Path,
    begun: &dyn Fn(GrowingLayer),
) -> Result<Vec<Layer>, Failure> {
    ensure_unchanged(artifact)?;
    let is_over = AtomicBool::new(false);
    let layers = thread::scope(|scope| {
        let checking = scope.spawn(|| libraries::check(artifact, &is_over));
        let layers = write_layers(artifact, plan, out_dir, begun);
        is_over.store(layers.is_err(), Ordering::Relaxed);
        let layers = layers?;
        match checking.join() {
            Ok(checked) => checked.map(|()| layers),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    // The record will say that this image was made of the bytes that were inspected.
    ensure_unchanged(artifact)?;
    Ok(layers)
}

fn write_layers(
    artifact: &Artifact,
    plan: &ImagePlan,
    out_dir: &Path,
    begun: &dyn Fn(GrowingLayer),
) -> Result<Vec<Layer>, Failure> {
    let mut content = Content::open(artifact).map_err(|error| damaged(artifact, "", &error))?;
    let mut layers = Vec::new();
    for (number, layer_plan) in (1..).zip(&plan.layers) {
        let local_path = out_dir.join(format!("layer-{number}"));
        let written = write_layer(&mut content, layer_plan, plan.compression, &local_path, begun)
            .map_err(|error| failure(artifact, &local_path, error))?;
        layers.push(Layer {
            described: LayerDescriptor {
                name: layer_plan.name.clone(),
                descriptor: written.descriptor,
                diff_id: written.diff_id,
            },
            local_path,
        });
    }
    content.check_the_rest()?;
    Ok(layers)
}

fn write_layer(
    content: &mut Content<'_>,
    plan: &LayerPlan,
    compression: Compression,
    local_path: &Path,
    begun: &dyn Fn(GrowingLayer),
) -> Result<layer::Written, layer::Error> {
    let growth = Growth::new(File::create(local_path)?);
    begun(growth.of(&plan.name, local_path));
    let out = BufWriter::new(growth);
    let mut layer = layer::Writer::compressed(out, compression)?;
    for entry in &plan.entries {
        let image_path = entry.image_path.to_string();
        let header = layer::Entry {
            image_path: &image_path,
            mode: entry.mode,
            modified_seconds: entry.modified_seconds,
        };
        match &entry.kind {
            EntryKind::Folder => layer.folder(header)?,
            EntryKind::File(source) => content.copy(source, header, &mut layer)?,
        }
    }
    let (written, out) = layer.finish()?;
    let growth = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    growth.end(written.descriptor.digest);
    Ok(written)
}

/// What the files of the layers are made from.
struct Content<'a> {
    artifact: &'a Artifact,
    /// Open when the artifact is one.
    archive: Option<zip::Reader<File>>,
    /// Entries that were read to their end, which is where their checksum is compared.
    is_checked: Vec<bool>,
}

impl<'a> Content<'a> {
    fn open(artifact: &'a Artifact) -> io::Result<Self> {
        // The entries of a tree are its files, each with a digest of its own.
        let archive = if artifact.entries.is_empty() || artifact.tree.is_some() {
            None
        } else {
            Some(zip::Reader::new(artifact.local_path.open()?))
        };
        Ok(Self {
            artifact,
            is_checked: vec![false; archive.as_ref().map_or(0, |_| artifact.entries.len())],
            archive,
        })
    }

    /// Reads the entries that became no file: all of an archive that stays packed, and what is left
    /// out of an unpacked one. An archive whose middle is damaged opens like any other, and the app
    /// fails when it comes to that class.
    fn check_the_rest(&mut self) -> Result<(), Failure> {
        let Some(archive) = &mut self.archive else {
            return Ok(());
        };
        for entry in &self.artifact.entries {
            if self.is_checked.get(entry.index as usize) != Some(&false) {
                continue;
            }
            read_to_end(archive, entry)
                .map_err(|error| damaged(self.artifact, &format!("its entry `{}`: ", entry.name), &error))?;
        }
        Ok(())
    }

    fn copy<W: io::Write + Send + 'static>(
        &mut self,
        source: &Source,
        header: layer::Entry<'_>,
        layer: &mut layer::Writer<W>,
    ) -> Result<(), layer::Error> {
        let unreadable = |error: io::Error| layer::Error::Read {
            image_path: header.image_path.to_owned(),
            source: error,
        };
        match *source {
            Source::Artifact => {
                let artifact = self.artifact;
                let mut file = Checked::open(&artifact.local_path, artifact.digest).map_err(unreadable)?;
                layer.file(header, artifact.size_bytes, &mut file)
            }
            Source::LocalFile { index, size_bytes } => {
                let local = local_file(self.artifact, index).map_err(unreadable)?;
                let mut file = Checked::open(&local.local_path, local.digest).map_err(unreadable)?;
                layer.file(header, size_bytes, &mut file)
            }
            Source::ArchiveEntry { index, size_bytes } => {
                let archive = self.archive.as_mut();
                let found = archive.zip(self.artifact.entries.get(index as usize));
                let (archive, entry) = found.ok_or_else(|| unreadable(io::ErrorKind::NotFound.into()))?;
                // At its end the reader checks the entry's size and CRC.
                let mut file = archive.contents(entry).map_err(unreadable)?;
                layer.file(header, size_bytes, &mut file)?;
                if let Some(is_checked) = self.is_checked.get_mut(index as usize) {
                    *is_checked = true;
                }
                Ok(())
            }
        }
    }
}

/// Reads an entry to its end, where its size and its CRC are compared.
fn read_to_end(archive: &mut zip::Reader<File>, entry: &ArchiveEntry) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut contents = archive.contents(entry)?;
    while contents.read(&mut buffer)? > 0 {}
    Ok(())
}

fn local_file(artifact: &Artifact, index: u32) -> io::Result<&LocalFile> {
    let tree = artifact.tree.as_ref();
    let file = tree.and_then(|tree| tree.files.get(index as usize));
    file.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Reads a file as a whole, and fails at the end when it is not what was inspected.
struct Checked {
    inner: File,
    hasher: Option<Hasher>,
    expected: Digest,
}

impl Checked {
    fn open(path: &RealPath, expected: Digest) -> io::Result<Self> {
        Ok(Self {
            inner: path.open()?,
            hasher: Some(Hasher::default()),
            expected,
        })
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count > 0 {
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&buffer[..count]);
            }
        } else if let Some(hasher) = self.hasher.take()
            && hasher.finish() != self.expected
        {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has changed"));
        }
        Ok(count)
    }
}

fn ensure_unchanged(artifact: &Artifact) -> Result<(), Failure> {
    let is_same = |path: &RealPath, size_bytes: u64, modified: Option<SystemTime>| {
        path.metadata()
            .is_ok_and(|now| now.is_file() && now.len() == size_bytes && now.modified().ok() == modified)
    };
    let is_same = match &artifact.tree {
        None => is_same(&artifact.local_path, artifact.size_bytes, artifact.local_modified),
        Some(tree) => tree
            .files
            .iter()
            .all(|file| is_same(&file.local_path, file.size_bytes, file.local_modified)),
    };
    if is_same {
        return Ok(());
    }
    Err(Failure::new(format!("could not unpack `{}`", artifact.file_name))
        .why("it was changed or removed while we read it")
        .next("wait until the build that writes it is done, then try again")
        .anchor("artifact-changed"))
}

fn failure(artifact: &Artifact, local_path: &Path, error: layer::Error) -> Failure {
    match error {
        layer::Error::Read { image_path, source } => damaged(artifact, &becomes(&image_path), &source),
        layer::Error::Size { image_path, .. } => damaged(artifact, &becomes(&image_path), &wrong_size()),
        layer::Error::Write(error) => Failure::new(format!("could not write `{}`", local_path.display()))
            .why(error)
            .next("make room on that disk, or name another folder for temporary files by TMPDIR")
            .anchor("layer-write"),
    }
}

fn becomes(image_path: &str) -> String {
    format!("what becomes `/{image_path}` in the image: ")
}

fn wrong_size() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "its size is not what the archive says",
    )
}

/// `place` says where in the artifact, with a colon.
fn damaged(artifact: &Artifact, place: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("could not unpack `{}`", artifact.file_name))
        .why(format!("{place}{error}"))
        .next("build or copy it again; `unzip -t` says what is wrong with it")
        .anchor("archive-damaged")
}
