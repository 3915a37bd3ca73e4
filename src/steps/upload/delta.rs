//! A layer as its changes: what the last build's layer of the same name does not have. It saves
//! bytes and is never needed, so whatever is in its way means that the whole layer is sent.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use flate2::bufread::MultiGzDecoder;
use tempfile::NamedTempFile;
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::{
    model::{Layer, LayerDescriptor},
    oci::{
        Digest, Hasher, chunk_groups,
        chunks::{self, AverageSize, Chunk, Fingerprint},
        delta,
    },
    staging::{
        client::Error as StagingError,
        protocol::{Base, DeltaOf, Groups, Refusal},
    },
};

use super::{
    Options,
    figures::Progress,
    link::{Link, LinkError},
};

/// A smaller layer is sent before the earlier one is read.
const SMALLEST_LAYER_BYTES: u64 = 256 << 10;
/// Changes that are no smaller than so many hundredths of the layer are not worth the detour.
const MOST_PERCENT: u64 = 80;
/// The earlier layer is waited for as long as the whole one takes on a slow link, and no longer:
/// a registry far away must not make slower what is to be faster.
const SLOW_LINK_BYTES_PER_SECOND: u64 = 4 << 20;
const SHORTEST_PATIENCE: Duration = Duration::from_secs(3);
const BUFFER_BYTES: usize = 128 << 10;
/// Pauses after a cut. After the last, the whole layer is sent, with more patience.
const PAUSES_MS: &[u64] = &[100, 1_000, 2_000, 4_000];

/// What an attempt came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Whether the registry has the layer. If not, the whole has to be sent.
    pub(super) is_sent: bool,
    /// What crossed the link, both ways: the list of chunks and the delta.
    pub(super) link_bytes: u64,
}

/// A delta in a file, which goes when this is dropped.
struct Delta {
    file: NamedTempFile,
    digest: Digest,
    size_bytes: u64,
}

/// Sends a layer as its changes, if there is an earlier one and if it pays.
///
/// # Errors
/// What the registry has against the layer, since it would have the same against the whole.
pub(super) async fn send(
    link: &Link<'_>,
    options: &Options,
    layer: &Layer,
    progress: &Arc<Progress>,
) -> Result<Attempt, LinkError> {
    let mut attempt = Attempt::default();
    let Some(earlier) = earlier(options, layer) else {
        return Ok(attempt);
    };
    let size_bytes = layer.described.descriptor.size_bytes;
    let base = Base {
        descriptor: earlier.descriptor.clone(),
        average_chunk_bytes: AverageSize::of_layer(size_bytes),
    };
    let patience = Duration::from_secs(size_bytes / SLOW_LINK_BYTES_PER_SECOND).max(SHORTEST_PATIENCE);
    let lists = Lists::of(link, &base, &layer.local_path, &mut attempt.link_bytes);
    let Ok(Some(Lists { old, new })) = timeout(patience, lists).await else {
        return Ok(attempt);
    };
    let Some(most_bytes) = (size_bytes / 100 * MOST_PERCENT).checked_sub(attempt.link_bytes) else {
        return Ok(attempt);
    };
    let path = layer.local_path.clone();
    let made = spawn_blocking(move || make(&path, &new, &old, most_bytes)).await;
    let Ok(Ok(delta)) = made else {
        return Ok(attempt);
    };
    progress.instead(size_bytes, delta.size_bytes);
    let of = DeltaOf {
        offset: 0,
        size: delta.size_bytes,
        base: earlier.descriptor.digest,
        layer: layer.described.descriptor.digest,
        layer_size: size_bytes,
    };
    attempt.is_sent = put(link, &delta, of, progress, &mut attempt.link_bytes).await?;
    if !attempt.is_sent {
        progress.instead(delta.size_bytes, size_bytes);
    }
    Ok(attempt)
}

/// Returns the layer of the last build that this one is likely to be like.
fn earlier<'a>(options: &'a Options, layer: &Layer) -> Option<&'a LayerDescriptor> {
    let descriptor = &layer.described.descriptor;
    // A registry that has lost this layer may have lost the other, and says that it has not.
    if descriptor.size_bytes < SMALLEST_LAYER_BYTES || options.always_send.contains(&descriptor.digest) {
        return None;
    }
    options.earlier_layers.iter().find(|earlier| {
        earlier.name == layer.described.name && earlier.descriptor.digest != descriptor.digest
    })
}

