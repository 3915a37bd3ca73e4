//! What the person gave us: found out by content, never by the file's name alone.

use std::path::PathBuf;

use serde::Serialize;

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
    /// Size of the file.
    pub size_bytes: u64,
    /// Digest of the file's bytes.
    pub digest: Digest,
    /// What it is.
    pub kind: ArtifactKind,
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
    /// Lowest Java feature release that runs it: 8, 11, 17 …
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
    },
}

/// What is known of a WAR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WarFacts {
    /// Which servlet API its classes were compiled against.
    pub servlet_api: ServletApi,
    /// `version` of `web.xml`'s root element, where there is one: `3.0`, `6.1`.
    pub servlet_version: Option<String>,
    /// Lowest Java feature release that runs it.
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

/// What is known of an ELF executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ElfFacts {
    /// What it runs on.
    pub platform: Platform,
    /// The C library that it asks for.
    pub libc: Libc,
    /// Shared libraries that it needs (`DT_NEEDED`).
    pub needed: Vec<String>,
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
