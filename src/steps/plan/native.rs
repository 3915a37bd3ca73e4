//! Whether a base has what an executable needs. One that lacks a library is pulled, starts, and says
//! "not found" in a Pod's log; so it is said here, before anything is sent.

use super::catalogue_base::CatalogueBase;
use crate::{
    error::Failure,
    model::{Artifact, ElfFacts},
};

/// Where images have their loaders; a loader anywhere else belongs to the machine that the
/// executable was built on (Nix, Homebrew).
const LOADER_FOLDERS: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];

/// Checks an executable against what is known of its default base. A base of which nothing is
/// known passes, as does one that the person named.
///
/// # Errors
/// A [`Failure`] that names what the base lacks, and one of `others` that has it.
pub(super) fn ensure_base_has(
    artifact: &Artifact,
    elf: &ElfFacts,
    base: &CatalogueBase,
    others: &[CatalogueBase],
) -> Result<(), Failure> {
    let beside = names_beside(artifact);
    let lacks = |base: &CatalogueBase| lacks(elf, &beside, base);
    if base.libraries.is_empty() || lacks(base).is_none() {
        return Ok(());
    }
    let image = &base.image;
    let failure = Failure::new(format!(
        "could not choose a base image for `{}`",
        artifact.file_name
    ));
    let another = match others.iter().find(|other| lacks(other).is_none()) {
        Some(other) => format!("name an image that has it; `--base {}` does", short(other)),
        None => "name an image that has it with `--base IMAGE`, or link the executable statically".to_owned(),
    };
    Err(match lacks(base) {
        Some(Lack::Loader(path)) => failure
            .why(format!(
                "it is loaded by `{path}`, which {image} does not have; the kernel would say `No such file`"
            ))
            .next("build it on a common Linux, link it statically, or name an image that has it with `--base IMAGE`")
            .anchor("native-loader"),
        Some(Lack::Libraries(names)) => failure
            .why(format!(
                "it needs `{}`, and {image} does not have {}",
                names.join("`, `"),
                if names.len() == 1 { "it" } else { "them" }
            ))
            .next(another)
            .anchor("native-library"),
        Some(Lack::Versions(versions)) => failure
            .why(format!("{} in {image}", versions.join(", ")))
            .next(format!("{another}; or build it on an older system"))
            .anchor("native-glibc"),
        None => failure,
    })
}

/// The names of the files that come with the executable; it knows the way to them by itself.
fn names_beside(artifact: &Artifact) -> Vec<&str> {
    let files = artifact.tree.iter().flat_map(|tree| &tree.files);
    files
        .map(|file| file.name.rsplit('/').next().unwrap_or_default())
        .collect()
}

/// What an executable needs and a base has not got.
enum Lack {
    Loader(String),
    Libraries(Vec<String>),
    /// In words.
    Versions(Vec<String>),
}

fn lacks(elf: &ElfFacts, beside: &[&str], base: &CatalogueBase) -> Option<Lack> {
    let is_there = |path: &str| {
        path.rsplit_once('/')
            .is_some_and(|(folder, name)| LOADER_FOLDERS.contains(&folder) && base.has_library(name))
    };
    if let Some(loader) = elf.interpreter.as_ref().filter(|path| !is_there(path)) {
        return Some(Lack::Loader(loader.clone()));
    }
    let missing: Vec<String> = elf
        .needed
        .iter()
        .filter(|name| !base.has_library(name) && !beside.contains(&name.as_str()))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Some(Lack::Libraries(missing));
    }
    let newer: Vec<String> = elf
        .versions
        .iter()
        .filter_map(|(set, needed)| {
            let there = base.versions.get(set).filter(|there| *there < needed)?;
            Some(format!("it needs {set} {needed}, and there is {there}"))
        })
        .collect();
    (!newer.is_empty()).then_some(Lack::Versions(newer))
}

/// As a person would type it.
fn short(base: &CatalogueBase) -> String {
    let image = base.image.to_string();
    let short = image.strip_prefix("docker.io/library/");
    short.unwrap_or(&image).to_owned()
}
