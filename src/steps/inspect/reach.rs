//! How far a `Class-Path` reaches: whoever wrote the manifest names files, and the person who gave the
//! JAR may know nothing of them. So what is named counts by where it is once all links are followed,
//! and by its content.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::{
    archive::library,
    class_path::{OUTSIDE, one_up, words},
    manifest::{self, Manifest},
    refusal,
    walk::Found,
};
use crate::{error::Failure, model::RealPath, zip::Opened};

/// Where a main JAR is, and from where its `Class-Path` may take files.
pub(super) struct Reach {
    /// The folder that all names begin at, as it is shown.
    pub(super) folder: PathBuf,
    /// The same, resolved.
    start: RealPath,
    /// The main JAR's name below it.
    pub(super) main_jar: String,
    /// The main JAR's own folder.
    own: RealPath,
    /// Nothing from outside of this is taken: the JAR's own folder or the one above.
    root: RealPath,
    /// Whether the person gave the folder: all of it is in the image, whatever is named.
    pub(super) is_given: bool,
}

/// What a name leads to.
pub(super) enum Seen {
    Nothing,
    /// An archive, and what its manifest names in turn.
    Library(Found, Vec<String>),
    /// A file that Java passes over.
    NoArchive,
    Unreadable(io::Error),
    /// A folder, which is below the main JAR's own.
    Folder(RealPath),
    OwnFolder,
    /// What cannot be taken, with why.
    Refused(&'static str),
    Link(Link),
}

/// A link that leads where nothing is taken from.
pub(super) struct Link {
    /// Its name, below the folder that all names begin at.
    pub(super) name: String,
    /// `None` where it leads nowhere.
    pub(super) target: Option<RealPath>,
}

impl Reach {
    /// A JAR in a folder that the person gave.
    pub(super) fn of_folder(folder: &Path, main_jar: &str) -> Result<Self, Failure> {
        let start = resolved(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            main_jar: main_jar.to_owned(),
            own: start.clone(),
            root: start.clone(),
            start,
            is_given: true,
        })
    }

    /// A JAR that the person gave by itself. If its path is a link, libraries are looked for beside
    /// the link, as `java -jar` does.
    pub(super) fn beside(jar: &Path, file_name: &str, class_path: &[String]) -> Result<Self, Failure> {
        let folder = jar.parent().unwrap_or(Path::new(""));
        let shown = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let own = resolved(shown)?;
        let mut reach = Self {
            folder: folder.to_owned(),
            main_jar: file_name.to_owned(),
            start: own.clone(),
            root: own.clone(),
            own,
            is_given: false,
        };
        let own_name = reach.own.as_path().file_name().and_then(|name| name.to_str());
        if let Some((above, own_name)) = reach.own.parent().zip(own_name) {
            let one_up: Vec<String> = class_path
                .iter()
                .filter_map(|word| one_up(word, own_name))
                .collect();
            if !one_up.is_empty() {
                reach.main_jar = format!("{own_name}/{file_name}");
                reach.folder = above.as_path().to_owned();
                reach.start = above;
                reach.widen(&one_up);
            }
        }
        Ok(reach)
    }

    /// Takes in the folder above, if one of these names really leads to an archive there.
    fn widen(&mut self, names: &[String]) {
        let narrow = std::mem::replace(&mut self.root, self.start.clone());
        let is_in_own = |found: &Found| found.real.below(&self.own).is_some();
        let leaves = |name: &String| matches!(self.look(name), Seen::Library(found, _) if !is_in_own(&found));
        if !names.iter().any(leaves) {
            self.root = narrow;
        }
    }

    /// Returns what a name below the first folder leads to.
    pub(super) fn look(&self, name: &str) -> Seen {
        let named = self.start.as_path().join(name);
        let real = RealPath::of(&named).ok();
        let Some((real, metadata)) = real.and_then(|real| Some((real.clone(), real.metadata().ok()?))) else {
            return self.link(name, &self.root).map_or(Seen::Nothing, Seen::Link);
        };
        if metadata.is_dir() {
            return self.folder(name, real);
        }
        if real.below(&self.root).is_none() {
            let link = self.link(name, &self.root).map(Seen::Link);
            return link.unwrap_or(Seen::Refused(OUTSIDE));
        }
        if !metadata.is_file() {
            return Seen::Refused("it is a device, a pipe or a socket");
        }
        if let Some(why) = self.not_to_be_named(&named, &real) {
            return Seen::Refused(why);
        }
        match real.open().map(library) {
            Err(error) => Seen::Unreadable(error),
            Ok(None) => Seen::NoArchive,
            Ok(Some(mut archive)) => {
                let words = words_of(&mut archive);
                Seen::Library(Found::new(name.to_owned(), real, &metadata), words)
            }
        }
    }

    fn folder(&self, name: &str, real: RealPath) -> Seen {
        if real == self.own {
            Seen::OwnFolder
        } else if real.below(&self.own).is_none() {
            let link = self.link(name, &self.own).map(Seen::Link);
            link.unwrap_or(Seen::Refused(OUTSIDE))
        } else if !self.is_given && self.is_hidden(&real) {
            Seen::Refused(HIDDEN)
        } else {
            Seen::Folder(real)
        }
    }

    /// Returns why a file stays out that is below the root.
    fn not_to_be_named(&self, named: &Path, real: &RealPath) -> Option<&'static str> {
        if self.is_given {
            return None;
        }
        // Documents of office programs are ZIP archives as well. The person's own folder is what
        // they gave the JAR from; the one above may be all that they have.
        let is_elsewhere = real.below(&self.own).is_none();
        if is_elsewhere
            && real
                .as_path()
                .extension()
                .is_none_or(|extension| extension != "jar")
        {
            return Some(OUTSIDE);
        }
        let named_hidden = named
            .strip_prefix(self.own.as_path())
            .or_else(|_| named.strip_prefix(self.root.as_path()))
            .is_ok_and(has_hidden);
        (named_hidden || self.is_hidden(real)).then_some(HIDDEN)
    }

    fn is_hidden(&self, real: &RealPath) -> bool {
        let below = real.below(&self.own).or_else(|| real.below(&self.root));
        below.is_some_and(has_hidden)
    }

    /// Returns the first link on the way that leads out of a folder, or nowhere.
    fn link(&self, name: &str, out_of: &RealPath) -> Option<Link> {
        let ends = name.match_indices('/').map(|(end, _)| end).chain([name.len()]);
        for end in ends {
            let path = self.start.as_path().join(&name[..end]);
            if !path.is_symlink() {
                continue;
            }
            let target = RealPath::of(&path).ok();
            let stays = |target: &RealPath| target == out_of || target.below(out_of).is_some();
            if !target.as_ref().is_some_and(stays) {
                return Some(Link {
                    name: name[..end].to_owned(),
                    target,
                });
            }
        }
        None
    }
}

const HIDDEN: &str = "it is hidden";

fn has_hidden(path: &Path) -> bool {
    path.iter().any(|part| part.as_encoded_bytes().starts_with(b"."))
}

fn resolved(folder: &Path) -> Result<RealPath, Failure> {
    RealPath::of(folder).map_err(|error| refusal::unreadable(folder, &error))
}

/// Returns the `Class-Path` of a library; none where its manifest is damaged, which the JVM passes over.
fn words_of(jar: &mut Opened<File>) -> Vec<String> {
    let text = manifest::of(jar).unwrap_or_default();
    words(&Manifest::parse(&text))
}
