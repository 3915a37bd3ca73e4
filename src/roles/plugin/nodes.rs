//! Whether any node can run the image: a Pod that no node takes stays Pending for ever, and says so
//! only in its events.

use std::collections::BTreeMap;

use crate::{
    cluster::{Cluster, nodes},
    error::{Failure, Result},
    model::{Artifact, ArtifactKind, ImagePlan},
    oci::Platform,
};

/// How many nodes of one platform are named.
const MOST_NAMES: usize = 3;

/// Refuses an image for a platform that no node has. Who may not list nodes is not asked for more:
/// then the Pod's events will tell.
///
/// # Errors
/// No node has the platform; or the API server failed.
pub(super) async fn ensure_one_runs(cluster: &Cluster, artifact: &Artifact, plan: &ImagePlan) -> Result<()> {
    let found = nodes::platforms(cluster)
        .await
        .map_err(|error| cluster.failure("could not list the nodes", &error))?;
    match found {
        Some(found) if !runs_on(&found, &plan.platform) => Err(refusal(artifact, &plan.platform, &found)),
        _ => Ok(()),
    }
}

/// A cluster without nodes may add some when a Pod wants one.
fn runs_on(found: &BTreeMap<Platform, Vec<String>>, wanted: &Platform) -> bool {
    let is_it = |node: &Platform| node.os == wanted.os && node.architecture == wanted.architecture;
    found.is_empty() || found.keys().any(is_it)
}

fn refusal(artifact: &Artifact, wanted: &Platform, found: &BTreeMap<Platform, Vec<String>>) -> Failure {
    let there: Vec<String> = found
        .iter()
        .map(|(platform, names)| {
            let named = names[..names.len().min(MOST_NAMES)].join(", ");
            let more = match names.len().saturating_sub(MOST_NAMES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{platform} ({named}{more})")
        })
        .collect();
    let platforms: Vec<String> = found.keys().map(ToString::to_string).collect();
    let platforms = platforms.join(" or ");
    let next = match artifact.kind {
        ArtifactKind::Elf(_) => format!("build the executable for {platforms}"),
        _ => format!("say what to build for: `--platform {platforms}`"),
    };
    Failure::new(format!("could not run `{}` on this cluster", artifact.file_name))
        .why(format!(
            "its image is for {wanted}, and the nodes are {}",
            there.join("; ")
        ))
        .next(next)
        .command("kubectl get nodes -L kubernetes.io/arch")
        .anchor("no-node")
}
