//! The whole way that an artifact goes on a person's machine: inspect, plan, pack.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use kubectl_b2i::steps::{
    inspect, pack,
    plan::{self, Options},
};

static OPTIONS: LazyLock<Options> = LazyLock::new(Options::default);
/// In memory where there is such a folder: a disk would be the slowest part.
pub static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    tempfile::tempdir_in(parent).expect("a folder")
});

pub fn go(given: &Path) {
    let Ok(artifact) = inspect::run(given) else {
        return;
    };
    if let Ok(plan) = plan::run(&artifact, &OPTIONS) {
        let _ = pack::run(&artifact, &plan, FOLDER.path());
    }
}
