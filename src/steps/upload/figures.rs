//! What the upload did, in figures.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    model::{Event, Events, Step, Uploaded},
    oci::Digest,
};

use super::link::LinkError;

/// How far each layer is, and what arrived in the cluster. After a cut a layer may be less far than
/// it was: what was on its way is lost. A Pod that is gone takes what had arrived along.
pub(super) struct Progress {
    events: Events,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: u64,
    layers: BTreeMap<Digest, Count>,
    is_cut: bool,
}

/// How far a layer is.
#[derive(Default)]
struct Count {
    /// The Pod that it goes to.
    pod: String,
    offset: u64,
    /// What arrived of it in all Pods.
    arrived_bytes: u64,
}

impl Progress {
    /// Counts towards this many bytes.
    pub(super) fn new(events: &Events, total: u64) -> Self {
        Self {
            events: events.clone(),
            counts: Mutex::new(Counts {
                total,
                ..Counts::default()
            }),
        }
    }

    /// Notes that so many bytes are to be sent where there were so many others.
    pub(super) fn instead(&self, of_bytes: u64, bytes: u64) {
        let mut counts = self.counts();
        counts.total = counts.total + bytes - of_bytes;
    }

    /// Returns how many bytes of a layer arrived, those that a second Pod had to be sent counted twice.
    pub(super) fn arrived_bytes(&self, digest: Digest) -> u64 {
        let counts = self.counts();
        counts.layers.get(&digest).map_or(0, |count| count.arrived_bytes)
    }

    /// Notes that a connection to a Pod is there, which goes on with a layer at `offset`.
    pub(super) fn goes_on(&self, digest: Digest, pod: &str, offset: u64) {
        let mut counts = self.counts();
        let count = counts.layers.entry(digest).or_default();
        if count.pod == pod {
            count.arrived_bytes -= count.offset.saturating_sub(offset);
        }
        pod.clone_into(&mut count.pod);
        count.offset = offset;
        if std::mem::take(&mut counts.is_cut) {
            self.say(String::new());
        }
    }

    /// Notes that a layer is sent up to `offset`.
    pub(super) fn note(&self, digest: Digest, offset: u64) {
        let mut counts = self.counts();
        let count = counts.layers.entry(digest).or_default();
        count.arrived_bytes += offset.saturating_sub(count.offset);
        count.offset = offset;
        let (done, total) = (
            counts.layers.values().map(|count| count.offset).sum(),
            counts.total,
        );
        self.events.send(Event::Bytes {
            step: Step::Upload,
            done,
            total,
        });
        if done == total {
            self.say("the registry takes the last of it".to_owned());
        }
    }

    /// Notes that a connection is gone, and that another one is tried for.
    pub(super) fn is_cut(&self, error: &LinkError) {
        self.counts().is_cut = true;
        self.say(format!("connecting again: {error}"));
    }

    fn say(&self, words: String) {
        self.events.send(Event::Doing(Step::Upload, words));
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::sync::Arc;

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
    fn what_was_lost_on_the_way_did_not_arrive() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        let events = Events::to(move |event| {
            if let Event::Bytes { done, .. } = event {
                tell.lock().expect("no panic").push(done);
            }
        });
        let progress = Progress::new(&events, 300);
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        progress.goes_on(one, "a", 0);
        progress.goes_on(two, "a", 50);
        progress.note(one, 100);
        progress.note(two, 100);
        progress.goes_on(one, "a", 80);
        progress.note(one, 200);
        assert_eq!(
            (progress.arrived_bytes(one), progress.arrived_bytes(two)),
            (200, 50)
        );
        // Another Pod.
        progress.goes_on(one, "b", 0);
        progress.note(one, 200);
        assert_eq!(progress.arrived_bytes(one), 200 + 200);
        assert_eq!(*told.lock().expect("no panic"), [150, 200, 300, 300]);
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
