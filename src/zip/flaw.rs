//! Why an archive is not taken.

use std::io;

/// Why an archive is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// There is no end.
    #[error("it has no end")]
    CutShort,
    /// Something comes after the end.
    #[error("{0} bytes come after its end")]
    DataAfterEnd(u64),
    /// There is another end in the comment of the first.
    #[error("it has two ends, one in the comment of the other")]
    TwoEnds,
    /// The directory is not where the end says.
    #[error("its directory is not where its end says")]
    NoDirectory,
    /// Number of entries that the end declares, and that are there.
    #[error("its end says that it has {0} entries, and {1} are there")]
    Count(u64, u64),
    /// Number of entries.
    #[error("it has {0} entries")]
    TooMany(u64),
    /// Bytes of the directory.
    #[error("its directory takes {0} bytes")]
    TooLarge(u64),
    /// An entry that nobody should unpack, and why.
    #[error("its entry `{0}` must not be unpacked: {1}")]
    Unsafe(String, &'static str),
    /// An entry that needs a password.
    #[error("its entry `{0}` is encrypted")]
    Encrypted(String),
    /// An entry, and the number of a way to compress that is neither "stored" nor "deflated".
    #[error("its entry `{0}` is compressed with method {1}")]
    OtherMethod(String, u16),
    /// There is no header where the directory says that an entry is.
    #[error("its entry `{0}` is not where the directory says")]
    NoHeader(String),
    /// Name in the directory, and at the entry.
    #[error("the entry that its directory calls `{0}` calls itself `{1}`")]
    Names(String, String),
    /// Two entries have bytes in common.
    #[error("its entries `{0}` and `{1}` share bytes")]
    Overlap(String, String),
    /// An entry reaches into the directory.
    #[error("its entry `{0}` reaches into the directory")]
    IntoDirectory(String),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(io::Error),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::NoDirectory,
            _ => Self::Unreadable(error),
        }
    }
}
