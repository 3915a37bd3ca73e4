//! `rollback`: the image that served before, with the options of the last deploy or its own. Nothing is built.

use jiff::Timestamp;

use super::{
    Context, apps,
    args::Output,
    history::{self, History},
    interrupt::{self, Back, Stage},
    known_builds::KnownBuilds,
    options,
    rollout::{self, Rolling, RolloutArgs},
    served::{Served, gone_back_to},
    values,
};
use crate::{
    cluster::{Cluster, record},
    error::{Failure, Result},
    model::{
        AppName, BuildOrigin, BuildRecord, BuildResult, DeployOptions, RolloutOutcome, RolloutRecord, Seal,
    },
    steps::{
        deploy::{self, Previous},
        report,
    },
};

/// Arguments of `rollback`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i rollback shop
  kubectl b2i rollback shop --dry-run
  kubectl b2i rollback shop --to 2 --with-options")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// Number of the build to go back to; when not given, the one that served before
    #[arg(long, value_name = "N", value_parser = values::count)]
    to: Option<u64>,
    /// Restore the options that the build was deployed with too: env, memory, ports and all others but replicas
    #[arg(long)]
    with_options: bool,
    /// Print which build the app would go back to, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    rollout: RolloutArgs,
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Where an app goes back to.
struct Way<'a> {
    /// The build that runs, where it is known.
    from: Option<u64>,
    /// The build whose image runs then.
    to: u64,
    build: &'a BuildRecord,
    result: &'a BuildResult,
}

/// Runs the earlier image, and prints its reference.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    args.rollout.timeout()?;
    let app = &args.name;
    let events = context.printer.events();
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let stage = Stage::default();
    let work = Box::pin(async {
        apps::find(&cluster, app).await?;
        let Some(previous) = deploy::previous(&cluster, app).await? else {
            return Err(not_deployed(&cluster, app));
        };
        let history = History::of(&cluster, app, Some(&previous)).await?;
        let way = choose(&cluster, &history, args.to, app)?;
        let Way { build, result, .. } = way;
        let restored = if args.with_options {
            Some(options_of(&cluster, app, &way, &previous).await?)
        } else {
            None
        };
        let order = deploy::Options {
            decided_upon: Some(Some(previous.options.clone())),
            ..args.rollout.order(
                app,
                restored.unwrap_or_else(|| previous.options.clone()),
                result.image.clone(),
                &build.request,
            )?
        };
        let words = words(&way, &previous, &order);
        if args.dry_run {
            return Ok((words, report::of_record(build, result, None, None)));
        }
        context.printer.say(&words);
        if let Some(number) = way.from {
            stage.goes_back(Back::To(number));
        }
        let is_running = history.running.as_ref() == Some(&result.image);
        // Its number has to be known before the rollout, which keeps its seal.
        let noted = if is_running {
            None
        } else {
            Some(note(context, &cluster, app, build, &history).await?)
        };
        let order = deploy::Options {
            build: noted,
            ..order
        };
        let rolling = Rolling {
            build: Some(way.to),
            title: (!is_running).then(|| format!("rollback to #{}", way.to)),
            ..Rolling::of(&order, Some(&previous), None)
        };
        let rollout = rollout::run(&cluster, rolling, &stage, &events).await;
        if let (Some(noted), Err(_)) = (noted, &rollout) {
            // The failure is what the person must hear of; a record that stays is only an entry.
            let _ = record::abandon(&cluster, app, noted.number).await;
        }
        let rollout = rollout?;
        if let Some(noted) = noted {
            KnownBuilds::of(&cluster, app).keep(noted);
        }
        Ok((words, report::of_record(build, result, None, Some(rollout))))
    });
    // Nothing but the rollout is in the cluster, and that goes on.
    let (words, report) = interrupt::or_cleanup(work, &stage, &cluster, "", &context.printer).await?;
    if let Some(place) = report
        .rollout
        .as_ref()
        .and_then(|it| rollout::place(it, &context.line))
    {
        context.printer.say(&place);
    }
    let short = if args.dry_run {
        words
    } else {
        report.image.to_string()
    };
    context.print(&args.output, &[short], &report)
}

/// Whether `rollback` would find a build: it is suggested only where it would.
pub(crate) async fn is_possible(cluster: &Cluster, app: &AppName) -> bool {
    let found = async {
        let previous = deploy::previous(cluster, app).await.ok()??;
        let history = History::of(cluster, app, Some(&previous)).await.ok()?;
        choose(cluster, &history, None, app).ok().map(drop)
    };
    found.await.is_some()
}

/// Says where the app goes, before it does: `#4 → #1, shop.jar, 12m ago`.
fn words(way: &Way, previous: &Previous, order: &deploy::Options) -> String {
    let from = way.from.map_or_else(
        || {
            previous
                .image
                .as_ref()
                .map_or_else(String::new, ToString::to_string)
        },
        |number| format!("#{number}"),
    );
    let age = apps::ago(Some(&way.build.started), Timestamp::now());
    let options = match (&order.decided_upon, &order.options) {
        (Some(Some(now)), then) if now != then => ", with the options that it had",
        _ => "",
    };
    format!("{from} → #{}, {}, {age} ago{options}", way.to, way.build.artifact)
}

