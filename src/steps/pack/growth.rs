//! Tells how far a layer's file is, so that its bytes can go before it is done.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use tokio::sync::watch;

use crate::{
    model::{GrowingLayer, Grown},
    oci::Digest,
};

/// A file that tells how far it is.
pub(super) struct Growth {
    file: File,
    told: watch::Sender<Grown>,
}

impl Growth {
    pub(super) fn new(file: File) -> Self {
        let (told, _) = watch::channel(Grown::default());
        Self { file, told }
    }

    /// Returns what a layer of this file is, for who wants to read along.
    pub(super) fn of(&self, name: &str, local_path: &Path) -> GrowingLayer {
        GrowingLayer {
            name: name.to_owned(),
            local_path: local_path.to_owned(),
            grown: self.told.subscribe(),
        }
    }

    /// That was all, and this is its digest.
    pub(super) fn end(self, digest: Digest) {
        self.told.send_modify(|grown| grown.digest = Some(digest));
    }
}

impl Write for Growth {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.told.send_modify(|grown| grown.size_bytes += count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
