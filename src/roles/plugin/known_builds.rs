//! The seals of the builds that this machine made, so that it knows them again: one small file for each app of
//! a namespace. Nothing here is needed: a build that is not known is made anew.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{environment, staging::state_folder};
use crate::{
    cluster::Cluster,
    model::{AppName, Seal, Seals},
    oci::Digest,
};

/// Longer than any that we write.
const MOST_BYTES: u64 = 64 * 1024;
/// The ones that were not written to for the longest go first.
const MOST_FILES: usize = 1000;

/// The file of an app; `None` where there is no folder for it.
pub(super) struct KnownBuilds {
    file: Option<PathBuf>,
}

impl KnownBuilds {
    pub(super) fn of(cluster: &Cluster, app: &AppName) -> Self {
        let folder = state_folder(environment::variable);
        let names = serde_json::json!([cluster.server, cluster.namespace, app]);
        let name = Digest::of(names.to_string().as_bytes()).hex();
        Self {
            file: folder.map(|folder| folder.join("builds").join(format!("{name}.json"))),
        }
    }

    /// Returns the seals; none where there is no file, or it is damaged.
    pub(super) fn seals(&self) -> Seals {
        let read = || {
            let mut text = String::new();
            let file = File::open(self.file.as_ref()?).ok()?;
            file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
            Some(text)
        };
        read().map(|text| Seals::read(&text)).unwrap_or_default()
    }

    /// Keeps the seal of a build. Failing is no failure: the next run builds anew.
    pub(super) fn keep(&self, seal: Seal) {
        self.write(&self.seals().with(seal));
    }

    /// Forgets a build, which came to nothing.
    pub(super) fn forget(&self, number: u64) {
        self.write(&self.seals().without(number));
    }

    /// Forgets the app.
    pub(super) fn forget_all(&self) {
        if let Some(file) = &self.file {
            let _ = fs::remove_file(file);
        }
    }

    fn write(&self, seals: &Seals) {
        if let Some(file) = &self.file {
            let _ = write(file, seals);
        }
    }
}

/// Writes whole or not at all.
fn write(file: &Path, seals: &Seals) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Made with mode 0600.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut new, seals)?;
    new.persist(file)?;
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)?
        .filter_map(|file| {
            let file = file.ok()?;
            Some((file.metadata().ok()?.modified().ok()?, file.path()))
        })
        .collect();
    let too_many = files.len().saturating_sub(MOST_FILES);
    files.sort();
    files[..too_many]
        .iter()
        .try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(number: u64) -> Seal {
        Seal {
            number,
            digest: Digest::of(b""),
        }
    }

    #[test]
    fn what_is_kept_is_its_owners_alone_and_damage_is_no_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("builds").join("a.json");
        let known = KnownBuilds {
            file: Some(file.clone()),
        };
        assert!(known.seals().is_empty());
        known.keep(seal(1));
        known.keep(seal(2));
        assert_eq!(known.seals().numbers().collect::<Vec<_>>(), [2, 1]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).expect("written").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        known.forget(2);
        assert_eq!(known.seals().numbers().collect::<Vec<_>>(), [1]);
        fs::write(&file, "{\"1\":").expect("written");
        assert!(known.seals().is_empty());
        known.forget_all();
        assert!(!file.exists());
    }

    #[test]
    fn nothing_is_kept_where_there_is_no_folder() {
        let known = KnownBuilds { file: None };
        known.keep(seal(1));
        assert!(known.seals().is_empty());
    }
}
