//! `registry check`: what a build would fail with, in seconds and before a byte is sent.

use std::{future, time::Duration};

use super::{
    Context,
    args::{ClusterBuildArgs, Output},
    bootstrap::BuilderImage,
    interrupt::{self, Stage},
    options::{self, Site},
};
use crate::{
    error::Result,
    model::{CheckReport, CheckRequest, CheckScope, CheckStatus, Event, SecretName, Step},
    oci::Reference,
    steps::check,
    term::Table,
};

/// Arguments of `registry check`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i registry check registry.example.com/team/shop
  kubectl b2i registry check registry.example.com/team/shop --base eclipse-temurin:17-jre -o json")]
pub(super) struct Args {
    /// Where an image would go: registry/repository
    image: Reference,
    /// Base image that a build would pull
    #[arg(long, value_name = "REFERENCE")]
    base: Option<Reference>,
    #[command(flatten)]
    build: ClusterBuildArgs,
    /// How the result is printed, instead of as a table: json or yaml
    #[arg(short, long, value_name = "FORMAT", value_parser = Output::of_data)]
    output: Option<Output>,
}

/// How long a Pod may be kept from running by what may pass.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long all of it may take.
pub(super) const TIMEOUT: Duration = Duration::from_mins(3);

/// Checks and prints what came of it.
pub(super) async fn run(context: &Context, args: Args) -> Result<()> {
    let events = context.printer.events();
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let (dialogue, no_app) = (context.dialogue(), future::ready(None));
    let (site, _) = options::site(cluster, &args.build, &config, &events, dialogue, no_app).await?;
    site.dialogue.show_line();
    let request = request(&site, args.image, args.base);
    let stage = Stage::default();
    stage.in_cluster();
    let work = async {
        let builder = site.builder(&request.image).await?;
        let settings = settings(&site, builder);
        events.send(Event::Started(Step::Check));
        check::in_cluster(&site.cluster, &settings, &request, &events).await
    };
    let report = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    let passed = count(&report, CheckStatus::Passed);
    let figures = format!(
        "{} · {passed} of {} passed",
        request.image.name(),
        report.checks.len()
    );
    if report.failure().is_none() {
        events.send(Event::Done(Step::Check, figures));
    }
    match args.output {
        Some(output) => context.print(&[output], &[], &report)?,
        None => context.printer.result(&table(&report)),
    }
    report.failure().map_or(Ok(()), |failure| Err(failure.clone()))
}

/// Returns what is asked of the registry that an image would go to.
pub(crate) fn request(site: &Site, image: Reference, base: Option<Reference>) -> CheckRequest {
    CheckRequest {
        image,
        scope: CheckScope::All,
        push_secret: SecretName {
            namespace: site.cluster.namespace.clone(),
            name: site.push_secret.clone(),
        },
        base,
        access: site.access.clone(),
    }
}

/// Returns how it is asked from a Pod of the builder image.
pub(crate) fn settings(site: &Site, builder: &BuilderImage) -> check::Options {
    check::Options {
        run_id: site.run_id.clone(),
        builder_image: builder.image.clone(),
        builder_pull_secret: builder.pull_secret.clone(),
        push_secret: site.push_secret.clone(),
        pull_secret: site.pull_secret.effective(None),
        cpu_limit: site.build_cpu_limit.clone(),
        patience: PATIENCE,
        timeout: TIMEOUT,
    }
}

fn count(report: &CheckReport, status: CheckStatus) -> usize {
    report
        .checks
        .iter()
        .filter(|check| check.status == status)
        .count()
}

/// A line a check: `✓ login       logged in as dev`.
pub(crate) fn table(report: &CheckReport) -> Vec<String> {
    let mut table = Table::new(&[]);
    for check in &report.checks {
        let mark = match check.status {
            CheckStatus::Passed => "✓",
            CheckStatus::Failed => "✗",
            CheckStatus::Skipped => "-",
        };
        let name = format!("{mark} {:<10}", check.name);
        table.row([name.as_str(), check.detail.as_str()]);
    }
    table.lines()
}
