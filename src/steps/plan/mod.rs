//! Decides what the image will be. Pure: no network, no clock, no file, no cluster; the same
//! artifact and options give the same plan on any machine.

mod base_java;
mod beside;
mod boot;
mod builder_image;
mod catalogue;
mod catalogue_base;
mod config;
mod context_path;
mod native;
#[doc(hidden)]
pub mod readers;
mod s2i;
mod tomcat;
mod tree;
mod war;

use std::collections::BTreeMap;

pub use builder_image::{VERSION_LABEL, builder_image};
pub use catalogue::{ByJava, Catalogue, Chosen, ExecutableBases, WarBases};
pub use catalogue_base::CatalogueBase;

use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, Base, ExposedPort, ImagePlan, JarLayout, LayerPlan, LocalTree},
    oci::{Compression, Platform},
};
use context_path::ContextPath;
use tree::{APP, layer, whole};

/// What the person may say about the image.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// An image reference, a name in the catalogue, or `scratch`.
    pub base: Option<String>,
    /// Ports that the app listens on.
    pub ports: Vec<ExposedPort>,
    /// Env of the image.
    pub image_env: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Options for the JVM, beside our defaults.
    pub jvm_options: Option<String>,
    /// Where the web app answers; by default what a WAR's file name says.
    pub context_path: Option<String>,
    /// Whether Tomcat converts a WAR for `javax.servlet` when it starts.
    pub convert_javax: bool,
    /// The platform to build for; by default the executable's own, or linux/amd64.
    pub platform: Option<Platform>,
    /// Whether the base is a source-to-image one; where nobody said so, the catalogue knows.
    pub s2i: Option<bool>,
    /// How the layers are compressed.
    pub compression: Compression,
    /// Which base image an artifact gets.
    pub catalogue: Catalogue,
}

/// Decides what the image of an artifact will be.
///
/// # Errors
/// A [`Failure`] when an option does not fit the artifact, or two of its entries do not fit into
/// one tree.
pub fn run(artifact: &Artifact, options: &Options) -> Result<ImagePlan, Failure> {
    let platform = platform(artifact, options)?;
    let chosen = options
        .catalogue
        .base(artifact, options.base.as_deref(), options.convert_javax)?;
    ensure_there_is_something_to_convert(artifact, options)?;
    let base = chosen.base;
    let s2i = options.s2i.or(chosen.s2i.then_some(true));
    let config = config::changes(artifact, options, &base)?;
    let named = options
        .context_path
        .as_deref()
        .map(ContextPath::parse)
        .transpose()?;
    let (config, (context_path, layers)) = if s2i == Some(true) {
        (
            s2i::changes(config),
            s2i::layers(artifact, options, &base, named)?,
        )
    } else {
        (config, layers(artifact, options, &base, named)?)
    };
    let named_base = options.base.as_ref().and(Some(&base));
    let notes = named_base.and_then(|base| base_java::note(artifact, base, &options.catalogue));
    let servlet_api = match &artifact.kind {
        ArtifactKind::War(war) if s2i != Some(true) => war::Way::of(war, options, &base).servlet_api(war),
        _ => None,
    };
    Ok(ImagePlan {
        servlet_api,
        base,
        base_reason: chosen.reason,
        notes: notes.into_iter().collect(),
        platform,
        config,
        layers,
        context_path: context_path.with_slashes(),
        s2i,
        compression: options.compression,
    })
}

/// Decides where it answers, and its layers.
fn layers(
    artifact: &Artifact,
    options: &Options,
    base: &Base,
    named: Option<ContextPath>,
) -> Result<(ContextPath, Vec<LayerPlan>), Failure> {
    let layers = match &artifact.kind {
        ArtifactKind::War(war) => return war::layers(artifact, war, options, base, named),
        ArtifactKind::Jar(jar) => match (beside_main(artifact), &jar.layout) {
            (Some((tree, main_file)), _) => beside::layers(artifact, tree, main_file)?,
            (None, JarLayout::SpringBoot { layers_index, .. }) => {
                boot::layers(artifact, layers_index.as_deref())?
            }
            (None, _) => vec![whole_file(artifact, config::JAR_NAME, 0o644)?],
        },
        ArtifactKind::Elf(_) => match beside_main(artifact) {
            Some((tree, main_file)) => beside::layers(artifact, tree, main_file)?,
            None => vec![whole_file(artifact, &artifact.file_name, 0o755)?],
        },
    };
    Ok((named.unwrap_or_default(), layers))
}

/// Returns the tree that the artifact is, and which of its files is run.
fn beside_main(artifact: &Artifact) -> Option<(&LocalTree, &str)> {
    let tree = artifact.tree.as_ref()?;
    Some((tree, tree.main_file.as_deref()?))
}

fn ensure_there_is_something_to_convert(artifact: &Artifact, options: &Options) -> Result<(), Failure> {
    if !options.convert_javax || matches!(artifact.kind, ArtifactKind::War(_)) {
        return Ok(());
    }
    Err(
        Failure::usage(format!("could not have Tomcat convert `{}`", artifact.file_name))
            .why("it is no WAR, and no Tomcat runs it")
            .next("leave `--convert-javax` out; what was said for an earlier build is undone by `--convert-javax=false`")
            .anchor("convert-javax"),
    )
}

/// A layer with the artifact as it is.
fn whole_file(artifact: &Artifact, name: &str, mode: u32) -> Result<LayerPlan, Failure> {
    layer("application", artifact, &APP, vec![whole(&APP, name, mode)], &[])
}

fn platform(artifact: &Artifact, options: &Options) -> Result<Platform, Failure> {
    let own = match &artifact.kind {
        ArtifactKind::Elf(elf) => &elf.platform,
        // Java code runs anywhere.
        ArtifactKind::Jar(_) | ArtifactKind::War(_) => {
            return Ok(options.platform.clone().unwrap_or_default());
        }
    };
    match &options.platform {
        Some(wanted) if !(own.serves(wanted) || is_older_arm(own, wanted)) => Err(Failure::usage(format!(
            "could not plan an image of `{}` for {wanted}",
            artifact.file_name
        ))
        .why(format!("it is an executable for {own}"))
        .next(format!("build it for {wanted}, or leave `--platform` out"))
        .anchor("platform-mismatch")),
        wanted => Ok(wanted.clone().unwrap_or_else(|| own.clone())),
    }
}

/// Programs for older ARM run on newer ones, for which there are more base images.
fn is_older_arm(own: &Platform, wanted: &Platform) -> bool {
    let is_arm =
        |platform: &Platform| (platform.os.as_str(), platform.architecture.as_str()) == ("linux", "arm");
    is_arm(own) && is_arm(wanted) && own.variant <= wanted.variant
}
