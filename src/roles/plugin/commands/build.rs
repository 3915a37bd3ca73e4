//! `build`: the image alone, into a registry by way of the cluster, or into a file without one.

use std::path::{Path, PathBuf};

use super::{
    Context,
    args::{ClusterBuildArgs, ImageArgs, Output, PlanArgs},
    flow,
    interrupt::{self, Stage},
    merge, options,
};
use crate::{
    error::{Failure, Result},
    model::{Base, BuildRequest, BuildResult, Event, ImageOptions, Step, Uploaded},
    oci::Reference,
    registry::{self, Client, Keychain},
    steps::{self, report},
    term::bytes,
};

/// Arguments of `build`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i build ./shop.jar --image registry.example.com/team/shop:1.4
  kubectl b2i build ./server --base scratch --output oci-archive:server.tar")]
pub(crate) struct Args {
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
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let archive = args.output.iter().find_map(|output| match output {
        Output::OciArchive(file) => Some(file.clone()),
        _ => None,
    });
    match archive {
        Some(file) => into_archive(context, &args, &file).await,
        None => Box::pin(into_registry(context, &args)).await,
    }
}

async fn into_registry(context: &Context, args: &Args) -> Result<()> {
    let events = context.printer.events();
    let app = options::app_name(&args.image, &args.plan)?;
    // What is wrong with the file is told before anything is asked of the cluster.
    let artifact = flow::inspect(&args.plan.artifact, &events).await?;
    let cluster = options::connect(&context.global).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let (site, keychain) = options::site(cluster, &args.build, &config, &events).await?;
    let stage = Stage::default();
    let work = Box::pin(async {
        let target = options::target(&site, &keychain, app, &args.image, &args.plan, &config).await?;
        let plan = steps::plan::run(&artifact, &options::plan_options(&target.options, &config)?)?;
        flow::build(&site, &target, &artifact, &plan, &stage).await
    });
    let built = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    let report = report::run(&artifact, &built.result, built.uploaded, None);
    context.print(&args.output, &report.image.to_string(), &report)
}

async fn into_archive(context: &Context, args: &Args, file: &Path) -> Result<()> {
    let events = context.printer.events();
    let app = options::app_name(&args.image, &args.plan)?;
    let image = merge::image(ImageOptions::default(), &args.plan)?;
    let artifact = flow::inspect(&args.plan.artifact, &events).await?;
    let plan = steps::plan::run(&artifact, &options::plan_options(&image, &context.config)?)?;
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
        ([], tag) => vec![tag.clone().unwrap_or_else(|| "latest".to_owned())],
        (tags, _) => tags.to_vec(),
    };
    let access = options::access(&args.build.insecure_registries, &context.config);
    let request = packed.request(&plan, destination, tags, access);
    events.send(Event::Started(Step::Build));
    let base = base_client(&request)?;
    let assembled = steps::assemble::run(&request, base.as_ref()).await?;
    let named =
        steps::push::archive(&assembled, &request, &packed.layers, base.as_ref(), file, &events).await?;
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
    let report = report::run(&artifact, &result, Some(Uploaded::default()), None);
    context.print(&args.output, &report.image.to_string(), &report)
}

/// The registry that the base comes from, with this machine's own logins.
fn base_client(request: &BuildRequest) -> Result<Option<Client>> {
    let Base::Image(image) = &request.base else {
        return Ok(None);
    };
    let source = request.access.source_of(image);
    let options = registry::Options {
        plain_http: request.access.is_insecure(&source.registry),
        credentials: docker_logins().find(&source.registry, &source.repository),
    };
    let what = || format!("could not pull the base image `{image}`");
    Client::new(&source.registry, &options)
        .map(Some)
        .map_err(|error| error.failure(what()))
}

/// What `docker login`, `crane auth login` or `skopeo login` left on this machine; a file that is
/// not there or not readable holds no login, and the registry then says whether it wants one.
fn docker_logins() -> Keychain {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| std::env::home_dir().map(|home| home.join(".docker")));
    let file = folder.and_then(|folder| std::fs::read(folder.join("config.json")).ok());
    file.and_then(|file| Keychain::from_docker_config(&file).ok())
        .unwrap_or_default()
}
