//! Every kind of artifact, and everything that is none.

use std::fs;

use kubectl_b2i::{
    error::{Failure, Kind},
    model::{Artifact, ArtifactKind, JarLayout},
    steps::inspect,
};

use crate::support::{
    archive::{Entry, Zip, boot_jar, class, library, plain_jar, war},
    elf::Elf,
};

fn inspect(file_name: &str, bytes: impl AsRef<[u8]>) -> Result<Artifact, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name);
    fs::write(&path, bytes).unwrap();
    inspect::run(&path)
}

fn summary(file_name: &str, bytes: impl AsRef<[u8]>) -> String {
    inspect(file_name, bytes).expect(file_name).summary()
}

const LAUNCHER: &str = "org.springframework.boot.loader.launch.JarLauncher";

#[test]
fn content_decides_and_not_the_name() {
    assert_eq!(summary("shop.txt", plain_jar().bytes()), "JAR · Java 11");
    assert_eq!(
        summary("shop", war("jakarta").bytes()),
        "WAR · jakarta.servlet · Java 11"
    );
    assert_eq!(
        summary("shop.jar", Elf::default().bytes()),
        "executable · linux/amd64 · static"
    );
}

#[test]
fn the_facts_of_the_file_are_kept() {
    let bytes = plain_jar().bytes();
    let artifact = inspect("shop.jar", &bytes).unwrap();
    assert_eq!(artifact.file_name, "shop.jar");
    assert_eq!(artifact.size_bytes, bytes.len() as u64);
    assert_eq!(artifact.digest, kubectl_b2i::oci::Digest::of(&bytes));
    assert_eq!(artifact.entries.len(), 2);
    // 2024-05-06 07:08:10, taken as UTC.
    assert_eq!(artifact.entries[0].modified_seconds, Some(1_714_979_290));
}

#[test]
fn spring_boot_jars_of_every_age() {
    for (version, launcher) in [
        ("1.4.0.RELEASE", "org.springframework.boot.loader.JarLauncher"),
        ("2.7.18", "org.springframework.boot.loader.PropertiesLauncher"),
        ("3.4.1", LAUNCHER),
        ("4.0.7", LAUNCHER),
    ] {
        let artifact = inspect("app.jar", boot_jar(version, launcher, "").bytes()).unwrap();
        assert_eq!(artifact.summary(), format!("Spring Boot {version} · Java 17"));
        let ArtifactKind::Jar(facts) = artifact.kind else {
            panic!("{version}")
        };
        assert_eq!(facts.main_class, launcher);
    }
}

#[test]
fn an_executable_spring_boot_jar_begins_with_a_script() {
    let script = b"#!/bin/bash\nexec java -jar \"$0\"\nexit 0\n".to_vec();
    let bytes = [script, boot_jar("2.7.18", LAUNCHER, "").bytes()].concat();
    assert_eq!(summary("app.jar", bytes), "Spring Boot 2.7.18 · Java 17");
}

#[test]
fn the_layers_index_is_where_the_manifest_says() {
    let index = "- \"dependencies\":\n  - \"BOOT-INF/lib/\"\n";
    let more = "\nSpring-Boot-Layers-Index: BOOT-INF/layers.idx";
    let bytes = boot_jar("3.4.1", LAUNCHER, more)
        .file("BOOT-INF/layers.idx", index)
        .bytes();
    let ArtifactKind::Jar(facts) = inspect("app.jar", bytes).unwrap().kind else {
        panic!()
    };
    let JarLayout::SpringBoot { layers_index, .. } = facts.layout else {
        panic!()
    };
    assert_eq!(layers_index.as_deref(), Some(index));
}

