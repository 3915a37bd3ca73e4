//! The catalogue: which base image an artifact gets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, Base, Libc, ServletApi, WarFacts},
    oci::Reference,
};

/// Base images by the Java release that they have.
type ByJava = BTreeMap<u32, Reference>;

/// Base images for each kind of artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// For JARs.
    pub jar: ByJava,
    /// For WARs.
    pub war: WarBases,
    /// For native executables.
    pub executable: ExecutableBases,
    /// Names that stand for an image; `None` is what would be taken without one.
    #[serde(default)]
    pub names: BTreeMap<String, Option<Reference>>,
}

/// Servlet containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarBases {
    /// For `javax.servlet`.
    pub javax: ByJava,
    /// For `jakarta.servlet`.
    pub jakarta: ByJava,
    /// For `jakarta.servlet` from version 6.1 on.
    pub jakarta61: ByJava,
}

/// Bases by the C library that an executable asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutableBases {
    /// For those that ask for none.
    #[serde(rename = "static")]
    pub static_: Reference,
    /// For the GNU one.
    pub glibc: Reference,
    /// For musl.
    pub musl: Reference,
}

impl Catalogue {
    /// Returns the catalogue that is built in.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(include_str!("catalogue.yaml")).expect("a test reads the built-in catalogue")
    }

    /// Reads a catalogue, as YAML.
    ///
    /// # Errors
    /// A [`Failure`] that says where it is wrong.
    pub fn parse(yaml: &str) -> Result<Self, Failure> {
        serde_yaml::from_str(yaml).map_err(|error| {
            Failure::usage("could not read the catalogue of base images")
                .why(error)
                .next("write it like the built-in one: jar, war, executable, names")
                .anchor("catalogue")
        })
    }

    /// Returns the base that the person named, or else the one for this artifact.
    ///
    /// # Errors
    /// A [`Failure`] when the name is no image, or no image has the Java that is needed.
    pub(super) fn base(&self, artifact: &Artifact, named: Option<&str>) -> Result<Base, Failure> {
        match named {
            Some("scratch") => Ok(Base::Scratch),
            Some(name) => match self.names.get(name) {
                Some(Some(image)) => Ok(Base::Image(image.clone())),
                Some(None) => self.default_base(artifact),
                None => name.parse().map(Base::Image).map_err(|error| {
                    Failure::usage(format!("could not use `{name}` as base image"))
                        .why(error)
                        .next("give an image reference, a name of the catalogue, or `scratch`")
                        .anchor("base-name")
                }),
            },
            None => self.default_base(artifact),
        }
    }

    fn default_base(&self, artifact: &Artifact) -> Result<Base, Failure> {
        let (by_java, java, highest) = match &artifact.kind {
            ArtifactKind::Jar(jar) => (&self.jar, jar.java, jar.highest_java),
            ArtifactKind::War(war) => (self.war.container_for(war), war.java, None),
            ArtifactKind::Elf(elf) => {
                let image = match elf.libc {
                    Libc::Static => &self.executable.static_,
                    Libc::Glibc(_) => &self.executable.glibc,
                    Libc::Musl => &self.executable.musl,
                };
                return Ok(Base::Image(image.clone()));
            }
        };
        let image = by_java.range(java..).next().map(|(has, image)| (*has, image));
        let image = image.filter(|(has, _)| highest.is_none_or(|highest| *has <= highest));
        image.map(|(_, image)| Base::Image(image.clone())).ok_or_else(|| {
            let newest = by_java.keys().next_back().copied().unwrap_or_default();
            let why = match highest {
                Some(highest) if highest == java => {
                    format!("it runs on Java {java} only, and there is none in the catalogue")
                }
                Some(highest) => {
                    format!("it runs on Java {java} to {highest}, and there is none in the catalogue")
                }
                None => {
                    format!("its classes need Java {java}, and the newest in the catalogue is Java {newest}")
                }
            };
            Failure::new(format!(
                "could not choose a base image for `{}`",
                artifact.file_name
            ))
            .why(why)
            .next(format!("name an image with Java {java} by `--base IMAGE`"))
            .anchor("base-java")
        })
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::builtin()
    }
}

impl WarBases {
    fn container_for(&self, war: &WarFacts) -> &ByJava {
        let version = war.servlet_version.as_deref().unwrap_or_default();
        let (major, minor) = version.split_once('.').unwrap_or((version, ""));
        let number = |text: &str| text.parse().unwrap_or(0_u32);
        match war.servlet_api {
            ServletApi::Javax => &self.javax,
            ServletApi::Jakarta if (number(major), number(minor)) >= (6, 1) => &self.jakarta61,
            ServletApi::Jakarta => &self.jakarta,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_one_can_be_read() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.jar.len(), 5);
        assert_eq!(
            catalogue.executable.musl.to_string(),
            "docker.io/library/alpine:3"
        );
        assert_eq!(catalogue.names["binary"], None);
        assert!(catalogue.names["java-8-centos7"].is_some());
    }

    #[test]
    fn what_is_wrong_in_one_is_said() {
        let builtin = include_str!("catalogue.yaml");
        let failure = Catalogue::parse(&builtin.replace("jar:", "jars:")).expect_err("a typo");
        assert!(failure.why.contains("jars"), "{}", failure.why);
        let failure = Catalogue::parse(&builtin.replace("alpine:3", "Alpine:3")).expect_err("no image");
        assert!(failure.why.contains("Alpine:3"), "{}", failure.why);
    }
}
