//! An OCI archive: an image in one tar file, laid out as
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md> says. `skopeo copy
//! oci-archive:FILE`, `ctr images import` and `podman load` read it. The same image gives the same
//! bytes.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use serde::Serialize;

use super::{Descriptor, Digest, Hasher, media_type};

/// Writes an archive from front to end; a blob may come in pieces, from a network too.
pub struct ArchiveWriter<W: Write> {
    out: W,
    written: BTreeSet<Digest>,
}

/// Takes the bytes of one blob. Without [`BlobWriter::finish`] the archive is broken.
pub struct BlobWriter<'a, W: Write> {
    out: &'a mut W,
    hasher: Hasher,
    digest: Digest,
    size_bytes: u64,
}

/// `index.json`: what is in the archive, and under which names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u32,
    media_type: &'static str,
    manifests: Vec<Descriptor>,
}

const BLOCK_BYTES: usize = 512;
/// 1980-02-01, as for everything of ours that must have a time.
const MODIFIED_SECONDS: u64 = 318_211_200;

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive of an image (a manifest or an index) under names such as
    /// `registry.example.com/team/shop:1.4`, each with its tag; one at least, or nobody finds it.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn begin(mut out: W, image: &Descriptor, names: &[(String, String)]) -> io::Result<Self> {
        let describe = |(name, tag): &(String, String)| {
            let mut descriptor = image.clone();
            // skopeo finds an image by the first, containerd names it by the second.
            let annotations = [
                ("org.opencontainers.image.ref.name", tag),
                ("io.containerd.image.name", name),
            ];
            let annotations = annotations.map(|(key, value)| (key.to_owned(), value.clone()));
            descriptor.annotations.extend(annotations);
            descriptor
        };
        let index = serde_json::to_vec(&Index {
            schema_version: 2,
            media_type: media_type::INDEX,
            manifests: names.iter().map(describe).collect(),
        })?;
        write_file(&mut out, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        write_file(&mut out, "index.json", &index)?;
        for folder in ["blobs/", "blobs/sha256/"] {
            out.write_all(header(folder, 0, tar::EntryType::Directory)?.as_bytes())?;
        }
        Ok(Self {
            out,
            written: BTreeSet::new(),
        })
    }

    /// Begins a blob; `None` where the archive has it already.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn blob(&mut self, digest: Digest, size_bytes: u64) -> io::Result<Option<BlobWriter<'_, W>>> {
        if !self.written.insert(digest) {
            return Ok(None);
        }
        let path = format!("blobs/sha256/{}", digest.hex());
        let header = header(&path, size_bytes, tar::EntryType::Regular)?;
        self.out.write_all(header.as_bytes())?;
        Ok(Some(BlobWriter {
            out: &mut self.out,
            hasher: Hasher::default(),
            digest,
            size_bytes,
        }))
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK_BYTES])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> BlobWriter<'_, W> {
    /// Ends the blob.
    ///
    /// # Errors
    /// The bytes were not what the digest and the size say; or what writing fails with.
    pub fn finish(self) -> io::Result<()> {
        let size_bytes = self.hasher.size_bytes();
        if size_bytes != self.size_bytes || self.hasher.finish() != self.digest {
            let text = format!("the bytes are not those of {}", self.digest);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        pad(self.out, size_bytes)
    }
}

impl<W: Write> Write for BlobWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write_file(out: &mut impl Write, path: &str, bytes: &[u8]) -> io::Result<()> {
    let size_bytes = bytes.len() as u64;
    out.write_all(header(path, size_bytes, tar::EntryType::Regular)?.as_bytes())?;
    out.write_all(bytes)?;
    pad(out, size_bytes)
}

fn header(path: &str, size_bytes: u64, kind: tar::EntryType) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(path)?;
    header.set_entry_type(kind);
    header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
    header.set_size(size_bytes);
    header.set_mtime(MODIFIED_SECONDS);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

/// A file in a tar ends at the end of a block.
fn pad(out: &mut impl Write, size_bytes: u64) -> io::Result<()> {
    let over = usize::try_from(size_bytes % BLOCK_BYTES as u64).expect("less than a block");
    out.write_all(&[0; BLOCK_BYTES][over..][..if over == 0 { 0 } else { BLOCK_BYTES - over }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_blob_is_refused_and_a_second_one_left_out() {
        let image = Descriptor::of(media_type::MANIFEST, b"{}");
        let mut archive = ArchiveWriter::begin(Vec::new(), &image, &[]).expect("memory");
        let digest = Digest::of(b"layer");
        let mut blob = archive.blob(digest, 5).expect("memory").expect("a new blob");
        blob.write_all(b"laye").expect("memory");
        assert!(blob.finish().is_err());
        assert!(archive.blob(digest, 5).expect("memory").is_none());
    }

    #[test]
    fn blobs_end_at_the_end_of_a_block() {
        for (size_bytes, padding) in [(0, 0), (1, 511), (512, 0), (513, 511)] {
            let mut out = Vec::new();
            pad(&mut out, size_bytes).expect("memory");
            assert_eq!(out.len(), padding, "{size_bytes}");
        }
    }
}
