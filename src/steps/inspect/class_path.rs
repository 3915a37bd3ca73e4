//! `Class-Path` of a manifest: which files a JAR wants beside it. Relative URLs, with spaces
//! between them: <https://docs.oracle.com/en/java/javase/25/docs/specs/jar/jar.html#class-path-attribute>.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    path::Path,
};

use super::{
    archive::library,
    manifest::{self, Manifest},
    refusal_tree as refused,
    walk::{self, Found},
};
use crate::{error::Failure, zip::wrong_name};

/// More than any application names; what names so many is no manifest of a build tool.
const MOST_FILES: usize = 20_000;

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
    if path.starts_with('/') {
        return Err("it is an absolute path");
    }
    let is_folder = path.ends_with('/') || matches!(path.rsplit('/').next(), Some("." | ".."));
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or("it is outside the JAR's folder")?;
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

/// Whether words name JARs in the folder above, as those of `bin/app.jar` with its libraries in
/// `lib/` do: `../lib/a.jar`.
pub(super) fn leaves_folder(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| place(word, "").is_err() && is_jar_one_up(word))
}

fn is_jar_one_up(word: &str) -> bool {
    // Any name will do for the folder.
    matches!(place(word, "own/"), Ok(Place::File(name)) if name.strip_suffix(".jar").is_some())
}

/// Returns the folder of a JAR, with a slash at its end; empty at the top.
fn folder_of(jar: &str) -> &str {
    jar.rfind('/').map_or("", |slash| &jar[..=slash])
}

/// What the words of the main JAR lead to.
pub(super) struct Resolved {
    /// Files and folders below the main JAR's folder, sorted by name; without that JAR.
    pub(super) found: Vec<Found>,
    /// What the main JAR names and is not there.
    pub(super) missing: Vec<String>,
    /// Whether the JAR's own folder is named, of which nothing is taken for that.
    pub(super) names_own_folder: bool,
}

/// Finds what the main JAR's words name, and what the manifests of those name in turn.
///
/// `is_inside` says whether the main JAR holds the library of this file name already.
///
/// # Errors
/// A [`Failure`] when the main JAR names what cannot be taken. What is named by a
/// library's manifest may be missing: the JVM does not mind, and libraries name what is optional.
pub(super) fn resolve(
    folder: &Path,
    main_jar: &str,
    words: &[String],
    is_inside: impl Fn(&str) -> bool,
) -> Result<Resolved, Failure> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut queue: VecDeque<Place> = VecDeque::new();
    let (mut missing, mut refused) = (Vec::new(), Vec::new());
    let mut names_own_folder = false;
    let own_folder = folder_of(main_jar);
    for word in words {
        let is_outside = place(word, "").is_err() && !is_jar_one_up(word);
        let place = if is_outside {
            place(word, "")
        } else {
            place(word, own_folder)
        };
        match place {
            Err(why) => refused.push(format!("{}: {why}", word.escape_debug())),
            Ok(Place::Folder(name)) if name == own_folder.trim_end_matches('/') => names_own_folder = true,
            Ok(place) if is_there(folder, &place) => queue.push_back(place),
            Ok(Place::File(name)) if folder.join(&name).is_dir() => {
                refused.push(format!("{name}: it is a folder, and has no slash at its end"));
            }
            Ok(Place::File(name)) if is_inside(&name) => {}
            // As it is seen from the JAR.
            Ok(Place::File(name)) if own_folder.is_empty() => missing.push(name),
            Ok(Place::Folder(name)) if own_folder.is_empty() => missing.push(format!("{name}/")),
            Ok(_) => missing.push(word.clone()),
        }
    }
    if !refused.is_empty() {
        let file_name = &main_jar[own_folder.len()..];
        return Err(refused::class_path_outside(file_name, &refused));
    }
    while let Some(next) = queue.pop_front() {
        match next {
            Place::File(name) if name == main_jar || found.contains_key(&name) => {}
            Place::File(name) => {
                let path = folder.join(&name);
                let metadata =
                    fs::metadata(&path).map_err(|error| super::refusal::unreadable(&path, &error))?;
                let places = words_of(&path)
                    .into_iter()
                    .filter_map(|word| place(&word, folder_of(&name)).ok());
                // Folders that libraries name are none that a build makes.
                let files = places.filter(|place| matches!(place, Place::File(_)));
                queue.extend(files.filter(|place| is_there(folder, place)));
                found.insert(name.clone(), Found::new(name, &metadata));
            }
            Place::Folder(name) => {
                for inside in walk::walk(&folder.join(&name))? {
                    let name = format!("{name}/{}", inside.name);
                    found.insert(name.clone(), Found { name, ..inside });
                }
            }
        }
        if found.len() > MOST_FILES {
            return Err(refused::too_many_files(folder, MOST_FILES));
        }
    }
    Ok(Resolved {
        found: found.into_values().collect(),
        missing,
        names_own_folder,
    })
}

fn is_there(folder: &Path, place: &Place) -> bool {
    match place {
        Place::File(name) => folder.join(name).is_file(),
        Place::Folder(name) => folder.join(name).is_dir(),
    }
}

/// Returns the `Class-Path` of a library; none where it is no JAR, which the JVM passes over.
fn words_of(jar: &Path) -> Vec<String> {
    let read = || {
        let mut jar = library(File::open(jar).ok()?)?;
        let text = manifest::of(&mut jar)?;
        Some(words(&Manifest::parse(&text)))
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jars_in_the_folder_above_may_be_named() {
        for (word, expected) in [
            ("../lib/a.jar", true),
            ("file:../a.jar", true),
            ("lib/a.jar", false),
            ("../../lib/a.jar", false),
            // Nobody's password file, and no whole folder of it.
            ("../passwd", false),
            ("../conf/", false),
            ("../own/a.jar", true),
        ] {
            assert_eq!(leaves_folder(&[word.to_owned()]), expected, "{word}");
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
