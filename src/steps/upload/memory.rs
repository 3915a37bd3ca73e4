//! What this machine remembers of a staging Pod, so that the next run finds it warm: one file for
//! each kind of Pod, which only its owner may read, since it holds the token.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::Options;
use crate::{
    cluster::{Cluster, objects::staging_job::DEADLINE_SECONDS},
    model::StagingRequest,
    oci::Digest,
    staging::Token,
};

/// A Pod that Kubernetes will end soon is not begun with: an upload may take a while.
const LONGEST_USE: Duration = Duration::from_secs(DEADLINE_SECONDS as u64 / 2);

/// A staging Pod of an earlier run.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) job: String,
    pub(super) pod: String,
    pub(super) token: Token,
    /// When its Job was created.
    pub(super) created: SystemTime,
}

/// The place of one kind of staging Pod: of this cluster, namespace, destination, Secret, image.
pub(super) struct Memory {
    file: Option<PathBuf>,
}

impl Memory {
    /// `request` tells the kinds apart, but for its token.
    pub(super) fn of(cluster: &Cluster, options: &Options, request: &StagingRequest) -> Self {
        let file = options.memory.as_ref().map(|folder| {
            let kind = serde_json::json!([
                cluster.server,
                cluster.namespace,
                options.builder_image,
                options.push_secret,
                options.pull_secret,
                StagingRequest {
                    token_sha256: Digest::of(b""),
                    idle_seconds: 0,
                    ..request.clone()
                },
            ]);
            folder.join(format!("{}.json", Digest::of(kind.to_string().as_bytes()).hex()))
        });
        Self { file }
    }

    /// Returns the Pod, if one of this kind may still be there.
    pub(super) fn recall(&self) -> Option<Remembered> {
        let text = fs::read(self.file.as_ref()?).ok()?;
        let found: Remembered = serde_json::from_slice(&text).ok()?;
        let age = found.created.elapsed().ok()?;
        (age < LONGEST_USE).then_some(found)
    }

    /// Remembers a Pod. Failing is no failure: the next run starts one of its own.
    pub(super) fn remember(&self, pod: &Remembered) {
        if let Some(file) = &self.file {
            let _ = write(file, pod);
        }
    }

    pub(super) fn forget(&self) {
        if let Some(file) = &self.file {
            let _ = fs::remove_file(file);
        }
    }
}

/// Writes whole or not at all, and removes what is about Pods that are gone.
fn write(file: &Path, pod: &Remembered) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    for old in fs::read_dir(folder)?.flatten() {
        let age = old
            .metadata()
            .and_then(|data| data.modified())
            .map(|time| time.elapsed());
        if matches!(age, Ok(Ok(age)) if age > Duration::from_secs(u64::from(DEADLINE_SECONDS))) {
            fs::remove_file(old.path())?;
        }
    }
    // Made with mode 0600.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut new, pod)?;
    new.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(folder: &Path) -> Memory {
        Memory {
            file: Some(folder.join("a.json")),
        }
    }

    fn pod(age: Duration) -> Remembered {
        Remembered {
            job: "b2i-staging-x".to_owned(),
            pod: "b2i-staging-x-abcde".to_owned(),
            token: Token::generate().expect("random bytes"),
            created: SystemTime::now() - age,
        }
    }

    #[test]
    fn what_is_remembered_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = memory(folder.path());
        assert!(memory.recall().is_none());
        let pod = pod(Duration::ZERO);
        memory.remember(&pod);
        let found = memory.recall().expect("remembered");
        assert_eq!((found.job, found.token.sha256()), (pod.job, pod.token.sha256()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("a.json"))
                .expect("written")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        memory.forget();
        assert!(memory.recall().is_none());
    }

    #[test]
    fn a_pod_that_will_be_ended_soon_is_not_begun_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = memory(folder.path());
        memory.remember(&pod(LONGEST_USE));
        assert!(memory.recall().is_none());
    }

    #[test]
    fn nothing_is_kept_where_there_is_no_folder() {
        let memory = Memory { file: None };
        memory.remember(&pod(Duration::ZERO));
        assert!(memory.recall().is_none());
    }
}