#[test]
fn java_is_the_lowest_that_runs_all_own_classes() {
    let java = |zip: Zip| summary("a.jar", zip.bytes());
    let jar = || Zip::new().manifest("Main-Class: A");
    assert_eq!(java(jar().file("A.class", class(8, ""))), "JAR · Java 8");
    assert_eq!(java(jar().file("A.class", class(5, ""))), "JAR · Java 8");
    assert_eq!(java(jar().file("A.class", class(9, ""))), "JAR · Java 11");
    assert_eq!(
        java(
            jar()
                .file("A.class", class(8, ""))
                .deflated("B.class", class(18, ""))
        ),
        "JAR · Java 21"
    );
    // Above the newest long-term release the exact one is kept, for whoever brings an own base.
    assert_eq!(java(jar().file("A.class", class(26, ""))), "JAR · Java 26");
    // What only newer releases look at, and what is no class at all.
    let newer = jar()
        .file("A.class", class(8, ""))
        .file("META-INF/versions/21/A.class", class(21, ""))
        .file("module-info.class", class(9, ""))
        .file("short.class", b"\xca\xfe\xba")
        .file("other.class", b"12345678");
    assert_eq!(java(newer), "JAR · Java 8");
}

#[test]
fn a_nested_jar_needs_what_most_of_its_classes_have() {
    let nested = |versions: &[u16]| {
        let classes = versions.iter().enumerate();
        classes.fold(Zip::new(), |zip, (number, &java)| {
            zip.deflated(&format!("N{number}.class"), class(java, ""))
        })
    };
    let java = |zip: Zip| summary("a.jar", zip.bytes());
    let jar = || plain_jar().file("BOOT-INF/classes/", "");
    let mostly_17 = nested(&[17, 17, 17, 25, 8]).bytes();
    assert_eq!(
        java(jar().file("BOOT-INF/lib/a.jar", &mostly_17)),
        "Spring Boot · Java 17"
    );
    assert_eq!(
        java(jar().deflated("BOOT-INF/lib/a.jar", &mostly_17)),
        "Spring Boot · Java 17"
    );
    let tie = nested(&[21, 11]).bytes();
    assert_eq!(
        java(jar().file("BOOT-INF/lib/a.jar", tie)),
        "Spring Boot · Java 11"
    );
    assert_eq!(
        java(jar().file("BOOT-INF/lib/a.jar", "no JAR")),
        "Spring Boot · Java 11"
    );
    // A sample of a long one is taken from all of it.
    let long = nested(&[vec![8; 50], vec![17; 70]].concat()).bytes();
    assert_eq!(
        java(jar().file("BOOT-INF/lib/a.jar", long)),
        "Spring Boot · Java 17"
    );
}

#[test]
fn a_wars_own_classes_tell_its_servlet_api() {
    for api in ["javax", "jakarta"] {
        let expected = format!("WAR · {api}.servlet · Java 11");
        assert_eq!(summary("a.war", war(api).bytes()), expected);
        // Tomcat 10's sample.war has jakarta classes and a descriptor of J2EE.
        let old = r#"<web-app xmlns="http://java.sun.com/xml/ns/j2ee" version="2.4"/>"#;
        assert_eq!(
            summary("a.war", war(api).file("WEB-INF/web.xml", old).bytes()),
            expected
        );
    }
}

#[test]
fn else_the_namespace_and_the_libraries_tell_it() {
    let jakarta = r#"<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>"#;
    let javax = r#"<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="3.1"/>"#;
    let mostly_javax = Zip::new()
        .deflated("A.class", class(8, "javax/servlet/Filter"))
        .deflated("B.class", class(8, "javax/servlet/Servlet"))
        .deflated("C.class", class(8, "jakarta/servlet/Filter"))
        .bytes();
    let api = |descriptor: Option<&str>, library: Option<&[u8]>| {
        let mut zip = Zip::new().file("WEB-INF/", "");
        if let Some(descriptor) = descriptor {
            zip = zip.file("WEB-INF/web.xml", descriptor);
        }
        if let Some(library) = library {
            zip = zip.file("WEB-INF/lib/a.jar", library);
        }
        let ArtifactKind::War(facts) = inspect("a.war", zip.bytes()).unwrap().kind else {
            panic!()
        };
        facts.servlet_api.to_string()
    };
    assert_eq!(api(Some(jakarta), Some(&mostly_javax)), "jakarta.servlet");
    assert_eq!(api(None, Some(&mostly_javax)), "javax.servlet");
    assert_eq!(api(Some(javax), None), "javax.servlet");
    assert_eq!(api(None, None), "jakarta.servlet");
}

