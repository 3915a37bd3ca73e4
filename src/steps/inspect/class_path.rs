//! `Class-Path` of a manifest: which files a JAR wants beside it. Relative URLs, with spaces
//! between them: <https://docs.oracle.com/en/java/javase/25/docs/specs/jar/jar.html#class-path-attribute>.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
};

use super::{
    manifest::Manifest,
    reach::{Reach, Seen},
    refusal, refusal_tree as refused,
    walk::{self, Found},
};
use crate::{error::Failure, model::RealPath, zip::wrong_name};

/// More than any application names; what names so many is no manifest of a build tool.
const MOST_FILES: usize = 20_000;

/// Why a name is refused that may be one of the folder above.
pub(super) const OUTSIDE: &str = "it is outside the JAR's folder";

/// Returns the words of a manifest's `Class-Path`.
pub(super) fn words(manifest: &Manifest) -> Vec<String> {
    let value = manifest.get("Class-Path").unwrap_or_default();
    value.split_ascii_whitespace().map(str::to_owned).collect()
}

/// What a word stands for.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A file, by its path below the main JAR's folder.
    File(String),
    /// A folder of classes and resources; empty for the main JAR's own.
    Folder(String),
}

/// Resolves a word, as URLs are resolved, against the folder of the JAR that has it: empty or with
/// a slash at its end.
fn place(word: &str, folder: &str) -> Result<Place, &'static str> {
    // The JVM takes `file:` URLs and relative ones; of `file:a.jar` it makes a relative one.
    let path = match word.split_once(':') {
        Some(("file", path)) => path,
        Some((scheme, _)) if scheme.len() == 1 => return Err("it is an absolute path"),
        Some(_) => return Err("Java loads nothing from such a URL"),
        None => word,
    };
    let path = decoded(path);
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || has_drive {
        return Err("it is an absolute path");
    }
    let is_folder = path.ends_with('/') || matches!(path.rsplit('/').next(), Some("." | ".."));
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(OUTSIDE)?;
            }
            part => parts.push(part),
        }
    }
    let name = parts.join("/");
    if !name.is_empty()
        && let Some(why) = wrong_name(&name)
    {
        return Err(why);
    }
    if is_folder || name.is_empty() {
        Ok(Place::Folder(name))
    } else if name.contains('*') {
        Err("Java expands no wildcards here")
    } else {
        Ok(Place::File(name))
    }
}

/// Undoes percent-encoding; what is none stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Returns the path below the folder above of a JAR there that a word names, as those of `bin/app.jar`
/// with its libraries in `lib/` do: `../lib/a.jar`. `own` is what the folder itself is called.
pub(super) fn one_up(word: &str, own: &str) -> Option<String> {
    if place(word, "") != Err(OUTSIDE) {
        return None;
    }
    match place(word, &format!("{own}/")) {
        Ok(Place::File(name)) if name.strip_suffix(".jar").is_some() => Some(name),
        _ => None,
    }
}

/// Returns the folder of a JAR, with a slash at its end; empty at the top.
fn folder_of(jar: &str) -> &str {
    jar.rfind('/').map_or("", |slash| &jar[..=slash])
}

/// What the words of the main JAR lead to.
#[derive(Default)]
pub(super) struct Resolved {
    /// Files and folders below the folder that names begin at, sorted by name; without the main JAR.
    pub(super) found: Vec<Found>,
    /// What the main JAR names and is not there.
    pub(super) missing: Vec<String>,
    /// What it names and is no archive: Java passes over it.
    pub(super) no_archives: Vec<String>,
    /// Folders that it names.
    pub(super) folders: Vec<String>,
    /// Whether the JAR's own folder is named, of which nothing is taken for that.
    pub(super) names_own_folder: bool,
}

