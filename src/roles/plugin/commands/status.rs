//! `status`: one app, on a page.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Pod},
};
use kube::runtime::watcher::Config;

use super::{
    Context, apps,
    format::{self, Format},
    options,
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
    /// Show it again whenever something changes, until Ctrl-C
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
    let app = apps::find(&cluster, &args.name).await?;
    if !args.watch {
        return format::print(context, args.output, &app, || lines(context, args.output, &app));
    }
    watch(context, &cluster, &args).await
}

fn lines(context: &Context, format: Option<Format>, app: &AppStatus) -> Vec<String> {
    match format {
        Some(Format::Name) => vec![app.name.clone()],
        _ => page(app, Timestamp::now(), context.printer.result_columns()),
    }
}

/// Shows the app anew after each change, until it is gone.
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
    ])
    .ready_chunks(64);
    futures_util::pin_mut!(changes);
    let mut shown = None;
    while let Some(flock) = changes.next().await {
        let refused = flock.into_iter().find_map(Result::err);
        if let Some(error) = refused {
            return Err(cluster.failure(format!("could not watch `{}`", args.name), &of_watch(error)));
        }
        let app = apps::find(cluster, &args.name).await?;
        if shown.as_ref() != Some(&app) {
            let structured = format::structured(args.output, &app)?;
            let page = structured.unwrap_or_else(|| lines(context, args.output, &app));
            context.printer.page(&page);
            shown = Some(app);
        }
        tokio::time::sleep(FLOCK).await;
    }
    Ok(())
}