/// Returns the options that a build was deployed with. The pull Secret stays today's, and so does which container of
/// somebody else's workload is ours.
async fn options_of(
    cluster: &Cluster,
    app: &AppName,
    way: &Way<'_>,
    previous: &Previous,
) -> Result<DeployOptions> {
    let found = deploy::options_of(cluster, app, &way.result.image).await?;
    let namespace = &cluster.namespace;
    let without = format!("kubectl b2i rollback {app} -n {namespace}");
    let options = found.ok_or_else(|| {
        let kind = if previous.options.stateful { "statefulset" } else { "deployment" };
        Failure::new(format!("could not restore the options of build {} of `{app}`", way.to))
            .why("Kubernetes keeps no version of the workload with that build's image any more")
            .next("go back without `--with-options`, then deploy with the flags that it had; this shows which versions are kept:")
            .command(format!("{without} --to {}", way.to))
            .command(format!("kubectl rollout history {kind}/{app} -n {namespace}"))
            .anchor("no-earlier-options")
    })?;
    Ok(DeployOptions {
        replicas: None,
        pull_secret: previous.options.pull_secret.clone(),
        adopted: previous.options.adopted.clone(),
        stateful: previous.options.stateful,
        ..options
    })
}

/// Chooses the build: the one of this number, else the one that served before the running one. It runs then, so
/// somebody must vouch for it, and its image must be in the app's repository.
fn choose<'a>(cluster: &Cluster, history: &'a History, to: Option<u64>, app: &AppName) -> Result<Way<'a>> {
    let (running, served) = history.served();
    let from = running.map(|running| running.number);
    let (to, (build, result)) = match to {
        Some(number) => (number, numbered(cluster, history, number, app)?),
        None => earlier(cluster, history, from, &served, app)?,
    };
    match &history.running {
        Some(running) if running.name() != result.image.name() => {
            Err(history::elsewhere(what(app), &result.image, running))
        }
        _ => Ok(Way {
            from,
            to,
            build,
            result,
        }),
    }
}

fn what(app: &AppName) -> String {
    format!("could not roll `{app}` back")
}

fn numbered<'a>(
    cluster: &Cluster,
    history: &'a History,
    number: u64,
    app: &AppName,
) -> Result<(&'a BuildRecord, &'a BuildResult)> {
    let what = format!("could not roll `{app}` back to build {number}");
    let found = history.builds.iter().find(|build| build.number == number);
    let build = found.ok_or_else(|| apps::no_build(cluster, app, &history.builds, number))?;
    let Some(result) = build.result() else {
        return Err(Failure::usage(what)
            .why("that build made no image")
            .next("choose one that is ok:")
            .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
            .anchor("no-earlier-build"));
    };
    if !history.confirms(build) {
        return Err(history::unconfirmed(what, number, app, &cluster.namespace));
    }
    Ok((build, result))
}

fn earlier<'a>(
    cluster: &Cluster,
    history: &'a History,
    from: Option<u64>,
    served: &[Served<'a>],
    app: &AppName,
) -> Result<(u64, (&'a BuildRecord, &'a BuildResult))> {
    let unconfirmed = |number| Err(history::unconfirmed(what(app), number, app, &cluster.namespace));
    if let Some(before) = served.last() {
        // One before it is not what was meant.
        return match before.result() {
            Some(made) => Ok((before.number, made)),
            None => unconfirmed(before.number),
        };
    }
    let may_have_served = |build: &&BuildRecord| {
        let outcome = RolloutRecord::outcome_of(&history.rollouts, build.number);
        build.result().is_some() && matches!(outcome, None | Some(RolloutOutcome::Serving))
    };
    let before = history
        .builds
        .iter()
        .filter(|build| from.is_none_or(|from| build.number < from));
    let mut unknown = before
        .filter(may_have_served)
        .filter(|build| !history.confirms(build));
    if let Some(unknown) = unknown.next() {
        return unconfirmed(unknown.number);
    }
    Err(Failure::new(what(app))
        .why("no build that made another image served before this one")
        .next("see what there is; `--to N` takes any of them:")
        .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
        .anchor("no-earlier-build"))
}

/// Notes in the history that an earlier build serves again. It becomes the last one, so that the next
/// deploy compares with what runs.
async fn note(
    context: &Context,
    cluster: &Cluster,
    app: &AppName,
    build: &BuildRecord,
    history: &History,
) -> Result<Seal> {
    let config = context.config.over_namespace(cluster).await?;
    let now = Timestamp::now().to_string();
    let mut entry = BuildRecord {
        ended: Some(now.clone()),
        outcome: build.outcome.clone(),
        // By this a write is recognised whose answer was lost.
        run: Some(options::run_id()),
        ..build.once_more(
            BuildOrigin::Rollback(gone_back_to(build).unwrap_or(build.number)),
            now,
        )
    };
    if let (BuildOrigin::Local, Some(remembered)) = (build.origin, history.remembered()) {
        // What `build --local` was told was said of that image alone.
        entry.request.tags.clone_from(&remembered.request.tags);
    }
    let begun = record::begin(cluster, app, &entry, history.highest(), config.history_limit()).await;
    let number = begun.map_err(|error| options::record_failure(cluster, "keep", app, &error))?;
    Ok(BuildRecord { number, ..entry }.seal())
}

fn not_deployed(cluster: &Cluster, app: &AppName) -> Failure {
    Failure::new(format!("could not roll `{app}` back"))
        .why("it was built and is not deployed")
        .next("deploy it first; this shows what was built:")
        .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
        .anchor("no-earlier-build")
}
