//! What we say of a file that we cannot run: what it is, and what would do.

use std::{io, path::Path};

use super::{content::Foreign, limits::Limits};
use crate::{error::Failure, model, zip::Flaw};

const WANTED: &str = "give a JAR, a WAR or a Linux executable (ELF)";

pub(super) fn unusable(name: impl std::fmt::Display) -> Failure {
    Failure::new(format!("could not use `{name}` as an artifact"))
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(format!("could not read `{}`", path.display()));
    match error.kind() {
        io::ErrorKind::NotFound => failure
            .why("there is no such file")
            .next("check the path; relative paths start at the current folder")
            .anchor("artifact-not-found"),
        io::ErrorKind::PermissionDenied => failure
            .why("permission denied")
            .next("let your user read the file and enter the folders above it")
            .anchor("artifact-permission"),
        _ => failure
            .why(error)
            .next("check that the disk or share it is on works, then try again")
            .anchor("artifact-unreadable"),
    }
}

pub(super) fn special_file(path: &Path) -> Failure {
    unusable(path.display())
        .why("it is a device, a pipe or a socket")
        .next("write it to a file first, since it is read more than once")
        .anchor("artifact-special-file")
}

pub(super) fn empty(file_name: &str) -> Failure {
    unusable(file_name)
        .why("it is empty")
        .next("build it again: a build or a copy that failed half-way leaves such a file")
        .anchor("artifact-empty")
}

fn script(path: &Path, file_name: &str) -> Failure {
    unusable(file_name)
        .why("it is a script: its first line begins with `#!`")
        .next("give what the script starts: a JAR, a WAR or a Linux executable (ELF)")
        .command(format!("cat {}", quoted(path)))
        .anchor("artifact-script")
}

/// What is behind a `#!` line: a script, unless it is an archive with another fault than a missing
/// end.
pub(super) fn behind_script(path: &Path, file_name: &str, archive: Failure) -> Failure {
    if archive.anchor == "archive-damaged" {
        return script(path, file_name);
    }
    archive
}

pub(super) fn foreign(path: &Path, file_name: &str, foreign: Foreign) -> Failure {
    let failure = unusable(file_name);
    match foreign {
        Foreign::WindowsExecutable => failure
            .why("it is a Windows executable (PE)")
            .next("build it for Linux: images run on Linux nodes")
            .anchor("artifact-windows"),
        Foreign::MacExecutable => failure
            .why("it is a macOS executable (Mach-O)")
            .next("build it for Linux: images run on Linux nodes")
            .anchor("artifact-macos"),
        Foreign::JavaClass => failure
            .why("it is a single Java class")
            .next("pack it into a JAR that names its main class, with all that it needs")
            .anchor("artifact-class"),
        Foreign::Compressed(kind) => failure
            .why(format!("it is {kind}"))
            .next("unpack it and give what is in it: a JAR, a WAR or a Linux executable (ELF)")
            .anchor("artifact-compressed"),
        Foreign::Text => failure
            .why("it is a text file")
            .next(WANTED)
            .anchor("artifact-text"),
        Foreign::Unknown => failure
            .why("its first bytes are of no kind that we know")
            .next(WANTED)
            .command(format!("file {}", quoted(path)))
            .anchor("artifact-unknown"),
    }
}

pub(super) fn damaged(file_name: &str, why: &dyn std::fmt::Display) -> Failure {
    unusable(file_name)
        .why(format!("it is a damaged ZIP archive: {why}"))
        .next("build or copy it again; `unzip -t` says what is wrong with it")
        .anchor("archive-damaged")
}

pub(super) fn duplicates(file_name: &str) -> Failure {
    unusable(file_name)
        .why("it names a file twice, and which of the two would run depends on who unpacks it")
        .next("build it again, without merging two copies of the same file into it")
        .command("jar tf FILE | sort | uniq -d".replace("FILE", &quoted(Path::new(file_name))))
        .anchor("archive-duplicates")
}

/// An archive that is not taken.
pub(super) fn flawed(file_name: &str, flaw: &Flaw, limits: &Limits) -> Failure {
    match flaw {
        Flaw::CutShort => damaged(file_name, flaw).why("it is a ZIP archive without its end: it was cut short"),
        Flaw::NoDirectory => damaged(file_name, flaw),
        Flaw::Unreadable(error) => damaged(file_name, error),
        Flaw::OtherMethod(..) => damaged(file_name, flaw).why(format!("{flaw}, which Java cannot read either")),
        Flaw::Count(declared, found) if found > declared => contradictory(
            file_name,
            &format!("its end says that it has {declared} entries, and more are there"),
        ),
        Flaw::Count(..)
        | Flaw::DataAfterEnd(_)
        | Flaw::TwoEnds
        | Flaw::NoHeader(_)
        | Flaw::Names(..)
        | Flaw::Overlap(..)
        | Flaw::IntoDirectory(_) => contradictory(file_name, flaw),
        Flaw::TooMany(_) => too_many(file_name, flaw, limits),
        Flaw::TooLarge(bytes) => unusable(file_name)
            .why(format!("the list of its entries takes {bytes} bytes"))
            .next("leave out comments and extra fields, and what the application does not need, or raise `--max-entries`")
            .anchor("archive-too-large"),
        Flaw::Unsafe(..) => unusable(file_name)
            .why(flaw)
            .next("build it with a tool that writes plain files and folders, and do not trust this one")
            .anchor("archive-unsafe"),
        Flaw::Encrypted(_) => unusable(file_name)
            .why(flaw)
            .next("pack it without a password: Java could not read it either")
            .anchor("archive-encrypted"),
    }
}

