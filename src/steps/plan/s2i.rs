//! Source-to-image bases, such as `KubeSphere`'s: the artifact goes in whole, at the place where the
//! base's own `run` script looks for it. What the base's labels decide (which script, which user)
//! the builder sets, since only it sees them.

use super::{Options, context_path::ContextPath, tree::FIXED_TIME_SECONDS, war};
use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, Base, ConfigChanges, Entry, EntryKind, LayerPlan, Source},
};

/// Where <https://github.com/kubesphere/s2i-java-container> looks for JARs and WARs.
const DEPLOYMENTS: &str = "deployments";
/// What <https://github.com/kubesphere/s2i-binary-container> starts.
const BINARY: &str = "opt/app-root/src/bin/binary";

/// Decides where it answers, and its one layer. The folders are the base's, with owners and modes of
/// its own, so the layer does not name them.
///
/// # Errors
/// A [`Failure`] where the artifact is more than one file, the base is nothing, or Tomcat should
/// convert it, which only our own layout lets it do.
pub(super) fn layers(
    artifact: &Artifact,
    options: &Options,
    base: &Base,
    named: Option<ContextPath>,
) -> Result<(ContextPath, Vec<LayerPlan>), Failure> {
    if *base == Base::Scratch {
        return Err(
            Failure::usage("could not use `scratch` as a source-to-image base")
                .why("it is empty, so it has no `run` script")
                .next("leave `--s2i` out, or name a base that has one with `--base IMAGE`")
                .anchor("base-not-s2i"),
        );
    }
    let failure = || {
        let file_name = &artifact.file_name;
        Failure::new(format!("could not put `{file_name}` into a source-to-image base"))
            .anchor("base-s2i-one-file")
    };
    if artifact.tree.is_some() {
        return Err(failure()
            .why("it is more than one file, and the `run` scripts of such bases start one")
            .next("give one JAR, WAR or executable, or name a plain base with `--base IMAGE`"));
    }
    if matches!(&artifact.kind, ArtifactKind::War(war) if war::converts(war, options)) {
        return Err(failure()
            .why("`--convert-javax` was given, and what such a base does with a WAR is its own affair")
            .next("leave `--convert-javax` out, or name a plain base with `--base IMAGE`"));
    }
    let context_path = match (named, &artifact.kind) {
        (Some(path), _) => path,
        (None, ArtifactKind::War(_)) => ContextPath::of_file(&artifact.file_name)?,
        (None, _) => ContextPath::default(),
    };
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
    let layer = LayerPlan {
        name: "application".to_owned(),
        entries: vec![Entry {
            image_path: image_path.as_str().into(),
            mode,
            modified_seconds: FIXED_TIME_SECONDS,
            kind: EntryKind::File(Source::Artifact),
        }],
    };
    Ok((context_path, vec![layer]))
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
