//! `deploy`: image, Deployment, Service, URL.

use std::sync::Arc;

use super::{
    Context, actuator,
    args::{ClusterBuildArgs, ImageArgs, Output, PlanArgs, ReportArgs},
    browser,
    config::Config,
    default_port,
    derived_name::Unnamed,
    flow, format, found_name,
    history::History,
    interrupt::{self, Back, Stage},
    kind::{self, KindArgs},
    kubesphere,
    merge::{self, DeployFlags},
    nodes, open_and_connect,
    options::{self, Site, Target},
    plain_secrets,
    pod_args::PodArgs,
    ports::{self, ServiceArgs},
    reachable,
    rollout::{self, Rolling, RolloutArgs},
    values, warn_of_plain_secrets,
};
use crate::{
    error::{Failure, Result},
    model::{AppName, Artifact, ArtifactKind, DeployOptions, Event, ImagePlan, Rollout},
    oci::Digest,
    registry::Keychain,
    steps::{
        deploy::{self, Previous},
        report,
    },
    term,
};

/// Arguments of `deploy`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i deploy ./shop.jar --port 8080 --nodeport
  kubectl b2i deploy ./shop.jar --env LOG_LEVEL=debug --env OLD- --replicas 2
  kubectl b2i deploy ./shop.jar --env DB_PASSWORD=secret:db/password --volume pvc/data:/data
  kubectl b2i deploy ./shop.jar --port http=8080 --port metrics=9090 --ingress shop.example.com
  kubectl b2i deploy ./shop.jar --port 8080 --stateful --volume claim/data=1Gi:/data
  kubectl b2i deploy ./shop.jar --adopt
  kubectl b2i deploy ./shop.jar --dry-run=client -o yaml")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    workload: WorkloadArgs,
    #[command(flatten)]
    kind: KindArgs,
    #[command(flatten)]
    pod: PodArgs,
    #[command(flatten)]
    rollout: RolloutArgs,
    #[command(flatten)]
    build: ClusterBuildArgs,
    #[command(flatten)]
    told: ReportArgs,
    /// Print the objects that would be applied, and change nothing: as this machine makes them, or as
    /// the API server would
    #[arg(long, value_name = "WHERE")]
    dry_run: Option<DryRun>,
    /// Open the app in the browser when it serves
    #[arg(long)]
    open: bool,
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
    /// Number of Pods; left to whoever scales it when not given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::number_in::<i32>(0..=i64::from(i32::MAX)))]
    replicas: Option<i32>,
    /// Env of the app, as NAME=VALUE, NAME=secret:NAME/KEY, or NAME- to remove it; repeats
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Memory that the app gets, for example 512Mi; `default` for what its kind gets
    #[arg(long, value_name = "QUANTITY", value_parser = values::memory)]
    memory: Option<String>,
    /// CPU that the app asks for, for example 500m; `default` for 100m
    #[arg(long, value_name = "QUANTITY", value_parser = values::cpu)]
    cpu: Option<String>,
    /// CPU that the app may use, for example 1; `default` for no limit
    #[arg(long, value_name = "QUANTITY", value_parser = values::cpu)]
    cpu_limit: Option<String>,
}

/// Builds the image, runs it, and prints its reference.
pub(crate) async fn run(context: &Context, mut args: Args) -> Result<()> {
    let flags = checked(&args)?;
    let events = context.events();
    warn_of_plain_secrets(&args.plan, &events);
    let of_the_app = [
        plain_secrets::in_pairs("--env", &args.workload.env),
        args.pod.plain_secrets(),
    ];
    for warning in of_the_app.concat() {
        events.send(Event::Warning(warning));
    }
    let (opened, config, site, keychain) =
        open_and_connect(context, &mut args.image, &args.plan, &args.build, &events).await?;
    let (artifact, app) = (&opened.artifact, opened.app.clone());

    let stage = Stage::default();
    let work = Box::pin(async {
        let planned = prepare(&config, &args, &site, &keychain, app, artifact, &flags).await?;
        if context.has_found_name {
            let target = &planned.target;
            let exists = planned.previous.is_some();
            found_name::ensure_own(&target.app, artifact, target.last.as_ref(), exists)?;
        }
        if let Some(mode) = args.dry_run {
            Box::pin(dry_run(context, &args, &site, &planned, mode)).await?;
            return Ok(None);
        }
        let Planned {
            target,
            plan,
            inputs,
            order,
            is_as_before,
            previous,
            ..
        } = planned;
        if previous.is_none() && !order.adopt {
            stage.goes_back(Back::Delete);
        }
        // What is applied once more but for the image is not asked about: that deploy is the usual one.
        if !is_as_before && target.unchanged_since(&inputs).is_none() {
            Box::pin(deploy::ensure_accepted(&site.cluster, &order)).await?;
        }
        let built = Box::pin(flow::build(&site, &target, artifact, &plan, inputs, &stage)).await?;
        let order = deploy::Options {
            image: built.result.image.clone(),
            build: built.seal,
            ..order
        };
        let rolling = Rolling::of(&order, previous.as_ref(), built.number);
        let (rollout, ()) = tokio::join!(
            rollout::run(&site.cluster, rolling, &stage, &events),
            flow::note_skipped(&site, &target, &built),
        );
        let rollout = rollout?;
        Ok(Some((built, rollout)))
    });
    let done = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    let Some((built, rollout)) = done else {
        return Ok(());
    };
    if let Some(place) = rollout::place(&rollout, &context.line) {
        context.printer.say(&place);
    }
    if args.open {
        show(context, &rollout);
    }
    let report = report::run(artifact, &built.result, built.uploaded, Some(rollout));
    context.report(&args.output, &report, args.told.timings)
}