/// Finds what the main JAR's words name, and what the manifests of those name in turn.
///
/// `is_inside` says whether the main JAR holds the library of this file name already.
///
/// # Errors
/// A [`Failure`] when the main JAR names what cannot be taken, or a link leads to where nothing is
/// taken from. What is named by a library's manifest may be missing: the JVM does not mind, and
/// libraries name what is optional.
pub(super) fn resolve(
    reach: &Reach,
    words: &[String],
    is_inside: impl Fn(&str) -> bool,
) -> Result<Resolved, Failure> {
    let mut search = Search {
        reach,
        seen: BTreeSet::from([reach.main_jar.clone()]),
        found: BTreeMap::new(),
        queue: VecDeque::new(),
        refused: Vec::new(),
        resolved: Resolved::default(),
    };
    for word in words {
        search.first_level(word, &is_inside)?;
    }
    if !search.refused.is_empty() {
        let file_name = &reach.main_jar[folder_of(&reach.main_jar).len()..];
        return Err(refused::class_path_outside(file_name, &search.refused));
    }
    while let Some((folder, words)) = search.queue.pop_front() {
        for word in words {
            search.of_library(&folder, &word)?;
        }
    }
    let found = search.found.into_values().collect();
    Ok(Resolved {
        found,
        ..search.resolved
    })
}

struct Search<'a> {
    reach: &'a Reach,
    /// Names that were looked at; manifests may name the same a million times.
    seen: BTreeSet<String>,
    found: BTreeMap<String, Found>,
    /// The folders of libraries, and what their manifests name.
    queue: VecDeque<(String, Vec<String>)>,
    /// What the main JAR names and cannot be taken, with why.
    refused: Vec<String>,
    resolved: Resolved,
}

