//! `deploy`: image, Deployment, Service, URL.

use super::{
    Context, actuator,
    args::{ClusterBuildArgs, ImageArgs, Output, PlanArgs},
    config::Config,
    flow, format,
    interrupt::{self, Stage},
    kubesphere,
    merge::{self, DeployFlags},
    nodes, open,
    options::{self, Site, Target},
    pod_args::PodArgs,
    rollout::{self, RolloutArgs},
};
use crate::{
    error::{Failure, Result},
    model::{AppName, Artifact, ArtifactKind, DeployOptions, Event, ImagePlan, Port},
    registry::Keychain,
    steps::{deploy, plan, report},
};

/// Arguments of `deploy`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i deploy ./shop.jar --port 8080 --nodeport
  kubectl b2i deploy ./shop.jar --env LOG_LEVEL=debug --env OLD- --replicas 2
  kubectl b2i deploy ./shop.jar --env DB_PASSWORD=secret:db/password --volume pvc/data:/data
  kubectl b2i deploy ./shop.jar --dry-run=client -o yaml")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    workload: WorkloadArgs,
    #[command(flatten)]
    pod: PodArgs,
    #[command(flatten)]
    rollout: RolloutArgs,
    #[command(flatten)]
    build: ClusterBuildArgs,
    /// Print the objects that would be applied, and change nothing: as this machine makes them, or as
    /// the API server would
    #[arg(long, value_name = "WHERE")]
    dry_run: Option<DryRun>,
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Who makes the objects of a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DryRun {
    /// This machine.
    Client,
    /// The API server: with defaults, webhooks and refusals.
    Server,
}

/// How the app runs. What is not given stays as the last deploy had it.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Flags of the running app")]
struct WorkloadArgs {
    /// Port of the Service, when it differs from the app's
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    service_port: Option<u16>,
    /// Reach the app on a port of every node; with =N on that port
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    nodeport: Option<u16>,
    /// Reach the app in the cluster only
    #[arg(long, conflicts_with = "nodeport")]
    no_nodeport: bool,
    /// Number of Pods; left to whoever scales it when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    replicas: Option<i32>,
    /// Env of the app, as NAME=VALUE, NAME=secret:NAME/KEY, or NAME- to remove it; repeats
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Memory that the app gets, for example 512Mi
    #[arg(long, value_name = "QUANTITY")]
    memory: Option<String>,
    /// CPU that the app asks for, for example 500m
    #[arg(long, value_name = "QUANTITY")]
    cpu: Option<String>,
}

/// Builds the image, runs it, and prints its reference.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let flags = checked(&args)?;
    let events = context.printer.events();
    // What is wrong with the file is told before anything is asked of the cluster.
    let opened = open(&args.image, &args.plan, &events).await?;
    let (artifact, app) = (&opened.artifact, opened.app.clone());
    let cluster = options::connect(&context.global).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let (site, keychain) = options::site(cluster, &args.build, &config, &events).await?;

    let stage = Stage::default();
    let work = Box::pin(async {
        let planned = prepare(&config, &args, &site, &keychain, app, artifact, &flags).await?;
        if let Some(mode) = args.dry_run {
            dry_run(context, &args, &site, &planned, artifact, mode).await?;
            return Ok(None);
        }
        let Planned { target, plan, order } = planned;
        let built = Box::pin(flow::build(&site, &target, artifact, &plan, &stage)).await?;
        let order = deploy::Options {
            image: built.result.image.clone(),
            ..order
        };
        let rollout = rollout::run(&site.cluster, &order, &stage, &events).await?;
        Ok(Some((built, rollout)))
    });
    let done = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    let Some((built, rollout)) = done else {
        return Ok(());
    };
    if let Some(place) = rollout::place(&rollout) {
        context.printer.say(&place);
    }
    let report = report::run(artifact, &built.result, built.uploaded, Some(rollout));
    context.print(&args.output, &report.image.to_string(), &report)
}

