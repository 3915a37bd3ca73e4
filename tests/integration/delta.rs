//! Deltas: whatever an earlier layer was, what is put together is the layer or an error; and what
//! has to be sent grows with the change.

use std::io::Cursor;

use kubectl_b2i::oci::{
    chunks::{self, AverageSize, Chunk, Fingerprint},
    delta,
};

/// Random layers for each property; seconds in all.
const CASES: u64 = 120;

/// Numbers as by chance: <https://prng.di.unimi.it/splitmix64.c>.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..count.div_ceil(8))
            .flat_map(|_| self.next().to_le_bytes())
            .collect();
        bytes.truncate(count);
        bytes
    }

    /// Bytes of three kinds: noise, runs of one byte, and repetitions, with ZIP's signatures in them.
    fn layer(&mut self, most_bytes: usize) -> Vec<u8> {
        let mut layer = Vec::new();
        let size = self.below(most_bytes);
        while layer.len() < size {
            let count = 1 + self.below(size / 4);
            match self.below(5) {
                0 => layer.extend(std::iter::repeat_n(self.next() as u8, count)),
                1 if !layer.is_empty() => {
                    let start = self.below(layer.len());
                    let end = (start + count).min(layer.len());
                    layer.extend_from_within(start..end);
                }
                2 => layer.extend_from_slice(b"PK\x03\x04\x00"),
                3 => layer.extend_from_slice(b"PK\x07\x08"),
                _ => layer.extend(self.bytes(count)),
            }
        }
        layer
    }

    /// Inserts, removes, overwrites and moves.
    fn edit(&mut self, layer: &mut Vec<u8>) {
        let start = self.below(layer.len() + 1);
        let end = (start + self.below(3000)).min(layer.len());
        let count = self.below(3000);
        let new = self.bytes(count);
        match self.below(4) {
            0 => drop(layer.splice(start..start, new)),
            1 => drop(layer.drain(start..end)),
            2 => drop(layer.splice(start..end, new)),
            _ => {
                let moved: Vec<u8> = layer.drain(start..end).collect();
                let to = self.below(layer.len() + 1);
                drop(layer.splice(to..to, moved));
            }
        }
    }
}

/// An earlier layer as the staging Pod knows it.
struct Old {
    tar: Vec<u8>,
    fingerprints: Vec<Fingerprint>,
    starts: Vec<u64>,
}

impl Old {
    fn new(tar: Vec<u8>) -> Self {
        let (mut fingerprints, mut starts) = (Vec::new(), vec![0]);
        chunks::cut(&tar[..], average(&tar), |chunk| {
            fingerprints.push(Fingerprint::of(chunk));
            starts.push(starts[starts.len() - 1] + chunk.len() as u64);
            Ok(())
        })
        .unwrap();
        Self {
            tar,
            fingerprints,
            starts,
        }
    }

    /// Returns the delta, and how many bytes in it are new.
    fn delta_to(&self, new: &[u8]) -> (Vec<u8>, u64) {
        let mut delta = Vec::new();
        let mut chunks = Vec::new();
        chunks::cut(new, average(&self.tar), |chunk| {
            chunks.push(Chunk::of(chunk));
            Ok(())
        })
        .unwrap();
        let count = delta::write(new, &chunks, &self.fingerprints, &mut delta).unwrap();
        (delta, count)
    }

    fn apply(&self, delta: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut new = Vec::new();
        delta::apply(Cursor::new(delta), Cursor::new(&self.tar), &self.starts, &mut new)?;
        Ok(new)
    }
}

fn average(tar: &[u8]) -> AverageSize {
    AverageSize::of_layer(tar.len() as u64)
}

