//! The commands, one file each: its arguments and its `run`.

pub(super) mod build;
pub(super) mod builder;
pub(super) mod completion;
pub(super) mod delete;
pub(super) mod deploy;
pub(super) mod doctor;
pub(super) mod import;
pub(super) mod init;
pub(super) mod inspect;
pub(super) mod list;
pub(super) mod logs;
pub(super) mod registry;
pub(super) mod rerun;
pub(super) mod rollback;
pub(super) mod runtimes;
pub(super) mod status;
pub(super) mod version;

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    access, actuator, apps, args, begun, bootstrap, browser, build_cpu_limit, builder_image, command,
    command_line, config, default_port, derived_name, dialogue, environment, flow, format, found_name,
    from_app, history, interrupt, kind, known_builds, kubesphere, local, local_record, merge, named_image,
    nodes, options, options_file, packed, page, plain_secrets, pod_args, ports, push_secret, reachable,
    remembered, rollout, s2i_source, served, status_page, timings, values,
};
use crate::{
    error::Result,
    model::{AppName, Artifact, Event, Events, Step},
    registry::Keychain,
    steps::{fetch::Fetched, report::Report},
    term::{self, Printer},
};

/// What every command has at hand.
pub(super) struct Context {
    pub global: args::GlobalArgs,
    pub config: config::Config,
    pub printer: Printer,
    /// What was typed.
    pub line: Arc<command_line::CommandLine>,
    pub timings: timings::Timings,
    /// Whether the app's name is only what an options file says that nobody named or trusted.
    pub has_found_name: bool,
}

impl Context {
    /// Returns where the steps of a build send their events: they are timed on their way.
    fn events(&self) -> Events {
        self.timings.of(self.printer.events())
    }

    /// Returns what asks for what was left out.
    fn dialogue(&self) -> dialogue::Dialogue {
        dialogue::Dialogue::new(&self.printer, &self.line)
    }

    /// Prints what came of a build, and where its time went.
    fn report(&self, output: &[args::Output], report: &Report, timings: bool) -> Result<()> {
        #[derive(Serialize)]
        struct Timed<'a> {
            #[serde(flatten)]
            report: &'a Report,
            timings: Vec<timings::StepTime>,
        }
        self.timings.moved(Step::Upload, report.uploaded_bytes);
        if timings {
            for line in self.timings.table() {
                self.printer.say(&format!("  {line}"));
            }
        }
        let all = Timed {
            report,
            timings: self.timings.all(),
        };
        self.print(output, &[report.image.to_string()], &all)
    }

    /// Prints a result in the format asked for; `short` are the lines of its short form.
    fn print(&self, output: &[args::Output], short: &[String], all: &impl Serialize) -> Result<()> {
        let asked_for = output
            .iter()
            .find(|output| !matches!(output, args::Output::OciArchive(_)));
        match asked_for {
            Some(args::Output::Json) => self.printer.result(&format::lines(&term::json(all)?)),
            Some(args::Output::Yaml) => self.printer.result(&format::lines(&term::yaml(all)?)),
            _ => self.printer.result(short),
        }
        Ok(())
    }
}

/// Opens the artifact, and meanwhile connects to the cluster and finds what a build in it needs. Changes
/// nothing there.
async fn open_and_connect(
    context: &Context,
    image: &mut args::ImageArgs,
    plan: &args::PlanArgs,
    build: &args::ClusterBuildArgs,
    events: &Events,
) -> Result<(Opened, config::Config, options::Site, Keychain)> {
    let (tell, named) = oneshot::channel();
    let opening = async {
        let opened = open(&*image, plan, events).await?;
        // Nobody waits for it in most namespaces.
        let _ = tell.send(push_secret::Built {
            app: opened.app.clone(),
            image: image.image.as_ref().map(|image| image.reference.clone()),
        });
        Ok(opened)
    };
    let connecting = Box::pin(async {
        let cluster = options::connect(&context.global, context.printer.events()).await?;
        let config = context.config.over_namespace(&cluster).await?;
        let named = async { named.await.ok() };
        let (site, keychain) =
            options::site(cluster, build, &config, events, context.dialogue(), named).await?;
        Ok((config, site, keychain))
    });
    let (opened, (config, site, keychain)) = Box::pin(flow::alongside(opening, connecting)).await?;
    if let Some(given) = image.image.take() {
        image.image = Some(given.meant(&site, &keychain).await?);
    }
    Ok((opened, config, site, keychain))
}

/// Warns of what looks like a password in the flags that say what the image is.
fn warn_of_plain_secrets(plan: &args::PlanArgs, events: &Events) {
    let warnings = [
        plain_secrets::in_pairs("--image-env", &plan.image_env),
        plain_secrets::in_pairs("--image-label", &plan.image_labels),
        plain_secrets::in_options("--jvm-options", plan.jvm_options.as_deref()),
    ];
    for warning in warnings.concat() {
        events.send(Event::Warning(warning));
    }
}

/// An artifact that was fetched and looked into, and the app that it is.
struct Opened {
    artifact: Arc<Artifact>,
    app: AppName,
    /// What was downloaded or piped in goes when this is dropped.
    _fetched: Fetched,
}

/// Fetches an artifact, finds out what it is and names the app. What is wrong with it is told here,
/// before anything is asked of the cluster.
async fn open(image: &args::ImageArgs, plan: &args::PlanArgs, events: &Events) -> Result<Opened> {
    options::ensure_it_can_be_named(image, plan)?;
    let fetched = flow::fetch(&plan.artifact, &plan.expected, image.name.as_ref(), events).await?;
    let artifact = flow::inspect(&fetched, &plan.expected, plan.file.as_deref(), events).await?;
    let app = options::app_name(image, &artifact)?;
    Ok(Opened {
        artifact,
        app,
        _fetched: fetched,
    })
}
