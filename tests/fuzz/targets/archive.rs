//! A file of any bytes, the whole way that it goes on a person's machine: inspect, plan, pack.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use kubectl_b2i::steps::{
    inspect, pack,
    plan::{self, Options},
};
use libfuzzer_sys::fuzz_target;

static OPTIONS: LazyLock<Options> = LazyLock::new(Options::default);
/// In memory where there is such a folder: a disk would be the slowest part.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    tempfile::tempdir_in(parent).expect("a folder")
});

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("app");
    fs::write(&path, bytes).expect("written");
    let Ok(artifact) = inspect::run(&path) else {
        return;
    };
    if let Ok(plan) = plan::run(&artifact, &OPTIONS) {
        let _ = pack::run(&artifact, &plan, FOLDER.path());
    }
});
