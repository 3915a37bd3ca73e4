//! How much an archive may hold. What is compressed may be a thousand times larger unpacked.

use super::refusal;
use crate::{error::Failure, model::ArchiveEntry, zip::implied_folders};

/// What an archive may hold at most, and lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of entries.
    pub max_entries: u64,
    /// Bytes of all entries, unpacked.
    pub max_unpacked_bytes: u64,
    /// Whether the `Class-Path` of a JAR may name what is not there.
    pub may_lack_libraries: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // More than any application has; the JDK's own `jimage` has 30 000.
            max_entries: 200_000,
            max_unpacked_bytes: 8 << 30,
            may_lack_libraries: false,
        }
    }
}

/// Code, text and data shrink to a tenth, seldom to a thirtieth. Zeros shrink to a thousandth.
const MOST_TIMES: u64 = 200;
/// Below, an archive may consist of zeros if it likes.
const HARMLESS_BYTES: u64 = 256 << 20;

impl Limits {
    /// Refuses an archive that is too large unpacked; `packed_bytes` is what its entries take.
    pub(super) fn check(
        &self,
        file_name: &str,
        entries: &[ArchiveEntry],
        packed_bytes: u64,
    ) -> Result<(), Failure> {
        let folders = implied_folders(entries);
        if folders > self.max_entries {
            return Err(refusal::too_many_folders(file_name, folders, self));
        }
        let sizes = entries.iter().map(|entry| entry.size_bytes);
        let unpacked = sizes.fold(0, u64::saturating_add);
        if unpacked > self.max_unpacked_bytes {
            return Err(refusal::too_large(file_name, unpacked, self));
        }
        // Who raises the limit knows what is in it.
        let is_default = self.max_unpacked_bytes <= Self::default().max_unpacked_bytes;
        let is_bomb = unpacked > HARMLESS_BYTES && unpacked / MOST_TIMES > packed_bytes;
        if is_default && is_bomb {
            return Err(refusal::bomb(file_name, unpacked, packed_bytes));
        }
        Ok(())
    }
}
