//! Every bad input of the tables, through the program itself: it ends in order, whatever it is given,
//! and in little memory. (How long it takes is measured by `tests/bench/inspect`.)

use std::fs;

use tempfile::TempDir;

use crate::{
    artifacts_elf, artifacts_jar, artifacts_war, inspect,
    support::{
        archive::{Entry, Zip, plain_jar, war},
        run::Run,
    },
};

/// What `inspect` may take, by the promise in docs/concepts/artifacts.md.
const MEMORY_BYTES: u64 = 64 << 20;

/// A bad input in a folder of its own.
struct Bad {
    name: String,
    folder: TempDir,
    given: String,
    /// Empty where the table says no more than that it is refused.
    anchor: String,
}

fn file(name: &str, bytes: &[u8], anchor: &str) -> Bad {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    Bad {
        name: name.to_owned(),
        folder,
        given: name.to_owned(),
        anchor: anchor.to_owned(),
    }
}

/// Those that would take gigabytes, or minutes.
fn greedy() -> Vec<Bad> {
    let deep = (0..300).fold(war("javax"), |zip, n| {
        zip.file(&format!("{n}/{}x", "a/".repeat(1000)), "")
    });
    let many = |more: usize| {
        (0..more).fold(war("javax"), |zip, n| {
            zip.file(&format!("static/some-name-{n}"), "")
        })
    };
    let twice = many(150_000).file("static/some-name-7", "");
    let mut other_method = plain_jar().file("packed", "otherwise").bytes();
    for (header, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let last = other_method.windows(4).rposition(|four| four == header);
        other_method[last.unwrap() + at] = 14;
    }
    let nested = Entry {
        size: Some(u32::MAX - 1),
        ..Entry::new("WEB-INF/lib/a.jar", b"PK")
    };
    vec![
        file("deep.war", &deep.bytes(), "archive-too-large"),
        file(
            "long.war",
            &war("javax").file(&"a/".repeat(30_000), "").bytes(),
            "archive-unsafe",
        ),
        file(
            "part.war",
            &war("javax").file(&"a".repeat(256), "").bytes(),
            "archive-long-name",
        ),
        file("twice.war", &twice.bytes(), "archive-duplicates"),
        file("method.jar", &other_method, "archive-damaged"),
        file(
            "lies.war",
            &war("javax").entry(nested).bytes(),
            "archive-too-large",
        ),
        file(
            "comments.jar",
            &Zip::new().comment(vec![b'P'; 0xffff]).bytes(),
            "archive-neither",
        ),
    ]
}

fn bad_inputs() -> Vec<Bad> {
    let folders = artifacts_jar::bad()
        .into_iter()
        .map(|(name, things, given, _, anchor)| Bad {
            name: name.to_owned(),
            folder: artifacts_jar::folder_of(&things),
            given: given.to_owned(),
            anchor: anchor.to_owned(),
        });
    let archives = artifacts_war::bad_archives().into_iter();
    let archives = archives.map(|(name, bytes, anchor, _)| file(name, &bytes, anchor));
    let executables = artifacts_elf::refused().into_iter();
    let executables = executables.map(|(name, bytes, _)| Bad {
        name: name.to_owned(),
        ..file("app", &bytes, "")
    });
    let others = inspect::refused_files().into_iter();
    let others = others.map(|(name, bytes, _, _, anchor)| file(name, &bytes, anchor));
    folders
        .chain(archives)
        .chain(executables)
        .chain(others)
        .chain(greedy())
        .collect()
}

#[test]
fn each_ends_with_exit_code_1_in_64_mib_and_says_what_why_and_next() {
    let inputs = bad_inputs();
    for bad in &inputs {
        let ended = Run::bounded("inspect", MEMORY_BYTES)
            .word(&format!("./{}", bad.given))
            .in_folder(bad.folder.path())
            .ended();
        let said = format!("{}\n{}", bad.name, ended.stderr);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{said}");
        assert!(ended.stderr.starts_with("error: could not "), "{said}");
        for part in ["\n  why: ", "\nnext: ", &format!("#{}", bad.anchor)] {
            assert!(ended.stderr.contains(part), "{part} is not in {said}");
        }
        assert!(!ended.stderr.contains("panicked"), "{said}");
    }
    // What is promised of these tables: 60 rows, 40 of them bad.
    let good =
        artifacts_jar::good().len() + artifacts_elf::accepted().len() + artifacts_war::good_archives().len();
    assert!(
        inputs.len() >= 40 && good >= 20,
        "{} bad, {good} good",
        inputs.len()
    );
}

#[test]
fn the_bound_is_one() {
    let ended = Run::bounded("version", MEMORY_BYTES).ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ended = Run::bounded("version", 1 << 20).ended();
    assert_ne!(ended.code, Some(0));
}

/// Writes the inputs for `tests/bench/inspect`, each in a folder of its own with what is to be given.
#[test]
#[ignore = "writes files: tests/bench/inspect asks for them"]
fn write_for_the_benchmark() {
    let to = std::env::var("B2I_BAD_INPUTS").expect("B2I_BAD_INPUTS names a folder");
    for (number, bad) in bad_inputs().into_iter().enumerate() {
        let place = format!("{to}/{number}");
        fs::create_dir_all(&place).unwrap();
        fs::write(format!("{place}/given"), &bad.given).unwrap();
        fs::write(format!("{place}/name"), &bad.name).unwrap();
        let input = bad.folder.keep();
        assert!(
            std::process::Command::new("cp")
                .args(["-rP", &input.display().to_string(), &format!("{place}/input")])
                .status()
                .unwrap()
                .success()
        );
        fs::remove_dir_all(input).unwrap();
    }
}
