//! Damaged inputs without end: whatever a file is, it ends in a plan and whole layers, or in a
//! failure that says something. Never in a panic, and never in a wait for ever.
//!
//! The damage is drawn from seeds, so a failing case is the same on every machine; `tests/fuzz` goes
//! on from here with coverage as its guide.

use std::{fs, io::Read, sync::mpsc, thread, time::Duration};

use flate2::read::MultiGzDecoder;
use kubectl_b2i::{
    error::Failure,
    oci::Digest,
    steps::{
        inspect, pack,
        plan::{self, Options},
    },
};

use crate::support::{
    archive::{boot_jar, plain_jar, war},
    elf::Elf,
};

/// Cases for each artifact and kind of damage; seconds in all.
const CASES: u64 = 150;
/// No case takes a second; this is only to end a loop without end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Numbers as by chance: <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

type Damage = fn(&[u8], &[u8], &mut Chance) -> Vec<u8>;

/// A few bytes, each any other.
fn mutate(bytes: &[u8], _: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(8) {
        let at = chance.below(bytes.len());
        bytes[at] = chance.next() as u8;
    }
    bytes
}

/// Extremes in fields of two or four bytes, where lengths and offsets are.
fn lie(bytes: &[u8], _: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let width = [2, 4, 8][chance.below(3)];
    let at = chance.below(bytes.len().saturating_sub(width));
    let value = [0_u64, 1, 0x7fff_ffff, u64::MAX, u64::MAX - 1][chance.below(5)];
    bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
    bytes
}

fn truncate(bytes: &[u8], _: &[u8], chance: &mut Chance) -> Vec<u8> {
    bytes[..chance.below(bytes.len())].to_vec()
}

/// The beginning of one and the end of another.
fn splice(bytes: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let (begin, end) = (chance.below(bytes.len()), chance.below(other.len()));
    [&bytes[..begin], &other[end..]].concat()
}

/// A piece that is there once more, or not at all.
fn repeat(bytes: &[u8], _: &[u8], chance: &mut Chance) -> Vec<u8> {
    let from = chance.below(bytes.len());
    let to = from + chance.below(bytes.len() - from);
    let times = [0, 2, 3][chance.below(3)];
    [&bytes[..from], &bytes[from..to].repeat(times), &bytes[to..]].concat()
}

const DAMAGES: [(&str, Damage); 5] = [
    ("mutate", mutate),
    ("lie", lie),
    ("truncate", truncate),
    ("splice", splice),
    ("repeat", repeat),
];

fn artifacts() -> Vec<(&'static str, Vec<u8>)> {
    let descriptor = r#"<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>"#;
    let index = "- \"dependencies\":\n  - \"BOOT-INF/lib/\"\n- \"application\":\n  - \"BOOT-INF/classes/\"\n";
    let indexed = boot_jar(
        "3.4.1",
        "org.springframework.boot.loader.launch.JarLauncher",
        "\nSpring-Boot-Layers-Index: BOOT-INF/layers.idx",
    );
    vec![
        ("plain JAR", plain_jar().bytes()),
        ("Boot JAR", indexed.file("BOOT-INF/layers.idx", index).bytes()),
        ("WAR", war("jakarta").file("WEB-INF/web.xml", descriptor).bytes()),
        (
            "glibc ELF",
            Elf {
                needed: &["libc.so.6", "libgcc_s.so.1"],
                versions: &["GLIBC_2.17", "GLIBC_2.34"],
                ..Elf::dynamic("/lib64/ld-linux-x86-64.so.2")
            }
            .bytes(),
        ),
        (
            "ARM ELF",
            Elf {
                machine: 40,
                is_64: false,
                arm_arch: Some(10),
                ..Elf::default()
            }
            .bytes(),
        ),
    ]
}

/// The whole way that a file goes on a person's machine; returns how many layers came out.
fn whole_way(name: &str, bytes: &[u8]) -> Result<usize, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let artifact = inspect::run(&path)?;
    let plan = plan::run(&artifact, &Options::default())?;
    let layers = pack::run(&artifact, &plan, folder.path())?;
    assert_eq!(layers.len(), plan.layers.len());
    for (layer, planned) in layers.iter().zip(&plan.layers) {
        let compressed = fs::read(&layer.local_path).unwrap();
        let described = &layer.described;
        assert_eq!(Digest::of(&compressed), described.descriptor.digest);
        let mut tar = Vec::new();
        MultiGzDecoder::new(&compressed[..])
            .read_to_end(&mut tar)
            .unwrap();
        assert_eq!(Digest::of(&tar), described.diff_id);
        let mut archive = tar::Archive::new(&tar[..]);
        let mut count = 0;
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            assert!(
                !path.starts_with('/') && !path.split('/').any(|part| part == ".."),
                "{path}"
            );
            let size = std::io::copy(&mut entry, &mut std::io::sink()).unwrap();
            assert_eq!(size, entry.header().size().unwrap());
            count += 1;
        }
        assert_eq!(count, planned.entries.len());
    }
    Ok(layers.len())
}

