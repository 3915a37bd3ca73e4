//! What the person gave us: found out by content, never by the file's name alone.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{LocalTree, RealPath, SymbolVersion};
use crate::oci::{Digest, Platform};
pub use crate::zip::Entry as ArchiveEntry;

/// An inspected file or folder.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Name of the file or folder, without the folder that it is in.
    pub file_name: String,
    /// The file's name that the app is called after when the person gives none: the artifact's own,
    /// or of what is run in a folder.
    #[serde(skip)]
    pub named_after: String,
    /// The file or folder on this machine; not part of what the image is made from.
    #[serde(skip)]
    pub local_path: RealPath,
    /// When it was last changed, to notice a build that goes on meanwhile; not part of the image.
    #[serde(skip)]
    pub local_modified: Option<SystemTime>,
    /// Size of the file, or of all of the tree's.
    pub size_bytes: u64,
    /// Digest of the file's bytes, or of the tree.
    pub digest: Digest,
    /// What it is.
    pub kind: ArtifactKind,
    /// What was seen that tells so, in words, one fact a line. Nothing is decided by it.
    pub evidence: Vec<String>,
    /// What the person should know of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What is in it, where it is an archive or a tree.
    #[serde(skip)]
    pub entries: Vec<ArchiveEntry>,
    /// Its files, where it is more than one: a folder, or a JAR with others beside it.
    #[serde(skip)]
    pub tree: Option<LocalTree>,
}

impl Artifact {
    /// Says in words what it is: `Spring Boot 3.4.1 · Java 17`.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.kind {
            ArtifactKind::Jar(jar) => {
                let libraries = match self.libraries() {
                    n if n == 0 || jar.layout != JarLayout::Plain => String::new(),
                    1 => " with 1 library".to_owned(),
                    n => format!(" with {n} libraries"),
                };
                format!("{}{libraries} · Java {}", jar.layout, jar.java)
            }
            ArtifactKind::War(war) => {
                let kind = match (&war.alone, &war.spring_boot) {
                    (None, _) => "WAR".to_owned(),
                    (Some(_), Some(version)) => format!("executable WAR · Spring Boot {version}"),
                    (Some(_), None) => "executable WAR".to_owned(),
                };
                format!("{kind} · {} · Java {}", war.servlet_api, war.java)
            }
            ArtifactKind::Elf(elf) => format!("executable · {} · {}", elf.platform, elf.libc),
        }
    }

    /// Counts the JARs beside the one that is run.
    fn libraries(&self) -> usize {
        let Some(tree) = &self.tree else { return 0 };
        let main_file = tree.main_file.as_deref().unwrap_or_default();
        let others = tree.files.iter().filter(|file| file.name != main_file);
        others
            .filter(|file| file.name.strip_suffix(".jar").is_some())
            .count()
    }
}

/// The kinds that we know how to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ArtifactKind {
    /// A JAR that `java` runs.
    Jar(JarFacts),
    /// A WAR for a servlet container.
    War(WarFacts),
    /// An ELF executable.
    Elf(ElfFacts),
}

/// What is known of a JAR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JarFacts {
    /// `Main-Class` of the manifest (a launcher, for Spring Boot).
    pub main_class: String,
    /// How its inside is laid out.
    pub layout: JarLayout,
    /// Lowest Java that runs it: 8, 11, 17, 21 or 25; above, the exact feature release.
    pub java: u32,
    /// Highest Java that runs it, where newer ones are known not to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highest_java: Option<u32>,
    /// `Class-Path` of the manifest, as it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub class_path: Vec<String>,
    /// What `java` has to be told when it is not started with `-jar`, since only then it reads the
    /// manifest: `--add-opens` and the like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub java_flags: Vec<String>,
}

/// How a JAR's inside is laid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "layout", rename_all = "camelCase")]
pub enum JarLayout {
    /// Classes at the root: run packed, by `java -jar`.
    Plain,
    /// Spring Boot before 1.4, with libraries in `lib/` at the root: run packed.
    SpringBoot1 {
        /// `Spring-Boot-Version` of the manifest.
        version: Option<String>,
    },
    /// The small JAR that starts the rest of Quarkus' `quarkus-app` folder.
    Quarkus {
        /// The version of Quarkus, as its starter's file name has it.
        version: Option<String>,
    },
    /// Spring Boot 1.4 or newer: run exploded, by the manifest's launcher.
    SpringBoot {
        /// `Spring-Boot-Version` of the manifest.
        version: Option<String>,
        /// The text of the file that `Spring-Boot-Layers-Index` names.
        #[serde(skip)]
        layers_index: Option<String>,
    },
}

impl fmt::Display for JarLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("JAR"),
            Self::Quarkus {
                version: Some(version),
            } => write!(f, "Quarkus {version}"),
            Self::Quarkus { version: None } => f.write_str("Quarkus"),
            Self::SpringBoot { version, .. } | Self::SpringBoot1 { version } => match version {
                Some(version) => write!(f, "Spring Boot {version}"),
                None => f.write_str("Spring Boot"),
            },
        }
    }
}

/// What is known of a WAR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WarFacts {
    /// Which servlet API its classes were compiled against.
    pub servlet_api: ServletApi,
    /// `version` of `web.xml`'s root element, where there is one: `3.0`, `6.1`.
    pub servlet_version: Option<String>,
    /// Lowest Java that runs it, as for a JAR.
    pub java: u32,
    /// `Spring-Boot-Version` of the manifest.
    pub spring_boot: Option<String>,
    /// How it runs without a servlet container, where it brings one.
    pub alone: Option<StandAlone>,
}

/// How an executable WAR runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "layout", rename_all = "camelCase")]
pub enum StandAlone {
    /// Spring Boot's: exploded, by the manifest's launcher.
    SpringBoot {
        /// `Main-Class` of the manifest.
        launcher: String,
        /// The text of the file that `Spring-Boot-Layers-Index` names.
        #[serde(skip)]
        layers_index: Option<String>,
    },
    /// Any other with a `Main-Class` at its root: packed, by `java -jar`.
    Packed {
        /// `Main-Class` of the manifest.
        main_class: String,
    },
}

/// The two servlet APIs, which no container serves both of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServletApi {
    /// `javax.servlet`, up to Tomcat 9.
    Javax,
    /// `jakarta.servlet`, from Tomcat 10 on.
    Jakarta,
}

impl fmt::Display for ServletApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Javax => "javax.servlet",
            Self::Jakarta => "jakarta.servlet",
        })
    }
}

/// What is known of an ELF executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ElfFacts {
    /// What it runs on.
    pub platform: Platform,
    /// The C library that it asks for.
    pub libc: Libc,
    /// The program that loads it and its libraries (`PT_INTERP`); the kernel looks for this very path.
    pub interpreter: Option<String>,
    /// Shared libraries that it needs (`DT_NEEDED`).
    pub needed: Vec<String>,
    /// The highest version that it needs of each set of symbols: `GLIBC` 2.34, `GLIBCXX` 3.4.30.
    pub versions: BTreeMap<String, SymbolVersion>,
}

/// The C library that an executable asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// None: statically linked.
    Static,
    /// The GNU one, with the highest symbol version needed: `2.34`.
    Glibc(Option<String>),
    /// musl.
    Musl,
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static => f.write_str("static"),
            Self::Glibc(Some(version)) => write!(f, "glibc {version}"),
            Self::Glibc(None) => f.write_str("glibc"),
            Self::Musl => f.write_str("musl"),
        }
    }
}
