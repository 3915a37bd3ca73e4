//! A path in the image. There may be hundreds of thousands of them, most with the same beginning, and
//! the names of the rest are the archive's own.

use std::{cmp::Ordering, fmt};

use serde::{Serialize, Serializer};

use crate::zip::Name;

/// A path in the image, without leading or trailing slash: `app/BOOT-INF/lib/a.jar`.
#[derive(Clone)]
pub struct ImagePath {
    /// Empty, or what the name is below.
    folder: Name,
    name: Name,
}

impl ImagePath {
    /// Returns the path of a name below a folder.
    #[must_use]
    pub fn below(folder: &Name, name: Name) -> Self {
        Self {
            folder: folder.clone(),
            name,
        }
    }

    /// Returns the name below the folder.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        let slash = if self.folder.is_empty() { "" } else { "/" };
        self.folder.bytes().chain(slash.bytes()).chain(self.name.bytes())
    }
}

impl From<&str> for ImagePath {
    fn from(path: &str) -> Self {
        Self::below(&"".into(), path.into())
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.folder.is_empty() { "" } else { "/" };
        write!(f, "{}{slash}{}", self.folder, self.name)
    }
}

impl fmt::Debug for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for ImagePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialEq for ImagePath {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ImagePath {}

impl PartialOrd for ImagePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Byte by byte, wherever the folder ends.
impl Ord for ImagePath {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.folder == other.folder {
            self.name.cmp(&other.name)
        } else {
            self.bytes().cmp(other.bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_folder_ends_does_not_count() {
        let below = |folder: &str, name: &str| ImagePath::below(&folder.into(), name.into());
        assert_eq!(below("app", "a/b"), below("app/a", "b"));
        assert_eq!(below("app", "a"), ImagePath::from("app/a"));
        assert!(below("app", "a") < ImagePath::from("app/a/b"));
        assert!(ImagePath::from("app-x") < below("app", "a"));
        assert_eq!(below("app", "a").to_string(), "app/a");
    }
}
