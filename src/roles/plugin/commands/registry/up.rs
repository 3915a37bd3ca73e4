//! `registry up`: a registry in the namespace, the login for it and the builder image in it, so that
//! somebody who has none of these can try a deploy.

use std::time::Duration;

use serde_json::json;

use super::{
    Context, builder_image, interrupt,
    named_image::{NamedImage, Purpose},
    options, values,
};
use crate::{
    cluster::{
        Cluster, Forward, configuration,
        objects::trial_registry::{NAME, PORT},
    },
    error::{Failure, Result},
    model::{Artifact, Event, Events, Step},
    oci::Reference,
    registry::Client,
    steps::host::{self, Hosted},
};

/// Arguments of `registry up`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i registry up
  kubectl b2i registry up --storage 10Gi

It is for trying things out. Nodes pull from localhost:PORT, which kube-proxy forwards in its iptables mode and in
IPv4 only; traffic is not encrypted; whoever reaches a node reaches the port, behind a password that nobody chose.")]
pub(super) struct Args {
    /// Keep images in a volume of this size; without it they go with the registry's Pod
    #[arg(long, value_name = "SIZE")]
    storage: Option<String>,
    /// Image of the registry: CNCF distribution, version 2 or 3
    #[arg(
        long,
        value_name = "REFERENCE",
        default_value = "docker.io/library/registry:3"
    )]
    registry_image: String,
    /// Builder image that the nodes can pull, instead of this plugin's own executable
    #[arg(long, value_name = "REFERENCE")]
    builder_image: Option<String>,
    /// How long the registry may take to be ready
    #[arg(long, value_name = "TIME", default_value = "3m")]
    timeout: String,
}

/// Brings the registry up, and prints what images of it begin with.
pub(super) async fn run(context: &Context, args: Args) -> Result<()> {
    if let Some(size) = &args.storage {
        values::size(size).map_err(|why| {
            Failure::usage(format!("could not keep images in `{size}`"))
                .why(why)
                .next("write a size as Kubernetes does: `--storage 10Gi`")
                .anchor("registry-up")
        })?;
    }
    let timeout = values::time("--timeout", &args.timeout)?.unwrap_or(Duration::MAX);
    let events = context.printer.events();
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    // Before anything is made: without a builder image the registry is of no use.
    let executable = match &args.builder_image {
        Some(_) => None,
        None => Some(builder_image::executable(&cluster).await?),
    };
    let settings = host::Options {
        image: args.registry_image,
        storage: args.storage,
        timeout,
    };
    let work = Box::pin(async {
        events.send(Event::Started(Step::Host));
        let hosted = host::run(&cluster, &settings, &events).await?;
        let kept = if hosted.is_kept {
            "in a volume"
        } else {
            "in its Pod"
        };
        let figures = format!("{} · images are kept {kept}", hosted.host);
        events.send(Event::Done(Step::Host, figures));
        let builder = if let Some(executable) = &executable {
            push(&cluster, &hosted, executable, &events).await?
        } else {
            let image = args.builder_image.unwrap_or_default();
            // The user named it, though what is read later is the namespace's configuration.
            NamedImage::from(image.clone()).remember(Purpose::Builder, &cluster, &context.dialogue());
            image
        };
        configure(&cluster, &hosted, &builder).await?;
        Ok(hosted)
    });
    let namespace = &cluster.namespace;
    let stopped = Failure::new("stopped; what there is of the registry stays")
        .next("go on with it, or remove it:")
        .again("")
        .command(format!("kubectl b2i registry down -n {namespace}"));
    let hosted = interrupt::or_leave(work, stopped).await?;
    context.printer.say(&advice(context, &hosted, namespace));
    context.printer.result(&[&hosted.host]);
    Ok(())
}

/// Pushes the builder image, through the API server: this machine may have no other way.
async fn push(cluster: &Cluster, hosted: &Hosted, executable: &Artifact, events: &Events) -> Result<String> {
    let what = || format!("could not push the builder image to `{}`", hosted.host);
    let failure = |error: &dyn std::fmt::Display| {
        Failure::new(what())
            .why(error)
            .next("try again; it goes on where it stopped:")
            .again("")
            .anchor("registry-up")
    };
    let forward = Forward::open(cluster, &hosted.pod, PORT)
        .await
        .map_err(|error| failure(&error))?;
    let repository: Reference = format!("{}/b2i/builder", hosted.host)
        .parse()
        .map_err(|error| failure(&error))?;
    let access = host::way::options(&forward, Some(hosted.login.clone()));
    let client = Client::new(&hosted.host, &access).map_err(|error| failure(&error))?;
    let image = builder_image::push(executable, repository, &client, events).await?;
    events.send(Event::Done(Step::Build, "builder image pushed".to_owned()));
    Ok(image.to_string())
}

/// Makes the registry what builds in the namespace use from now on.
async fn configure(cluster: &Cluster, hosted: &Hosted, builder: &str) -> Result<()> {
    let config = json!({
        "builderImage": builder,
        "builderPullSecret": NAME,
        "pushSecret": NAME,
        "imagePrefix": format!("{}/{}", hosted.host, cluster.namespace),
        "insecureRegistries": [hosted.host],
        "registryAddresses": { hosted.host.as_str(): hosted.address },
    });
    let failure = |failure: Failure| {
        if failure.next.is_empty() {
            return failure.next("try again").anchor("registry-up");
        }
        failure
    };
    let yaml = serde_yaml::to_string(&config)
        .map_err(|error| failure(Failure::new("could not write the configuration").because(error)))?;
    let text = format!("# written by `registry up`; `registry down` removes it\n{yaml}");
    configuration::write(cluster, configuration::TRIAL_KEY, Some(text))
        .await
        .map_err(|error| failure(cluster.failure("could not write the namespace's configuration", &error)))
}

fn advice(context: &Context, hosted: &Hosted, namespace: &str) -> String {
    let deploy = format!("kubectl b2i deploy ./app.jar --port 8080 --nodeport -n {namespace}");
    let down = format!("kubectl b2i registry down -n {namespace}");
    let (deploy, down) = (context.line.command(&deploy), context.line.command(&down));
    let kept = if hosted.is_kept {
        ""
    } else {
        "its images go when its Pod goes; `--storage 10Gi` keeps them\n"
    };
    format!(
        "this registry is for trying things out: one Pod, no TLS, on a port of every node, with a password that only \
         its Secret knows\n\
         {kept}\
         from now on builds in namespace `{namespace}` push there:\n  {deploy}\n\
         and when you have seen enough:\n  {down}"
    )
}
