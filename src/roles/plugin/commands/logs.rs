//! `logs`: what an app's Pods say, or what the builder of one of its builds said.

use tokio::sync::mpsc::Receiver;

use super::{Context, apps, options, values};
use crate::{
    cluster::{Cluster, record},
    error::{Failure, Result},
    model::{AppName, BuildRecord},
    steps::logs::{self, Line},
    term::LogPrinter,
};

/// Arguments of `logs`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i logs shop --follow --tail 20
  kubectl b2i logs shop --previous
  kubectl b2i logs shop --build")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// The log of the builder instead: of the last build, or of the one of this number
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "0", value_parser = values::count)]
    build: Option<u64>,
    /// Go on with what is written from now on, until Ctrl-C; once there are two Pods, each line begins with its Pod
    #[arg(short, long)]
    follow: bool,
    /// Lines that are not older than this, for example 5m
    #[arg(long, value_name = "TIME", default_value = "0")]
    since: String,
    /// So many lines from the end, of each Pod; -1 for all
    #[arg(long, value_name = "N", default_value = "-1", allow_negative_numbers = true, value_parser = values::number_in::<i64>(i64::MIN..=i64::MAX))]
    tail: i64,
    /// The log of the container before its last restart
    #[arg(short, long, conflicts_with_all = ["follow", "build"])]
    previous: bool,
}

/// Prints the log: its lines are the result.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let since = values::time("--since", &args.since)?;
    let options = logs::Options {
        follow: args.follow,
        since_seconds: since.map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX).max(1)),
        tail_lines: (args.tail >= 0).then_some(args.tail),
        previous: args.previous,
    };
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    match args.build {
        Some(number) => of_build(&cluster, &args.name, number, &options).await,
        None => of_app(context, &cluster, &args.name, &options).await,
    }
}

async fn of_app(context: &Context, cluster: &Cluster, app: &AppName, options: &logs::Options) -> Result<()> {
    let status = apps::find(cluster, app).await?;
    let lines = logs::run(cluster, app, options).await?;
    let Some(lines) = lines else {
        let namespace = &cluster.namespace;
        return Err(Failure::new(format!("could not read the log of `{app}`"))
            .why(match status.workload {
                Some(workload) if workload.wanted == 0 => "it is scaled to no Pods",
                Some(_) => "it has no Pods",
                None => "it was built and never deployed",
            })
            .next("see how it is; the log of its last build is another one:")
            .command(format!("kubectl b2i status {app} -n {namespace}"))
            .command(format!("kubectl b2i logs {app} --build -n {namespace}"))
            .anchor("no-pods"));
    };
    let has_printed = print(lines).await?;
    if options.previous && !has_printed {
        context
            .printer
            .say(&format!("no earlier container of `{app}` left a log"));
    }
    Ok(())
}

async fn of_build(cluster: &Cluster, app: &AppName, number: u64, options: &logs::Options) -> Result<()> {
    let build = find_build(cluster, app, number).await?;
    if let Some(lines) = logs::of_build(cluster, app, build.number, options).await? {
        return print(lines).await.map(drop);
    }
    // Read again: a run records the log and then removes the Pod.
    let build = find_build(cluster, app, build.number).await?;
    let mut printer = LogPrinter::new(false);
    let keep = options
        .tail_lines
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(usize::MAX);
    for line in &build.log_tail[build.log_tail.len().saturating_sub(keep)..] {
        if printer.print("", line).is_err() {
            break;
        }
    }
    Ok(())
}

/// Finds a build in the record; 0 is the last one.
async fn find_build(cluster: &Cluster, app: &AppName, number: u64) -> Result<BuildRecord> {
    let builds = record::list(cluster, app)
        .await
        .map_err(|error| options::record_failure(cluster, "read", app, &error))?;
    let found = match number {
        0 => builds.first(),
        number => builds.iter().find(|build| build.number == number),
    };
    match found {
        Some(build) => Ok(build.clone()),
        None => Err(apps::no_build_of(cluster, app, &builds, number).await),
    }
}

/// Prints the lines, and tells whether there were any.
async fn print(mut lines: Receiver<Result<Line>>) -> Result<bool> {
    let mut printer = LogPrinter::new(false);
    let mut has_printed = false;
    while let Some(line) = lines.recv().await {
        let line = line?;
        has_printed = true;
        if line.of_several {
            printer.name_pods();
        }
        // A reader that is gone has what it wanted.
        if printer.print(&line.pod, &line.text).is_err() {
            break;
        }
    }
    Ok(has_printed)
}
