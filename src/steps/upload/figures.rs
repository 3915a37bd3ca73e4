//! What the upload did, in figures.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    model::{Event, Events, Step, Uploaded},
    oci::Digest,
};

/// How far each layer is. After a cut a layer may be less far than it was.
pub(super) struct Progress {
    events: Events,
    total: AtomicU64,
    sent: Mutex<BTreeMap<Digest, u64>>,
}

impl Progress {
    /// Counts towards this many bytes.
    pub(super) fn new(events: &Events, total: u64) -> Self {
        Self {
            events: events.clone(),
            total: AtomicU64::new(total),
            sent: Mutex::default(),
        }
    }

    /// Notes that so many bytes are to be sent where there were so many others.
    pub(super) fn instead(&self, of_bytes: u64, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
        self.total.fetch_sub(of_bytes, Ordering::Relaxed);
    }

    /// Notes how many bytes of a layer are sent.
    pub(super) fn note(&self, digest: Digest, bytes: u64) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.insert(digest, bytes);
        self.events.send(Event::Bytes {
            step: Step::Upload,
            done: sent.values().sum(),
            total: self.total.load(Ordering::Relaxed),
        });
    }
}

/// Returns `1.8 MB sent · 3 of 4 layers are there already`.
pub(super) fn summary(uploaded: &Uploaded) -> String {
    let (sent, skipped) = (uploaded.sent.len(), uploaded.skipped.len());
    let layers = |count: usize| {
        if count == 1 {
            "1 layer".to_owned()
        } else {
            format!("{count} layers")
        }
    };
    let whole = size(uploaded.uploaded_bytes + uploaded.reused_bytes);
    let size = size(uploaded.uploaded_bytes);
    if !uploaded.changed.is_empty() {
        let (changed, all) = (uploaded.changed.len(), sent + skipped);
        return format!("{changed} of {all} layers sent as changes: {size} of {whole}");
    }
    match (sent, skipped) {
        (0, _) => format!("nothing to send · {} there already", layers(skipped)),
        (_, 0) => format!("{size} sent · {}", layers(sent)),
        _ => format!(
            "{size} sent · {skipped} of {} are there already",
            layers(sent + skipped)
        ),
    }
}

/// Returns a size in decimal units, as registries and disks are labelled.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} bytes"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = bytes / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uploaded(bytes: u64, sent: u8, skipped: u8) -> Uploaded {
        let digests = |count: u8| (0..count).map(|n| Digest::of(&[n])).collect();
        Uploaded {
            uploaded_bytes: bytes,
            sent: digests(sent),
            skipped: digests(skipped),
            ..Uploaded::default()
        }
    }

    #[test]
    fn says_what_was_sent_and_what_was_not() {
        for (bytes, sent, skipped, text) in [
            (1_834_567, 1, 3, "1.8 MB sent · 3 of 4 layers are there already"),
            (87_100_000, 4, 0, "87.1 MB sent · 4 layers"),
            (999, 1, 0, "999 bytes sent · 1 layer"),
            (2_050_000_000, 2, 0, "2.0 GB sent · 2 layers"),
            (0, 0, 4, "nothing to send · 4 layers there already"),
        ] {
            assert_eq!(summary(&uploaded(bytes, sent, skipped)), text);
        }
        let changes = Uploaded {
            reused_bytes: 4_890_000,
            changed: vec![Digest::of(&[0])],
            ..uploaded(210_000, 1, 3)
        };
        let text = "1 of 4 layers sent as changes: 210.0 kB of 5.1 MB";
        assert_eq!(summary(&changes), text);
    }
}
