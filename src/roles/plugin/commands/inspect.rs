//! `inspect`: what an artifact is, and what image it would get. Needs no cluster.

use super::{
    Context,
    args::{Output, PlanArgs},
    flow, merge, options, packed,
    page::Page,
    warn_of_plain_secrets,
};
use crate::{
    error::Result,
    model::{Events, ImageOptions},
    steps::plan,
};

/// Arguments of `inspect`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i inspect ./shop.jar
  kubectl b2i inspect ./shop.war --base tomcat:9.0-jre17 -o json")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// How the result is printed: name (a page), json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

/// Prints what the artifact is.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    // The page says it all; a line a step beside it would only repeat it.
    let events = Events::nowhere();
    warn_of_plain_secrets(&args.plan, &context.printer.events());
    let image = merge::image(ImageOptions::default(), &args.plan)?;
    // But a download takes its time.
    let expected = &args.plan.expected;
    let fetched = flow::fetch(&args.plan.artifact, expected, None, &context.printer.events()).await?;
    let artifact = flow::inspect(&fetched, expected, args.plan.file.as_deref(), &events).await?;
    let plan = plan::run(&artifact, &options::plan_options(&image, &context.config)?)?.into();
    let known = packed::noted();
    let packed = packed::pack(&artifact, &plan, known, None, &events).await?;
    let layers: Vec<_> = packed.described.iter().collect();
    let page = Page::of(&artifact, &plan, &layers);
    context.print(&args.output, &page.lines(), &page)
}
