//! `build`: the image alone, into a registry by way of the cluster, or into a file without one.

use std::path::Path;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{
    Context, access,
    args::{ClusterBuildArgs, ImageArgs, Output, PlanArgs, ReportArgs},
    begun,
    derived_name::Unnamed,
    flow, found_name,
    history::History,
    interrupt::{self, Stage},
    local::{self, ClusterOption},
    local_record::LocalRecord,
    merge, open, open_and_connect, options, packed, warn_of_plain_secrets,
};
use crate::{
    error::{Failure, Result},
    model::{BuildRecord, BuildRequest, BuildResult, Event, ImageOptions, Step, Uploaded},
    oci::Reference,
    steps::{self, report},
    term::bytes,
};

/// Arguments of `build`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i build ./shop.jar --image registry.example.com/team/shop:1.4
  kubectl b2i build ./shop.jar --image registry.example.com/team/shop:1.4 --local
  kubectl b2i build ./server --base scratch --output oci-archive:server.tar")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    build: ClusterBuildArgs,
    #[command(flatten)]
    told: ReportArgs,
    /// Push from this machine, with its own logins, instead of by way of a cluster; one that is named, or
    /// that knows the app, gets an entry in the build record
    #[arg(long, help_heading = "Flags of the image")]
    local: bool,
    /// How the result is printed: name, json or yaml; or oci-archive:FILE to write the image there
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Makes the image and prints its reference.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    warn_of_plain_secrets(&args.plan, &context.events());
    let archive = args.output.iter().find_map(|output| match output {
        Output::OciArchive(file) => Some(file.clone()),
        _ => None,
    });
    match archive {
        Some(_) if args.local => Err(
            Failure::usage("could not build into a registry and a file at once")
                .why("`--local` pushes to a registry, and `--output oci-archive:` writes a file")
                .next("leave one of them out")
                .anchor("build-local"),
        ),
        Some(file) => into_archive(context, &args, &file).await,
        None if args.local => Box::pin(from_here(context, &args)).await,
        None => Box::pin(into_registry(context, args)).await,
    }
}

async fn into_registry(context: &Context, mut args: Args) -> Result<()> {
    let events = context.events();
    let (opened, config, site, keychain) =
        open_and_connect(context, &mut args.image, &args.plan, &args.build, &events).await?;
    let (artifact, app) = (&opened.artifact, opened.app.clone());
    let stage = Stage::default();
    let work = Box::pin(async {
        let history = History::read(&site.cluster, &app).await?;
        if let Some(unnamed) = Unnamed::of(&args.image, artifact, &app) {
            unnamed
                .ensure_own(&site, &history, history.running.is_some())
                .await?;
        }
        let target =
            options::target(&site, &keychain, app, &args.image, &args.plan, &config, &history).await?;
        if context.has_found_name {
            found_name::ensure_own(&target.app, artifact, target.last.as_ref(), false)?;
        }
        site.dialogue.show_line();
        let plan = flow::plan(
            artifact,
            &options::plan_options(&target.options, &config)?,
            &events,
        )?;
        let inputs = flow::inputs(artifact, &plan, &target.destination, &target.tags);
        let built = Box::pin(flow::build(&site, &target, artifact, &plan, inputs, &stage)).await?;
        flow::note_skipped(&site, &target, &built).await;
        Ok(built)
    });
    let built = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    let report = report::run(artifact, &built.result, built.uploaded, None);
    context.report(&args.output, &report, args.told.timings)
}

/// Makes and pushes the image without a cluster.
async fn from_here(context: &Context, args: &Args) -> Result<()> {
    ensure_no_cluster(args)?;
    let events = context.events();
    let started = Timestamp::now();
    let opened = open(&args.image, &args.plan, &events).await?;
    let (artifact, app) = (&opened.artifact, opened.app.clone());
    if context.has_found_name && args.image.image.is_none() {
        found_name::ensure_artifacts(&app, artifact)?;
    }
    let record = LocalRecord::look_up(&context.global, &app).await?;
    let prefix = context.config.image_prefix.as_ref();
    let by_config = || prefix.and_then(|prefix| format!("{prefix}/{app}").parse().ok());
    let given = args.image.image.as_ref().map(|image| image.reference.clone());
    let image = given.or_else(by_config).ok_or_else(|| {
        Failure::usage("could not choose where the image goes")
            .why("without a cluster there is no push Secret that says it")
            .next(format!("say where: `--image registry.example.com/team/{app}`"))
            .anchor("default-image")
    })?;
    let said = merge::image(ImageOptions::default(), &args.plan)?;
    let access = access::access(&args.build.access, &context.config)?;
    let tags = tags(&args.image, &image);
    options::ensure_tags(&image, &tags)?;
    let destination = Reference {
        tag: None,
        digest: None,
        ..image
    };
    let plan = flow::plan(artifact, &options::plan_options(&said, &context.config)?, &events)?;
    let mut request = BuildRequest::of_plan(&plan, destination, tags, access);
    let ends = local::Ends::of(&request, &events).await?;
    let anew = args.image.rebuild;
    let known = packed::noted().filter(|_| !anew);
    let to = request.destination.name();
    let (begun, growing) = mpsc::unbounded_channel();
    // What is wrong with the base is known in a second, however large the artifact is.
    let (packed, found, ahead) = tokio::try_join!(
        packed::pack_telling(artifact, &plan, known, Some(&to), &events, Some(begun)),
        ends.look_up(&request),
        ends.ahead(&request, growing, &events).map(Ok),
    )?;
    request.layers.clone_from(&packed.described);
    let made = steps::assemble::image(&request, found)?;
    let (result, uploaded) = Box::pin(ends.push(&made, &request, &packed, ahead, anew, &events)).await?;
    if let Some(record) = record {
        let inputs = flow::inputs(artifact, &plan, &request.destination, &request.tags);
        let build = begun::of_artifact(artifact, inputs, said, request);
        let build = begun::done_here(build, started, &result, uploaded.uploaded_bytes);
        note(context, args, record, build).await;
    }
    let report = report::run(artifact, &result, Some(uploaded), None);
    context.report(&args.output, &report, args.told.timings)
}