#[test]
fn what_is_put_together_is_the_layer_and_few_bytes_of_it_are_new() {
    for seed in 0..CASES {
        let mut chance = Chance(seed);
        let old = Old::new(chance.layer(400_000));
        let mut new = old.tar.clone();
        let edits = chance.below(6) as u64;
        for _ in 0..edits {
            chance.edit(&mut new);
        }
        let (delta, count) = old.delta_to(&new);
        assert!(old.apply(&delta).unwrap() == new, "seed {seed}");
        // An edit has two ends, each in a chunk of 4 KiB at most, and the cuts are the old ones again
        // a few chunks later; a run of one byte has no cuts at all.
        assert!(
            count <= edits * 40_000,
            "seed {seed}: {edits} edits, {count} new bytes"
        );
    }
}

#[test]
fn layers_that_have_nothing_in_common_are_no_special_case() {
    for seed in 0..CASES {
        let mut chance = Chance(seed);
        let old = Old::new(chance.layer(30_000));
        let new = chance.layer(30_000);
        let (delta, _) = old.delta_to(&new);
        assert!(old.apply(&delta).unwrap() == new, "seed {seed}");
    }
}

#[test]
fn a_damaged_delta_is_an_error_or_another_layer_but_no_panic() {
    let mut chance = Chance(1);
    let old = Old::new(chance.layer(100_000));
    let mut new = old.tar.clone();
    for _ in 0..20 {
        chance.edit(&mut new);
    }
    let (delta, _) = old.delta_to(&new);
    let mut refused = 0;
    for _ in 0..CASES * 10 {
        let mut damaged = delta.clone();
        match chance.below(3) {
            0 => damaged.truncate(chance.below(delta.len())),
            1 => {
                let place = chance.below(delta.len());
                damaged[place] ^= 1 << chance.below(8);
            }
            _ => {
                // The moves are the end, where the numbers are.
                let place = delta.len() - 1 - chance.below(delta.len().min(60));
                damaged[place] = chance.next() as u8;
            }
        }
        refused += u64::from(old.apply(&damaged).is_err());
    }
    assert!(refused > CASES * 5, "{refused}");
}

#[test]
fn a_delta_that_asks_for_what_is_not_there_is_refused() {
    let old = Old::new(Chance(2).bytes(50_000));
    let (delta, _) = old.delta_to(&old.tar);
    // The same chunks, of which the staging Pod has fewer.
    let fewer = Old {
        tar: old.tar.clone(),
        fingerprints: old.fingerprints.clone(),
        starts: old.starts[..old.starts.len() - 1].to_vec(),
    };
    let error = fewer.apply(&delta).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the delta is damaged: it asks for a chunk that the earlier layer does not have"
    );
    // The chunks are named right, and the tar is shorter than they say.
    let shorter = Old {
        tar: old.tar[..40_000].to_vec(),
        ..old
    };
    let error = shorter.apply(&delta).unwrap_err();
    assert_eq!(error.to_string(), "the delta is damaged: it is cut short");
}

#[test]
fn bytes_grow_with_the_change_and_not_with_the_layer() {
    let sent = |entries: usize, changes: usize| {
        let mut chance = Chance(7);
        let mut entries: Vec<Vec<u8>> = (0..entries).map(|_| chance.bytes(2000)).collect();
        let old = Old::new(entries.concat());
        let step = entries.len() / changes.max(1);
        for entry in entries.iter_mut().step_by(step.max(1)).take(changes) {
            entry.splice(500..700, chance.bytes(250));
        }
        let (delta, _) = old.delta_to(&entries.concat());
        delta.len()
    };
    let (one, ten, hundred) = (sent(2000, 1), sent(2000, 10), sent(2000, 100));
    assert!(one < 8_000, "{one}");
    assert!((5 * one..20 * one).contains(&ten), "{one} {ten}");
    assert!((5 * ten..20 * ten).contains(&hundred), "{ten} {hundred}");
    // Eight times the layer, the same change.
    let (small, large) = (sent(500, 1), sent(4000, 1));
    assert!(large < 2 * small, "{small} {large}");
    assert!(sent(2000, 0) < 200);
}
