//! Inputs that are no archives, one a row: what each is and gets, or why it is refused. Other
//! people's files are in it where this machine has them.

use std::{fs, path::Path};

use kubectl_b2i::{
    error::Failure,
    model::{Artifact, Base, ImagePlan},
    steps::{
        inspect,
        plan::{self, Options},
    },
};

use crate::support::elf::Elf;

const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
const MUSL: &str = "/lib/ld-musl-x86_64.so.1";

const STATIC_BASE: &str = "gcr.io/distroless/static:nonroot";
const GLIBC_BASE: &str = "gcr.io/distroless/cc:nonroot";
const MUSL_BASE: &str = "docker.io/library/alpine:3";

pub(crate) enum Expected {
    /// The summary, and the base.
    Is(&'static str, &'static str),
    /// The anchor, and some of what is said.
    Refused(&'static str, &'static str),
}
use Expected::{Is, Refused};

fn planned(path: &Path, options: &Options) -> Result<(Artifact, ImagePlan), Failure> {
    let artifact = inspect::run(path)?;
    let plan = plan::run(&artifact, options)?;
    Ok((artifact, plan))
}

fn check(name: &str, outcome: Result<(Artifact, ImagePlan), Failure>, expected: &Expected) {
    match (outcome, expected) {
        (Ok((artifact, plan)), Is(summary, base)) => {
            assert_eq!(artifact.summary(), format!("executable · {summary}"), "{name}");
            let Base::Image(image) = plan.base else {
                panic!("{name}: scratch")
            };
            assert_eq!(image.to_string(), *base, "{name}");
            assert!(!artifact.evidence.is_empty(), "{name}");
        }
        (Err(failure), Refused(anchor, words)) => {
            assert_eq!(failure.anchor, *anchor, "{name}: {failure}");
            let said = format!("{} {}", failure.why, failure.next);
            assert!(said.contains(words), "{name}: {said}");
            assert!(failure.what.contains('`') && !failure.next.is_empty(), "{name}");
        }
        (Ok((artifact, _)), Refused(..)) => panic!("{name} is taken: {}", artifact.summary()),
        (Err(failure), Is(..)) => panic!("{name} is refused: {failure}"),
    }
}

fn machine(machine: u16, is_64: bool) -> Elf {
    Elf {
        machine,
        is_64,
        ..Elf::default()
    }
}

fn needing(interpreter: &'static str, needed: &'static [&'static str]) -> Elf {
    Elf {
        needed,
        ..Elf::dynamic(interpreter)
    }
}

fn of_versions(versions: &'static [&'static str]) -> Elf {
    Elf {
        needed: &["libc.so.6"],
        versions,
        ..Elf::dynamic(GLIBC)
    }
}

fn of_type(e_type: u16) -> Elf {
    Elf {
        e_type,
        ..Elf::default()
    }
}

/// Bytes with another one in this place.
fn with(mut bytes: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    bytes[at] = byte;
    bytes
}

