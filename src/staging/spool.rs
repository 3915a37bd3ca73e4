//! The spool: the blobs on their way, and how much room they may take.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{blob::Blob, protocol::Refusal};
use crate::oci::Digest;

/// The blobs on their way, each in a file of its own.
pub(super) struct Spool {
    folder: PathBuf,
    limit_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    on_their_way: HashMap<Digest, Arc<Blob>>,
    committed: HashSet<Digest>,
}

impl Spool {
    /// Keeps blobs in this folder, at most `limit_bytes` at one time, and goes on with those that a
    /// process before this one left there: a container's volume outlives it.
    pub(super) fn reopen(folder: PathBuf, limit_bytes: u64) -> io::Result<Self> {
        let mut state = State::default();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_file()
                && let Some(blob) = Blob::reopen(path)?
            {
                let longest = state.on_their_way.get(&blob.digest).map(|other| other.received());
                if longest.is_none_or(|longest| longest < blob.received()) {
                    state.on_their_way.insert(blob.digest, Arc::new(blob));
                }
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
        let taken: u64 = state.on_their_way.values().map(|blob| blob.size_bytes).sum();
        if size_bytes > self.limit_bytes.saturating_sub(taken) {
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

    /// Notes that the registry has committed a blob; its file goes.
    pub(super) fn committed(&self, digest: Digest) {
        self.state().committed.insert(digest);
        self.forget(digest);
    }

    /// Forgets a blob: its file goes, and a push that still runs ends without a commit.
    pub(super) fn forget(&self, digest: Digest) {
        self.state().on_their_way.remove(&digest);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
