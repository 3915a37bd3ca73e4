//! `version`: which plugin this is, which builder image it uses, and which cluster it speaks to.

use std::{env, time::Duration};

use serde::Serialize;

use super::{
    Context, access,
    args::{AccessArgs, Output},
    builder_image,
    config::Config,
    environment, local, options, push_secret,
};
use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::Event,
    oci::Reference,
    registry::{Client, Credentials},
    staging::protocol::PROTOCOL_VERSION,
    steps::host::way,
};

/// Arguments of `version`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i version
  kubectl b2i version -o json --client")]
pub(crate) struct Args {
    /// How the result is printed: name, json or yaml; the latter two also ask the cluster
    #[arg(short, long, value_name = "FORMAT", default_value = "name", value_parser = Output::of_data)]
    output: Output,
    /// Ask no cluster
    #[arg(long)]
    client: bool,
}

/// How long the cluster may take, and then the registry of the builder image.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client: ThisPlugin,
    /// What plugin and staging Pod speak; those of one number understand each other.
    protocol: u32,
    /// `null` where none is named.
    builder_image: Option<Builder>,
    /// `null` where no cluster answers.
    server: Option<Server>,
}

#[derive(Serialize)]
struct ThisPlugin {
    version: &'static str,
    /// `null` for a build from a folder that nobody vouches for.
    commit: Option<&'static str>,
    platform: String,
}

#[derive(Serialize)]
struct Builder {
    image: String,
    /// `null` where its registry does not answer this machine, or the image does not say.
    version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    git_version: String,
    platform: String,
}

/// Prints the version; of the cluster nothing is asked where nobody wants to know.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let name = [format!("kubectl-b2i {version}")];
    if args.output == Output::Name {
        return context.print(&[Output::Name], &name, &());
    }
    let (server, builder_image) = if args.client {
        (None, None)
    } else {
        beyond(context).await
    };
    let os = match env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let all = Versions {
        client: ThisPlugin {
            version,
            // Set by krew/package: the same commit gives the same bytes.
            commit: option_env!("B2I_COMMIT").filter(|commit| !commit.is_empty()),
            platform: format!("{os}/{}", builder_image::here()),
        },
        protocol: PROTOCOL_VERSION,
        builder_image,
        server,
    };
    context.print(&[args.output], &name, &all)
}

/// What the cluster and the builder image's registry say.
async fn beyond(context: &Context) -> (Option<Server>, Option<Builder>) {
    let leave_out = |why: &str| {
        let words = format!("the server is left out: {why}");
        context.printer.events().send(Event::Warning(words));
        None
    };
    let asked = tokio::time::timeout(PATIENCE, server(context)).await;
    let found = match asked {
        Ok(Ok(found)) => Some(found),
        Ok(Err(failure)) => leave_out(&failure.why),
        Err(_) => leave_out("it does not answer"),
    };
    let (server, cluster) = found.map_or((None, None), |(server, cluster)| (Some(server), Some(cluster)));
    let config = match &cluster {
        Some(cluster) => context.config.over_namespace(cluster).await.ok(),
        None => None,
    };
    let config = config.unwrap_or_else(|| context.config.clone());
    let by_variable = environment::variable("B2I_BUILDER_IMAGE");
    let Some(image) = by_variable.or_else(|| config.builder_image.clone().map(|named| named.image)) else {
        return (server, None);
    };
    let version = tokio::time::timeout(PATIENCE, builder_version(&image, &config, cluster.as_ref())).await;
    let version = version.ok().flatten();
    (server, Some(Builder { image, version }))
}

async fn server(context: &Context) -> Result<(Server, Cluster)> {
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let info = cluster.client.apiserver_version().await;
    let info = info.map_err(|error| cluster.failure("could not ask the API server", &error))?;
    let server = Server {
        git_version: info.git_version,
        platform: info.platform,
    };
    Ok::<_, Failure>((server, cluster))
}

async fn builder_version(image: &str, config: &Config, cluster: Option<&Cluster>) -> Option<String> {
    let image: Reference = image.parse().ok()?;
    let access = access::access(&AccessArgs::default(), config).ok()?;
    let logins = local::Logins::of_this_machine().ok()?;
    let own = logins
        .find(&image.registry, &image.repository)
        .await
        .ok()
        .flatten();
    let login = match (own, cluster, &config.builder_pull_secret) {
        (Some(login), ..) => Some(login),
        (None, Some(cluster), Some(secret)) => of_secret(cluster, secret, &image).await,
        _ => None,
    };
    if access.address_of(&image.registry).is_some() {
        let forward = way::find(cluster?).await?;
        let client = Client::new(&image.registry, &way::options(&forward, login)).ok()?;
        return builder_image::version_of(&client, &image).await;
    }
    let options = access::from_here(&access, &image, login).ok()?;
    let client = Client::new(&image.registry, &options).ok()?;
    builder_image::version_of(&client, &image).await
}

async fn of_secret(cluster: &Cluster, name: &str, image: &Reference) -> Option<Credentials> {
    let secret = push_secret::choose(cluster, Some(name)).await.ok()?;
    let keychain = push_secret::keychain(&secret, &cluster.namespace).ok()?;
    keychain.find(&image.registry, &image.repository)
}
