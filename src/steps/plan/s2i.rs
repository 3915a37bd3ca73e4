//! Source-to-image bases, such as `KubeSphere`'s: the artifact goes in whole, at the place where the
//! base's own `run` script looks for it. What the base's labels decide (which script, which user)
//! the builder sets, since only it sees them.

use super::{context_path::ContextPath, tree::FIXED_TIME_SECONDS};
use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, ConfigChanges, Entry, EntryKind, LayerPlan, Source},
};

/// Where <https://github.com/kubesphere/s2i-java-container> looks for JARs and WARs.
const DEPLOYMENTS: &str = "deployments";
/// What <https://github.com/kubesphere/s2i-binary-container> starts.
const BINARY: &str = "opt/app-root/src/bin/binary";

/// Returns the one layer. The folders are the base's, with owners and modes of its own, so the
/// layer does not name them.
///
/// # Errors
/// A [`Failure`] where the artifact is more than one file.
pub(super) fn layers(artifact: &Artifact, context_path: &ContextPath) -> Result<Vec<LayerPlan>, Failure> {
    if artifact.tree.is_some() {
        return Err(Failure::new(format!(
            "could not put `{}` into a source-to-image base",
            artifact.file_name
        ))
        .why("it is more than one file, and the `run` scripts of such bases start one")
        .next("give one JAR, WAR or executable, or name a plain base with `--base IMAGE`")
        .anchor("base-s2i-one-file"));
    }
    let (image_path, mode) = match &artifact.kind {
        ArtifactKind::Jar(_) => {
            // The script takes the one `*.jar` that there is.
            let name = artifact.file_name.strip_suffix(".jar");
            let name = name.unwrap_or(&artifact.file_name);
            (format!("{DEPLOYMENTS}/{name}.jar"), 0o644)
        }
        // It links the WAR into Tomcat's webapps, so the name is the context path.
        ArtifactKind::War(_) => (format!("{DEPLOYMENTS}/{}.war", context_path.folder), 0o644),
        ArtifactKind::Elf(_) => (BINARY.to_owned(), 0o755),
    };
    Ok(vec![LayerPlan {
        name: "application".to_owned(),
        entries: vec![Entry {
            image_path,
            mode,
            modified_seconds: FIXED_TIME_SECONDS,
            kind: EntryKind::File(Source::Artifact),
        }],
    }])
}

/// Leaves to the base how it starts, where, and as whom.
pub(super) fn changes(own: ConfigChanges) -> ConfigChanges {
    ConfigChanges {
        entrypoint: None,
        cmd: None,
        working_dir: None,
        user: None,
        ..own
    }
}
