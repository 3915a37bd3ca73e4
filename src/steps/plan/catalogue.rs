//! The catalogue: which base image an artifact gets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{catalogue_base::CatalogueBase, native};
use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, Base, ElfFacts, Libc, ServletApi, WarFacts},
};

/// Base images by the Java release that they have.
pub type ByJava = BTreeMap<u32, CatalogueBase>;

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
    pub names: BTreeMap<String, Option<CatalogueBase>>,
}

/// The base that an artifact gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The base.
    pub base: Base,
    /// Whether the catalogue says that it is a source-to-image base.
    pub s2i: bool,
    /// Why this one, in words.
    pub reason: String,
}

impl Chosen {
    fn of(entry: &CatalogueBase, reason: String) -> Self {
        Self {
            base: Base::Image(entry.image.clone()),
            s2i: entry.s2i,
            reason,
        }
    }

    fn named(base: Base) -> Self {
        Self {
            base,
            s2i: false,
            reason: "named by hand".to_owned(),
        }
    }
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
    pub static_: CatalogueBase,
    /// For the GNU one.
    pub glibc: CatalogueBase,
    /// For musl.
    pub musl: CatalogueBase,
    /// Never chosen, but named where the ones above lack what an executable needs.
    #[serde(default)]
    pub others: Vec<CatalogueBase>,
}

impl Catalogue {
    /// Returns the catalogue that is built in.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn builtin() -> Self {
        Self::changed_by(&[]).expect("a test reads the built-in catalogue")
    }

    /// Returns the built-in catalogue with changes laid over it, each over those before.
    ///
    /// A change has the catalogue's own shape, and only what it names is changed; `null` takes
    /// something out (but is what a name may stand for). A base is replaced as a whole: what is known of the old image does not hold
    /// for a new one.
    ///
    /// # Errors
    /// A [`Failure`] that says where it is wrong.
    pub fn changed_by(changes: &[Value]) -> Result<Self, Failure> {
        let failure = || {
            Failure::usage("could not read the catalogue of base images")
                .next("write it like the one that holds now:")
                .command("kubectl b2i runtimes -o yaml")
                .anchor("catalogue")
        };
        let mut all: Value =
            serde_yaml::from_str(include_str!("catalogue.yaml")).map_err(|error| failure().why(error))?;
        for change in changes {
            lay_over(&mut all, change, true);
        }
        serde_json::from_value(all).map_err(|error| failure().why(error))
    }

    /// Returns the base that the person named, or else the one for this artifact; `convert_javax`
    /// asks for one that converts WARs.
    ///
    /// # Errors
    /// A [`Failure`] when the name is no image, or no image has what the artifact needs.
    pub fn base(
        &self,
        artifact: &Artifact,
        named: Option<&str>,
        convert_javax: bool,
    ) -> Result<Chosen, Failure> {
        match named {
            Some("scratch") => Ok(Chosen::named(Base::Scratch)),
            Some(name) => match self.names.get(name) {
                Some(Some(entry)) => Ok(Chosen::of(entry, format!("`{name}` of the catalogue"))),
                Some(None) => self.default_base(artifact, convert_javax),
                None => match name.parse() {
                    Ok(image) => Ok(Chosen::named(Base::Image(image))),
                    Err(error) => Err(Failure::usage(format!("could not use `{name}` as base image"))
                        .why(error)
                        .next("give an image reference, a name of the catalogue, or `scratch`")
                        .anchor("base-name")),
                },
            },
            None => self.default_base(artifact, convert_javax),
        }
    }

    fn default_base(&self, artifact: &Artifact, convert_javax: bool) -> Result<Chosen, Failure> {
        let (by_java, java, highest) = match &artifact.kind {
            ArtifactKind::Jar(jar) => (&self.jar, jar.java, jar.highest_java),
            ArtifactKind::War(war) if convert_javax && war.servlet_api == ServletApi::Javax => {
                (&self.war.jakarta, war.java, None)
            }
            // It brings its own server.
            ArtifactKind::War(war) if war.alone.is_some() => (&self.jar, war.java, None),
            ArtifactKind::War(war) => (self.war.container_for(war), war.java, None),
            ArtifactKind::Elf(elf) => return self.executable.base(artifact, elf),
        };
        let found = by_java.range(java..).next();
        let found = found.filter(|(has, _)| highest.is_none_or(|highest| **has <= highest));
        let chosen = found.map(|(has, entry)| {
            let servlet = match &artifact.kind {
                ArtifactKind::War(war) => format!("{} and ", war.servlet_api),
                _ => String::new(),
            };
            let reason = if *has == java {
                format!("for {servlet}Java {java}")
            } else {
                format!("for {servlet}Java {java}; the lowest here is {has}")
            };
            Chosen::of(entry, reason)
        });
        chosen.ok_or_else(|| {
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

/// Maps are changed key by key, everything else as a whole.
fn lay_over(below: &mut Value, above: &Value, null_removes: bool) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) if !above.contains_key("image") => {
            for (key, value) in above {
                if value.is_null() && null_removes {
                    below.shift_remove(key);
                } else {
                    let place = below.entry(key).or_insert(Value::Null);
                    lay_over(place, value, null_removes && key != "names");
                }
            }
        }
        (below, above) => *below = above.clone(),
    }
}

