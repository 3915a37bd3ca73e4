//! What there is of an app before a deploy: whose it is, and how it was deployed last.

use k8s_openapi::{
    NamespaceResourceScope,
    api::{core::v1::Service, networking::v1::Ingress},
};
use kube::Resource;
use serde::de::DeserializeOwned;

use super::{
    Options,
    apply::{self, Objects},
};
use crate::{
    cluster::{
        Cluster, Workload,
        objects::{labels, service},
        workload,
    },
    error::{Failure, Result},
    model::{AppName, DeployOptions, Seals},
    oci::Reference,
};

/// Reads the objects that a deploy will change.
pub(super) async fn objects(cluster: &Cluster, options: &Options) -> Result<Objects> {
    let (name, said) = (&options.name, &options.options);
    let workload = find(cluster, name).await?;
    let is_adopted = workload.as_ref().is_some_and(|found| is_marked(found, name));
    if let Some(found) = workload
        .as_ref()
        .filter(|found| !found.is_ours() && !is_adopted && !options.adopt)
    {
        return Err(not_ours(cluster, found.kind(), name.as_str()));
    }
    let is_stateful = workload
        .as_ref()
        .map(|found| matches!(found, Workload::StatefulSet(_)));
    if let Some(is_stateful) = is_stateful.filter(|is_stateful| *is_stateful != said.stateful) {
        return Err(other_kind(is_stateful, name, &cluster.namespace));
    }
    if said.adopted.is_some() {
        return Ok(Objects {
            workload,
            ..Objects::default()
        });
    }
    let headless = service::headless_name(name);
    // Without a right to Ingresses there is nothing to look at, where none is and none was wanted.
    let has_routes = match workload.as_ref().and_then(Workload::options) {
        Some(text) => !read(cluster, name, text)?.ingress.routes.is_empty(),
        None => false,
    };
    Ok(Objects {
        workload,
        service: ours::<Service>(cluster, "Service", name.as_str()).await?,
        headless: if said.stateful {
            ours::<Service>(cluster, "Service", &headless).await?
        } else {
            None
        },
        ingress: if has_routes || !said.ingress.routes.is_empty() {
            ours::<Ingress>(cluster, "Ingress", name.as_str()).await?
        } else {
            None
        },
    })
}

/// Refuses to forget what somebody else said of the app since this deploy was decided.
pub(super) fn ensure_as_decided(cluster: &Cluster, options: &Options, before: &Objects) -> Result<()> {
    let Some(decided_upon) = &options.decided_upon else {
        return Ok(());
    };
    let name = &options.name;
    let text = before.workload.as_ref().and_then(Workload::options);
    let now = text.map(|text| read(cluster, name, text)).transpose()?;
    let ours = DeployOptions {
        replicas: None,
        ..options.options.clone()
    };
    // Whoever said the same has said nothing that would be forgotten.
    if now == *decided_upon || now == Some(ours) {
        return Ok(());
    }
    Err(Failure::new(format!("could not deploy `{name}`"))
        .why("somebody else deployed it meanwhile, with other options, which would be forgotten")
        .next("do the same again, over theirs; this is how it is now:")
        .command(format!("kubectl b2i status {name} -n {}", cluster.namespace))
        .anchor("deployed-meanwhile"))
}

/// In the place of one kind the other would have to be made while there is none: whoever wants that
/// has to say so himself.
#[must_use]
pub fn other_kind(is_stateful: bool, app: &AppName, namespace: &str) -> Failure {
    let (is, flag) = if is_stateful {
        ("StatefulSet", "--stateless")
    } else {
        ("Deployment", "--stateful")
    };
    let stays = if is_stateful { " (its claims stay)" } else { "" };
    let kind = is.to_lowercase();
    Failure::usage(format!("could not deploy `{app}` with `{flag}`"))
        .why(format!(
            "it runs as a {is}; the other kind would need the same Service and name, so the app would be away in between"
        ))
        .next(format!(
            "remove the {is} yourself{stays}, then deploy with `{flag}` and all other flags, since they are kept in it:"
        ))
        .command(format!("kubectl get {kind} {app} -o yaml -n {namespace}"))
        .command(format!("kubectl delete {kind} {app} -n {namespace}"))
        .anchor("other-kind")
}

pub(super) async fn find(cluster: &Cluster, name: &AppName) -> Result<Option<Workload>> {
    let found = workload::find(cluster, name.as_str()).await;
    found.map_err(|error| cluster.failure(format!("could not read the Deployment `{name}`"), &error))
}

/// Whether we took this workload over earlier.
fn is_marked(workload: &Workload, name: &AppName) -> bool {
    workload.label(labels::APP) == Some(name.as_str()) && workload.options().is_some()
}

async fn ours<K>(cluster: &Cluster, kind: &str, name: &str) -> Result<Option<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = cluster.api::<K>().get_opt(name).await;
    let found =
        found.map_err(|error| cluster.failure(format!("could not read the {kind} `{name}`"), &error))?;
    let is_ours = |found: &K| found.meta().labels.as_ref().is_some_and(labels::is_ours);
    match &found {
        Some(found) if !is_ours(found) => Err(not_ours(cluster, kind, name)),
        _ => Ok(found),
    }
}

