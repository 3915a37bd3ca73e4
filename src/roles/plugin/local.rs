//! Building on this machine, without a cluster: with the logins of whoever sits at it.

pub(super) use super::local_logins::Logins;
use super::{access, flow::Packed};
use std::time::Duration;

use crate::{
    error::{Failure, Result},
    model::{Base, BuildRequest, BuildResult, Event, Events, RegistryAccess, Step, Uploaded},
    oci::{Digest, Reference},
    registry::Client,
    steps::{assemble, push},
    term::bytes,
};

/// Connects to an image's registry.
pub(super) async fn client(access: &RegistryAccess, image: &Reference, logins: &Logins) -> Result<Client> {
    let login = logins.find(&image.registry, &image.repository).await;
    let login = login.map_err(|error| {
        Failure::new(format!("could not find a login for `{}`", image.registry))
            .because(error)
            .next("install the helper, or take it out of `credsStore` and `credHelpers` in Docker's configuration")
            .anchor("credential-helper")
    })?;
    let options = access::from_here(access, image, login)?;
    Client::new(&image.registry, &options)
        .map_err(|error| error.failure(format!("could not connect to `{}`", image.registry)))
}

/// Connects to the registry that the base comes from; scratch comes from none.
pub(super) async fn base_client(request: &BuildRequest, logins: &Logins) -> Result<Option<Client>> {
    match &request.base {
        Base::Scratch => Ok(None),
        Base::Image(image) => {
            let source = request.access.source_of(image);
            client(&request.access, &source, logins).await.map(Some)
        }
    }
}

/// Makes the image and pushes it.
pub(super) async fn build(
    request: &BuildRequest,
    packed: &Packed,
    events: &Events,
) -> Result<(BuildResult, Uploaded)> {
    let logins = Logins::of_this_machine()?;
    let destination = client(&request.access, &request.destination, &logins).await?;
    let base = base_client(request, &logins).await?;
    push(request, packed, &destination, base.as_ref(), events).await
}

/// Makes the image and pushes it to where `destination` leads.
pub(super) async fn push(
    request: &BuildRequest,
    packed: &Packed,
    destination: &Client,
    base: Option<&Client>,
    events: &Events,
) -> Result<(BuildResult, Uploaded)> {
    // Before anything is sent: what is wrong with the base is known in a second.
    let image = assemble::run(request, base).await?;
    let mut uploaded = send(request, packed, destination, &[], events).await?;
    events.send(Event::Started(Step::Build));
    let push = || push::run(&image, request, destination, base, Duration::ZERO, events);
    let mut pushed = Box::pin(push()).await;
    if let Err(push::Error::MissingBlobs(digests)) = &pushed {
        // The registry said that it has these and then did not know them.
        let again = send(request, packed, destination, digests, events).await?;
        uploaded.uploaded_bytes += again.uploaded_bytes;
        uploaded.sent.extend(again.sent);
        pushed = Box::pin(push()).await;
    }
    match pushed {
        Ok(result) => Ok((result, uploaded)),
        Err(push::Error::Failed(failure)) => Err(failure),
        Err(push::Error::MissingBlobs(digests)) => Err(lost(&request.destination, &digests)),
    }
}

async fn send(
    request: &BuildRequest,
    packed: &Packed,
    destination: &Client,
    always: &[Digest],
    events: &Events,
) -> Result<Uploaded> {
    events.send(Event::Started(Step::Upload));
    let uploaded = push::from_here(&packed.layers, &request.destination, destination, always, events).await?;
    let (sent, there) = (uploaded.sent.len(), uploaded.skipped.len());
    let words = match (sent, there) {
        (0, _) => "nothing to send".to_owned(),
        _ => format!("{} sent", bytes(uploaded.uploaded_bytes)),
    };
    let words = format!("{words} · {there} of {} layers are there already", sent + there);
    events.send(Event::Done(Step::Upload, words));
    Ok(uploaded)
}

fn lost(destination: &Reference, digests: &[Digest]) -> Failure {
    let first = digests.first().map_or_else(String::new, ToString::to_string);
    Failure::new(format!("could not push `{}`", destination.name()))
        .why(format!("the registry took {first} and then did not know it"))
        .next("look at the registry's log and its storage; then build again")
        .anchor("blob-unknown")
}

/// An option that only means something in a cluster.
pub(super) struct ClusterOption<'a> {
    pub flag: &'a str,
    pub value: Option<&'a str>,
    /// Variable that stands for the flag: set for other commands, it is no mistake here.
    pub variable: Option<&'a str>,
}

/// Refuses what only means something in a cluster.
pub(super) fn ensure_no_cluster(artifact: &str, options: &[ClusterOption<'_>]) -> Result<()> {
    let is_given = |option: &&ClusterOption<'_>| {
        let by_variable = option.variable.and_then(|name| std::env::var(name).ok());
        option.value.is_some() && option.value != by_variable.as_deref()
    };
    match options.iter().find(is_given) {
        None => Ok(()),
        Some(option) => Err(Failure::usage("could not build on this machine")
            .why(format!(
                "`{}` is about a cluster, and `--local` uses none",
                option.flag
            ))
            .next("leave one of them out:")
            .command(format!(
                "kubectl b2i build {artifact} --local --image registry.example.com/team/app"
            ))
            .anchor("build-local")),
    }
}
