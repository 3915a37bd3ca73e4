//! Groups of chunks: to tell where two lists of chunks differ, names of groups are compared first,
//! and only the groups that are not known are listed chunk by chunk. So the lists that cross the link
//! grow with the change too. A group's end is decided by its chunks, as a chunk's is by its bytes.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::chunks::Fingerprint;

/// One chunk of so many ends a group.
const USUAL_CHUNKS: u64 = 16;
const MOST_CHUNKS: usize = 64;

/// Splits a list of chunks into its groups.
pub fn split(chunks: &[Fingerprint]) -> impl Iterator<Item = &[Fingerprint]> {
    let mut rest = chunks;
    std::iter::from_fn(move || {
        let (group, after) = rest.split_at(first_group(rest)?);
        rest = after;
        Some(group)
    })
}

/// Returns the names of the groups of a list of chunks, in order.
#[must_use]
pub fn names(chunks: &[Fingerprint]) -> Vec<Fingerprint> {
    split(chunks).map(name).collect()
}

/// Returns which groups of an old list are none of a new one.
#[must_use]
pub fn unknown(old_names: &[Fingerprint], new: &[Fingerprint]) -> Vec<Range<u32>> {
    let known: HashSet<Fingerprint> = split(new).map(name).collect();
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for (number, name) in (0..).zip(old_names) {
        if known.contains(name) {
            continue;
        }
        match ranges.last_mut() {
            Some(range) if range.end == number => range.end += 1,
            _ => ranges.push(number..number + 1),
        }
    }
    ranges
}

/// Returns the old list, of its groups' names, the new list, and the chunks of the [`unknown`]
/// groups. `None` where they do not fit together.
#[must_use]
pub fn complete(
    old_names: &[Fingerprint],
    new: &[Fingerprint],
    of_unknown: &[Fingerprint],
) -> Option<Vec<Fingerprint>> {
    let known: HashMap<Fingerprint, &[Fingerprint]> = split(new).map(|group| (name(group), group)).collect();
    let mut rest = of_unknown;
    let mut old = Vec::new();
    for old_name in old_names {
        if let Some(group) = known.get(old_name) {
            old.extend_from_slice(group);
            continue;
        }
        let (group, after) = rest.split_at(first_group(rest)?);
        if name(group) != *old_name {
            return None;
        }
        old.extend_from_slice(group);
        rest = after;
    }
    rest.is_empty().then_some(old)
}

/// Returns how many chunks the first group has; `None` where there are none.
fn first_group(chunks: &[Fingerprint]) -> Option<usize> {
    let longest = chunks.len().min(MOST_CHUNKS);
    let end = chunks[..longest]
        .iter()
        .position(|chunk| u64::from_le_bytes(chunk.to_bytes()).is_multiple_of(USUAL_CHUNKS));
    (longest > 0).then(|| end.map_or(longest, |last| last + 1))
}

fn name(group: &[Fingerprint]) -> Fingerprint {
    let bytes: Vec<u8> = group.iter().flat_map(|chunk| chunk.to_bytes()).collect();
    Fingerprint::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(numbers: Range<u32>) -> Vec<Fingerprint> {
        numbers
            .map(|number| Fingerprint::of(&number.to_le_bytes()))
            .collect()
    }

    #[test]
    fn groups_are_the_whole_and_of_some_chunks_each() {
        let all = chunks(0..10_000);
        assert_eq!(split(&all).collect::<Vec<_>>().concat(), all);
        let count = names(&all).len();
        assert!((500..900).contains(&count), "{count}");
        assert!(split(&all).all(|group| (1..=MOST_CHUNKS).contains(&group.len())));
        assert_eq!(split(&[]).count(), 0);
        // Chunks that are all the same end nothing.
        let same = vec![Fingerprint::from_bytes([1; 8]); 1000];
        assert_eq!(split(&same).count(), 1000_usize.div_ceil(MOST_CHUNKS));
    }

    #[test]
    fn the_old_list_is_known_from_few_of_its_chunks() {
        let old = chunks(0..10_000);
        let mut new = old.clone();
        new.splice(5000..5003, chunks(20_000..20_010));
        new.drain(..40);
        let old_names = names(&old);
        let unknown = unknown(&old_names, &new);
        let groups: Vec<&[Fingerprint]> = split(&old).collect();
        let of_unknown: Vec<Fingerprint> = unknown
            .iter()
            .flat_map(|range| &groups[range.start as usize..range.end as usize])
            .flat_map(|group| group.iter().copied())
            .collect();
        assert!(of_unknown.len() < 400, "{}", of_unknown.len());
        assert_eq!(complete(&old_names, &new, &of_unknown), Some(old));

        let (fewer, more) = (&of_unknown[1..], [&of_unknown[..], &of_unknown[..1]].concat());
        for wrong in [fewer, &more, &[]] {
            assert_eq!(complete(&old_names, &new, wrong), None);
        }
    }
}
