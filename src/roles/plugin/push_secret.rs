//! The push Secret: which one, what it opens, and what to say when it does not.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use super::{dialogue::Dialogue, history::History};
use crate::{
    cluster::{
        Cluster,
        error::is_not_found,
        secrets::{self, PushSecret},
    },
    error::{Failure, Result},
    model::AppName,
    oci::Reference,
    registry::Keychain,
};

/// It asks for the password, which so gets into no shell's history, and proves it.
fn log_in(host: &str, secret: Option<&str>, namespace: &str) -> String {
    let secret = secret.map_or_else(String::new, |name| format!(" --secret {name}"));
    format!("kubectl b2i registry login {host}{secret} -n {namespace}")
}

/// Chooses the Secret: the flag's, else the only one there is.
pub(super) async fn choose(cluster: &Cluster, named: Option<&str>) -> Result<PushSecret> {
    let found = secrets::push_secret(cluster, named).await;
    told(cluster, named, found).await
}

/// What names the Secret, beside the app's last build.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) flag: Option<&'a str>,
    pub(super) configuration: Option<&'a str>,
    /// What images begin with by the configuration.
    pub(super) image_prefix: Option<&'a str>,
}

/// What is built.
pub(super) struct Built {
    pub(super) app: AppName,
    /// Where its image goes, where that was said now.
    pub(super) image: Option<Reference>,
}

/// Chooses the Secret: the flag's, else the one that the app's last build used, else the configuration's, else
/// the only one there is, else the only one that knows the image's registry. Where nothing decides, a person at a
/// terminal is asked. Returns also whether it is the configuration's choice, which is not kept for the app: it may be
/// another one by the next build.
pub(super) async fn choose_or_ask(
    cluster: &Cluster,
    said: Said<'_>,
    built: impl Future<Output = Option<Built>>,
    dialogue: &Dialogue,
) -> Result<(PushSecret, bool)> {
    if said.flag.is_some() {
        return Ok((choose(cluster, said.flag).await?, false));
    }
    let is_configured = said.configuration.is_some();
    let choice = secrets::push_secret(cluster, said.configuration);
    let (found, last) = if is_configured {
        tokio::join!(choice, of_last_build(cluster, built))
    } else {
        let found = choice.await;
        if let Ok(only) = found {
            return Ok((only, false));
        }
        (found, of_last_build(cluster, built).await)
    };
    // One that is gone by now decides nothing.
    if let Some(used) = &last.secret
        && let Ok(secret) = secrets::push_secret(cluster, Some(used)).await
    {
        return Ok((secret, false));
    }
    if let Err(secrets::Error::Several { secrets, .. }) = &found {
        let by_prefix = || format!("{}/app", said.image_prefix?).parse().ok();
        if let Some(image) = last.image.or_else(by_prefix)
            && let Some(only) = only_for(secrets, &image)
        {
            return Ok((only.clone(), false));
        }
        let among = secrets
            .iter()
            .map(|secret| (secret.name.clone(), in_short(secret)));
        let question = "Secret to push with";
        if let Some(name) = dialogue.choice("--push-secret", question, among.collect()).await {
            return Ok((choose(cluster, Some(&name)).await?, false));
        }
    }
    Ok((told(cluster, said.configuration, found).await?, is_configured))
}

/// What the app's last build and the flags say of the next one.
#[derive(Default)]
struct LastBuild {
    /// The Secret that it was pushed with, to the registry that the next one goes to.
    secret: Option<String>,
    /// Where the next one goes.
    image: Option<Reference>,
}

/// A record that cannot be read is told of where it is needed.
async fn of_last_build(cluster: &Cluster, built: impl Future<Output = Option<Built>>) -> LastBuild {
    let Some(Built { app, image }) = built.await else {
        return LastBuild::default();
    };
    let history = History::read(cluster, &app).await.ok();
    let Some(last) = history.as_ref().and_then(History::remembered) else {
        return LastBuild { secret: None, image };
    };
    let destination = &last.request.destination;
    let moves = image
        .as_ref()
        .is_some_and(|image| image.registry != destination.registry);
    LastBuild {
        secret: last.options.push_secret.clone().filter(|_| !moves),
        image: image.or_else(|| Some(destination.clone())),
    }
}

/// Returns the only Secret that has a login for the image's registry: it is sent there and nowhere else.
fn only_for<'a>(secrets: &'a [PushSecret], image: &Reference) -> Option<&'a PushSecret> {
    let knows = |secret: &&PushSecret| {
        Keychain::from_secret(&secret.type_, &secret.data)
            .is_ok_and(|keychain| keychain.find(&image.registry, &image.repository).is_some())
    };
    let mut fitting = secrets.iter().filter(knows);
    fitting.next().filter(|_| fitting.next().is_none())
}

