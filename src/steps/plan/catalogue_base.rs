//! One base image of the catalogue, and what is known of it.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{model::SymbolVersion, oci::Reference};

/// A base image. Written as its reference alone, or as a map where more is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueBase {
    /// The image.
    pub image: Reference,
    /// Whether artifacts are put into it as source-to-image wants them.
    pub s2i: bool,
    /// The shared libraries that it has, with `*` for any text; empty where nobody knows.
    pub libraries: Vec<String>,
    /// The highest version that it has of each set of symbols: `GLIBC`, `GLIBCXX` …
    pub versions: BTreeMap<String, SymbolVersion>,
}

/// The longer way to write a base.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    image: Reference,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    s2i: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    libraries: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    versions: BTreeMap<String, SymbolVersion>,
}

impl CatalogueBase {
    /// Returns an image of which nothing more is known.
    #[must_use]
    pub fn of(image: Reference) -> Self {
        Self {
            image,
            s2i: false,
            libraries: Vec::new(),
            versions: BTreeMap::new(),
        }
    }

    /// Whether the image has a library of this name.
    pub(super) fn has_library(&self, name: &str) -> bool {
        self.libraries.iter().any(|known| match known.split_once('*') {
            None => known == name,
            Some((begin, end)) => name.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
        })
    }
}

impl Serialize for CatalogueBase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::of(self.image.clone()) {
            return self.image.serialize(serializer);
        }
        Facts {
            image: self.image.clone(),
            s2i: self.s2i,
            libraries: self.libraries.clone(),
            versions: self.versions.clone(),
        }
        .serialize(serializer)
    }
}

// Not `#[serde(untagged)]`, which forgets what was wrong.
impl<'de> Deserialize<'de> for CatalogueBase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = CatalogueBase;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an image, or a map with `image`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CatalogueBase, E> {
                text.parse().map(CatalogueBase::of).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CatalogueBase, A::Error> {
                let facts = Facts::deserialize(MapAccessDeserializer::new(map))?;
                Ok(CatalogueBase {
                    image: facts.image,
                    s2i: facts.s2i,
                    libraries: facts.libraries,
                    versions: facts.versions,
                })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        let base = CatalogueBase {
            libraries: ["libc.so.6", "ld-musl-*.so.1"].map(str::to_owned).into(),
            ..CatalogueBase::of("alpine".parse().expect("a reference"))
        };
        for (name, expected) in [
            ("libc.so.6", true),
            ("libc.so", false),
            ("ld-musl-x86_64.so.1", true),
            ("ld-musl-x86_64.so.2", false),
        ] {
            assert_eq!(base.has_library(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let read =
            |text: &str| serde_yaml::from_str::<CatalogueBase>(text).map_err(|error| error.to_string());
        assert!(read("{image: alpine, libs: [a]}").unwrap_err().contains("libs"));
        assert!(read("Alpine").unwrap_err().contains("Alpine"));
        assert!(
            read("{image: alpine, versions: {GLIBC: x}}")
                .unwrap_err()
                .contains("`x`")
        );
        let short = read("alpine:3").expect("a reference");
        assert_eq!(
            serde_json::to_string(&short).expect("plain data"),
            "\"docker.io/library/alpine:3\""
        );
    }
}