impl ExecutableBases {
    fn base(&self, artifact: &Artifact, elf: &ElfFacts) -> Result<Chosen, Failure> {
        let entry = match &elf.libc {
            Libc::Static => &self.static_,
            Libc::Glibc(_) => &self.glibc,
            Libc::Musl => &self.musl,
        };
        native::ensure_base_has(artifact, elf, entry, &self.others)?;
        let reason = match (&elf.libc, entry.versions.get("GLIBC")) {
            (Libc::Static, _) => "for executables that need no library".to_owned(),
            (Libc::Glibc(_), Some(there)) => format!("for glibc up to {there}"),
            (libc, _) => format!("for {libc}"),
        };
        Ok(Chosen::of(entry, reason))
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
            catalogue.executable.musl.image.to_string(),
            "docker.io/library/alpine:3"
        );
        assert_eq!(catalogue.names["binary"], None);
        assert!(catalogue.names["java-8-centos7"].is_some());
    }

    fn change(yaml: &str) -> Result<Catalogue, Failure> {
        let change: Value = serde_yaml::from_str(yaml).expect("YAML");
        Catalogue::changed_by(&[change])
    }

    #[test]
    fn what_is_wrong_in_one_is_said() {
        let failure = change("jars: {8: a}").expect_err("a typo");
        assert!(failure.why.contains("jars"), "{}", failure.why);
        let failure = change("executable: {musl: 'Alpine:3'}").expect_err("no image");
        assert!(failure.why.contains("Alpine:3"), "{}", failure.why);
        let failure = change("executable: {musl: null}").expect_err("one that must be there");
        assert!(failure.why.contains("musl"), "{}", failure.why);
    }

    #[test]
    fn only_what_a_change_names_is_changed() {
        let changed = change("jar: {17: r.example/jre:17, 8: null}\nexecutable: {glibc: r.example/cc}");
        let changed = changed.expect("valid");
        let builtin = Catalogue::builtin();
        assert_eq!(changed.jar[&17].image.to_string(), "r.example/jre:17");
        assert_eq!(changed.jar.keys().copied().collect::<Vec<_>>(), [11, 17, 21, 25]);
        assert_eq!(changed.jar[&21], builtin.jar[&21]);
        assert_eq!((&changed.war, &changed.names), (&builtin.war, &builtin.names));
        // What is known of distroless does not hold for another image.
        assert!(!builtin.executable.glibc.libraries.is_empty());
        assert!(changed.executable.glibc.libraries.is_empty());
        let map = change("executable: {glibc: {image: r.example/cc}}").expect("valid");
        assert!(map.executable.glibc.libraries.is_empty());
    }

    #[test]
    fn the_last_change_wins() {
        let layers = ["a", "b"].map(|name| serde_json::json!({"jar": {"17": name}, "names": {name: name}}));
        let catalogue = Catalogue::changed_by(&layers).expect("valid");
        assert_eq!(catalogue.jar[&17].image.to_string(), "docker.io/library/b:latest");
        assert!(catalogue.names["a"].is_some() && catalogue.names["b"].is_some());
    }
}
