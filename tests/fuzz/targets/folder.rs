//! A folder, the whole way: a thin JAR or an executable of some bytes, beside a file of others that
//! its `Class-Path` may name, below a name that is given too.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use kubectl_b2i::steps::{
    inspect, pack,
    plan::{self, Options},
};
use libfuzzer_sys::fuzz_target;

static OPTIONS: LazyLock<Options> = LazyLock::new(Options::default);
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    tempfile::tempdir_in(parent).expect("a folder")
});

fuzz_target!(|input: (&[u8], &[u8])| {
    let (main, library) = input;
    let app = FOLDER.path().join("app");
    fs::create_dir_all(app.join("lib")).expect("made");
    fs::write(app.join("app.jar"), main).expect("written");
    fs::write(app.join("lib/b.jar"), library).expect("written");
    for given in [app.join("app.jar"), app] {
        let Ok(artifact) = inspect::run(&given) else {
            continue;
        };
        if let Ok(plan) = plan::run(&artifact, &OPTIONS) {
            let _ = pack::run(&artifact, &plan, FOLDER.path());
        }
    }
});
