//! Who may write to a file that was found. Where somebody else may, it says what they want.

use super::content::Content;
use crate::{
    error::{Failure, Result},
    model::quoted,
};

/// Checks that a found file, and the folders that hold it, are the user's alone (or root's). On Windows a folder's
/// access list is inherited by what is in it, and nothing is checked.
///
/// # Errors
/// A usage failure that says who else may write to it.
pub(super) fn ensure_own(content: &Content) -> Result<()> {
    let Some(why) = why_not(content) else {
        return Ok(());
    };
    let path = content.path.display();
    Err(Failure::usage(format!("could not use `{path}`"))
        .why(format!("it was found, not named, and {why}"))
        .next("read it; if you want it to count, name it by `--file`, else leave it out by `--file ''`:")
        .command(format!("cat {}", quoted(&path.to_string())))
        .anchor("options-file-owner"))
}

#[cfg(not(unix))]
fn why_not(_: &Content) -> Option<String> {
    None
}

#[cfg(unix)]
fn why_not(content: &Content) -> Option<String> {
    use std::{fs, path::Path};

    let me = rustix::process::geteuid().as_raw();
    let folder_of = |path: &Path| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => ".".into(),
    };
    let file = Facts::of(&content.metadata).objection("it", me);
    let link = || {
        let link = fs::symlink_metadata(&content.path).ok()?;
        // A link has no mode of its own.
        let facts = Facts {
            mode: 0,
            ..Facts::of(&link)
        };
        facts.objection("the link", me)
    };
    // A link leads to another folder.
    let real = fs::canonicalize(&content.path).unwrap_or_else(|_| content.path.clone());
    let folders = [folder_of(&content.path), folder_of(&real)];
    let folder = || {
        folders.iter().find_map(|folder| {
            let facts = Facts::of(&fs::metadata(folder).ok()?);
            facts.objection(&format!("its folder `{}`", folder.display()), me)
        })
    };
    file.or_else(link).or_else(folder)
}

/// What says who may write.
#[cfg(unix)]
#[derive(Clone, Copy)]
struct Facts {
    owner: u32,
    group: u32,
    mode: u32,
    is_folder: bool,
}

#[cfg(unix)]
impl Facts {
    fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & 0o7777,
            is_folder: metadata.is_dir(),
        }
    }

    /// Says who else may change it; `me` is the user.
    fn objection(self, what: &str, me: u32) -> Option<String> {
        const STICKY: u32 = 0o1000;
        let Self {
            owner, group, mode, ..
        } = self;
        let shown = format!("(owner {owner}, group {group}, mode {mode:04o})");
        if owner != me && owner != 0 {
            return Some(format!("{what} belongs to another user than you, {me} {shown}"));
        }
        // In a folder like /tmp everybody may add files, but only replace their own.
        if self.is_folder && mode & STICKY != 0 {
            return None;
        }
        if mode & 0o002 != 0 {
            return Some(format!("everybody may write to {what} {shown}"));
        }
        // Debian and others give each user a group of their own, with the user's number.
        let is_private = group == me && me != 0;
        (mode & 0o020 != 0 && !is_private).then(|| format!("a group may write to {what} {shown}"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_else_may_write_is_own() {
        let file = |owner, group, mode| Facts {
            owner,
            group,
            mode,
            is_folder: false,
        };
        let folder = |owner, group, mode| Facts {
            is_folder: true,
            ..file(owner, group, mode)
        };
        for (facts, me, is_own) in [
            (file(1000, 1000, 0o644), 1000, true),
            (file(1000, 1000, 0o664), 1000, true),
            (file(1000, 100, 0o664), 1000, false),
            (file(1000, 100, 0o644), 1000, true),
            (file(1000, 1000, 0o666), 1000, false),
            (file(1000, 1000, 0o642), 1000, false),
            (file(0, 0, 0o644), 1000, true),
            (file(0, 0, 0o664), 1000, false),
            (file(0, 0, 0o664), 0, false),
            (file(1001, 1000, 0o644), 1000, false),
            (file(1001, 1001, 0o600), 0, false),
            (folder(1000, 1000, 0o775), 1000, true),
            (folder(1000, 50, 0o775), 1000, false),
            (folder(0, 0, 0o1777), 1000, true),
            (folder(1000, 1000, 0o777), 1000, false),
            (folder(1001, 1001, 0o1777), 1000, false),
        ] {
            let why = facts.objection("it", me);
            assert_eq!(why.is_none(), is_own, "{why:?} {:o}", facts.mode);
        }
    }
}
