//! `rerun`: the layers of an earlier build once more, on a newer base, with other tags or env. Nothing
//! is uploaded: the layers are in the registry.

use std::future;

use jiff::Timestamp;

use super::{
    Context, apps,
    args::{ClusterBuildArgs, Output, ReportArgs},
    flow,
    history::{self, History},
    interrupt::{self, Stage},
    merge, options, push_secret,
    rollout::{self, Rolling, RolloutArgs},
    values,
};
use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::{AppName, Base, BuildOrigin, BuildRecord},
    oci::Digest,
    steps::{deploy, plan::Catalogue, report},
};

/// Arguments of `rerun`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i rerun shop
  kubectl b2i rerun shop --base eclipse-temurin:21-jre --tag patched")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// Number of the build to do again; when not given, the last one that made an image
    #[arg(long, value_name = "N", value_parser = values::count)]
    build: Option<u64>,
    /// Base image instead of the same one, whose tag is looked up again; `scratch` for none
    #[arg(long, value_name = "REFERENCE", help_heading = "Flags of the image")]
    base: Option<String>,
    /// Tag of the image instead of the same ones; repeats
    #[arg(long = "tag", value_name = "TAG", help_heading = "Flags of the image")]
    tags: Vec<String>,
    /// Env of the image, as NAME=VALUE, or NAME- to remove it; repeats
    #[arg(
        long = "image-env",
        value_name = "NAME=VALUE",
        help_heading = "Flags of the image"
    )]
    image_env: Vec<String>,
    #[command(flatten)]
    cluster: ClusterBuildArgs,
    #[command(flatten)]
    told: ReportArgs,
    #[command(flatten)]
    rollout: RolloutArgs,
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Makes the image again, runs it where the app is deployed, and prints its reference.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    args.rollout.timeout()?;
    let app = &args.name;
    let events = context.events();
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let catalogue = config.catalogue()?;
    let base = args.base.as_deref().map(|word| base(word, &catalogue));
    let base = base.transpose()?;
    // Before the push Secret is looked for: without a build there is nothing to push.
    let history = History::read(&cluster, app).await?;
    let earlier = choose(&cluster, app, &history, args.build).await?;
    let built = future::ready(Some(push_secret::Built {
        app: app.clone(),
        image: None,
    }));
    let dialogue = context.dialogue();
    let (site, _) = options::site(cluster, &args.cluster, &config, &events, dialogue, built).await?;
    site.dialogue.show_line();
    let stage = Stage::default();
    let work = Box::pin(async {
        let remembered = deploy::previous(&site.cluster, app).await?;
        let record = again(&site, &args, &earlier, base)?;
        let highest = history.highest();
        let built = Box::pin(flow::rerun(&site, app, record.clone(), highest, &stage)).await?;
        let rollout = match remembered {
            None => None,
            Some(remembered) => {
                let image = built.result.image.clone();
                let order = deploy::Options {
                    build: built.seal,
                    ..args
                        .rollout
                        .order(app, remembered.options.clone(), image, &record.request)?
                };
                let rolling = Rolling::of(&order, Some(&remembered), built.number);
                Some(rollout::run(&site.cluster, rolling, &stage, &events).await?)
            }
        };
        Ok(report::of_record(&record, &built.result, built.uploaded, rollout))
    });
    let report = interrupt::or_cleanup(work, &stage, &site.cluster, &site.run_id, &context.printer).await?;
    if let Some(place) = report
        .rollout
        .as_ref()
        .and_then(|it| rollout::place(it, &context.line))
    {
        context.printer.say(&place);
    }
    context.report(&args.output, &report, args.told.timings)
}

/// Chooses the build: the one of this number, else the last one that made an image. Its layers and its config become
/// an image that runs, so somebody must vouch for it.
async fn choose(
    cluster: &Cluster,
    app: &AppName,
    history: &History,
    number: Option<u64>,
) -> Result<BuildRecord> {
    let what = || format!("could not build `{app}` again");
    let unconfirmed = |number| history::unconfirmed(what(), number, app, &cluster.namespace);
    let builds = &history.builds;
    let found = if let Some(number) = number {
        builds.iter().find(|build| build.number == number)
    } else {
        let mut known = history.known();
        let made = known.find(|(_, entry)| entry.is_none_or(|build| build.result().is_some()));
        match made.or_else(|| history.known().next()) {
            Some((number, None)) => return Err(unconfirmed(number)),
            Some((_, entry)) => entry,
            None => builds.first(),
        }
    };
    let Some(build) = found else {
        return Err(apps::no_build_of(cluster, app, builds, number.unwrap_or(0)).await);
    };
    if !history.confirms(build) {
        return Err(unconfirmed(build.number));
    }
    match &history.running {
        Some(running) if running.name() != build.request.destination.name() => {
            Err(history::elsewhere(what(), &build.request.destination, running))
        }
        _ => Ok(build.clone()),
    }
}

/// Reads a base: a name of the catalogue, a reference, or `scratch`.
fn base(word: &str, catalogue: &Catalogue) -> Result<Base> {
    let failure = || Failure::usage(format!("could not use the base `{word}`")).anchor("base-name");
    match (word, catalogue.names.get(word)) {
        ("scratch", _) => Ok(Base::Scratch),
        // `default` is a word of `deploy`; as a reference it would be an image of Docker Hub.
        ("default", _) | (_, Some(None)) => Err(failure()
            .why("which image that is depends on the artifact, which is not here")
            .next(format!(
                "name the image itself, for example `--base eclipse-temurin:21-jre`; or deploy the artifact with `--base {word}`"
            ))),
        (_, Some(Some(entry))) => Ok(Base::Image(entry.image.clone())),
        (_, None) => word
            .parse()
            .map(Base::Image)
            .map_err(|error| failure().because(error)),
    }
}

/// Returns the record of the new build.
fn again(
    site: &options::Site,
    args: &Args,
    earlier: &BuildRecord,
    base: Option<Base>,
) -> Result<BuildRecord> {
    /// <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>
    const BASE_NAME_LABEL: &str = "org.opencontainers.image.base.name";
    let origin = BuildOrigin::Rerun(earlier.number);
    let mut record = earlier.once_more(origin, Timestamp::now().to_string());
    let request = &mut record.request;
    // Today's: the record keeps none.
    request.access.clone_from(&site.access);
    record.options.push_secret.clone_from(&site.kept_push_secret);
    record.options.pull_secret = site.pull_secret.kept(record.options.pull_secret.take());
    if let Some(base) = base {
        record.options.base.clone_from(&args.base);
        match &base {
            Base::Image(image) => request
                .config
                .labels
                .insert(BASE_NAME_LABEL.to_owned(), image.to_string()),
            Base::Scratch => request.config.labels.remove(BASE_NAME_LABEL),
        };
        request.base = base;
    }
    merge::pairs("--image-env", &mut record.options.env, &args.image_env)?;
    merge::pairs("--image-env", &mut request.config.env, &args.image_env)?;
    if !args.tags.is_empty() {
        request.tags.clone_from(&args.tags);
    }
    options::ensure_tags(&request.destination, &request.tags)?;
    let is_same = (&request.base, &request.config, &request.tags)
        == (
            &earlier.request.base,
            &earlier.request.config,
            &earlier.request.tags,
        );
    if !is_same {
        // What a deploy of the artifact would be asked for is not known here: it builds once more,
        // without uploading.
        let all = serde_json::json!({ "earlier": earlier.inputs, "request": request });
        record.inputs = Digest::of(all.to_string().as_bytes());
    }
    Ok(record)
}
