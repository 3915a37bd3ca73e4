//! Spring Boot JARs, unpacked: they start faster so, and a change of one class moves one layer.

use super::tree::{APP, Unpacking};
use crate::{
    error::Failure,
    model::{Artifact, LayerPlan},
};

/// Folders on the class path that Spring serves files from.
const STATIC_RESOURCES: [&str; 4] = ["static/", "public/", "resources/", "META-INF/resources/"];
pub(super) const LOADER_CLASSES: &str = "org/springframework/boot/loader/";

/// Whether Spring serves a file of the class path as it is.
pub(super) fn is_static(class_path: &str) -> bool {
    STATIC_RESOURCES
        .iter()
        .any(|folder| class_path.starts_with(folder))
}

/// Decides the layers of a Spring Boot JAR: by its own index, else by Spring Boot's default rules.
///
/// # Errors
/// A [`Failure`] when two entries do not fit into one tree.
pub(super) fn layers(artifact: &Artifact, index: Option<&str>) -> Result<Vec<LayerPlan>, Failure> {
    unpack(artifact, index, &["BOOT-INF/lib/"], |name| {
        name.strip_prefix("BOOT-INF/classes/").is_some_and(is_static)
    })
}

/// Decides the layers of an executable WAR, in the same way. In `lib-provided` is its own server.
///
/// # Errors
/// A [`Failure`] when two entries do not fit into one tree.
pub(super) fn war_layers(artifact: &Artifact, index: Option<&str>) -> Result<Vec<LayerPlan>, Failure> {
    let libraries = ["WEB-INF/lib/", "WEB-INF/lib-provided/"];
    unpack(artifact, index, &libraries, super::war::is_static)
}

fn unpack(
    artifact: &Artifact,
    index: Option<&str>,
    libraries: &[&'static str],
    keeps_time: impl Fn(&str) -> bool,
) -> Result<Vec<LayerPlan>, Failure> {
    let index = index.map_or_else(|| LayersIndex::default_rules(libraries), LayersIndex::parse);
    let unpacking = Unpacking {
        root: APP,
        names: index.layers.iter().map(|layer| layer.name.as_str()).collect(),
        layer_of: |name: &str| Some(index.layer_of(name)),
        keeps_time,
    };
    unpacking.layers(artifact)
}

/// What is in which layer, from what seldom changes to what changes every time.
pub(super) struct LayersIndex {
    layers: Vec<Layer>,
    /// Folders whose snapshot libraries have a layer of their own, whatever the rules say.
    snapshots_in: Vec<&'static str>,
}

struct Layer {
    name: String,
    /// Exact paths, and prefixes, which end in a slash.
    paths: Vec<String>,
}

impl Layer {
    fn new(name: &str, paths: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            paths: paths.iter().map(ToString::to_string).collect(),
        }
    }
}

const LOADER: &str = "loader";
const SNAPSHOTS: &str = "snapshot-dependencies";
const APPLICATION: &str = "application";

impl LayersIndex {
    /// Reads a `layers.idx`: a YAML list of maps from a layer's name to a list of paths. Spring
    /// Boot writes it line by line, in either of two styles: folders, or single files.
    /// <https://docs.spring.io/spring-boot/specification/executable-jar/nested-jars.html>
    pub(super) fn parse(text: &str) -> Self {
        let mut layers: Vec<Layer> = Vec::new();
        for line in text.lines() {
            let is_layer = line.starts_with('-');
            let value = line.trim().trim_start_matches('-').trim();
            let value = value.trim_end_matches(':').trim_matches(['"', '\'']);
            if value.is_empty() {
                continue;
            }
            if is_layer {
                // The name that we give to the same thing in JARs without an index.
                let name = if value == "spring-boot-loader" {
                    LOADER
                } else {
                    value
                };
                layers.push(Layer::new(name, &[]));
            } else if let Some(layer) = layers.last_mut() {
                layer.paths.push(value.to_owned());
            }
        }
        // For what the index does not name.
        if !layers.iter().any(|layer| layer.name == APPLICATION) {
            layers.push(Layer::new(APPLICATION, &[]));
        }
        Self {
            layers,
            snapshots_in: Vec::new(),
        }
    }

    /// Spring Boot's own layers, for the versions before 2.3 and for JARs made without them.
    fn default_rules(libraries: &[&'static str]) -> Self {
        Self {
            layers: vec![
                Layer::new("dependencies", libraries),
                Layer::new(LOADER, &[LOADER_CLASSES]),
                Layer::new(SNAPSHOTS, &[]),
                Layer::new(APPLICATION, &[]),
            ],
            snapshots_in: libraries.to_vec(),
        }
    }

    pub(super) fn layer_of(&self, name: &str) -> usize {
        let position = |name: &str| self.layers.iter().position(|layer| layer.name == name);
        let is_snapshot = |folder: &&str| is_snapshot_library(name, folder);
        if self.snapshots_in.iter().any(is_snapshot) {
            return position(SNAPSHOTS).unwrap_or_default();
        }
        let matches = |path: &String| path == name || path.ends_with('/') && name.starts_with(path.as_str());
        self.layers
            .iter()
            .position(|layer| layer.paths.iter().any(matches))
            .or_else(|| position(APPLICATION))
            .unwrap_or_default()
    }
}

/// Whether a file is a library whose version is a snapshot, which changes with every build.
pub(super) fn is_snapshot_library(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder)
        .is_some_and(|file| file.contains("SNAPSHOT") && file.strip_suffix(".jar").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_of_an_index() {
        let index = LayersIndex::parse(
            "- \"dependencies\":\n  - \"BOOT-INF/lib/a.jar\"\n- \"spring-boot-loader\":\n  - \"org/\"\n\
             - \"snapshot-dependencies\":\n- \"company\":\n  - \"BOOT-INF/lib/\"\n",
        );
        let names: Vec<&str> = index.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "dependencies",
                "loader",
                "snapshot-dependencies",
                "company",
                "application"
            ]
        );
        let of = |name| names[index.layer_of(name)];
        assert_eq!(of("BOOT-INF/lib/a.jar"), "dependencies");
        assert_eq!(of("BOOT-INF/lib/a.jar.asc"), "company");
        assert_eq!(of("org/springframework/boot/loader/Launcher.class"), "loader");
        assert_eq!(of("BOOT-INF/classes/A.class"), "application");
    }

    #[test]
    fn without_an_index() {
        let index = LayersIndex::default_rules(&["BOOT-INF/lib/"]);
        let of = |name| index.layers[index.layer_of(name)].name.as_str();
        assert_eq!(of("BOOT-INF/lib/a-1.jar"), "dependencies");
        assert_eq!(of("BOOT-INF/lib/a-1-SNAPSHOT.jar"), "snapshot-dependencies");
        assert_eq!(of("org/springframework/boot/loader/Launcher.class"), "loader");
        assert_eq!(of("META-INF/MANIFEST.MF"), "application");
    }
}
