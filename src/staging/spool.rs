//! The spool: the blobs on their way, the earlier layers that they are made of, and how much room
//! all of them may take.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

use super::{base::Base, blob::Blob, protocol::Refusal};
use crate::oci::Digest;

/// Room is set aside in steps, so that not every chunk has to ask.
const ROOM_STEP_BYTES: u64 = 16 << 20;

/// The blobs on their way, each in a file of its own.
pub(super) struct Spool {
    pub(super) folder: PathBuf,
    limit_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    on_their_way: HashMap<Digest, Arc<Blob>>,
    committed: HashSet<Digest>,
    bases: HashMap<Digest, Arc<OnceCell<Base>>>,
    /// Bytes that are set aside for the tars of the bases.
    set_aside: u64,
}

impl State {
    fn taken(&self) -> u64 {
        let blobs: u64 = self.on_their_way.values().map(|blob| blob.size_bytes).sum();
        blobs + self.set_aside
    }
}

impl Spool {
    /// Keeps blobs in this folder, at most `limit_bytes` at one time, and goes on with those that a
    /// process before this one left there: a container's volume outlives it.
    pub(super) fn reopen(folder: PathBuf, limit_bytes: u64) -> io::Result<Self> {
        let mut state = State::default();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if !path.is_file() {
                continue;
            }
            let Some(blob) = Blob::reopen(path.clone())? else {
                // What was left of an earlier layer. It is read again where it is needed.
                let _ = fs::remove_file(path);
                continue;
            };
            let longest = state.on_their_way.get(&blob.digest).map(|other| other.received());
            if longest.is_none_or(|longest| longest < blob.received()) {
                state.on_their_way.insert(blob.digest, Arc::new(blob));
            }
        }
        Ok(Self {
            folder,
            limit_bytes,
            state: Mutex::new(state),
        })
    }

    /// Returns a blob on its way, a new one where there is none; `None` when the registry has
    /// committed it. Room for all of it is set aside now, so that it cannot run out half way.
    pub(super) fn open(&self, digest: Digest, size_bytes: u64) -> Result<Option<Arc<Blob>>, Refusal> {
        let opened = self.try_open(digest, size_bytes);
        if !matches!(opened, Err(Refusal::TooLarge { .. })) {
            return opened;
        }
        // An earlier layer only saves bytes; what has to be sent must find room.
        let bases = std::mem::take(&mut self.state().bases);
        drop(bases);
        self.try_open(digest, size_bytes)
    }

    fn try_open(&self, digest: Digest, size_bytes: u64) -> Result<Option<Arc<Blob>>, Refusal> {
        let mut state = self.state();
        if state.committed.contains(&digest) {
            return Ok(None);
        }
        if let Some(blob) = state.on_their_way.get(&digest) {
            if blob.size_bytes != size_bytes {
                let why = format!("the size of {digest} was {} before", blob.size_bytes);
                return Err(Refusal::BadRequest { why });
            }
            return Ok(Some(blob.clone()));
        }
        if size_bytes > self.limit_bytes.saturating_sub(state.taken()) {
            let limit_bytes = self.limit_bytes;
            return Err(Refusal::TooLarge { limit_bytes });
        }
        let blob = Arc::new(Blob::create(&self.folder, digest, size_bytes)?);
        state.on_their_way.insert(digest, blob.clone());
        Ok(Some(blob))
    }

    /// Returns how many bytes of a blob are here, once no request brings more; `None` when the
    /// registry has committed it.
    pub(super) async fn offset(&self, digest: Digest) -> Option<u64> {
        let blob = {
            let state = self.state();
            if state.committed.contains(&digest) {
                return None;
            }
            state.on_their_way.get(&digest).cloned()
        };
        match blob {
            Some(blob) => Some(blob.settled().await),
            None => Some(0),
        }
    }

    /// Returns whether the registry has committed a blob.
    pub(super) fn is_committed(&self, digest: Digest) -> bool {
        self.state().committed.contains(&digest)
    }

    /// Notes that the registry has committed a blob; its file goes.
    pub(super) fn committed(&self, digest: Digest) {
        self.state().committed.insert(digest);
        self.forget(digest);
    }

    /// Forgets that the registry has committed these blobs.
    pub(super) fn forget_committed(&self, digests: impl Iterator<Item = Digest>) {
        let committed = &mut self.state().committed;
        for digest in digests {
            committed.remove(&digest);
        }
    }

    /// Forgets a blob: its file goes, and a push that still runs ends without a commit.
    pub(super) fn forget(&self, digest: Digest) {
        self.state().on_their_way.remove(&digest);
    }

    /// Forgets this blob, and no later one of the same digest.
    pub(super) fn forget_this(&self, blob: &Arc<Blob>) {
        let on_their_way = &mut self.state().on_their_way;
        if on_their_way
            .get(&blob.digest)
            .is_some_and(|now| Arc::ptr_eq(now, blob))
        {
            on_their_way.remove(&blob.digest);
        }
    }

    /// Returns the place of an earlier layer, to be filled by the first who needs it.
    pub(super) fn base(&self, digest: Digest) -> Arc<OnceCell<Base>> {
        self.state().bases.entry(digest).or_default().clone()
    }

    /// Forgets an earlier layer: its file goes when nobody reads it any more.
    pub(super) fn forget_base(&self, digest: Digest) {
        // It gives its room back, which needs the lock: so not in one statement.
        let base = self.state().bases.remove(&digest);
        drop(base);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room that is set aside; given back when this is dropped.
pub(super) struct Room {
    spool: Arc<Spool>,
    bytes: u64,
}

impl Room {
    /// Sets nothing aside yet.
    pub(super) fn new(spool: Arc<Spool>) -> Self {
        Self { spool, bytes: 0 }
    }

    /// Makes sure that there is room for so many bytes.
    ///
    /// # Errors
    /// When the spool holds no more.
    pub(super) fn grow_to(&mut self, bytes: u64) -> io::Result<()> {
        while self.bytes < bytes {
            let mut state = self.spool.state();
            if ROOM_STEP_BYTES > self.spool.limit_bytes.saturating_sub(state.taken()) {
                return Err(io::Error::other("the spool has no room for it"));
            }
            state.set_aside += ROOM_STEP_BYTES;
            self.bytes += ROOM_STEP_BYTES;
        }
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.spool.state().set_aside -= self.bytes;
    }
}
