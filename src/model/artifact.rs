//! What the person gave us: found out by content, never by the file's name alone.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::SystemTime};

use serde::Serialize;

use super::SymbolVersion;
use crate::oci::{Digest, Platform};

/// An inspected file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Name of the file, without folder.
    pub file_name: String,
    /// Where it is on this machine; not part of what the image is made from.
    #[serde(skip)]
    pub local_path: PathBuf,
    /// When it was last changed, to notice a build that goes on meanwhile; not part of the image.
    #[serde(skip)]
    pub local_modified: Option<SystemTime>,
    /// Size of the file.
    pub size_bytes: u64,
    /// Digest of the file's bytes.
    pub digest: Digest,
    /// What it is.
    pub kind: ArtifactKind,
    /// What was seen that tells so, in words, one fact a line. Nothing is decided by it.
    pub evidence: Vec<String>,
    /// What is in it, where it is an archive.
    #[serde(skip)]
    pub entries: Vec<ArchiveEntry>,
}

impl Artifact {
    /// Says in words what it is: `Spring Boot 3.4.1 · Java 17`.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.kind {
            ArtifactKind::Jar(jar) => format!("{} · Java {}", jar.layout, jar.java),
            ArtifactKind::War(war) => format!("WAR · {} · Java {}", war.servlet_api, war.java),
            ArtifactKind::Elf(elf) => format!("executable · {} · {}", elf.platform, elf.libc),
        }
    }
}

/// A file or folder in an archive. Its name is relative, without `..`, and nobody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// Its path in the archive, without the slash at a folder's end.
    pub name: String,
    /// Its place in the archive's central directory.
    pub index: usize,
    /// Its uncompressed size, as the archive says.
    pub size_bytes: u64,
    /// Seconds since 1970, where the archive says so; a DOS time is taken as UTC.
    pub modified_seconds: Option<u64>,
    /// Whether it is a folder.
    pub is_folder: bool,
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
}

/// How a JAR's inside is laid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "layout", rename_all = "camelCase")]
pub enum JarLayout {
    /// Classes at the root: run packed, by `java -jar`.
    Plain,
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
            Self::SpringBoot {
                version: Some(version),
                ..
            } => write!(f, "Spring Boot {version}"),
            Self::SpringBoot { .. } => f.write_str("Spring Boot"),
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
}

/// The two servlet APIs, which no container serves both of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
