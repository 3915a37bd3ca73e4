//! `deploy`: image, Deployment, Service, URL.

use std::time::Duration;

use super::{
    Context,
    args::{ClusterBuildArgs, ImageArgs, Output, PlanArgs},
    flow,
    interrupt::{self, Stage},
    kubesphere,
    merge::{self, DeployFlags},
    nodes, options, values,
};
use crate::{
    error::{Failure, Result},
    model::{Artifact, ArtifactKind, DeployOptions, Event, ImagePlan, Port, Rollout, Step},
    steps::{deploy, plan, report},
};

/// Arguments of `deploy`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i deploy ./shop.jar --port 8080 --nodeport
  kubectl b2i deploy ./shop.jar --env LOG_LEVEL=debug --env OLD- --replicas 2")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    workload: WorkloadArgs,
    #[command(flatten)]
    build: ClusterBuildArgs,
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
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
    /// Env of the app, as NAME=VALUE, or NAME- to remove it; repeats
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Memory that the app gets, for example 512Mi
    #[arg(long, value_name = "QUANTITY")]
    memory: Option<String>,
    /// CPU that the app asks for, for example 500m
    #[arg(long, value_name = "QUANTITY")]
    cpu: Option<String>,
    /// Take over fields that somebody else set
    #[arg(long)]
    force_conflicts: bool,
    /// Wait until the app serves
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    wait: bool,
    /// How long to wait for that, for example 5m
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: String,
}

/// `--timeout 0`: a day is longer than anybody waits.
const FOR_EVER: Duration = Duration::from_hours(24);

/// Builds the image, runs it, and prints its reference.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
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
                args.plan.artifact.display()
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
    };
    merge::deploy(DeployOptions::default(), &flags)?;
    let timeout = values::time("--timeout", &args.workload.timeout)?;
    let events = context.printer.events();
    // What is wrong with the file is told before anything is asked of the cluster.
    let artifact = flow::inspect(&args.plan.artifact, &events).await?;
    let app = options::app_name(&args.image, &artifact)?;
    let cluster = options::connect(&context.global).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let (site, keychain) = options::site(cluster, &args.build, &config, &events).await?;

    let stage = Stage::default();
    let work = Box::pin(async {
        // Asked first, so that an app of somebody else is refused before anything is built.
        let previous = deploy::previous_options(&site.cluster, &app)
            .await?
            .unwrap_or_default();
        let target = options::target(&site, &keychain, app.clone(), &args.image, &args.plan, &config).await?;
        let plan = plan::run(&artifact, &options::plan_options(&target.options, &config)?)?;
        nodes::ensure_one_runs(&site.cluster, &artifact, &plan).await?;
        let mut workload = merge::deploy(previous, &flags)?;
        let mapped = kubesphere::map(&artifact, &plan, &workload.env);
        for note in mapped.notes {
            events.send(Event::Warning(note));
        }
        if workload.ports.is_empty() {
            workload.ports = default_ports(&artifact, &plan);
        }
        workload.context_path.clone_from(&plan.context_path);
        workload.pull_secret = Some(site.push_secret.clone());
        let built = flow::build(&site, &target, &artifact, &plan, &stage).await?;
        let order = deploy::Options {
            name: app.clone(),
            options: workload,
            mapped_env: mapped.env,
            args: mapped.args,
            image: built.result.image.clone(),
            platform: Some(plan.platform.clone()),
            timeout: timeout.unwrap_or(FOR_EVER),
            wait: args.workload.wait,
            jvm: !matches!(artifact.kind, ArtifactKind::Elf(_)),
            force_conflicts: args.workload.force_conflicts,
            patience: deploy::PATIENCE,
        };
        stage.rolling_out(&app);
        events.send(Event::Started(Step::RollOut));
        let rollout = Box::pin(deploy::run(&site.cluster, &order, &events)).await?;
        let figures = match (args.workload.wait, rollout.changed) {
            (false, _) => format!("{app} told; not waited for"),
            (true, true) => format!("{app} {}/{} ready", rollout.ready, rollout.wanted),
            (true, false) => format!("{app} {}/{} ready, as before", rollout.ready, rollout.wanted),
        };
        events.send(Event::Done(Step::RollOut, figures));
        Ok((built, rollout))
    });
    let (built, rollout) =
        interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    if let Some(place) = place(&rollout) {
        context.printer.say(&place);
    }
    let report = report::run(&artifact, &built.result, built.uploaded, Some(rollout));
    context.print(&args.output, &report.image.to_string(), &report)
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

/// Where the app answers, as the last lines of talk.
fn place(rollout: &Rollout) -> Option<String> {
    let url = rollout.url.as_ref()?;
    Some(match &rollout.answer {
        Some(answer) => format!("\n  {url}   {answer}"),
        None => format!("\n  {url}"),
    })
}