/// The refusal to touch an object that somebody else made.
fn not_ours(cluster: &Cluster, kind: &str, name: &str) -> Failure {
    let failure = Failure::new(format!("could not deploy `{name}`"))
        .why(format!(
            "there is a {kind} of this name that kubectl-b2i did not make"
        ))
        .anchor("not-ours");
    let failure = match kind {
        "Deployment" | "StatefulSet" => failure.next(
            "choose another name with `--name`, or give it this image with `--adopt`; this shows whose it is:",
        ),
        _ => failure.next("choose another name with `--name`; this shows whose it is:"),
    };
    failure.command(format!(
        "kubectl get {} {name} --show-labels -n {}",
        kind.to_lowercase(),
        cluster.namespace
    ))
}

/// What the workload says of the last deploy.
#[derive(Clone, Debug, Default)]
pub struct Previous {
    /// How it was deployed. `replicas` is never in it, only beside it: it is applied only when its flag is given.
    pub options: DeployOptions,
    /// Seals of the builds that it was deployed from.
    pub builds: Seals,
    /// The image that it runs.
    pub image: Option<Reference>,
    /// Replicas that an earlier deploy set and nobody else has changed.
    pub replicas: Option<i32>,
    /// Whether that image serves.
    pub serves: bool,
}

impl Previous {
    /// Returns the image that it runs, where that serves.
    #[must_use]
    pub fn serving(&self) -> Option<String> {
        let image = self.image.as_ref().filter(|_| self.serves)?;
        Some(image.to_string())
    }
}

/// Returns what the workload says of the last deploy; `None` where we never deployed this app.
///
/// # Errors
/// What the API server answered; a workload that somebody else made; an unreadable annotation.
pub async fn previous(cluster: &Cluster, name: &AppName) -> Result<Option<Previous>> {
    let Some(found) = find(cluster, name).await? else {
        return Ok(None);
    };
    if !found.is_ours() && !is_marked(&found, name) {
        return Err(not_ours(cluster, found.kind(), name.as_str()));
    }
    let Some(text) = found.options() else {
        return Ok(None);
    };
    let image = found
        .app_container()
        .and_then(|container| container.image.as_ref());
    Ok(Some(Previous {
        options: read(cluster, name, text)?,
        builds: found.builds(),
        serves: found.serves(),
        image: image.and_then(|image| image.parse().ok()),
        replicas: apply::replicas_of(&found),
    }))
}

/// A workload of somebody else that is to run our image.
pub struct Adoption {
    /// How it is deployed from now on: nothing but its image is ours.
    pub options: DeployOptions,
    /// What the person should know.
    pub note: Option<String>,
}

/// Looks at a workload that somebody else made, and chooses its container that will run our image;
/// `None` where it is ours already.
///
/// # Errors
/// What the API server answered; there is no such workload; which container is meant is not clear.
pub async fn adopt(cluster: &Cluster, name: &AppName, container: Option<&str>) -> Result<Option<Adoption>> {
    let failure = || Failure::usage(format!("could not adopt `{name}`")).anchor("adopt");
    let Some(found) = find(cluster, name).await? else {
        return Err(failure()
            .why(format!(
                "there is no Deployment or StatefulSet of this name in namespace `{}`",
                cluster.namespace
            ))
            .next("name the one that you mean with `--name`, or leave `--adopt` out to make a new one:")
            .command(format!(
                "kubectl get deployment,statefulset -n {}",
                cluster.namespace
            )));
    };
    if found.is_ours() || is_marked(&found, name) {
        return Ok(None);
    }
    let containers = found.containers();
    let names: Vec<&str> = containers.iter().map(|it| it.name.as_str()).collect();
    let wanted = container.or(match names[..] {
        [only] => Some(only),
        _ => names.iter().copied().find(|it| *it == name.as_str()),
    });
    let Some(chosen) = wanted.and_then(|wanted| containers.iter().find(|it| it.name == wanted)) else {
        let kind = found.kind();
        return Err(failure()
            .why(format!("the {kind} has the containers {}", names.join(", ")))
            .next("say with `--container` which of them runs the image"));
    };
    let has_words = chosen.command.is_some() || chosen.args.is_some();
    Ok(Some(Adoption {
        options: DeployOptions {
            adopted: Some(chosen.name.clone()),
            stateful: matches!(found, Workload::StatefulSet(_)),
            ..DeployOptions::default()
        },
        note: has_words.then(|| {
            format!(
                "the container `{}` has a command or arguments of its own, which stay; `--command` and `--args` replace them",
                chosen.name
            )
        }),
    }))
}

pub(super) fn read(cluster: &Cluster, name: &AppName, text: &str) -> Result<DeployOptions> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(format!("could not read how `{name}` was deployed last"))
            .why(format!(
                "its annotation `{}` is damaged: {error}",
                labels::OPTIONS
            ))
            .next("remove the annotation, and give all flags once more:")
            .command(format!(
                "kubectl annotate deployment {name} {}- -n {}",
                labels::OPTIONS,
                cluster.namespace
            ))
            .anchor("damaged-options")
    })
}
