//! What we say of a folder, and of what a `Class-Path` names, when it cannot be run.

use std::path::Path;

use super::{
    reach::{Link, Reach},
    refusal::{quoted, unusable},
    walk::leads_out,
};
use crate::error::Failure;

/// Enough names to see what is meant; a list of hundreds hides the rest of the failure.
const MOST_NAMES: usize = 20;

/// One name a line, below the first line of `why`.
fn lines(names: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for name in names.iter().take(MOST_NAMES) {
        text.push('\n');
        text.push_str(name.as_ref());
    }
    match names.len().saturating_sub(MOST_NAMES) {
        0 => text,
        more => format!("{text}\nand {more} more"),
    }
}

pub(super) fn empty_folder(path: &Path) -> Failure {
    unusable(path.display())
        .why("it is an empty folder")
        .next("build it again, or give the folder that the build writes to")
        .anchor("artifact-folder")
}

/// `seen` says of files at its top why they are not run.
pub(super) fn nothing_to_run(path: &Path, seen: &[String], better: Option<&Path>) -> Failure {
    let seen = lines(seen);
    let failure = unusable(path.display()).anchor("artifact-folder").why(format!(
        "it is a folder, and nothing at its top can be run: no JAR with a Main-Class, no Linux executable, \
         no WEB-INF{seen}"
    ));
    match better {
        Some(better) => failure
            .next(format!("give what can be run in it: `{}`", better.display()))
            .command(format!("kubectl b2i inspect {}", quoted(better))),
        None => failure.next("give the one file to run, or the folder with just the app in it"),
    }
}

pub(super) fn only_a_war(path: &Path, war: &str) -> Failure {
    let war = path.join(war);
    unusable(path.display())
        .why("it is a folder, and all that can be run in it is a WAR, which takes nothing from beside it")
        .next("give the WAR itself:")
        .command(format!("kubectl b2i inspect {}", quoted(&war)))
        .anchor("artifact-folder")
}

pub(super) fn several(path: &Path, names: &[&str]) -> Failure {
    unusable(path.display())
        .why(format!(
            "it is a folder, and {} files at its top can be run:{}",
            names.len(),
            lines(names)
        ))
        .next("give the one to run, or a folder with only that one at its top")
        .anchor("folder-several")
}

pub(super) fn link(path: &Path, name: &str, why: &str) -> Failure {
    unusable(path.display())
        .why(format!(
            "the symbolic link `{}` in it cannot be taken: {why}",
            name.escape_debug()
        ))
        .next("put a copy of what it is meant to be there, or leave it out")
        .command(format!("ls -l {}", quoted(&path.join(name))))
        .anchor("folder-link")
}

/// A link that a name of a `Class-Path` leads through.
pub(super) fn class_path_link(reach: &Reach, link: &Link) -> Failure {
    let file_name = reach.main_jar.rsplit('/').next().unwrap_or_default();
    let why = match &link.target {
        Some(target) => leads_out(target.as_path()),
        None => "it leads nowhere".to_owned(),
    };
    unusable(file_name)
        .why(format!(
            "its Class-Path leads to the symbolic link `{}`, which cannot be taken: {why}",
            link.name.escape_debug()
        ))
        .next("put a copy of what it is meant to be there, or leave it out")
        .command(format!("ls -l {}", quoted(&reach.folder.join(&link.name))))
        .anchor("folder-link")
}

pub(super) fn special_file(path: &Path, name: &str) -> Failure {
    unusable(path.display())
        .why(format!(
            "`{}` in it is a device, a pipe or a socket",
            name.escape_debug()
        ))
        .next("remove it: an image can hold it, but no container would get it")
        .anchor("artifact-special-file")
}

pub(super) fn name(path: &Path, name: &str, why: &str) -> Failure {
    unusable(path.display())
        .why(format!(
            "`{}` in it cannot go into an image: {why}",
            name.escape_debug()
        ))
        .next("rename it, or leave it out")
        .anchor("folder-name")
}

pub(super) fn too_many_files(path: &Path, most: usize) -> Failure {
    unusable(path.display())
        .why(format!(
            "it has more than {most} files and folders, which is the most that we take"
        ))
        .next("give the folder with just the app in it")
        .anchor("archive-too-large")
}

pub(super) fn quarkus_incomplete(name: &str, missing: &str) -> Failure {
    unusable(name)
        .why(format!(
            "it is a part of Quarkus' folder, and the rest is not beside it: `{missing}` is missing"
        ))
        .next("give the whole folder that Quarkus built: `target/quarkus-app` or `build/quarkus-app`")
        .anchor("quarkus-incomplete")
}

pub(super) fn class_path_missing(file_name: &str, missing: &[String]) -> Failure {
    let files = match missing.len() {
        1 => "a file that is".to_owned(),
        n => format!("{n} files that are"),
    };
    unusable(file_name)
        .why(format!(
            "the Class-Path of its manifest names {files} not there, seen from the JAR:{}",
            lines(missing)
        ))
        .next(
            "put them there under these names, or build one JAR with all in it (Maven's Shade, Gradle's Shadow); \
             if it runs without them, say so: `--allow-missing-libraries`",
        )
        .anchor("class-path-missing")
}

pub(super) fn class_path_outside(file_name: &str, refused: &[String]) -> Failure {
    unusable(file_name)
        .why(format!(
            "the Class-Path of its manifest names what cannot be taken along:{}",
            lines(refused)
        ))
        .next("let the build write relative paths, to files beside the JAR or below its folder")
        .anchor("class-path-outside")
}

pub(super) fn too_new_for_boot(file_name: &str, boot: &str, java: u32) -> Failure {
    unusable(file_name)
        .why(format!(
            "{boot} runs on Java 8 at most, and its own classes need Java {java}"
        ))
        .next("compile it for Java 8, or move it to Spring Boot 2.7 or newer")
        .anchor("boot-too-old")
}