/// The chunks of both layers.
struct Lists {
    old: Vec<Fingerprint>,
    new: Vec<Chunk>,
}

impl Lists {
    /// Cuts the new layer while the staging Pod cuts the old one, and asks for the chunks of the old
    /// one that the new one does not have. `None` where the link or the old layer fails.
    async fn of(link: &Link<'_>, base: &Base, layer: &Path, link_bytes: &mut u64) -> Option<Self> {
        let (path, average) = (layer.to_owned(), base.average_chunk_bytes);
        let new = spawn_blocking(move || cut(&path, average));
        let mut client = link.connect().await.ok()?;
        let names = client.base(base).await.ok()?;
        let new = new.await.ok()?.ok()?;
        let fingerprints: Vec<Fingerprint> = new.iter().map(|chunk| chunk.fingerprint).collect();
        let groups = Groups {
            base: base.descriptor.digest,
            groups: chunk_groups::unknown(&names, &fingerprints),
        };
        let of_unknown = client.chunks(&groups).await.ok()?;
        link.give_back(client);
        *link_bytes += ((names.len() + of_unknown.len()) * Fingerprint::BYTES) as u64;
        let old = chunk_groups::complete(&names, &fingerprints, &of_unknown)?;
        Some(Self { old, new })
    }
}

fn cut(layer: &Path, average: AverageSize) -> io::Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    chunks::cut(unpacked(layer)?, average, |chunk| {
        chunks.push(Chunk::of(chunk));
        Ok(())
    })?;
    Ok(chunks)
}

fn unpacked(layer: &Path) -> io::Result<impl Read> {
    let file = BufReader::with_capacity(BUFFER_BYTES, File::open(layer)?);
    Ok(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file)))
}

/// Makes the delta, or fails when it grows beyond `most_bytes`. Blocks.
fn make(layer: &Path, new: &[Chunk], old: &[Fingerprint], most_bytes: u64) -> io::Result<Delta> {
    let mut out = Bounded {
        out: BufWriter::new(NamedTempFile::new()?),
        hasher: Hasher::default(),
        most_bytes,
    };
    delta::write(unpacked(layer)?, new, old, &mut out)?;
    let Bounded { out, hasher, .. } = out;
    Ok(Delta {
        file: out.into_inner().map_err(io::IntoInnerError::into_error)?,
        size_bytes: hasher.size_bytes(),
        digest: hasher.finish(),
    })
}

/// Sends the delta, over as many connections as it takes, and returns whether the layer is there.
async fn put(
    link: &Link<'_>,
    delta: &Delta,
    mut of: DeltaOf,
    progress: &Arc<Progress>,
    link_bytes: &mut u64,
) -> Result<bool, LinkError> {
    let mut pauses = PAUSES_MS.iter();
    loop {
        *link_bytes += of.size - of.offset;
        let error = match put_once(link, delta, of, progress).await {
            Ok(()) => return Ok(true),
            Err(error) => error,
        };
        match error {
            LinkError::Staging(StagingError::Refused(Refusal::WrongOffset { offset })) => {
                *link_bytes -= of.size - of.offset;
                of.offset = offset.min(of.size);
            }
            LinkError::Staging(StagingError::Refused(Refusal::Registry { .. })) => return Err(error),
            error if error.is_temporary() => {}
            _ => return Ok(false),
        }
        let Some(&pause) = pauses.next() else {
            return Ok(false);
        };
        sleep(Duration::from_millis(pause)).await;
    }
}

async fn put_once(
    link: &Link<'_>,
    delta: &Delta,
    of: DeltaOf,
    progress: &Arc<Progress>,
) -> Result<(), LinkError> {
    let mut client = link.connect().await?;
    let progress = progress.clone();
    let note = move |bytes| progress.note(of.layer, bytes);
    client
        .put_delta(delta.digest, of, delta.file.path(), note)
        .await?;
    link.give_back(client);
    Ok(())
}

/// Hashes what passes through, and fails beyond a bound.
struct Bounded<W> {
    out: W,
    hasher: Hasher,
    most_bytes: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        if self.hasher.size_bytes() > self.most_bytes {
            return Err(io::Error::other("the whole layer is as cheap"));
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
