//! `status`: one app, on a page.

use std::time::Duration;

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Pod},
};
use kube::runtime::watcher::Config;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{
    Context, apps, command,
    format::{self, Format},
    options, options_file,
    remembered::Remembered,
    status_page::page,
};
use crate::{
    cluster::{Cluster, error::of_watch, objects::labels, snapshots},
    error::Result,
    model::{AppName, AppStatus},
};

/// Arguments of `status`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i status shop
  kubectl b2i status shop --watch
  kubectl b2i status shop -o json")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// Show it again whenever something changes, until Ctrl-C; on a terminal, only as much as fits
    #[arg(short, long)]
    watch: bool,
    /// How the result is printed, when not as a page
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

/// Changes come in flocks; the page is read once for each.
const FLOCK: Duration = Duration::from_millis(200);

/// Prints the app.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let app = find(&cluster, &args.name).await?;
    if !args.watch {
        return format::print(context, args.output, &app, || lines(context, args.output, &app));
    }
    watch(context, &cluster, &args).await
}

/// Reads the app and what its next deploy keeps.
async fn find(cluster: &Cluster, name: &AppName) -> Result<AppStatus> {
    let (app, remembered) = tokio::join!(apps::find(cluster, name), Remembered::of(cluster, name));
    let mut app = app?;
    // Damaged options are told by the next deploy, which needs them.
    if let (Ok(remembered), Some(deploy)) = (remembered, command().find_subcommand("deploy")) {
        app.options = options_file::of_flags(deploy, &remembered.flags());
    }
    Ok(app)
}

fn lines(context: &Context, format: Option<Format>, app: &AppStatus) -> Vec<String> {
    if format == Some(Format::Name) {
        return vec![app.name.clone()];
    }
    let columns = context.printer.result_size().map(|(_, columns)| columns);
    page(app, Timestamp::now(), columns)
}

/// Shows the app anew after each change, of the terminal's size too, until it is gone.
async fn watch(context: &Context, cluster: &Cluster, args: &Args) -> Result<()> {
    let config = || Config::default().labels(&format!("{}={}", labels::APP, args.name));
    let changes = stream::select_all([
        snapshots::<Deployment>(cluster, config())
            .map(|it| it.map(drop))
            .boxed(),
        snapshots::<Pod>(cluster, config()).map(|it| it.map(drop)).boxed(),
        snapshots::<ConfigMap>(cluster, config())
            .map(|it| it.map(drop))
            .boxed(),
        resizes().map(Ok).boxed(),
    ])
    .ready_chunks(64);
    futures_util::pin_mut!(changes);
    let mut shown = None;
    while let Some(flock) = changes.next().await {
        let refused = flock.into_iter().find_map(Result::err);
        if let Some(error) = refused {
            return Err(cluster.failure(format!("could not watch `{}`", args.name), &of_watch(error)));
        }
        let app = find(cluster, &args.name).await?;
        let size = is_page(args.output).then(|| context.printer.result_size());
        let current = Some((app, size));
        if let Some((app, _)) = current.as_ref().filter(|_| current != shown) {
            show(context, args.output, app)?;
            shown = current;
        }
        tokio::time::sleep(FLOCK).await;
    }
    Ok(())
}

/// Returns a stream with an item for each change of the terminal's size.
fn resizes() -> BoxStream<'static, ()> {
    #[cfg(unix)]
    if let Ok(signal) = signal(SignalKind::window_change()) {
        let next = |mut signal: Signal| async move { signal.recv().await.map(|()| ((), signal)) };
        return stream::unfold(signal, next).boxed();
    }
    stream::pending().boxed()
}

fn is_page(format: Option<Format>) -> bool {
    matches!(format, None | Some(Format::Wide))
}

/// Shows the app as it is now. What a program reads has no page: as from kubectl, JSON documents follow each other, and
/// YAML documents begin with `---`.
fn show(context: &Context, format: Option<Format>, app: &AppStatus) -> Result<()> {
    if is_page(format) {
        let now = Timestamp::now().strftime("%FT%TZ").to_string();
        context.printer.page(&lines(context, format, app), &now);
        return Ok(());
    }
    if format == Some(Format::Yaml) {
        context.printer.document(&["---"]);
    }
    let document = format::structured(format, app)?;
    let document = document.unwrap_or_else(|| lines(context, format, app));
    context.printer.document(&document);
    Ok(())
}