#[test]
fn elf_executables() {
    for (elf, expected) in [
        (Elf::default(), "linux/amd64 · static"),
        (
            Elf {
                os_abi: 3,
                ..Elf::default()
            },
            "linux/amd64 · static",
        ),
        (
            Elf {
                machine: 183,
                ..Elf::default()
            },
            "linux/arm64 · static",
        ),
        (
            Elf {
                machine: 40,
                is_64: false,
                ..Elf::default()
            },
            "linux/arm/v7 · static",
        ),
        (
            Elf {
                machine: 3,
                is_64: false,
                ..Elf::default()
            },
            "linux/386 · static",
        ),
        (
            Elf {
                machine: 243,
                ..Elf::default()
            },
            "linux/riscv64 · static",
        ),
        // A static program that can be loaded anywhere, by a new and by an old linker.
        (
            Elf {
                e_type: 3,
                is_pie: true,
                ..Elf::default()
            },
            "linux/amd64 · static",
        ),
        (
            Elf {
                e_type: 3,
                ..Elf::default()
            },
            "linux/amd64 · static",
        ),
        (Elf::dynamic("/lib/ld-musl-x86_64.so.1"), "linux/amd64 · musl"),
        (
            Elf {
                versions: &["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_PRIVATE"],
                ..Elf::dynamic("/lib64/ld-linux-x86-64.so.2")
            },
            "linux/amd64 · glibc 2.34",
        ),
    ] {
        assert_eq!(summary("app", elf.bytes()), format!("executable · {expected}"));
    }
}

#[test]
fn an_executables_libraries_are_listed() {
    let elf = Elf {
        needed: &["libssl.so.3", "libc.so.6"],
        ..Elf::dynamic("/lib64/ld-linux-x86-64.so.2")
    };
    let ArtifactKind::Elf(facts) = inspect("app", elf.bytes()).unwrap().kind else {
        panic!()
    };
    assert_eq!(facts.needed, ["libssl.so.3", "libc.so.6"]);
}

const WANTED: &str = "give a JAR, a WAR or a Linux executable (ELF)";

