//! The builder image: our own static Linux executable on nothing, so that nobody has to publish one.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::TryStreamExt;
use serde_json::Value;

use super::{flow, local::Ends, packed};
use crate::{
    cluster::{Cluster, nodes},
    error::{Failure, Result},
    model::{Artifact, ArtifactKind, Events, Libc, RegistryAccess},
    oci::{Descriptor, Digest, Platform, Reference},
    registry::Client,
    steps::{assemble, inspect, plan},
};

/// Configs of images are a few kB.
const LARGEST_CONFIG_BYTES: usize = 1 << 20;

/// Returns the version that an image's label tells; `None` where it has none, or cannot be read.
pub(super) async fn version_of(client: &Client, image: &Reference) -> Option<String> {
    let manifest = async |reference: String| -> Option<Value> {
        let raw = client.pull_manifest(&image.repository, &reference).await.ok()?;
        serde_json::from_slice(&raw.bytes).ok()
    };
    let mut top = manifest(image.manifest_reference()).await?;
    // All platforms of an index are of one version.
    if let Some(first) = top.pointer("/manifests/0/digest").and_then(Value::as_str) {
        top = manifest(first.to_owned()).await?;
    }
    let config: Descriptor = serde_json::from_value(top.get("config")?.clone()).ok()?;
    let mut chunks = client.pull_blob(&image.repository, &config).await.ok()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.try_next().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST_CONFIG_BYTES {
            return None;
        }
    }
    let config: Value = serde_json::from_slice(&bytes).ok()?;
    let label = config.get("config")?.get("Labels")?.get(plan::VERSION_LABEL)?;
    label.as_str().map(str::to_owned)
}

/// Finds the executable that runs on the cluster's nodes: this one, or one that came beside it
/// (`kubectl-b2i-linux-arm64`), as archives for other systems have them.
pub(super) async fn executable(cluster: &Cluster) -> Result<Artifact> {
    let nodes = nodes::platforms(cluster)
        .await
        .map_err(|error| cluster.failure("could not list the nodes", &error))?;
    choose(nodes.unwrap_or_default().into_keys().collect()).await
}

/// Finds the executable for an architecture, by default this machine's.
pub(super) async fn for_architecture(architecture: Option<String>) -> Result<Artifact> {
    let wanted = Platform::linux(architecture.as_deref().unwrap_or(here()));
    choose([wanted].into()).await
}

/// This machine's architecture by Go's name, which images and Kubernetes use; Rust's is the kernel's.
pub(super) fn here() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

async fn choose(wanted: BTreeSet<Platform>) -> Result<Artifact> {
    flow::blocking(move || {
        let candidates = candidates();
        let usable: Vec<Artifact> = candidates.iter().filter_map(|path| static_linux(path)).collect();
        // Who may not see the nodes gets what there is.
        let fits = |artifact: &&Artifact| {
            wanted.is_empty()
                || platform(artifact).is_some_and(|it| wanted.iter().any(|node| it.serves(node)))
        };
        usable
            .iter()
            .find(fits)
            .cloned()
            .ok_or_else(|| none_fits(&usable, &wanted))
    })
    .await
}

fn candidates() -> Vec<PathBuf> {
    let Ok(this) = env::current_exe() else {
        return Vec::new();
    };
    let beside = |architecture| this.with_file_name(format!("kubectl-b2i-linux-{architecture}"));
    let beside = ["amd64", "arm64"].map(beside);
    [this].into_iter().chain(beside).collect()
}

/// On an empty base nothing can be loaded.
fn static_linux(path: &Path) -> Option<Artifact> {
    let artifact = inspect::run(path).ok()?;
    let ArtifactKind::Elf(elf) = &artifact.kind else {
        return None;
    };
    (elf.libc == Libc::Static && elf.interpreter.is_none() && elf.platform.os == "linux").then_some(artifact)
}

fn platform(artifact: &Artifact) -> Option<&Platform> {
    match &artifact.kind {
        ArtifactKind::Elf(elf) => Some(&elf.platform),
        _ => None,
    }
}

fn none_fits(usable: &[Artifact], wanted: &BTreeSet<Platform>) -> Failure {
    let names = |platforms: Vec<String>| platforms.join(", ");
    let here = usable
        .iter()
        .filter_map(platform)
        .map(ToString::to_string)
        .collect();
    let why = match (names(here), wanted.is_empty()) {
        (here, _) if here.is_empty() => {
            "this plugin is no static Linux executable, and none lies beside it".to_owned()
        }
        (here, _) => format!(
            "it is wanted for {}, and there is an executable for {here} only",
            names(wanted.iter().map(ToString::to_string).collect())
        ),
    };
    Failure::new("could not make the builder image of this plugin")
        .why(why)
        .next(format!(
            "put the Linux plugin of this version ({}) beside it as `kubectl-b2i-linux-amd64` or \
             `kubectl-b2i-linux-arm64`, or name a builder image with `--builder-image`",
            env!("CARGO_PKG_VERSION")
        ))
        .anchor("builder-executable")
}

/// Returns the digest of the image that an executable makes of itself, wherever it does so.
pub(super) async fn digest(executable: &Artifact, repository: &Reference) -> Result<Digest> {
    let executable = Arc::new(executable.clone());
    let plan = Arc::new(plan::builder_image(&executable)?);
    let packed = packed::pack(&executable, &plan, packed::noted(), None, &Events::nowhere()).await?;
    let request = packed.request(&plan, repository.clone(), Vec::new(), RegistryAccess::default());
    Ok(assemble::run(&request, None).await?.digest())
}

/// Whether an image is what this plugin makes of itself, or of the executable of its version that lies beside it.
pub(super) async fn is_own(image: &Reference) -> Result<bool> {
    let Some(digest) = image.digest else {
        return Ok(false);
    };
    let find = || {
        Ok(candidates()
            .iter()
            .filter_map(|path| static_linux(path))
            .collect())
    };
    let usable: Vec<Artifact> = flow::blocking(find).await?;
    for executable in &usable {
        if self::digest(executable, image).await? == digest {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes the image and pushes it to where `client` leads; returns it by digest.
pub(super) async fn push(
    executable: &Artifact,
    repository: Reference,
    client: &Client,
    events: &Events,
) -> Result<Reference> {
    let executable = Arc::new(executable.clone());
    let plan = Arc::new(plan::builder_image(&executable)?);
    let to = repository.name();
    let packed = packed::pack(&executable, &plan, packed::noted(), Some(&to), events).await?;
    let tags = vec![env!("CARGO_PKG_VERSION").to_owned()];
    let request = packed.request(&plan, repository, tags, RegistryAccess::default());
    let ends = Ends::to(client.clone());
    let image = assemble::image(&request, ends.look_up(&request).await?)?;
    let (pushed, _) = Box::pin(ends.push(&image, &request, &packed, None, false, events)).await?;
    Ok(pushed.image)
}
