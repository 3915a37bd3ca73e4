//! `build`: the image alone, into a registry by way of the cluster, or into a file without one.

use std::path::Path;

use super::{
    Context,
    args::{ClusterBuildArgs, ImageArgs, Output, PlanArgs},
    flow,
    interrupt::{self, Stage},
    merge, options,
};
use crate::{
    error::{Failure, Result},
    model::{BuildRequest, Event, ImageOptions, Step},
    oci::Reference,
    steps::{self, report},
    term::bytes,
};

/// Arguments of `build`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i build ./shop.jar --image registry.example.com/team/shop:1.4
  kubectl b2i build ./server --base scratch --output oci-archive:server.tar")]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    build: ClusterBuildArgs,
    /// How the result is printed: name, json or yaml; or oci-archive:FILE to write the image there
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Makes the image and prints its reference.
pub async fn run(context: &Context, args: Args) -> Result<()> {
    let archive = args.output.iter().find_map(|output| match output {
        Output::OciArchive(file) => Some(file.clone()),
        _ => None,
    });
    match archive {
        Some(file) => into_archive(context, &args, &file).await,
        None => into_registry(context, &args).await,
    }
}

async fn into_registry(context: &Context, args: &Args) -> Result<()> {
    let events = context.printer.events();
    let app = options::app_name(&args.image, &args.plan)?;
    // What is wrong with the file is told before anything is asked of the cluster.
    let artifact = flow::inspect(&args.plan.artifact, &events).await?;
    let cluster = options::connect(&context.global).await?;
    let (site, keychain) = options::site(cluster, &args.build, &context.config, &events).await?;
    let stage = Stage::default();
    let work = async {
        let target = options::target(&site, &keychain, app, &args.image, &args.plan, &context.config).await?;
        let plan = steps::plan::run(&artifact, &options::plan_options(&target.options))?;
        flow::build(&site, &target, &artifact, &plan, &stage).await
    };
    let built = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    let report = report::run(&artifact, &built.result, built.uploaded, None);
    context.print(&args.output, &report.image.to_string(), &report)
}

async fn into_archive(context: &Context, args: &Args, file: &Path) -> Result<()> {
    let events = context.printer.events();
    let app = options::app_name(&args.image, &args.plan)?;
    let image = merge::image(ImageOptions::default(), &args.plan)?;
    let artifact = flow::inspect(&args.plan.artifact, &events).await?;
    let plan = steps::plan::run(&artifact, &options::plan_options(&image))?;
    let destination = match &args.image.image {
        Some(image) => image.clone(),
        None => format!("localhost/{app}").parse::<Reference>().map_err(|error| {
            Failure::usage("could not name the image")
                .because(error)
                .next("give it a name: `--image NAME`")
        })?,
    };
    let packed = flow::pack(&artifact, &plan, Some(&file.display().to_string()), &events).await?;
    let tags = match (&args.image.tags[..], &destination.tag) {
        ([], Some(tag)) => vec![tag.clone()],
        (tags, _) => tags.to_vec(),
    };
    let request = BuildRequest {
        destination,
        tags,
        base: plan.base.clone(),
        platforms: vec![plan.platform.clone()],
        config: plan.config.clone(),
        layers: packed
            .layers
            .iter()
            .map(|layer| layer.described.clone())
            .collect(),
        access: options::access(&args.build.insecure_registries, &context.config),
    };
    events.send(Event::Started(Step::Build));
    let image = steps::assemble::run(&request, None).await?;
    let result = steps::push::archive(&image, &packed.layers, file).await?;
    events.send(Event::Done(
        Step::Build,
        format!("{} · {}", file.display(), bytes(result.size_bytes)),
    ));
    let report = report::run(&artifact, &result, Some(crate::model::Uploaded::default()), None);
    context.print(&args.output, &report.image.to_string(), &report)
}