/// A Secret and its registries: what one chooses by. Never a user's name or a password.
fn in_short(secret: &PushSecret) -> String {
    let keychain = Keychain::from_secret(&secret.type_, &secret.data).ok();
    let mut hosts = keychain.map(|keychain| keychain.hosts()).unwrap_or_default();
    hosts.sort();
    let hosts = match &hosts[..] {
        [] => "no registry that can be read".to_owned(),
        hosts => hosts.join(", "),
    };
    format!("{} ({hosts})", secret.name)
}

async fn told(
    cluster: &Cluster,
    named: Option<&str>,
    found: Result<PushSecret, secrets::Error>,
) -> Result<PushSecret> {
    match found {
        Ok(secret) => Ok(secret),
        Err(error) => Err(failure(cluster, named, &error).await),
    }
}

async fn failure(cluster: &Cluster, named: Option<&str>, error: &secrets::Error) -> Failure {
    let failure = match named {
        Some(name) => named_failure(cluster, name, error),
        None => choice_failure(cluster, error),
    };
    // A list of what a namespace holds that is not there is empty, and says no more.
    if matches!(
        error,
        secrets::Error::None { .. } | secrets::Error::NotFound { .. }
    ) {
        let namespaces = Api::<Namespace>::all(cluster.client.clone());
        if let Err(error) = namespaces.get(&cluster.namespace).await
            && is_not_found(&error)
        {
            return cluster.failure(failure.what, &error);
        }
    }
    failure
}

fn named_failure(cluster: &Cluster, name: &str, error: &secrets::Error) -> Failure {
    let namespace = &cluster.namespace;
    let what = format!("could not use the push Secret `{name}`");
    match error {
        secrets::Error::Request(error) => cluster.failure(what, error),
        _ => Failure::new(what)
            .why(error)
            .next("see which there are, or make one that may push:")
            .command(format!(
                "kubectl get secrets -n {namespace} --field-selector type=kubernetes.io/dockerconfigjson"
            ))
            .command(log_in("HOST", Some(name), namespace))
            .anchor("push-secret"),
    }
}

fn choice_failure(cluster: &Cluster, error: &secrets::Error) -> Failure {
    let namespace = &cluster.namespace;
    let what = format!("could not choose the push Secret in namespace `{namespace}`");
    match error {
        secrets::Error::Several { place, secrets } => {
            let each: Vec<String> = secrets.iter().map(in_short).collect();
            let count = secrets.len();
            Failure::new(what)
                .why(format!(
                    "{place} has {count} docker-registry Secrets: {}",
                    each.join(", ")
                ))
                .next("name the one that may push, now or for good:")
                .again("--push-secret NAME")
                .command("export B2I_PUSH_SECRET=NAME")
                .anchor("push-secret")
        }
        secrets::Error::Unseen => Failure::new(what)
            .why(error)
            .next("name the Secret that may push with `--push-secret`, or for good:")
            .command("export B2I_PUSH_SECRET=NAME")
            .anchor("push-secret"),
        secrets::Error::Request(error) => cluster.failure(what, error),
        _ => Failure::new(what)
            .why(error)
            .next("name one with `--push-secret`, or log in to your registry, which makes one:")
            .command(log_in("HOST", None, namespace))
            .anchor("push-secret"),
    }
}

/// Reads the Secret's entries; none where the person may not read it.
pub(super) fn keychain(secret: &PushSecret, namespace: &str) -> Result<Keychain> {
    if secret.data.is_empty() {
        return Ok(Keychain::default());
    }
    Keychain::from_secret(&secret.type_, &secret.data).map_err(|error| {
        Failure::new(format!("could not use the push Secret `{}`", secret.name))
            .because(error)
            .next("make it anew:")
            .command(format!("kubectl delete secret {} -n {namespace}", secret.name))
            .command(log_in("HOST", Some(&secret.name), namespace))
            .anchor("push-secret")
    })
}

/// The failure when no rule says where the image goes.
pub(super) fn no_default_image(secret: &str, hosts: &[String], app: &AppName) -> Failure {
    let why = match hosts {
        [] => format!("the push Secret `{secret}` could not be read, so its registry is not known"),
        [host] => format!("the account at `{host}` in the push Secret `{secret}` is no path"),
        hosts => format!(
            "the push Secret `{secret}` opens several registries: {}",
            in_words(hosts)
        ),
    };
    let host = hosts.first().map_or("registry.example.com", String::as_str);
    Failure::usage("could not choose where the image goes")
        .why(why)
        .next(format!("say where: `--image {host}/team/{app}`"))
        .anchor("default-image")
}

/// The failure when the Secret has no entry for the image's registry.
pub(super) fn no_entry(secret: &str, hosts: &[String], image: &Reference, namespace: &str) -> Failure {
    Failure::new(format!("could not push to `{}`", image.name()))
        .why(format!(
            "the push Secret `{secret}` has no entry for `{}`, only for {}",
            image.registry,
            in_words(hosts)
        ))
        .next("name a Secret for that registry with `--push-secret`, or put a login for it into this one:")
        .command(log_in(&image.registry, Some(secret), namespace))
        .anchor("push-secret")
}

fn in_words(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
