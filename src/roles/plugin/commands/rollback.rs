//! `rollback`: the image of an earlier build, with the options of the last deploy. Nothing is built.

use jiff::Timestamp;

use super::{
    Context, apps,
    args::Output,
    history::{self, History},
    interrupt::{self, Stage},
    known_builds::KnownBuilds,
    options,
    rollout::{self, RolloutArgs},
    values,
};
use crate::{
    cluster::{Cluster, record},
    error::{Failure, Result},
    model::{AppName, BuildOrigin, BuildRecord, BuildResult, Seal},
    steps::{deploy, report},
};

/// Arguments of `rollback`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i rollback shop
  kubectl b2i rollback shop --to 2")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// Number of the build to go back to; when not given, the one before
    #[arg(long, value_name = "N", value_parser = values::count)]
    to: Option<u64>,
    #[command(flatten)]
    rollout: RolloutArgs,
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
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
        let (build, result) = choose(&cluster, &history, args.to, app)?;
        let order = args
            .rollout
            .order(app, previous.options, result.image.clone(), &build.request)?;
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
        let rollout = rollout::run(&cluster, &order, None, &stage, &events).await;
        if let (Some(noted), Err(_)) = (noted, &rollout) {
            // The failure is what the person must hear of; a record that stays is only an entry.
            let _ = record::abandon(&cluster, app, noted.number).await;
        }
        let rollout = rollout?;
        if let Some(noted) = noted {
            KnownBuilds::of(&cluster, app).keep(noted);
        }
        Ok(report::of_record(build, result, None, Some(rollout)))
    });
    // Nothing but the rollout is in the cluster, and that goes on.
    let report = interrupt::or_cleanup(work, &stage, &cluster, "", &context.printer).await?;
    if let Some(place) = report.rollout.as_ref().and_then(rollout::place) {
        context.printer.say(&place);
    }
    context.print(&args.output, &[report.image.to_string()], &report)
}

/// Chooses the build: the one of this number, else the newest before the running one that made another image. It
/// runs then, so somebody must vouch for it, and its image must be in the app's repository.
fn choose<'a>(
    cluster: &Cluster,
    history: &'a History,
    to: Option<u64>,
    app: &AppName,
) -> Result<(&'a BuildRecord, &'a BuildResult)> {
    let (build, result) = match to {
        Some(number) => numbered(cluster, history, number, app)?,
        None => earlier(cluster, history, app)?,
    };
    match &history.running {
        Some(running) if running.name() != result.image.name() => {
            Err(history::elsewhere(what(app), &result.image, running))
        }
        _ => Ok((build, result)),
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
    app: &AppName,
) -> Result<(&'a BuildRecord, &'a BuildResult)> {
    let builds = &history.builds;
    let running = history.running.as_ref();
    // After a rollback, what was before is what was before the build that serves again.
    let mut entries = history.known().filter_map(|(_, entry)| entry);
    let made = entries.find(|build| build.result().map(|result| &result.image) == running);
    let below = made.map_or(u64::MAX, |build| match build.origin {
        BuildOrigin::Rollback(number) => number,
        _ => build.number,
    });
    // What went back stands for the build that it went back to, as long as the record has that.
    let is_there = |number: u64| builds.iter().any(|build| build.number == number);
    let served = |build: &BuildRecord| match build.origin {
        BuildOrigin::Rollback(number) => !is_there(number),
        BuildOrigin::Local => false,
        BuildOrigin::Artifact | BuildOrigin::Rerun(_) => !build.is_undone,
    };
    for (number, entry) in history.known().filter(|(number, _)| *number < below) {
        // One before it is not what was meant.
        let build = entry.ok_or_else(|| history::unconfirmed(what(app), number, app, &cluster.namespace))?;
        if let Some(result) = build.result().filter(|_| served(build))
            && Some(&result.image) != running
        {
            return Ok((build, result));
        }
    }
    let unknown = builds
        .iter()
        .find(|build| build.number < below && build.result().is_some() && !history.confirms(build));
    if let Some(unknown) = unknown {
        return Err(history::unconfirmed(
            what(app),
            unknown.number,
            app,
            &cluster.namespace,
        ));
    }
    Err(Failure::new(what(app))
        .why("its record has no earlier build that made another image")
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
        ..build.once_more(BuildOrigin::Rollback(build.number), now)
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
