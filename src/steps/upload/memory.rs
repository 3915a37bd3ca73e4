//! What this machine remembers of the idle staging Pod of a namespace, so that the next run finds it warm: one file,
//! which only its owner may read, since it holds the token. A run takes the Pod by taking the file away, and so no two
//! runs use or end the same Pod.

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
/// After so many lost races the Pod is ended.
const ATTEMPTS: u32 = 3;

/// A staging Pod of an earlier run.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) job: String,
    pub(super) pod: String,
    pub(super) token: Token,
    /// When its Job was created.
    pub(super) created: SystemTime,
    /// Digest of all that decides its Job, but for its run and token.
    pub(super) kind: Digest,
}

impl Remembered {
    /// Whether a run that needs a Pod of this kind may begin with it.
    pub(super) fn serves(&self, kind: &Digest) -> bool {
        let age = self.created.elapsed();
        self.kind == *kind && age.is_ok_and(|age| age < LONGEST_USE)
    }
}

/// Returns what tells kinds of Pods apart. `request` does so but for its token.
pub(super) fn kind(options: &Options, request: &StagingRequest) -> Digest {
    let kind = serde_json::json!([
        options.builder_image,
        options.push_secret,
        options.pull_secret,
        StagingRequest {
            token_sha256: Digest::of(b""),
            idle_seconds: 0,
            ..request.clone()
        },
    ]);
    Digest::of(kind.to_string().as_bytes())
}

/// The place of the idle Pod of a namespace.
#[derive(Clone)]
pub(super) struct Memory {
    file: Option<PathBuf>,
}

impl Memory {
    pub(super) fn of(cluster: &Cluster, options: &Options) -> Self {
        let names = serde_json::json!([cluster.server, cluster.namespace]);
        let name = Digest::of(names.to_string().as_bytes()).hex();
        let folder = options.memory.as_ref();
        Self {
            file: folder.map(|folder| folder.join(format!("{name}.json"))),
        }
    }

    /// Takes the Pod away: from now on it is this run's alone.
    pub(super) fn take(&self) -> Option<Taken> {
        let file = self.file.as_ref().filter(|file| file.exists())?;
        let to = tempfile::NamedTempFile::new_in(file.parent()?).ok()?;
        let to = to.into_temp_path();
        // Of two runs that rename the file, one succeeds.
        fs::rename(file, &to).ok()?;
        let pod = serde_json::from_slice(&fs::read(&to).ok()?).ok()?;
        Some(Taken {
            memory: self.clone(),
            pod: Some(pod),
        })
    }

    /// Remembers a Pod for the next run. Returns those that no run will find any more: the one that was remembered until
    /// now, and the Pod itself where it could not be written down.
    pub(super) fn remember(&self, pod: Remembered) -> Vec<Remembered> {
        let mut lost = Vec::new();
        for _ in 0..ATTEMPTS {
            lost.extend(self.take().and_then(Taken::keep));
            match self.write(&pod) {
                Ok(()) => return lost,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => break,
            }
        }
        lost.push(pod);
        lost
    }

    /// Writes whole or not at all, never over another Pod, and removes what is about Pods that are gone.
    fn write(&self, pod: &Remembered) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        for old in fs::read_dir(folder)?.flatten() {
            let age = old
                .metadata()
                .and_then(|data| data.modified())
                .map(|time| time.elapsed());
            if matches!(age, Ok(Ok(age)) if age > Duration::from_secs(u64::from(DEADLINE_SECONDS))) {
                fs::remove_file(old.path()).ok();
            }
        }
        // Made with mode 0600.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut new, pod)?;
        new.persist_noclobber(file)?;
        Ok(())
    }
}

/// A Pod that a run has taken. Dropped, as after Ctrl-C, it is remembered again, unless another one is by then.
pub(super) struct Taken {
    memory: Memory,
    /// `None` once it is kept.
    pod: Option<Remembered>,
}

impl Taken {
    /// Returns the Pod; it is not remembered again.
    pub(super) fn keep(mut self) -> Option<Remembered> {
        self.pod.take()
    }

    pub(super) fn pod(&self) -> Option<&Remembered> {
        self.pod.as_ref()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(pod) = &self.pod {
            self.memory.write(pod).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(folder: &Path) -> Memory {
        Memory {
            file: Some(folder.join("a.json")),
        }
    }

    fn kind() -> Digest {
        Digest::of(b"kind")
    }

    fn pod(job: &str) -> Remembered {
        Remembered {
            job: job.to_owned(),
            pod: format!("{job}-abcde"),
            token: Token::generate().expect("random bytes"),
            created: SystemTime::now(),
            kind: kind(),
        }
    }

    fn jobs(pods: Vec<Remembered>) -> Vec<String> {
        pods.into_iter().map(|pod| pod.job).collect()
    }

    fn taken(memory: &Memory) -> Option<Remembered> {
        memory.take().and_then(Taken::keep)
    }

    #[test]
    fn what_is_remembered_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = memory(folder.path());
        assert!(taken(&memory).is_none());
        let pod = pod("one");
        assert!(memory.remember(pod.clone()).is_empty());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("a.json"))
                .expect("written")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let found = taken(&memory).expect("remembered");
        assert_eq!((found.job, found.token.sha256()), (pod.job, pod.token.sha256()));
        assert!(taken(&memory).is_none(), "it is taken");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn one_is_remembered_and_the_other_is_returned_to_be_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = memory(folder.path());
        assert!(memory.remember(pod("one")).is_empty());
        assert_eq!(jobs(memory.remember(pod("two"))), ["one"]);
        assert_eq!(taken(&memory).expect("remembered").job, "two");
    }

    #[test]
    fn a_run_that_is_dropped_gives_back_what_it_took() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = memory(folder.path());
        memory.remember(pod("one"));
        let one = memory.take();
        drop(one);
        let one = memory.take();
        assert!(one.is_some());
        memory.remember(pod("two"));
        drop(one);
        assert_eq!(taken(&memory).expect("remembered").job, "two");
    }

    #[test]
    fn of_runs_at_one_time_each_pod_is_one_runs_or_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = &memory(folder.path());
        let found: Vec<Vec<String>> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8)
                .map(|run| {
                    scope.spawn(move || {
                        let mut lost = Vec::new();
                        for build in 0..20 {
                            lost.extend(jobs(memory.remember(pod(&format!("{run}-{build}")))));
                        }
                        lost
                    })
                })
                .collect();
            runs.into_iter()
                .map(|run| run.join().expect("no panic"))
                .collect()
        });
        let mut all: Vec<String> = found.into_iter().flatten().collect();
        all.extend(taken(memory).map(|pod| pod.job));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8 * 20, "each is ended or remembered, and none twice");
    }

    #[test]
    fn a_pod_that_will_be_ended_soon_is_not_begun_with() {
        let old = Remembered {
            created: SystemTime::now() - LONGEST_USE,
            ..pod("one")
        };
        assert!(!old.serves(&kind()) && pod("one").serves(&kind()));
        assert!(!pod("one").serves(&Digest::of(b"another")));
    }

    #[test]
    fn nothing_is_kept_where_there_is_no_folder() {
        let memory = Memory { file: None };
        assert_eq!(jobs(memory.remember(pod("one"))), ["one"]);
        assert!(taken(&memory).is_none());
    }
}