/// Files that are nothing to run: name, bytes, why, next, anchor.
pub(crate) fn refused_files() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str, &'static str)> {
    let jar = plain_jar().bytes();
    let mut tar = vec![b'a'; 257];
    tar.extend(b"ustar  \0");
    let library = Zip::new().manifest("Created-By: x").file("A.class", class(8, ""));
    let misspelt = Zip::new().manifest("Main-Class: com.example.Mian");
    let misspelt = misspelt
        .file("com/example/Main.class", class(8, ""))
        .file("com/example/NoMian.class", "");
    let ear = library.clone().file("META-INF/application.xml", "<application/>");
    let elf = |elf: Elf| elf.bytes();
    let half = elf(Elf::default());
    let half = half[..half.len() - 1].to_vec();
    let linux = "build it for Linux: images run on Linux nodes";
    let again = "build or copy it again; `unzip -t` says what is wrong with it";
    let unpack = "unpack it and give what is in it: a JAR, a WAR or a Linux executable (ELF)";
    vec![
        (
            "empty",
            vec![],
            "it is empty",
            "build it again: a build or a copy that failed half-way leaves such a file",
            "artifact-empty",
        ),
        (
            "a.txt",
            b"hello\n".to_vec(),
            "it is a text file",
            WANTED,
            "artifact-text",
        ),
        (
            "a.sh",
            b"#!/bin/sh\nexit 0\n".to_vec(),
            "it is a script: its first line begins with `#!`",
            "give what the script starts: a JAR, a WAR or a Linux executable (ELF)",
            "artifact-script",
        ),
        (
            "a.exe",
            b"MZ\x90\0".to_vec(),
            "it is a Windows executable (PE)",
            linux,
            "artifact-windows",
        ),
        (
            "mac",
            b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(),
            "it is a macOS executable (Mach-O)",
            linux,
            "artifact-macos",
        ),
        (
            "fat",
            b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec(),
            "it is a macOS executable (Mach-O)",
            linux,
            "artifact-macos",
        ),
        (
            "A.class",
            class(17, ""),
            "it is a single Java class",
            "pack it into a JAR that names its main class, with all that it needs",
            "artifact-class",
        ),
        (
            "a.tgz",
            b"\x1f\x8b\x08\0".to_vec(),
            "it is a gzip archive",
            unpack,
            "artifact-compressed",
        ),
        ("a.tar", tar, "it is a tar archive", unpack, "artifact-compressed"),
        (
            "a.deb",
            b"!<arch>\ndebian-binary   1234567890  0     0     100644  4         `\n2.0\n".to_vec(),
            "it is a Debian package",
            unpack,
            "artifact-compressed",
        ),
        (
            "noise",
            vec![0, 1, 2, 3],
            "its first bytes are of no kind that we know",
            WANTED,
            "artifact-unknown",
        ),
        (
            "a.zip",
            Zip::new().file("readme.txt", "x").bytes(),
            "it is a ZIP archive, but neither a JAR nor a WAR: it has no META-INF and no WEB-INF",
            "if it was packed for download, unpack it and give what is in it",
            "archive-neither",
        ),
        (
            "empty.zip",
            Zip::new().bytes(),
            "it is a ZIP archive, but neither a JAR nor a WAR: it has no META-INF and no WEB-INF",
            "if it was packed for download, unpack it and give what is in it",
            "archive-neither",
        ),
        (
            "lib.jar",
            library.bytes(),
            "it is a library: its manifest names no Main-Class",
            "give the executable JAR: Spring Boot's `repackage`, Maven's Shade or Gradle's Shadow plugin make one",
            "jar-library",
        ),
        (
            "misspelt.jar",
            misspelt.bytes(),
            "its manifest names `com.example.Mian` as Main-Class, and that is not in it",
            "name a class that is there (Maven's `mainClass`, Gradle's `Main-Class`), or give the JAR that has it",
            "jar-main-class",
        ),
        (
            "a.ear",
            ear.bytes(),
            "it is an EAR, which needs a Jakarta EE application server",
            "give the WAR that is in it, if that runs without EJBs",
            "ear",
        ),
        (
            "cut.jar",
            jar[..jar.len() - 30].to_vec(),
            "it is a ZIP archive without its end: it was cut short",
            again,
            "archive-damaged",
        ),
        (
            "start.jar",
            jar[..10].to_vec(),
            "it is a ZIP archive without its end: it was cut short",
            again,
            "archive-damaged",
        ),
        (
            "a.so",
            elf(Elf {
                e_type: 3,
                soname: true,
                ..Elf::default()
            }),
            "it is a shared library (ELF): it has no place to start at",
            "give the executable that uses it",
            "elf-shared-library",
        ),
        (
            "no-entry",
            elf(Elf {
                entry: 0,
                ..Elf::default()
            }),
            "it is a shared library (ELF): it has no place to start at",
            "give the executable that uses it",
            "elf-shared-library",
        ),
        (
            "a.o",
            elf(Elf {
                e_type: 1,
                ..Elf::default()
            }),
            "it is an object file (ELF), one step before a program",
            "link it, and give the executable",
            "elf-object-file",
        ),
        (
            "core",
            elf(Elf {
                e_type: 4,
                ..Elf::default()
            }),
            "it is a core dump: the memory of a program that crashed",
            "give the program itself",
            "elf-core-dump",
        ),
        (
            "cut",
            half,
            "it is an ELF file that ends before all of it is there",
            "build or copy it again",
            "elf-cut-short",
        ),
        (
            "head",
            b"\x7fELF\x02\x01\x01".to_vec(),
            "it is an ELF file that ends before all of it is there",
            "build or copy it again",
            "elf-cut-short",
        ),
        (
            "bsd",
            elf(Elf {
                os_abi: 9,
                ..Elf::default()
            }),
            "it is an ELF executable for another system than Linux",
            linux,
            "elf-other-system",
        ),
        (
            "sparc",
            elf(Elf {
                machine: 43,
                ..Elf::default()
            }),
            "it is an ELF executable for a machine that we do not know (number 43)",
            "build it for amd64, arm64, arm, 386, ppc64le, s390x or riscv64",
            "elf-other-machine",
        ),
    ]
}

