//! Building on this machine, without a cluster: with the logins of whoever sits at it.

use std::{collections::BTreeSet, time::Duration};

pub(super) use super::local_logins::Logins;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{access, environment, flow, packed::Packed};
use crate::{
    error::{Failure, Result},
    model::{
        Base, BuildRequest, BuildResult, Event, Events, GrowingLayer, Image, RegistryAccess, Step, Uploaded,
    },
    oci::{Digest, Reference},
    registry::{Client, Credentials, Notices},
    steps::{assemble, push},
    term::bytes,
};

/// Connects to an image's registry.
pub(super) async fn client(
    access: &RegistryAccess,
    image: &Reference,
    logins: &Logins,
    events: &Events,
) -> Result<Client> {
    let mut options = access::from_here(access, image, login(image, logins).await?)?;
    let events = events.clone();
    options.notices = Notices::to(move |line| events.send(Event::Warning(line.to_owned())));
    Client::new(&image.registry, &options)
        .map_err(|error| error.failure(format!("could not connect to `{}`", image.registry)))
}

async fn login(image: &Reference, logins: &Logins) -> Result<Option<Credentials>> {
    let login = logins.find(&image.registry, &image.repository).await;
    login.map_err(|error| {
        Failure::new(format!("could not find a login for `{}`", image.registry))
            .because(error)
            .next("install the helper, or take it out of `credsStore` and `credHelpers` in Docker's configuration")
            .anchor("credential-helper")
    })
}

/// Connects to the registry that the base comes from; scratch comes from none.
pub(super) async fn base_client(
    request: &BuildRequest,
    logins: &Logins,
    events: &Events,
) -> Result<Option<Client>> {
    match &request.base {
        Base::Scratch => Ok(None),
        Base::Image(image) => {
            let source = request.access.source_of(image);
            client(&request.access, &source, logins, events).await.map(Some)
        }
    }
}

/// The registries of one build.
pub(super) struct Ends {
    destination: Client,
    base: Option<Client>,
}

impl Ends {
    /// Where there is no base to be pulled.
    pub(super) fn to(destination: Client) -> Self {
        Self {
            destination,
            base: None,
        }
    }

    /// Makes ready to speak to them; nothing is sent yet.
    pub(super) async fn of(request: &BuildRequest, events: &Events) -> Result<Self> {
        let logins = Logins::of_this_machine()?;
        let (destination, access) = (&request.destination, &request.access);
        let to = client(access, destination, &logins, events).await?;
        let base = match &request.base {
            Base::Scratch => None,
            Base::Image(image) => {
                let source = access.source_of(image);
                let is_same = source.registry == destination.registry
                    && login(&source, &logins).await? == login(destination, &logins).await?;
                Some(if is_same {
                    // One connection and one login less.
                    to.clone()
                } else {
                    client(access, &source, &logins, events).await?
                })
            }
        };
        Ok(Self {
            destination: to,
            base,
        })
    }

    /// Sends layers as they are made, where none of them can be there.
    pub(super) async fn ahead(
        &self,
        request: &BuildRequest,
        begun: UnboundedReceiver<GrowingLayer>,
        events: &Events,
    ) -> Option<Uploaded> {
        push::ahead(begun, &request.destination, &self.destination, events).await
    }

    /// Looks the base up.
    pub(super) async fn look_up(&self, request: &BuildRequest) -> Result<assemble::Found> {
        match assemble::look_up(request, self.base.as_ref()).await {
            Ok(found) => Ok(found),
            Err(failure) => Err(push::cause_of(failure, request, &self.destination).await),
        }
    }

    /// Pushes an image, unless it is not `anew` and the registry has the very same under the same
    /// names. `ahead` is what was sent of it already.
    pub(super) async fn push(
        &self,
        image: &Image,
        request: &BuildRequest,
        packed: &Packed,
        ahead: Option<Uploaded>,
        anew: bool,
        events: &Events,
    ) -> Result<(BuildResult, Uploaded)> {
        if ahead.is_none() {
            events.send(Event::Started(Step::Upload));
        }
        let there = async {
            if anew {
                return Ok(None);
            }
            push::unchanged(image, request, &self.destination).await
        };
        let missing = push::missing(&request.layers, &request.destination, &self.destination);
        let (there, missing) = tokio::try_join!(there, missing)?;
        if let Some(result) = there {
            let uploaded = told(request, Uploaded::default(), events);
            events.send(Event::Started(Step::Build));
            let digest = image.digest().short();
            let words = format!("nothing changed since it was pushed · sha256:{digest}…");
            events.send(Event::Done(Step::Build, words));
            return Ok((result, uploaded));
        }
        let mut sent = self.send(request, packed, missing, events).await?;
        sent.add(ahead.unwrap_or_default());
        let mut uploaded = told(request, sent, events);
        events.send(Event::Started(Step::Build));
        let push = || {
            let base = self.base.as_ref();
            push::run(image, request, &self.destination, base, Duration::ZERO, events)
        };
        let mut pushed = Box::pin(push()).await;
        if let Err(push::Error::MissingBlobs(digests)) = pushed {
            // The registry said that it has these and then did not know them.
            let again = self.send(request, packed, digests, events).await?;
            uploaded.add(again);
            pushed = Box::pin(push()).await;
        }
        match pushed {
            Ok(result) => {
                events.send(Event::Done(Step::Build, flow::figures(&result)));
                Ok((result, uploaded))
            }
            Err(push::Error::Failed(failure)) => Err(failure),
            Err(push::Error::MissingBlobs(digests)) => Err(lost(&request.destination, &digests)),
        }
    }

    /// Sends these layers, which are made now if they were only known.
    async fn send(
        &self,
        request: &BuildRequest,
        packed: &Packed,
        missing: Vec<Digest>,
        events: &Events,
    ) -> Result<Uploaded> {
        if missing.is_empty() {
            return Ok(Uploaded::default());
        }
        let layers = packed.layers().await?;
        push::from_here(layers, &missing, &request.destination, &self.destination, events).await
    }
}

/// Says what was sent, and adds what was not.
fn told(request: &BuildRequest, sent: Uploaded, events: &Events) -> Uploaded {
    let ours: BTreeSet<Digest> = request
        .layers
        .iter()
        .map(|layer| layer.descriptor.digest)
        .collect();
    let there = ours.into_iter().filter(|digest| !sent.sent.contains(digest));
    let uploaded = Uploaded {
        skipped: there.collect(),
        ..sent
    };
    let (sent, there) = (uploaded.sent.len(), uploaded.skipped.len());
    let words = match sent {
        0 => "nothing to send".to_owned(),
        _ => format!("{} sent", bytes(uploaded.uploaded_bytes)),
    };
    let words = format!("{words} · {there} of {} layers are there already", sent + there);
    events.send(Event::Done(Step::Upload, words));
    uploaded
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
        let by_variable = option.variable.and_then(environment::variable);
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