fn too_many(file_name: &str, what: &dyn std::fmt::Display, limits: &Limits) -> Failure {
    unusable(file_name)
        .why(format!("{what}, and {} is the most that we take", limits.max_entries))
        .next("leave out what the application does not need, keep its parts in nested JARs, or raise `--max-entries`")
        .anchor("archive-too-large")
}

pub(super) fn too_many_folders(file_name: &str, count: u64, limits: &Limits) -> Failure {
    too_many(
        file_name,
        &format!("the names of its entries make {count} folders"),
        limits,
    )
}

pub(super) fn too_large(file_name: &str, unpacked_bytes: u64, limits: &Limits) -> Failure {
    unusable(file_name)
        .why(format!(
            "unpacked it has {unpacked_bytes} bytes, and {} is the most that we take",
            limits.max_unpacked_bytes
        ))
        .next("leave out what the application does not need, or raise `--max-unpacked-size`")
        .anchor("archive-too-large")
}

pub(super) fn bomb(file_name: &str, unpacked_bytes: u64, packed_bytes: u64) -> Failure {
    unusable(file_name)
        .why(format!(
            "its {packed_bytes} bytes become {unpacked_bytes}, as only those of a ZIP bomb do"
        ))
        .next("if you know that it is none, say how large it may become: `--max-unpacked-size 16Gi`")
        .anchor("archive-too-large")
}

pub(super) fn prefix(file_name: &str, bytes: u64) -> Failure {
    let why = format!("its first {bytes} bytes are another archive's or nobody's");
    contradictory(file_name, &why)
}

fn contradictory(file_name: &str, why: &dyn std::fmt::Display) -> Failure {
    unusable(file_name)
        .why(format!(
            "it is a ZIP archive that two readers take for different ones: {why}"
        ))
        .next("pack it again with the tool that built it, and do not trust it before you know who made it")
        .anchor("archive-contradiction")
}

pub(super) fn other_zip(file_name: &str) -> Failure {
    unusable(file_name)
        .why("it is a ZIP archive, but neither a JAR nor a WAR: it has no META-INF and no WEB-INF")
        .next("if it was packed for download, unpack it and give what is in it")
        .anchor("archive-neither")
}

pub(super) fn library(file_name: &str) -> Failure {
    unusable(file_name)
        .why("it is a library: its manifest names no Main-Class")
        .next(
            "give the executable JAR: Spring Boot's `repackage`, Maven's Shade or Gradle's Shadow plugin make one",
        )
        .anchor("jar-library")
}

pub(super) fn no_main_class(file_name: &str, main_class: &str) -> Failure {
    unusable(file_name)
        .why(format!("its manifest names `{main_class}` as Main-Class, and that is not in it"))
        .next("name a class that is there (Maven's `mainClass`, Gradle's `Main-Class`), or give the JAR that has it")
        .anchor("jar-main-class")
}

pub(super) fn enterprise_archive(file_name: &str) -> Failure {
    unusable(file_name)
        .why("it is an EAR, which needs a Jakarta EE application server")
        .next("give the WAR that is in it, if that runs without EJBs")
        .anchor("ear")
}

/// Why an ELF file is not a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElfFlaw {
    ObjectFile,
    CoreDump,
    SharedLibrary,
    NoProgram,
    CutShort,
    OtherSystem,
    /// With `e_machine`.
    OtherMachine(u16),
}

pub(super) fn elf(file_name: &str, flaw: ElfFlaw) -> Failure {
    let failure = unusable(file_name);
    match flaw {
        ElfFlaw::ObjectFile => failure
            .why("it is an object file (ELF), one step before a program")
            .next("link it, and give the executable")
            .anchor("elf-object-file"),
        ElfFlaw::CoreDump => failure
            .why("it is a core dump: the memory of a program that crashed")
            .next("give the program itself")
            .anchor("elf-core-dump"),
        ElfFlaw::SharedLibrary => failure
            .why("it is a shared library (ELF): it has no place to start at")
            .next("give the executable that uses it")
            .anchor("elf-shared-library"),
        ElfFlaw::NoProgram => failure
            .why("it is an ELF file, but no program")
            .next("give a Linux executable")
            .anchor("elf-no-program"),
        ElfFlaw::CutShort => failure
            .why("it is an ELF file that ends before all of it is there")
            .next("build or copy it again")
            .anchor("elf-cut-short"),
        ElfFlaw::OtherSystem => failure
            .why("it is an ELF executable for another system than Linux")
            .next("build it for Linux: images run on Linux nodes")
            .anchor("elf-other-system"),
        ElfFlaw::OtherMachine(machine) => failure
            .why(format!(
                "it is an ELF executable for a machine that we do not know (number {machine})"
            ))
            .next("build it for amd64, arm64, arm, 386, ppc64le, s390x or riscv64")
            .anchor("elf-other-machine"),
    }
}

/// A path for a shell.
pub(super) fn quoted(path: &Path) -> String {
    model::quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_read() {
        // As root, every file may be, so no test can meet one.
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = unreadable(Path::new("/srv/shop.jar"), &denied);
        assert_eq!(
            failure.to_string(),
            "could not read `/srv/shop.jar`: permission denied"
        );
        assert_eq!(failure.anchor, "artifact-permission");
    }
}
