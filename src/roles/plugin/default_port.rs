//! Where an app listens of which nobody has named a port.

use super::options::Site;
use crate::{
    error::{Failure, Result},
    model::{Artifact, ArtifactKind, ExposedPort, ImagePlan, Port, PortChange},
};

/// Asks where an app listens that is new, and whose container does not tell.
pub(super) async fn asked(site: &Site, artifact: &Artifact) -> Result<Option<PortChange>> {
    let (default, enter) = match &artifact.kind {
        // Tomcat's is known.
        ArtifactKind::War(war) if war.alone.is_none() => return Ok(None),
        ArtifactKind::Jar(_) | ArtifactKind::War(_) => ("8080", ""),
        ArtifactKind::Elf(_) => ("", ", Enter for none"),
    };
    let question = format!("Port that `{}` listens on{enter}", artifact.file_name);
    let answer = site.dialogue.text("--port", question, default.to_owned()).await;
    let port = answer.map(|answer| {
        answer.parse().map_err(|error| {
            Failure::usage(format!("could not use `{answer}` as a port"))
                .because(error)
                .next("write a number: `--port 8080`")
                .anchor("ports")
        })
    });
    port.transpose()
}

/// A web app without `--port` gets the port that its container listens on.
pub(super) fn of_image(artifact: &Artifact, plan: &ImagePlan) -> Vec<Port> {
    let default = match artifact.kind {
        ArtifactKind::Elf(_) => None,
        ArtifactKind::Jar(_) | ArtifactKind::War(_) => Some(ExposedPort::tcp(8080)),
    };
    let port = plan.config.exposed_ports.first().copied().or(default);
    port.map(Port::from).into_iter().collect()
}