/// Checks what can be checked without artifact and cluster.
fn checked(args: &Args) -> Result<DeployFlags> {
    if args
        .output
        .iter()
        .any(|output| matches!(output, Output::OciArchive(_)))
    {
        return Err(Failure::usage("could not deploy into an archive")
            .why("`--output oci-archive:` makes a file, and a Deployment needs a registry")
            .next("build the archive alone:")
            .command(format!(
                "kubectl b2i build {} --output oci-archive:FILE",
                args.plan.artifact.shown()
            )));
    }
    let flags = DeployFlags {
        ports: args.plan.ports.clone(),
        service_port: args.workload.service_port,
        nodeport: args.workload.nodeport,
        no_nodeport: args.workload.no_nodeport,
        replicas: args.workload.replicas,
        env: args.workload.env.clone(),
        memory: args.workload.memory.clone(),
        cpu: args.workload.cpu.clone(),
        pod: args.pod.clone(),
    };
    merge::deploy(DeployOptions::default(), &flags)?;
    args.rollout.timeout()?;
    Ok(flags)
}

/// What is to be done, decided before anything is.
struct Planned {
    target: Target,
    plan: ImagePlan,
    /// Its image has the tag that it will get: the digest is not known yet.
    order: deploy::Options,
}

async fn prepare(
    config: &Config,
    args: &Args,
    site: &Site,
    keychain: &Keychain,
    app: AppName,
    artifact: &Artifact,
    flags: &DeployFlags,
) -> Result<Planned> {
    // Asked first, so that an app of somebody else is refused before anything is built.
    let previous = deploy::previous_options(&site.cluster, &app)
        .await?
        .unwrap_or_default();
    let target = options::target(site, keychain, app.clone(), &args.image, &args.plan, config).await?;
    let plan = plan::run(artifact, &options::plan_options(&target.options, config)?)?;
    nodes::ensure_one_runs(&site.cluster, artifact, &plan).await?;
    let mut workload = merge::deploy(previous, flags)?;
    if workload.ports.is_empty() {
        workload.ports = default_ports(artifact, &plan);
    }
    workload.context_path.clone_from(&plan.context_path);
    workload.pod.has_actuator = actuator::answers(artifact);
    workload.pull_secret = Some(site.push_secret.clone());
    let jvm = !matches!(artifact.kind, ArtifactKind::Elf(_));
    let (derived, notes) = kubesphere::map(&plan.config, plan.s2i, jvm, &workload);
    for note in notes {
        site.events.send(Event::Warning(note));
    }
    let tag = target.tags.first().map_or("latest", String::as_str);
    let order = deploy::Options {
        name: app,
        options: workload,
        derived,
        image: target.destination.with_tag(tag),
        platform: Some(plan.platform.clone()),
        timeout: args.rollout.timeout()?,
        wait: args.rollout.wait,
        jvm,
        undo: !args.rollout.no_undo,
        force_conflicts: args.rollout.force_conflicts,
        patience: deploy::PATIENCE,
    };
    Ok(Planned { target, plan, order })
}

/// Prints the objects that would be applied. The image's digest is known where nothing changed since
/// the last build.
async fn dry_run(
    context: &Context,
    args: &Args,
    site: &Site,
    planned: &Planned,
    artifact: &Artifact,
    mode: DryRun,
) -> Result<()> {
    let inputs = flow::inputs(artifact, &planned.plan, &planned.target);
    let mut order = planned.order.clone();
    match planned.target.unchanged_since(&inputs) {
        Some(result) => order.image = result.image,
        None => context
            .printer
            .say("the image would be built first; until then only its tag is known, not its digest"),
    }
    let objects = deploy::dry_run(&site.cluster, &order, mode == DryRun::Server).await?;
    let names: Vec<String> = objects
        .iter()
        .map(|object| {
            let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
            format!("{kind}/{}", order.name)
        })
        .collect();
    let yaml: Result<Vec<String>> = objects.iter().map(format::yaml).collect();
    if args.output.contains(&Output::Yaml) {
        context.printer.result(&yaml?.join("---\n"));
        return Ok(());
    }
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    context.print(&args.output, &names.join("\n"), &list)
}

/// A web app without `--port` gets the port that its container listens on.
fn default_ports(artifact: &Artifact, plan: &ImagePlan) -> Vec<Port> {
    let default = match artifact.kind {
        ArtifactKind::Elf(_) => None,
        ArtifactKind::Jar(_) | ArtifactKind::War(_) => Some(8080),
    };
    let port = plan.config.exposed_ports.first().copied().or(default);
    port.map(|port| Port {
        container: port,
        service: port,
    })
    .into_iter()
    .collect()
}