pub(crate) fn accepted() -> Vec<(&'static str, Elf, Expected)> {
    let stripped = Elf {
        has_sections: false,
        ..of_versions(&[
            "GLIBC_2.2.5",
            "GLIBC_2.34",
            "GLIBC_2.9",
            "GLIBC_PRIVATE",
            "GLIBC_ABI_DT_RELR",
        ])
    };
    let arm = |arch| Elf {
        arm_arch: Some(arch),
        ..machine(40, false)
    };
    vec![
        ("static", Elf::default(), Is("linux/amd64 · static", STATIC_BASE)),
        (
            "static-pie",
            Elf {
                is_pie: true,
                ..of_type(3)
            },
            Is("linux/amd64 · static", STATIC_BASE),
        ),
        (
            "static-pie of an old linker",
            of_type(3),
            Is("linux/amd64 · static", STATIC_BASE),
        ),
        (
            "stripped static",
            Elf {
                has_sections: false,
                ..Elf::default()
            },
            Is("linux/amd64 · static", STATIC_BASE),
        ),
        (
            "GNU ABI",
            Elf {
                os_abi: 3,
                ..Elf::default()
            },
            Is("linux/amd64 · static", STATIC_BASE),
        ),
        (
            "arm64",
            machine(183, true),
            Is("linux/arm64 · static", STATIC_BASE),
        ),
        ("386", machine(3, false), Is("linux/386 · static", STATIC_BASE)),
        (
            "arm",
            machine(40, false),
            Is("linux/arm/v7 · static", STATIC_BASE),
        ),
        (
            "armv7 by its attributes",
            arm(10),
            Is("linux/arm/v7 · static", STATIC_BASE),
        ),
        (
            "armv6 by its attributes",
            arm(6),
            Is("linux/arm/v6 · static", STATIC_BASE),
        ),
        (
            "armv5 by its attributes",
            arm(4),
            Is("linux/arm/v5 · static", STATIC_BASE),
        ),
        (
            "ppc64le",
            machine(21, true),
            Is("linux/ppc64le · static", STATIC_BASE),
        ),
        (
            "s390x",
            Elf {
                is_big_endian: true,
                ..machine(22, true)
            },
            Is("linux/s390x · static", STATIC_BASE),
        ),
        (
            "riscv64",
            machine(243, true),
            Is("linux/riscv64 · static", STATIC_BASE),
        ),
        (
            "glibc",
            of_versions(&["GLIBC_2.17"]),
            Is("linux/amd64 · glibc 2.17", GLIBC_BASE),
        ),
        (
            "glibc, as new as the base's",
            of_versions(&["GLIBC_2.36", "GLIBCXX_3.4.30"]),
            Is("linux/amd64 · glibc 2.36", GLIBC_BASE),
        ),
        (
            "glibc without a section table",
            stripped,
            Is("linux/amd64 · glibc 2.34", GLIBC_BASE),
        ),
        (
            "Rust's and C++'s libraries",
            needing(
                GLIBC,
                &[
                    "libgcc_s.so.1",
                    "libstdc++.so.6",
                    "libm.so.6",
                    "libc.so.6",
                    "ld-linux-x86-64.so.2",
                ],
            ),
            Is("linux/amd64 · glibc", GLIBC_BASE),
        ),
        (
            "OpenSSL",
            needing(GLIBC, &["libssl.so.3", "libcrypto.so.3", "libc.so.6"]),
            Is("linux/amd64 · glibc", GLIBC_BASE),
        ),
        (
            "musl",
            needing(MUSL, &["libc.so"]),
            Is("linux/amd64 · musl", MUSL_BASE),
        ),
        (
            "musl on Alpine",
            needing(MUSL, &["libc.musl-x86_64.so.1", "libm.so.6"]),
            Is("linux/amd64 · musl", MUSL_BASE),
        ),
    ]
}

