//! WARs, unpacked where the official Tomcat images look for them.

use super::{
    boot::is_snapshot_library,
    context_path::ContextPath,
    tree::{Root, Unpacking, folder},
};
use crate::{
    error::Failure,
    model::{Artifact, LayerPlan},
};

const WEBAPPS: &str = "usr/local/tomcat/webapps";
/// Tomcat makes these when it starts, which our user may not do.
const CONTEXT_FOLDERS: [&str; 2] = [
    "usr/local/tomcat/conf/Catalina",
    "usr/local/tomcat/conf/Catalina/localhost",
];
const CONTEXT_FOLDER_MODE: u32 = 0o775;

/// Decides the layers of a WAR.
///
/// # Errors
/// A [`Failure`] when two entries do not fit into one tree.
pub(super) fn layers(artifact: &Artifact, context_path: &ContextPath) -> Result<Vec<LayerPlan>, Failure> {
    let unpacking = Unpacking {
        root: Root {
            path: &format!("{WEBAPPS}/{}", context_path.folder),
            mode: 0o755,
        },
        names: vec!["dependencies", "snapshot-dependencies", "application"],
        layer_of,
        keeps_time: |name: &str| !name.starts_with("WEB-INF/") && !name.starts_with("META-INF/"),
    };
    let mut layers = unpacking.layers(artifact)?;
    if let Some(first) = layers.first_mut() {
        let folders = CONTEXT_FOLDERS.map(|path| folder(path, CONTEXT_FOLDER_MODE));
        first.entries.extend(folders);
        first.entries.sort_by(|a, b| a.image_path.cmp(&b.image_path));
    }
    Ok(layers)
}

fn layer_of(name: &str) -> Option<usize> {
    // What an executable WAR needs to start without a container would be a second one in this.
    let is_for_standing_alone =
        name.starts_with("WEB-INF/lib-provided/") || name.starts_with("org/springframework/boot/loader/");
    if is_for_standing_alone {
        return None;
    }
    let is_library = name.starts_with("WEB-INF/lib/") && name.strip_suffix(".jar").is_some();
    Some(match is_library {
        true if is_snapshot_library(name, "WEB-INF/lib/") => 1,
        true => 0,
        false => 2,
    })
}
