//! `list`: the apps of the namespace and their builds.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Context, apps,
    format::{self, Format},
    options, status_page,
};
use crate::{
    error::Result,
    model::AppStatus,
    steps::observe,
    term::{Table, bytes},
};

/// Arguments of `list`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i list
  kubectl b2i list -l kubectl-b2i/app=shop -o json")]
pub(crate) struct Args {
    /// Labels that the apps' objects must have
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// How the result is printed, when not as a table
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

/// As kubectl's own lists are printed.
#[derive(Serialize)]
struct List {
    items: Vec<AppStatus>,
}

/// Prints the apps.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let mut items = observe::all(&cluster, args.selector.as_deref()).await?;
    // A list is for looking through; `status` and `logs` have these.
    for build in items.iter_mut().flat_map(|app| &mut app.builds) {
        build.log_tail.clear();
    }
    let list = List { items };
    if list.items.is_empty() && matches!(args.output, None | Some(Format::Wide)) {
        let namespace = &cluster.namespace;
        context.printer.say(&format!(
            "no app in namespace `{namespace}` was made by kubectl-b2i"
        ));
        return Ok(());
    }
    format::print(context, args.output, &list, || match args.output {
        Some(Format::Name) => names(&list.items),
        format => table(&list.items, format == Some(Format::Wide), Timestamp::now()),
    })
}

pub(crate) fn names(apps: &[AppStatus]) -> Vec<String> {
    apps.iter().map(|app| app.name.clone()).collect()
}

pub(crate) fn table(apps: &[AppStatus], is_wide: bool, now: Timestamp) -> Vec<String> {
    let mut heading = vec![
        "NAME", "READY", "IMAGE", "ARTIFACT", "BUILD", "AGE", "OUTCOME", "URL",
    ];
    if is_wide {
        heading.extend(["SIZE", "WHAT", "REFERENCE"]);
    }
    let mut table = Table::new(&heading);
    for app in apps {
        table.row(row(app, is_wide, now));
    }
    table.lines()
}

fn row(app: &AppStatus, is_wide: bool, now: Timestamp) -> Vec<String> {
    let none = || "-".to_owned();
    let workload = app.workload.as_ref();
    // The newest build is news; the image and the artifact are those that run.
    let newest = app.builds.first();
    let running = app.build();
    let reference = match (workload, running) {
        (Some(workload), _) => Some(workload.image.clone()),
        (None, build) => build
            .and_then(|build| build.image.as_ref())
            .map(ToString::to_string),
    };
    let mut cells = vec![
        app.name.clone(),
        workload.map_or_else(none, |it| {
            let newer = if it.is_rolling_out() {
                format!(" ({} new)", it.updated)
            } else {
                String::new()
            };
            format!("{}/{}{newer}", it.ready, it.wanted)
        }),
        reference.as_deref().map_or_else(none, short),
        running.map_or_else(none, |build| build.artifact.file_name.clone()),
        newest.map_or_else(none, |build| format!("#{}", build.number)),
        apps::ago(newest.map(|build| build.started.as_str()), now),
        outcome(app).unwrap_or_else(none),
        workload.and_then(|it| it.url.clone()).unwrap_or_else(none),
    ];
    if is_wide {
        cells.extend([
            running
                .and_then(|build| build.size_bytes)
                .map_or_else(none, bytes),
            running.map_or_else(none, |build| build.artifact.summary.clone()),
            reference.unwrap_or_else(none),
        ]);
    }
    cells
}

/// What came of what was done last: of the newest rollout, or of a build after it.
fn outcome(app: &AppStatus) -> Option<String> {
    let of_build = || Some(status_page::outcome(app.builds.first()?.phase).to_owned());
    let of_rollout = app
        .newest_rollout()
        .map(|rollout| status_page::rollout_outcome(rollout.outcome));
    of_rollout.or_else(of_build)
}

/// The first 12 digits of an image's digest; its tag's part where it is not named by digest.
fn short(reference: &str) -> String {
    match reference.split_once("@sha256:") {
        Some((_, hex)) => hex.chars().take(12).collect(),
        None => reference.rsplit('/').next().unwrap_or(reference).to_owned(),
    }
}
