//! The files of an artifact that is more than one: a folder, or a JAR with what its `Class-Path`
//! names.

use std::time::SystemTime;

use super::RealPath;
use crate::oci::{Digest, Hasher};

/// Files below one folder of this machine.
#[derive(Clone, Debug)]
pub struct LocalTree {
    /// The one that is run; `None` where that is not a single file, as in an unpacked WAR.
    pub main_file: Option<String>,
    /// All of them, sorted by name.
    pub files: Vec<LocalFile>,
}

/// One file of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// Its path below the folder, with `/`, without `..`.
    pub name: String,
    /// Where it is on this machine, below the folder too; not part of what the image is made from.
    pub local_path: RealPath,
    /// Its size.
    pub size_bytes: u64,
    /// Whether anybody may execute it, and that matters.
    pub is_executable: bool,
    /// Digest of its bytes.
    pub digest: Digest,
    /// When it was last changed, to notice a build that goes on meanwhile.
    pub local_modified: Option<SystemTime>,
}

impl LocalTree {
    /// Returns the digest of all of it: of every file's name, of whether it can be executed, and of
    /// its bytes. Where it lies and when it was written do not count.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        for file in &self.files {
            let mode = if file.is_executable { 'x' } else { '-' };
            hasher.update(format!("{}\0{mode}{}\n", file.name, file.digest).as_bytes());
        }
        hasher.finish()
    }

    /// Returns the size of all files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(name: &str, is_executable: bool, bytes: &[u8]) -> LocalTree {
        tree_in("/", name, is_executable, bytes)
    }

    fn tree_in(folder: &str, name: &str, is_executable: bool, bytes: &[u8]) -> LocalTree {
        LocalTree {
            main_file: None,
            files: vec![LocalFile {
                name: name.to_owned(),
                local_path: RealPath::of(folder.as_ref()).unwrap(),
                size_bytes: bytes.len() as u64,
                is_executable,
                digest: Digest::of(bytes),
                local_modified: None,
            }],
        }
    }

    #[test]
    fn name_mode_and_bytes_are_in_the_digest() {
        let digest = tree("a", false, b"1").digest();
        assert_eq!(tree_in(".", "a", false, b"1").digest(), digest);
        for other in [
            tree("b", false, b"1"),
            tree("a", true, b"1"),
            tree("a", false, b"2"),
        ] {
            assert_ne!(other.digest(), digest);
        }
    }
}