pub(crate) fn refused() -> Vec<(&'static str, Vec<u8>, Expected)> {
    let whole = of_versions(&["GLIBC_2.17"]).bytes();
    let cut = |length: usize| whole[..length].to_vec();
    let elf = |elf: Elf| elf.bytes();
    let pe = [b"MZ".as_slice(), &[0; 62]].concat();
    let mut nothing_to_load = elf(Elf::default());
    // The type of the first segment, which comes after the header: PT_NOTE.
    nothing_to_load[64] = 4;
    vec![
        (
            "object file",
            elf(of_type(1)),
            Refused("elf-object-file", "link it"),
        ),
        (
            "core dump",
            elf(of_type(4)),
            Refused("elf-core-dump", "core dump"),
        ),
        (
            "no type",
            elf(of_type(0)),
            Refused("elf-no-program", "no program"),
        ),
        (
            "nothing to load",
            nothing_to_load,
            Refused("elf-no-program", "no program"),
        ),
        (
            "shared library",
            elf(Elf {
                soname: true,
                ..of_type(3)
            }),
            Refused("elf-shared-library", "shared library"),
        ),
        (
            "library without a name",
            elf(Elf {
                needed: &["libc.so.6"],
                ..of_type(3)
            }),
            Refused("elf-shared-library", "shared library"),
        ),
        (
            "no place to start at",
            elf(Elf {
                entry: 0,
                ..Elf::default()
            }),
            Refused("elf-shared-library", "place to start"),
        ),
        (
            "cut after the header",
            cut(64),
            Refused("elf-cut-short", "before all of it"),
        ),
        (
            "cut in the header",
            cut(20),
            Refused("elf-cut-short", "before all of it"),
        ),
        (
            "cut in the middle",
            cut(whole.len() / 2),
            Refused("elf-cut-short", "before all of it"),
        ),
        (
            "cut by one byte",
            cut(whole.len() - 1),
            Refused("elf-cut-short", "before all of it"),
        ),
        (
            "FreeBSD",
            elf(Elf {
                os_abi: 9,
                ..Elf::default()
            }),
            Refused("elf-other-system", "another system"),
        ),
        (
            "Android",
            elf(Elf::dynamic("/system/bin/linker64")),
            Refused("elf-other-system", "another system"),
        ),
        (
            "MIPS",
            elf(machine(8, false)),
            Refused("elf-other-machine", "number 8"),
        ),
        (
            "big-endian ARM",
            elf(Elf {
                is_big_endian: true,
                ..machine(183, true)
            }),
            Refused("elf-other-machine", "number 183"),
        ),
        (
            "x32",
            elf(machine(62, false)),
            Refused("elf-other-machine", "number 62"),
        ),
        (
            "a class that there is not",
            with(Elf::default().bytes(), 4, 7),
            Refused("elf-cut-short", ""),
        ),
        (
            "an interpreter of megabytes",
            elf(Elf::dynamic(Box::leak("x".repeat(1 << 20).into_boxed_str()))),
            Refused("elf-no-program", ""),
        ),
        ("PE", pe, Refused("artifact-windows", "Windows")),
        (
            "Mach-O",
            b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(),
            Refused("artifact-macos", "macOS"),
        ),
        (
            "Mach-O for two machines",
            b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec(),
            Refused("artifact-macos", "macOS"),
        ),
        (
            "script",
            b"#!/bin/sh\nexec ./server\n".to_vec(),
            Refused("artifact-script", "script"),
        ),
        ("text", b"Hello.\n".to_vec(), Refused("artifact-text", "text")),
        ("nothing", Vec::new(), Refused("artifact-empty", "empty")),
        ("zeros", vec![0; 4096], Refused("artifact-unknown", "no kind")),
        (
            "gzip",
            b"\x1f\x8b\x08\0\0\0\0\0".to_vec(),
            Refused("artifact-compressed", "gzip"),
        ),
        // What no default base has.
        (
            "a library of nobody",
            elf(needing(GLIBC, &["libc.so.6", "libpq.so.5"])),
            Refused("native-library", "`libpq.so.5`"),
        ),
        (
            "two libraries that Debian has",
            elf(needing(GLIBC, &["libz.so.1", "libselinux.so.1"])),
            Refused("native-library", "--base debian:13-slim"),
        ),
        (
            "libgcc on musl",
            elf(needing(MUSL, &["libgcc_s.so.1", "libc.so"])),
            Refused("native-library", "`libgcc_s.so.1`"),
        ),
        (
            "a newer glibc",
            elf(of_versions(&["GLIBC_2.38"])),
            Refused("native-glibc", "it needs GLIBC 2.38, and there is 2.36"),
        ),
        (
            "a newer glibc that Debian has",
            elf(of_versions(&["GLIBC_2.38"])),
            Refused("native-glibc", "--base debian:13-slim"),
        ),
        (
            "a glibc that nobody has",
            elf(of_versions(&["GLIBC_2.99"])),
            Refused("native-glibc", "--base IMAGE"),
        ),
        (
            "a newer libstdc++",
            elf(of_versions(&["GLIBCXX_3.4.32"])),
            Refused("native-glibc", "GLIBCXX 3.4.32"),
        ),
        (
            "Nix",
            elf(Elf::dynamic("/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2")),
            Refused("native-loader", "/nix/store"),
        ),
        (
            "an old soft-float ARM",
            elf(Elf {
                interpreter: Some("/lib/ld-linux.so.3"),
                is_pie: true,
                e_type: 3,
                ..machine(40, false)
            }),
            Refused("native-loader", "ld-linux.so.3"),
        ),
    ]
}

