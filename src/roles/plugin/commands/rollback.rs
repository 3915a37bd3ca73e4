//! `rollback`: the image of an earlier build, with the options of the last deploy. Nothing is built.

use jiff::Timestamp;

use super::{
    Context, apps,
    args::Output,
    interrupt::{self, Stage},
    options,
    rollout::{self, RolloutArgs},
    values,
};
use crate::{
    cluster::{Cluster, record},
    error::{Failure, Result},
    model::{AppName, AppStatus, BuildOrigin, BuildRecord, BuildResult},
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
    let cluster = options::connect(&context.global).await?;
    let stage = Stage::default();
    let work = Box::pin(async {
        let status = apps::find(&cluster, app).await?;
        let Some(remembered) = deploy::previous_options(&cluster, app).await? else {
            return Err(not_deployed(&cluster, app));
        };
        let builds = record::list(&cluster, app)
            .await
            .map_err(|error| options::record_failure(&cluster, "read", app, &error))?;
        let (build, result) = choose(&cluster, &status, &builds, args.to, app)?;
        let order = args
            .rollout
            .order(app, remembered, result.image.clone(), &build.request)?;
        let rollout = rollout::run(&cluster, &order, None, &stage, &events).await?;
        if rollout.changed {
            let config = context.config.over_namespace(&cluster).await?;
            note(&cluster, app, build, &builds, config.history_limit()).await?;
        }
        Ok(report::of_record(build, result, None, Some(rollout)))
    });
    // Nothing but the rollout is in the cluster, and that goes on.
    let report = interrupt::or_cleanup(work, &stage, &cluster, "", &context.printer).await?;
    if let Some(place) = report.rollout.as_ref().and_then(rollout::place) {
        context.printer.say(&place);
    }
    context.print(&args.output, &report.image.to_string(), &report)
}

/// Chooses the build: the one of this number, else the newest before the running one that made
/// another image.
fn choose<'a>(
    cluster: &Cluster,
    status: &AppStatus,
    builds: &'a [BuildRecord],
    to: Option<u64>,
    app: &AppName,
) -> Result<(&'a BuildRecord, &'a BuildResult)> {
    if let Some(number) = to {
        let found = builds.iter().find(|build| build.number == number);
        let build = found.ok_or_else(|| apps::no_build(cluster, app, builds, number))?;
        return with_result(build).ok_or_else(|| {
            Failure::usage(format!("could not roll `{app}` back to build {number}"))
                .why("that build made no image")
                .next("choose one that is ok:")
                .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
                .anchor("no-earlier-build")
        });
    }
    let image = status.workload.as_ref().map_or("", |it| it.image.as_str());
    // After a rollback, what was before is what was before the build that serves again.
    let running = status.workload.as_ref().and_then(|it| it.build);
    let running = builds.iter().find(|build| Some(build.number) == running);
    let below = running.map_or(u64::MAX, |build| match build.origin {
        BuildOrigin::Rollback(number) => number,
        _ => build.number,
    });
    // What went back stands for the build that it went back to, as long as the record has that.
    let is_there = |number: u64| builds.iter().any(|build| build.number == number);
    let served = |build: &&BuildRecord| match build.origin {
        BuildOrigin::Rollback(number) => !is_there(number),
        BuildOrigin::Local => false,
        BuildOrigin::Artifact | BuildOrigin::Rerun(_) => !build.is_undone,
    };
    let earlier = builds.iter().filter(|build| build.number < below).filter(served);
    let mut earlier = earlier.filter_map(with_result);
    earlier
        .find(|(_, result)| result.image.to_string() != image)
        .ok_or_else(|| {
            Failure::new(format!("could not roll `{app}` back"))
                .why("its record has no earlier build that made another image")
                .next("see what there is; `--to N` takes any of them:")
                .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
                .anchor("no-earlier-build")
        })
}

fn with_result(build: &BuildRecord) -> Option<(&BuildRecord, &BuildResult)> {
    Some((build, build.result()?))
}

/// Notes in the history that an earlier build serves again. It becomes the last one, so that the next
/// deploy compares with what runs.
async fn note(
    cluster: &Cluster,
    app: &AppName,
    build: &BuildRecord,
    builds: &[BuildRecord],
    history_limit: usize,
) -> Result<()> {
    let now = Timestamp::now().to_string();
    let mut entry = BuildRecord {
        ended: Some(now.clone()),
        outcome: build.outcome.clone(),
        ..build.once_more(BuildOrigin::Rollback(build.number), now)
    };
    if let (BuildOrigin::Local, Some(remembered)) = (build.origin, record::remembered(builds)) {
        // What `build --local` was told was said of that image alone.
        entry.request.tags.clone_from(&remembered.request.tags);
    }
    record::begin(cluster, app, &entry, history_limit)
        .await
        .map(drop)
        .map_err(|error| options::record_failure(cluster, "keep", app, &error))
}

fn not_deployed(cluster: &Cluster, app: &AppName) -> Failure {
    Failure::new(format!("could not roll `{app}` back"))
        .why("it was built and is not deployed")
        .next("deploy it first; this shows what was built:")
        .command(format!("kubectl b2i status {app} -n {}", cluster.namespace))
        .anchor("no-earlier-build")
}