/// Notes the build where its app is known. The image is pushed, whatever comes of that.
async fn note(context: &Context, args: &Args, record: LocalRecord, build: BuildRecord) {
    let limit = args.build.history_limit.map(usize::from);
    let limit = limit.unwrap_or_else(|| context.config.history_limit());
    match record.note(build, limit).await {
        Ok(Some(place)) => context.printer.say(&format!("noted as {place}")),
        Ok(None) => {}
        Err(failure) => context.events().send(Event::Warning(format!(
            "the image is pushed, but {}: {}",
            failure.what, failure.why
        ))),
    }
}

fn ensure_no_cluster(args: &Args) -> Result<()> {
    let build = &args.build;
    let named = [
        (
            "--push-secret",
            build.push_secret.as_deref(),
            Some("B2I_PUSH_SECRET"),
        ),
        (
            "--pull-secret",
            build.pull_secret.as_deref(),
            Some("B2I_PULL_SECRET"),
        ),
        (
            "--builder-image",
            build.builder_image.as_deref(),
            Some("B2I_BUILDER_IMAGE"),
        ),
        (
            "--builder-pull-secret",
            build.builder_pull_secret.as_deref(),
            Some("B2I_BUILDER_PULL_SECRET"),
        ),
        (
            "--bootstrap-image",
            build.bootstrap_image.as_deref(),
            Some("B2I_BOOTSTRAP_IMAGE"),
        ),
    ];
    let options = named.map(|(flag, value, variable)| ClusterOption {
        flag,
        value,
        variable,
    });
    local::ensure_no_cluster(&args.plan.artifact.shown(), &options)
}

/// The tags of an image that no record remembers.
fn tags(args: &ImageArgs, image: &Reference) -> Vec<String> {
    match (&args.tags[..], &image.tag) {
        ([], tag) => vec![tag.clone().unwrap_or_else(|| "latest".to_owned())],
        (tags, _) => tags.to_vec(),
    }
}

async fn into_archive(context: &Context, args: &Args, file: &Path) -> Result<()> {
    let events = context.events();
    let image = merge::image(ImageOptions::default(), &args.plan)?;
    let access = access::access(&args.build.access, &context.config)?;
    let opened = open(&args.image, &args.plan, &events).await?;
    let (artifact, app) = (&opened.artifact, opened.app.clone());
    let plan = flow::plan(
        artifact,
        &options::plan_options(&image, &context.config)?,
        &events,
    )?;
    let destination = match &args.image.image {
        Some(image) => image.reference.clone(),
        None => format!("localhost/{app}").parse::<Reference>().map_err(|error| {
            Failure::usage("could not name the image")
                .because(error)
                .next("give it a name: `--image NAME`")
        })?,
    };
    let packed = packed::pack(artifact, &plan, None, Some(&file.display().to_string()), &events).await?;
    let tags = tags(&args.image, &destination);
    options::ensure_tags(&destination, &tags)?;
    let request = packed.request(&plan, destination, tags, access);
    events.send(Event::Started(Step::Build));
    let base = local::base_client(&request, &local::Logins::of_this_machine()?, &events).await?;
    let assembled = steps::assemble::run(&request, base.as_ref()).await?;
    let named = steps::push::archive(
        &assembled,
        &request,
        packed.layers().await?,
        base.as_ref(),
        file,
        &events,
    )
    .await?;
    let result = BuildResult {
        image: named,
        tags: request.tags.clone(),
        size_bytes: std::fs::metadata(file).map_or(0, |file| file.len()),
        base: assembled.base.as_ref().map(|base| base.reference.clone()),
        copied_layers: assembled.base_layers().len(),
        mounted_layers: 0,
    };
    events.send(Event::Done(
        Step::Build,
        format!("{} · {}", file.display(), bytes(result.size_bytes)),
    ));
    let report = report::run(artifact, &result, Some(Uploaded::default()), None);
    context.report(&args.output, &report, args.told.timings)
}