#[test]
fn each_row_is_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app");
    let accepted = accepted()
        .into_iter()
        .map(|(name, elf, expected)| (name, elf.bytes(), expected));
    let rows: Vec<_> = accepted.chain(refused()).collect();
    for (name, bytes, expected) in &rows {
        fs::write(&path, bytes).unwrap();
        check(name, planned(&path, &Options::default()), expected);
    }
    let bad = rows.iter().filter(|row| matches!(row.2, Refused(..))).count();
    assert!(rows.len() >= 20 && bad >= 13, "{} rows, {bad} bad", rows.len());
}

#[test]
fn a_base_named_by_hand_is_nobodys_business() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app");
    let named = Options {
        base: Some("registry.example.com/own:1".to_owned()),
        ..Options::default()
    };
    for elf in [
        needing(GLIBC, &["libpq.so.5"]),
        of_versions(&["GLIBC_2.99"]),
        Elf::dynamic("/nix/store/abc/ld-linux-x86-64.so.2"),
    ] {
        fs::write(&path, elf.bytes()).unwrap();
        assert!(planned(&path, &Options::default()).is_err());
        let (_, plan) = planned(&path, &named).unwrap();
        assert_eq!(plan.base_reason, "named by hand");
    }
}

#[test]
fn older_arm_runs_on_newer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app");
    let v6 = Elf {
        arm_arch: Some(6),
        ..machine(40, false)
    };
    fs::write(&path, v6.bytes()).unwrap();
    let of = |platform: &str| {
        let options = Options {
            platform: Some(platform.parse().unwrap()),
            ..Options::default()
        };
        planned(&path, &options).map(|(_, plan)| plan.platform.to_string())
    };
    assert_eq!(of("linux/arm/v7").unwrap(), "linux/arm/v7");
    assert_eq!(of("linux/arm/v5").unwrap_err().anchor, "platform-mismatch");
    assert_eq!(of("linux/amd64").unwrap_err().anchor, "platform-mismatch");
}

/// Programs of this machine, where it has them: whoever built them knew more of ELF than our tests.
#[test]
fn other_peoples_files() {
    let rows = [
        ("/bin/busybox", Is("linux/amd64 · static", STATIC_BASE)),
        (
            "/usr/lib/x86_64-linux-gnu/libz.so.1",
            Refused("elf-shared-library", "shared library"),
        ),
        (
            "/usr/lib/x86_64-linux-gnu/crt1.o",
            Refused("elf-object-file", "object file"),
        ),
        ("/bin/ls", Refused("native-library", "--base debian:13-slim")),
    ];
    for (path, expected) in rows {
        let path = Path::new(path);
        // busybox is a dynamic program on some systems, and ls needs nothing on others.
        if path.exists() && cfg!(all(target_arch = "x86_64", target_os = "linux")) && is_debian_12() {
            check(
                &path.display().to_string(),
                planned(path, &Options::default()),
                &expected,
            );
        }
    }
    // The test itself: dynamic, or static where it was built for musl.
    let own = inspect::run(&std::env::current_exe().unwrap());
    if cfg!(target_os = "linux") {
        assert!(own.unwrap().summary().starts_with("executable · linux/"));
    }
}

fn is_debian_12() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("VERSION_ID=\"12\""))
}