fn assert_holds(name: &str, bytes: &[u8], case: &str) -> bool {
    match whole_way(name, bytes) {
        Ok(layers) => {
            assert!(layers > 0, "{case}: no layer");
            true
        }
        Err(failure) => {
            assert!(failure.what.starts_with("could not "), "{case}: {failure}");
            assert!(
                !failure.why.is_empty() && !failure.next.is_empty(),
                "{case}: {failure}"
            );
            assert!(!failure.anchor.is_empty(), "{case}: {failure}");
            false
        }
    }
}

/// Runs on a thread of its own, so that a loop without end becomes a failure that names its case.
pub(crate) fn within_patience(work: impl FnOnce(&mpsc::Sender<String>) + Send + 'static) {
    let (sender, cases) = mpsc::channel();
    let thread = thread::spawn(move || work(&sender));
    let mut last = String::from("none");
    loop {
        match cases.recv_timeout(PATIENCE) {
            Ok(case) => last = case,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end of {last}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    if thread.join().is_err() {
        panic!("a panic at {last}");
    }
}

#[test]
fn damaged_artifacts_end_in_layers_or_a_failure() {
    within_patience(|cases| {
        let artifacts = artifacts();
        let (mut taken, mut refused) = (0, 0);
        for (number, (name, bytes)) in artifacts.iter().enumerate() {
            assert!(assert_holds("app", bytes, name), "{name} itself must be taken");
            let other = &artifacts[(number + 1) % artifacts.len()].1;
            for (damage_name, damage) in DAMAGES {
                for seed in 0..CASES {
                    let case = format!("{name}, {damage_name}, seed {seed}");
                    let _ = cases.send(case.clone());
                    let damaged = damage(bytes, other, &mut Chance(seed ^ (number as u64) << 32));
                    if assert_holds("app", &damaged, &case) {
                        taken += 1;
                    } else {
                        refused += 1;
                    }
                }
            }
        }
        // Both ways must be gone, or the damage is too great or too small to show anything.
        assert!(taken > 100 && refused > 1000, "{taken} taken, {refused} refused");
    });
}

#[test]
fn noise_behind_every_magic_number_is_refused() {
    within_patience(|cases| {
        let magics: [&[u8]; 6] = [
            b"PK\x03\x04",
            b"PK\x05\x06",
            b"\x7fELF\x02\x01\x01",
            b"\x7fELF\x01\x01\x01",
            b"#!/bin/sh\n",
            b"",
        ];
        for (number, magic) in magics.iter().enumerate() {
            for seed in 0..CASES {
                let case = format!("magic {number}, seed {seed}");
                let _ = cases.send(case.clone());
                let mut chance = Chance(seed ^ 0xabcd);
                let noise: Vec<u8> = (0..chance.below(4096)).map(|_| chance.next() as u8).collect();
                let taken = assert_holds("app", &[magic, &noise[..]].concat(), &case);
                assert!(!taken, "{case} is taken");
            }
        }
    });
}

#[test]
fn the_same_seed_is_the_same_damage() {
    let (name, bytes) = &artifacts()[0];
    for (damage_name, damage) in DAMAGES {
        let once = damage(bytes, bytes, &mut Chance(7));
        assert_eq!(
            once,
            damage(bytes, bytes, &mut Chance(7)),
            "{name}, {damage_name}"
        );
        assert_ne!(once, *bytes, "{name}, {damage_name}");
    }
}

/// Writes what `tests/fuzz` begins with.
#[test]
#[ignore = "writes files: B2I_FUZZ_SEEDS=tests/fuzz/corpus"]
fn seeds_for_fuzzing() {
    let folder = std::path::PathBuf::from(std::env::var("B2I_FUZZ_SEEDS").unwrap());
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = folder.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name.replace(' ', "-")), bytes).unwrap();
    };
    for (name, bytes) in artifacts() {
        write("archive", name, &bytes);
        if name.ends_with("ELF") {
            write("elf", name, &bytes);
        }
    }
    write(
        "manifest",
        "boot",
        b"Manifest-Version: 1.0\r\nMain-Class: com.exam\r\n ple.Main\r\nStart-Class: a\r\n\r\nName: x\r\n",
    );
    write(
        "class",
        "jakarta",
        &crate::support::archive::class(17, "jakarta/servlet/http/HttpServlet"),
    );
    write("descriptor", "jakarta", br#"<?xml version="1.0"?><!-- x --><web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>"#);
    write("descriptor", "doctype", br#"<!DOCTYPE web-app PUBLIC "-//Sun//DTD 2.3//EN" "http://java.sun.com/dtd/web-app_2_3.dtd"><web-app>"#);
}
