//! A blob on its way: one file, which one side appends to and the other reads from its beginning,
//! as often as the registry needs, while it grows. So a cut link, a resumed upload and a registry
//! that has to be tried again are no special cases. The file's name says what it will be, so that a
//! container that was killed goes on with it when it is started again.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tempfile::TempPath;
use tokio::{
    sync::{OwnedMutexGuard, watch},
    task::spawn_blocking,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{DestinationError, piece, protocol::Refusal};
use crate::oci::{Digest, Hasher};

/// How long what was on its way may take to arrive once its connection is cut.
const SETTLE: Duration = Duration::from_secs(1);

/// A blob on its way. When its last owner lets go, the file is deleted, and a push that still runs
/// ends without a commit.
pub(super) struct Blob {
    /// Digest that the bytes must have.
    pub(super) digest: Digest,
    /// How many bytes it has when all are here.
    pub(super) size_bytes: u64,
    path: TempPath,
    intake: Arc<tokio::sync::Mutex<Intake>>,
    /// Cancelled when a later request takes over as the one that appends.
    appending: Mutex<CancellationToken>,
    progress: watch::Sender<Progress>,
    push: watch::Sender<Push>,
    push_task: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// How much of a blob is here.
#[derive(Clone, Copy, Default)]
struct Progress {
    received: u64,
    is_verified: bool,
}

/// How far the registry is.
#[derive(Clone)]
pub(super) enum Push {
    /// It was not asked yet, or it failed.
    Idle,
    /// It takes bytes as they come.
    Running,
    /// It did not take the blob. The next request tries again.
    Failed(DestinationError),
    /// It has the blob.
    Committed,
}

impl Blob {
    /// Makes an empty file in `folder` for a blob of this digest and size.
    pub(super) fn create(folder: &Path, digest: Digest, size_bytes: u64) -> io::Result<Self> {
        let (file, path) = tempfile::Builder::new()
            .prefix(&format!("{}.{size_bytes}.", digest.hex()))
            .tempfile_in(folder)?
            .into_parts();
        Ok(Self::of(digest, size_bytes, file, path, Hasher::default()))
    }

    /// Goes on with a file that an earlier process left; `None` where it is no blob's. All of it is
    /// hashed again: what it holds is what arrived, and nobody else kept count.
    pub(super) fn reopen(path: PathBuf) -> io::Result<Option<Self>> {
        let Some((digest, size_bytes)) = named(&path) else {
            return Ok(None);
        };
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        let mut hasher = Hasher::default();
        io::copy(&mut file, &mut hasher)?;
        let path = TempPath::try_from_path(path)?;
        Ok((hasher.size_bytes() <= size_bytes).then(|| Self::of(digest, size_bytes, file, path, hasher)))
    }

    fn of(digest: Digest, size_bytes: u64, file: File, path: TempPath, hasher: Hasher) -> Self {
        let progress = watch::Sender::new(Progress {
            received: hasher.size_bytes(),
            is_verified: false,
        });
        let intake = Intake {
            file,
            hasher,
            progress: progress.clone(),
        };
        Self {
            digest,
            size_bytes,
            path,
            intake: Arc::new(tokio::sync::Mutex::new(intake)),
            appending: Mutex::default(),
            progress,
            push: watch::Sender::new(Push::Idle),
            push_task: Mutex::default(),
        }
    }

    /// Returns how many bytes are here.
    pub(super) fn received(&self) -> u64 {
        self.progress.borrow().received
    }

    /// Returns where to go on. A request whose connection was cut a moment ago may still bring what
    /// was on its way, so it gets the time to; one that hangs has to leave. Else the plugin would
    /// send again what is about to arrive.
    pub(super) async fn settled(&self) -> u64 {
        if timeout(SETTLE, self.intake.lock()).await.is_err() {
            drop(self.take_over().await);
        }
        self.received()
    }

    /// Opens the file, to read what is there.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Becomes the one that appends. An earlier request may hang on a dead connection that nobody
    /// told it of, so it has to leave; the token says when that happens to us.
    pub(super) async fn take_over(&self) -> (OwnedMutexGuard<Intake>, CancellationToken) {
        let ours = CancellationToken::new();
        let earlier = std::mem::replace(
            &mut *self.appending.lock().unwrap_or_else(PoisonError::into_inner),
            ours.clone(),
        );
        earlier.cancel();
        (self.intake.clone().lock_owned().await, ours)
    }

    /// Checks the digest, once all bytes are here, and lets the registry have the last one.
    pub(super) fn verify(&self, intake: &Intake) -> Result<(), Refusal> {
        let found = intake.hasher.clone().finish();
        if found != self.digest {
            return Err(Refusal::WrongDigest { found });
        }
        self.progress.send_modify(|progress| progress.is_verified = true);
        Ok(())
    }

    /// Returns where to see how a push goes, without starting one.
    pub(super) fn pushed(&self) -> watch::Receiver<Push> {
        self.push.subscribe()
    }

    /// Starts a push, unless one runs or is done, and returns where to see how it goes. `push` gets
    /// the blob's bytes and where to say how it ended; it must own nothing else of the blob.
    pub(super) fn push_with<F>(
        &self,
        push: impl FnOnce(Replay, watch::Sender<Push>) -> F,
    ) -> watch::Receiver<Push>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let is_started = self.push.send_if_modified(|state| {
            let is_idle = matches!(state, Push::Idle | Push::Failed(_));
            if is_idle {
                *state = Push::Running;
            }
            is_idle
        });
        if is_started {
            let replay = Replay {
                path: self.path.to_path_buf(),
                size_bytes: self.size_bytes,
                progress: self.progress.subscribe(),
            };
            let task = AbortOnDropHandle::new(tokio::spawn(push(replay, self.push.clone())));
            *self.push_task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        }
        self.push.subscribe()
    }
}

/// Reads the name that [`Blob::create`] gave a file: digest, size, and something random.
fn named(path: &Path) -> Option<(Digest, u64)> {
    let mut parts = path.file_name()?.to_str()?.splitn(3, '.');
    let digest = format!("sha256:{}", parts.next()?).parse().ok()?;
    Some((digest, parts.next()?.parse().ok()?))
}

/// The end that is written to: the file, and the digest of what is in it.
pub(super) struct Intake {
    file: File,
    hasher: Hasher,
    progress: watch::Sender<Progress>,
}

impl Intake {
    /// Returns how many bytes are in the file.
    pub(super) fn received(&self) -> u64 {
        self.hasher.size_bytes()
    }

    /// Appends bytes. What it holds stays true when the caller is cancelled meanwhile.
    pub(super) async fn append(
        mut this: OwnedMutexGuard<Self>,
        bytes: Bytes,
    ) -> io::Result<OwnedMutexGuard<Self>> {
        spawn_blocking(move || {
            this.file.write_all(&bytes)?;
            this.hasher.update(&bytes);
            let received = this.received();
            this.progress.send_modify(|progress| progress.received = received);
            Ok(this)
        })
        .await?
    }
}

/// The bytes of a blob on its way, from the beginning, as often as needed.
#[derive(Clone)]
pub struct Replay {
    path: PathBuf,
    size_bytes: u64,
    progress: watch::Receiver<Progress>,
}

impl Replay {
    /// Returns the bytes from the first to the last. It waits for those that have not arrived, and
    /// the last byte comes only after the digest was found right: nothing else can be committed.
    pub fn stream(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::try_unfold((self.clone(), None, 0), |(mut replay, file, offset)| async move {
            if offset == replay.size_bytes {
                return Ok(None);
            }
            let released = replay.wait_beyond(offset).await?;
            let file = match file {
                Some(file) => file,
                None => File::open(&replay.path)?,
            };
            let (file, piece) = piece::read(file, released - offset).await?;
            let offset = offset + piece.len() as u64;
            Ok(Some((piece, (replay, Some(file), offset))))
        })
    }

    /// Returns how far the file may be read, once that is beyond `offset`.
    async fn wait_beyond(&mut self, offset: u64) -> io::Result<u64> {
        let size_bytes = self.size_bytes;
        let released = move |progress: &Progress| {
            if progress.is_verified {
                size_bytes
            } else {
                progress.received.min(size_bytes.saturating_sub(1))
            }
        };
        let progress = self
            .progress
            .wait_for(|progress| released(progress) > offset)
            .await;
        progress
            .map(|progress| released(&progress))
            .map_err(|_| io::Error::other("the upload of this layer was given up"))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[tokio::test]
    async fn the_last_byte_waits_for_the_digest() {
        let folder = tempfile::tempdir().expect("a folder");
        let bytes = Bytes::from(vec![7; 1000]);
        let blob = Blob::create(folder.path(), Digest::of(&bytes), 1000).expect("a file");
        let (intake, _) = blob.take_over().await;
        let mut replay = None;
        blob.push_with(|body, _| {
            replay = Some(body);
            async {}
        });
        let replay = replay.expect("a push was started");
        let mut stream = std::pin::pin!(replay.stream());
        assert!(stream.next().now_or_never().is_none());

        let intake = Intake::append(intake, bytes).await.expect("written");
        let most = stream.next().await.expect("a piece").expect("read");
        assert_eq!(most.len(), 999);
        assert!(stream.next().now_or_never().is_none());

        blob.verify(&intake).expect("the right digest");
        let last = stream.next().await.expect("a piece").expect("read");
        assert_eq!(last.len(), 1);
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn a_killed_process_leaves_what_the_next_one_goes_on_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let bytes = Bytes::from(vec![7; 1000]);
        let digest = Digest::of(&bytes);
        let path = folder.path().join(format!("{}.1000.x1", digest.hex()));
        std::fs::write(&path, &bytes[..400]).expect("written");
        let blob = Blob::reopen(path).expect("read").expect("a blob");
        assert_eq!((blob.digest, blob.settled().await), (digest, 400));
        let (intake, _) = blob.take_over().await;
        let intake = Intake::append(intake, bytes.slice(400..)).await.expect("written");
        blob.verify(&intake).expect("the right digest");
        assert_eq!(std::fs::read(&blob.path).expect("read"), bytes);
    }

    #[test]
    fn a_file_of_another_name_or_too_long_is_no_blob() {
        let folder = tempfile::tempdir().expect("a folder");
        let digest = Digest::of(b"x").hex();
        for (name, is_blob) in [
            (format!("{digest}.2.x"), true),
            (format!("{digest}.1.x"), false),
            (format!("{digest}.x"), false),
            ("lost+found".to_owned(), false),
        ] {
            let path = folder.path().join(&name);
            std::fs::write(&path, "xx").expect("written");
            assert_eq!(Blob::reopen(path).expect("read").is_some(), is_blob, "{name}");
        }
    }

    #[tokio::test]
    async fn a_blob_that_is_given_up_ends_its_replay_and_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let blob = Blob::create(folder.path(), Digest::of(b"x"), 1).expect("a file");
        let replay = Replay {
            path: blob.path.to_path_buf(),
            size_bytes: 1,
            progress: blob.progress.subscribe(),
        };
        drop(blob);
        let mut stream = std::pin::pin!(replay.stream());
        assert!(stream.next().await.expect("an item").is_err());
        assert!(!replay.path.exists());
    }
}