/// Opens the app in the browser; it serves all the same where that cannot be.
fn show(context: &Context, rollout: &Rollout) {
    let why = match &rollout.url {
        Some(url) => browser::open(url).err(),
        None => Some("the app has no address outside of the cluster; `--nodeport` gives it one".to_owned()),
    };
    if let Some(why) = why {
        context.printer.say(&format!("no browser was opened: {why}"));
    }
}

/// Checks what can be checked without artifact and cluster.
pub(crate) fn checked(args: &Args) -> Result<DeployFlags> {
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
        service: args.service.clone(),
        stateful: args.kind.stateful(),
        replicas: args.workload.replicas,
        env: args.workload.env.clone(),
        memory: args.workload.memory.clone(),
        cpu: args.workload.cpu.clone(),
        cpu_limit: args.workload.cpu_limit.clone(),
        strategy: args.rollout.strategy(),
        pod: args.pod.clone(),
    };
    // What is said of the Service may be of a port that an earlier deploy named.
    let alone = DeployFlags {
        service: ServiceArgs::default(),
        ..flags.clone()
    };
    merge::deploy(DeployOptions::default(), &alone)?;
    args.rollout.timeout()?;
    Ok(flags)
}

/// What is to be done, decided before anything is.
struct Planned {
    target: Target,
    plan: Arc<ImagePlan>,
    /// Digest of all that decides the image.
    inputs: Digest,
    /// Its image has the tag that it will get: the digest is not known yet.
    order: deploy::Options,
    /// How the app was deployed before; `None` where it was not.
    previous: Option<Previous>,
    /// Whether it was deployed with these very options.
    is_as_before: bool,
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
    let has_command = args.pod.have_command();
    let previous = args
        .kind
        .previous(&site.cluster, &app, has_command, &site.events)
        .await?;
    let history = History::of(&site.cluster, &app, previous.as_ref()).await?;
    if let Some(unnamed) = Unnamed::of(&args.image, artifact, &app) {
        unnamed.ensure_own(site, &history, previous.is_some()).await?;
    }
    let remembered = previous.as_ref().map(|previous| &previous.options);
    let mut flags = flags.clone();
    let mut workload = merge::deploy(remembered.cloned().unwrap_or_default(), &flags)?;
    kind::ensure_possible(remembered, &workload, &app, &site.cluster.namespace)?;
    if let Some(replicas) = flags.replicas.filter(|_| !args.rollout.force_conflicts) {
        deploy::ensure_replicas_are_ours(&site.cluster, &app, replicas).await?;
    }
    let mut target = options::target(
        site,
        keychain,
        app.clone(),
        &args.image,
        &args.plan,
        config,
        &history,
    )
    .await?;
    if previous.is_none()
        && workload.ports.is_empty()
        && target.options.ports.is_empty()
        && !args.kind.adopts()
    {
        flags.ports.extend(default_port::asked(site, artifact).await?);
        workload = merge::deploy(DeployOptions::default(), &flags)?;
    }
    site.dialogue.show_line();
    if !flags.ports.is_empty() {
        // With those that earlier deploys named.
        target.options.ports = ports::exposed(&workload.ports);
    }
    let plan = flow::plan(
        artifact,
        &options::plan_options(&target.options, config)?,
        &site.events,
    )?;
    let inputs = flow::inputs(artifact, &plan, &target.destination, &target.tags);
    // An image that runs already has its nodes.
    if target.unchanged_since(&inputs).is_none() {
        nodes::ensure_one_runs(&site.cluster, artifact, &plan).await?;
    }
    if workload.ports.is_empty() && workload.adopted.is_none() {
        workload.ports = default_port::of_image(artifact, &plan);
    }
    reachable::ensure(&workload)?;
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
        build: None,
        platform: Some(plan.platform.clone()),
        timeout: args.rollout.timeout()?,
        wait: args.rollout.wait,
        jvm,
        undo: !args.rollout.no_undo,
        force_conflicts: args.rollout.force_conflicts,
        adopt: args.kind.adopts(),
        decided_upon: (!args.kind.adopts()).then(|| remembered.cloned()),
        patience: deploy::PATIENCE,
    };
    Ok(Planned {
        target,
        plan,
        inputs,
        is_as_before: remembered == Some(&order.options),
        order,
        previous,
    })
}

/// Prints the objects that would be applied. The image's digest is known where nothing changed since
/// the last build.
async fn dry_run(context: &Context, args: &Args, site: &Site, planned: &Planned, mode: DryRun) -> Result<()> {
    let mut order = planned.order.clone();
    match planned.target.unchanged_since(&planned.inputs) {
        Some((_, result)) => order.image = result.image.clone(),
        None => context
            .printer
            .say("the image would be built first; until then only its tag is known, not its digest"),
    }
    let on_server = mode == DryRun::Server;
    let mut objects = Box::pin(deploy::dry_run(&site.cluster, &order, on_server, &site.events)).await?;
    if let Some(namespace) = &context.global.namespace {
        // As kubectl does it: who names the namespace means it.
        for object in &mut objects {
            object["metadata"]["namespace"] = namespace.clone().into();
        }
    }
    let names: Vec<String> = objects
        .iter()
        .map(|object| {
            let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let (kind, name) = (word(&object["kind"]), word(&object["metadata"]["name"]));
            format!("{}/{name}", kind.to_lowercase())
        })
        .collect();
    if args.output.contains(&Output::Yaml) {
        let documents: Result<Vec<String>> = objects.iter().map(term::yaml).collect();
        context.printer.result(&format::lines(&documents?.join("---\n")));
        return Ok(());
    }
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    context.print(&args.output, &names, &list)
}
