//! JARs and executables with other files beside them: those keep their places, so that a manifest's
//! `Class-Path` stays true, and what seldom changes has layers of its own.

use super::{
    boot::is_snapshot_library,
    config::JAR_NAME,
    tree::{APP, Unpacking},
};
use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, ImagePath, JarLayout, LayerPlan, LocalTree},
};

const DEPENDENCIES: usize = 0;
const SNAPSHOTS: usize = 1;
/// Of Quarkus the starter and its index; else whatever is no library.
const OTHERS: usize = 2;
const APPLICATION: usize = 3;

/// Decides the layers of a tree in which `main_file` is run.
///
/// # Errors
/// A [`Failure`] when two paths do not fit into one tree.
pub(super) fn layers(
    artifact: &Artifact,
    tree: &LocalTree,
    main_file: &str,
) -> Result<Vec<LayerPlan>, Failure> {
    let is_quarkus = is_quarkus(artifact);
    let is_jar = matches!(artifact.kind, ArtifactKind::Jar(_));
    let others = if is_quarkus { "quarkus" } else { "files" };
    let unpacking = Unpacking {
        root: APP,
        names: vec!["dependencies", "snapshot-dependencies", others, "application"],
        layer_of: |name: &str| {
            Some(if is_quarkus {
                quarkus_layer_of(name, main_file)
            } else if name == main_file {
                APPLICATION
            } else if is_jar {
                library_layer_of(name).unwrap_or(OTHERS)
            } else {
                OTHERS
            })
        },
        // What an app may serve from beside it. No JAR is served, and Quarkus keeps all in JARs.
        keeps_time: |name: &str| !is_quarkus && name != main_file && library_layer_of(name).is_none(),
    };
    let mut layers = unpacking.layers(artifact)?;
    let in_app = |name: &str| ImagePath::below(&APP.path.into(), name.into());
    let of_main = layers.iter_mut().flat_map(|layer| &mut layer.entries);
    if let Some(entry) = of_main
        .into_iter()
        .find(|entry| entry.image_path == in_app(main_file))
    {
        entry.image_path = in_app(run_name(artifact, tree, main_file));
        // Whoever built it knows that it is run; archives and copies lose the bit.
        entry.mode = if is_jar { 0o644 } else { 0o755 };
    }
    for layer in &mut layers {
        layer.entries.sort_by(|a, b| a.image_path.cmp(&b.image_path));
    }
    Ok(layers)
}

/// Returns the name below `/app` of what is run.
pub(super) fn run_name<'a>(artifact: &Artifact, tree: &LocalTree, main_file: &'a str) -> &'a str {
    let is_jar = matches!(artifact.kind, ArtifactKind::Jar(_));
    // A JAR that was given by itself has the same name in every version, as one without libraries.
    let is_given_alone = artifact.file_name == main_file;
    let is_taken = tree.files.iter().any(|file| file.name == JAR_NAME);
    if is_jar && is_given_alone && !is_taken {
        JAR_NAME
    } else {
        main_file
    }
}

fn is_quarkus(artifact: &Artifact) -> bool {
    matches!(&artifact.kind, ArtifactKind::Jar(jar) if matches!(jar.layout, JarLayout::Quarkus { .. }))
}

/// Every build writes the application anew; the starter and what was generated for it change when
/// an extension or an endpoint does.
fn quarkus_layer_of(name: &str, main_file: &str) -> usize {
    if name.starts_with("lib/") {
        library_layer_of(name).unwrap_or(DEPENDENCIES)
    } else if name == main_file || name.starts_with("quarkus/") {
        OTHERS
    } else {
        APPLICATION
    }
}

fn library_layer_of(name: &str) -> Option<usize> {
    name.strip_suffix(".jar")?;
    Some(if is_snapshot_library(name, "") {
        SNAPSHOTS
    } else {
        DEPENDENCIES
    })
}
