//! Seals of builds: digests of what their entries in the build record say. Whoever may write `ConfigMap`s may
//! write the record. An entry therefore counts only with a seal that is kept elsewhere: in the annotation of
//! the workload, or on the machine that made the build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::BuildRecord;
use crate::oci::Digest;

/// Seals that are kept of one app, the newest ones: more than builds that a record keeps by default.
const MOST: usize = 20;

/// The seal of one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Number of the build.
    pub number: u64,
    /// Digest of all that its entry decides: [`BuildRecord::seal`].
    pub digest: Digest,
}

/// The seals of an app's builds, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seals(BTreeMap<u64, Digest>);

impl Seals {
    /// Reads the JSON that these are kept as. What is damaged vouches for nothing.
    #[must_use]
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Returns these and one more, without the oldest where there are too many. The new one is the newest: a
    /// higher number is of a build that it replaces, or of a record that is gone.
    #[must_use]
    pub fn with(mut self, seal: Seal) -> Self {
        self.0.split_off(&seal.number);
        self.0.insert(seal.number, seal.digest);
        while self.0.len() > MOST {
            self.0.pop_first();
        }
        self
    }

    /// Returns these without the seal of a build.
    #[must_use]
    pub fn without(mut self, number: u64) -> Self {
        self.0.remove(&number);
        self
    }

    /// Returns those of these whose number is wanted.
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&u64) -> bool) -> Self {
        let wanted = self.0.iter().filter(|(number, _)| is_wanted(number));
        Self(wanted.map(|(number, digest)| (*number, *digest)).collect())
    }

    /// Returns these and those; where both know a number, these count.
    #[must_use]
    pub fn and(&self, those: &Self) -> Self {
        let mut all = those.0.clone();
        all.extend(self.0.clone());
        Self(all)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the numbers of the builds, the newest first.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.keys().rev().copied()
    }

    /// Whether an entry is unchanged since it was sealed.
    #[must_use]
    pub fn confirm(&self, build: &BuildRecord) -> bool {
        self.0.get(&build.number) == Some(&build.seal().digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(number: u64) -> Seal {
        Seal {
            number,
            digest: Digest::of(&number.to_le_bytes()),
        }
    }

    fn numbers(seals: &Seals) -> Vec<u64> {
        seals.numbers().collect()
    }

    #[test]
    fn the_new_one_is_the_newest_and_the_oldest_goes() {
        let seals = (1..=25).fold(Seals::default(), |seals, number| seals.with(seal(number)));
        assert_eq!(numbers(&seals).len(), MOST);
        assert_eq!(numbers(&seals)[0], 25);
        let again = seals.with(seal(7));
        assert_eq!(numbers(&again), [7, 6]);
        assert_eq!(Seals::read(&serde_json::json!(again).to_string()), again);
    }

    #[test]
    fn what_is_damaged_vouches_for_nothing() {
        for text in ["", "{", "[]", r#"{"1":"x"}"#, r#"{"x":"y"}"#] {
            assert!(Seals::read(text).is_empty(), "{text}");
        }
    }
}
