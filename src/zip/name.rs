//! A name that is a part of a text which it shares with many others. An archive may have hundreds of
//! thousands of them, and each is needed in the archive and in the plan of an image.

use std::{cmp::Ordering, fmt, ops::Deref, sync::Arc};

/// Text that costs 16 bytes beside its letters, and no letters when it is copied.
#[derive(Clone)]
pub struct Name {
    text: Arc<String>,
    start: u32,
    end: u32,
}

impl Name {
    /// Returns a part of a text.
    ///
    /// # Panics
    /// When the text has no such part.
    pub(super) fn part_of(text: &Arc<String>, start: u32, end: u32) -> Self {
        assert!(
            text.get(start as usize..end as usize).is_some(),
            "a part of the text"
        );
        Self {
            text: text.clone(),
            start,
            end,
        }
    }

    /// Returns the first bytes of the name, which must end where a character does.
    #[must_use]
    pub fn up_to(&self, bytes: usize) -> Self {
        let end = self.start + u32::try_from(bytes).unwrap_or(u32::MAX);
        Self::part_of(&self.text, self.start, end.min(self.end))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        let end = u32::try_from(text.len()).expect("names are shorter than 4 GiB");
        Self::part_of(&Arc::new(text), 0, end)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text[self.start as usize..self.end as usize]
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