impl Search<'_> {
    fn first_level(&mut self, word: &str, is_inside: &impl Fn(&str) -> bool) -> Result<(), Failure> {
        let own_folder = folder_of(&self.reach.main_jar);
        let own_name = own_folder.trim_end_matches('/');
        let is_outside = place(word, "").is_err() && one_up(word, own_name).is_none();
        let place = place(word, if is_outside { "" } else { own_folder });
        // As it is seen from the JAR.
        let shown = |name: &str| match own_folder {
            "" => name.to_owned(),
            _ => word.to_owned(),
        };
        match place {
            Err(why) => self.refused.push(format!("{}: {why}", word.escape_debug())),
            Ok(Place::Folder(name)) if name == own_name => self.resolved.names_own_folder = true,
            Ok(Place::File(name)) if self.seen.insert(name.clone()) => match self.reach.look(&name) {
                Seen::Library(found, words) => self.take(found, words)?,
                Seen::NoArchive => self.resolved.no_archives.push(shown(&name)),
                Seen::Folder(_) | Seen::OwnFolder => self
                    .refused
                    .push(format!("{name}: it is a folder, and has no slash at its end")),
                Seen::Unreadable(error) => return Err(self.unreadable(&name, &error)),
                Seen::Nothing if is_inside(&name) => {}
                Seen::Nothing => self.resolved.missing.push(shown(&name)),
                Seen::Refused(why) => self.refused.push(format!("{}: {why}", word.escape_debug())),
                Seen::Link(link) => return Err(refused::class_path_link(self.reach, &link)),
            },
            Ok(Place::Folder(name)) if self.seen.insert(format!("{name}/")) => match self.reach.look(&name) {
                Seen::Folder(real) => self.take_folder(&name, &real)?,
                Seen::OwnFolder => self.resolved.names_own_folder = true,
                Seen::Nothing | Seen::Library(..) | Seen::NoArchive | Seen::Unreadable(_) => {
                    self.resolved.missing.push(shown(&format!("{name}/")));
                }
                Seen::Refused(why) => self.refused.push(format!("{}: {why}", word.escape_debug())),
                Seen::Link(link) => return Err(refused::class_path_link(self.reach, &link)),
            },
            Ok(_) => {}
        }
        Ok(())
    }

    /// Takes what a library names: archives alone, since folders that libraries name are none that a
    /// build makes.
    fn of_library(&mut self, folder: &str, word: &str) -> Result<(), Failure> {
        let Ok(Place::File(name)) = place(word, folder) else {
            return Ok(());
        };
        if !self.seen.insert(name.clone()) {
            return Ok(());
        }
        match self.reach.look(&name) {
            Seen::Library(found, words) => self.take(found, words),
            Seen::Unreadable(error) => Err(self.unreadable(&name, &error)),
            Seen::Link(link) if link.target.is_some() => Err(refused::class_path_link(self.reach, &link)),
            _ => Ok(()),
        }
    }

    fn unreadable(&self, name: &str, error: &io::Error) -> Failure {
        refusal::unreadable(&self.reach.folder.join(name), error)
    }

    fn take(&mut self, found: Found, words: Vec<String>) -> Result<(), Failure> {
        let folder = folder_of(&found.name).to_owned();
        self.queue.push_back((folder, words));
        self.add(found)
    }

    fn take_folder(&mut self, name: &str, real: &RealPath) -> Result<(), Failure> {
        let is_given = self.reach.is_given;
        // The manifest names the folder, and the person may not know what else is in it.
        let takes = |name: &str| is_given || !name.rsplit('/').next().unwrap_or(name).starts_with('.');
        for inside in walk::walk_real(&self.reach.folder.join(name), real, &takes)? {
            let name = format!("{name}/{}", inside.name);
            self.add(Found { name, ..inside })?;
        }
        self.resolved.folders.push(format!("{name}/"));
        Ok(())
    }

    fn add(&mut self, found: Found) -> Result<(), Failure> {
        self.found.insert(found.name.clone(), found);
        if self.found.len() > MOST_FILES {
            return Err(refused::too_many_files(&self.reach.folder, MOST_FILES));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jars_in_the_folder_above_may_be_named() {
        for (word, expected) in [
            ("../lib/a.jar", Some("lib/a.jar")),
            ("file:../a.jar", Some("a.jar")),
            ("%2e%2e/a.jar", Some("a.jar")),
            ("lib/a.jar", None),
            ("../../lib/a.jar", None),
            // Nobody's password file, and no whole folder of it.
            ("../passwd", None),
            ("../conf/", None),
            ("C%3A/a.jar", None),
            ("../own/a.jar", Some("own/a.jar")),
        ] {
            assert_eq!(one_up(word, "own").as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn places_are_resolved_as_urls_are() {
        let file = |name: &str| Ok(Place::File(name.to_owned()));
        let folder = |name: &str| Ok(Place::Folder(name.to_owned()));
        for (word, below, expected) in [
            ("derby.jar", "", file("derby.jar")),
            ("lib/a.jar", "", file("lib/a.jar")),
            ("b.jar", "lib/", file("lib/b.jar")),
            ("../b.jar", "lib/", file("b.jar")),
            ("./lib/../a.jar", "", file("a.jar")),
            ("lib/a%20b%2B%C3%BC.jar", "", file("lib/a b+ü.jar")),
            ("100%.jar", "", file("100%.jar")),
            ("file:lib/a.jar", "", file("lib/a.jar")),
            ("conf/", "", folder("conf")),
            ("conf/.", "", folder("conf")),
            (".", "", folder("")),
            ("./", "", folder("")),
            ("lib/..", "", folder("")),
            ("../a.jar", "", Err("it is outside the JAR's folder")),
            ("lib/../../a.jar", "", Err("it is outside the JAR's folder")),
            ("%2e%2e/a.jar", "", Err("it is outside the JAR's folder")),
            ("/opt/a.jar", "", Err("it is an absolute path")),
            ("file:/opt/a.jar", "", Err("it is an absolute path")),
            ("file:///opt/a.jar", "", Err("it is an absolute path")),
            ("C:/a.jar", "", Err("it is an absolute path")),
            ("C%3A/a.jar", "lib/", Err("it is an absolute path")),
            (
                "http://example.com/a.jar",
                "",
                Err("Java loads nothing from such a URL"),
            ),
            ("lib/*", "", Err("Java expands no wildcards here")),
            ("a%00.jar", "", Err("its name has a control character")),
            ("a%5Cb.jar", "", Err("its name has a backslash")),
        ] {
            assert_eq!(place(word, below), expected, "{word}");
        }
    }
}