#[test]
fn everything_else_is_refused_by_what_it_is() {
    for (name, bytes, why, next, anchor) in refused_files() {
        let failure = inspect(name, bytes).expect_err(name);
        assert_eq!(failure.what, format!("could not use `{name}` as an artifact"));
        assert_eq!(
            (failure.why.as_str(), failure.next.as_str()),
            (why, next),
            "{name}"
        );
        assert_eq!(
            (failure.anchor.as_str(), failure.kind),
            (anchor, Kind::Step),
            "{name}"
        );
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let failure = inspect::run(folder.path()).unwrap_err();
    assert_eq!(
        (failure.why.as_str(), failure.anchor.as_str()),
        ("it is an empty folder", "artifact-folder")
    );
    let failure = inspect::run(&folder.path().join("none.jar")).unwrap_err();
    assert!(failure.what.starts_with("could not read `") && failure.what.ends_with("none.jar`"));
    assert_eq!(
        (failure.why.as_str(), failure.anchor.as_str()),
        ("there is no such file", "artifact-not-found")
    );
}

#[test]
fn entries_that_nobody_should_unpack_are_refused() {
    for (name, why) in [
        ("../../etc/passwd", "its name leads out of the archive"),
        ("a/../../b", "its name leads out of the archive"),
        ("/etc/passwd", "its name is an absolute path"),
        ("C:/Windows/a", "its name is an absolute path"),
        ("a\\b", "its name has a backslash"),
        ("a\0b", "its name has a control character"),
        ("a//b", "its name is no plain path"),
    ] {
        let failure = inspect("evil.jar", plain_jar().file(name, "x").bytes()).expect_err(name);
        assert!(failure.why.ends_with(why), "{name}: {}", failure.why);
        assert_eq!(failure.anchor, "archive-unsafe");
    }
    let link = Entry {
        unix_mode: 0o120_777,
        ..Entry::new("link", b"/etc/passwd")
    };
    let failure = inspect("evil.jar", plain_jar().entry(link).bytes()).unwrap_err();
    assert!(
        failure.why.ends_with("it is a symbolic link or a device"),
        "{}",
        failure.why
    );
}

#[test]
fn encrypted_entries_are_refused() {
    let secret = Entry {
        flags: 1,
        ..Entry::new("secret", b"0123456789abcdef")
    };
    let failure = inspect("a.jar", plain_jar().entry(secret).bytes()).unwrap_err();
    assert_eq!(failure.why, "its entry `secret` is encrypted");
}

#[test]
fn a_file_twice_is_refused_where_it_would_be_unpacked() {
    let twice = |zip: Zip| zip.file("twice.txt", "1").file("twice.txt", "2").bytes();
    for zip in [boot_jar("3.4.1", LAUNCHER, ""), war("javax")] {
        let failure = inspect("a.jar", twice(zip)).unwrap_err();
        assert_eq!(failure.anchor, "archive-duplicates");
    }
    // Gradle's Shadow plugin writes such JARs, and Java runs them as they are.
    assert_eq!(summary("a.jar", twice(plain_jar())), "JAR · Java 11");
}

#[test]
fn more_entries_than_any_application_has_are_refused() {
    let many = |count| (2..count).fold(plain_jar(), |zip, n| zip.file(&format!("e{n}"), ""));
    assert_eq!(summary("a.jar", many(70_000).bytes()), "JAR · Java 11");
    let failure = inspect("a.jar", many(200_001).bytes()).unwrap_err();
    assert_eq!(
        failure.why,
        "it has 200001 entries, and 200000 is the most that we take"
    );
}

#[test]
fn a_damaged_class_is_said() {
    let broken = Entry {
        is_deflated: false,
        ..Entry::new("B.class", b"\xff\xff\xff\xff")
    };
    let mut bytes = plain_jar().entry(broken).bytes();
    // Say that the stored bytes are deflated: in the central directory, the last entry's method.
    let at = bytes
        .windows(4)
        .rposition(|window| window == b"PK\x01\x02")
        .unwrap();
    bytes[at + 10] = 8;
    let failure = inspect("a.jar", bytes).unwrap_err();
    assert_eq!(failure.anchor, "archive-damaged");
    assert!(
        failure.why.starts_with("it is a damaged ZIP archive"),
        "{}",
        failure.why
    );
}

#[test]
fn nested_libraries_of_a_plain_jar_count() {
    let bytes = plain_jar().file("lib/inner.jar", library(21)).bytes();
    assert_eq!(summary("a.jar", bytes), "JAR · Java 21");
}
