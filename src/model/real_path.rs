//! Paths without symbolic links. Where a name leads is settled once, when an artifact is inspected;
//! whoever opens it later gets what was there or an error, though somebody has put a link in its
//! place or in that of a folder above it.

use std::{
    ffi::OsStr,
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
};

/// An absolute path in which no part was a symbolic link when it was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealPath(PathBuf);

impl RealPath {
    /// Resolves a path, following all links.
    ///
    /// # Errors
    /// When nothing is there, or it cannot be reached.
    pub fn of(path: &Path) -> io::Result<Self> {
        path.canonicalize().map(Self)
    }

    /// Returns what has this name in the folder. If that is a link, it will not be opened.
    #[must_use]
    pub fn child(&self, name: &OsStr) -> Self {
        Self(self.0.join(name))
    }

    /// Returns the folder that it is in; `None` for the root of the file system.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.parent().map(|path| Self(path.to_owned()))
    }

    /// Returns its path below a folder; `None` where it is not in it, or is that folder.
    #[must_use]
    pub fn below(&self, folder: &Self) -> Option<&Path> {
        let path = self.0.strip_prefix(&folder.0).ok()?;
        (!path.as_os_str().is_empty()).then_some(path)
    }

    /// Returns the path, to be shown or listed; files are opened by [`Self::open`].
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// Returns what is known of the file; of a link that has taken its place, what is known of that.
    ///
    /// # Errors
    /// When it is gone or cannot be reached.
    pub fn metadata(&self) -> io::Result<Metadata> {
        fs::symlink_metadata(&self.0)
    }

    /// Opens the file for reading, following no link on the way.
    ///
    /// # Errors
    /// When it cannot be read, is no regular file, or a link has come in between.
    pub fn open(&self) -> io::Result<File> {
        // To open a device may already do something, and to open a pipe may take for ever.
        if !self.metadata()?.is_file() {
            return Err(no_file());
        }
        let file = without_links(&self.0)?;
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(no_file())
        }
    }
}

fn no_file() -> io::Error {
    io::Error::other("it is no regular file any more")
}

fn link_in_between() -> io::Error {
    io::Error::other("a symbolic link has come in between")
}

/// Goes down from the root part by part, so that there is no moment for a link between looking and
/// opening.
#[cfg(target_os = "linux")]
fn without_links(path: &Path) -> io::Result<File> {
    use std::path::Component;

    use rustix::{
        fs::{Mode, OFlags, open, openat},
        io::Errno,
    };

    let folder_flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // If it became a pipe since it was looked at, opening it does not wait for a writer.
    let file_flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let failed = |error: Errno| match error {
        // The second is what a link gives where a folder is wanted.
        Errno::LOOP | Errno::NOTDIR => link_in_between(),
        error => error.into(),
    };
    let mut folder = open("/", folder_flags, Mode::empty())?;
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { continue };
        if parts.peek().is_none() {
            let file = openat(&folder, name, file_flags, Mode::empty()).map_err(failed)?;
            return Ok(file.into());
        }
        folder = openat(&folder, name, folder_flags, Mode::empty()).map_err(failed)?;
    }
    Err(no_file())
}

/// Elsewhere a folder that may be entered may be not opened, so the path is looked at once more after
/// the file was opened. Whoever swaps links forth and back within that time is not noticed here; the
/// digest then is not the one that was inspected.
#[cfg(not(target_os = "linux"))]
fn without_links(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if path.canonicalize()? != path || !is_same(&file, path)? {
        return Err(link_in_between());
    }
    Ok(file)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (opened, there) = (file.metadata()?, fs::symlink_metadata(path)?);
    Ok((opened.dev(), opened.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let (opened, there) = (file.metadata()?, fs::symlink_metadata(path)?);
    Ok(opened.len() == there.len() && opened.modified().ok() == there.modified().ok())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder `root/a` with the file `b`, and `outside/b`.
    fn made() -> (tempfile::TempDir, RealPath) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["root/a", "outside"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("b"), name).unwrap();
        }
        let real = RealPath::of(&folder.path().join("root/a/b")).unwrap();
        (folder, real)
    }

    #[test]
    fn a_link_in_place_of_the_file_is_not_followed() {
        let (folder, real) = made();
        assert_eq!(io::read_to_string(real.open().unwrap()).unwrap(), "root/a");
        fs::remove_file(real.as_path()).unwrap();
        symlink(folder.path().join("outside/b"), real.as_path()).unwrap();
        assert!(real.open().is_err());
        assert!(without_links(real.as_path()).is_err());
    }

    #[test]
    fn a_link_in_place_of_a_folder_is_not_followed() {
        let (folder, real) = made();
        fs::rename(folder.path().join("root"), folder.path().join("gone")).unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        symlink(folder.path().join("outside"), folder.path().join("root/a")).unwrap();
        let error = real.open().unwrap_err();
        assert_eq!(error.to_string(), "a symbolic link has come in between");
    }

    #[test]
    fn folders_and_pipes_are_no_files() {
        let (folder, real) = made();
        assert!(RealPath::of(folder.path()).unwrap().open().is_err());
        fs::remove_file(real.as_path()).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, real.as_path(), 0o600.into()).unwrap();
        assert_eq!(
            real.open().unwrap_err().to_string(),
            "it is no regular file any more"
        );
    }

    #[test]
    fn below_means_in_the_folder_by_whole_names() {
        let at = |path: &str| RealPath(path.into());
        assert_eq!(at("/a/b/c").below(&at("/a")), Some(Path::new("b/c")));
        assert_eq!(at("/a").below(&at("/a")), None);
        assert_eq!(at("/ab").below(&at("/a")), None);
        assert_eq!(at("/").below(&at("/a")), None);
    }
}
