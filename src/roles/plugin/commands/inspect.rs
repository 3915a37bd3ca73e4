//! `inspect`: what an artifact is, and what image it would get. Needs no cluster.

use serde::Serialize;

use super::{
    Context,
    args::{Output, PlanArgs},
    flow, merge, options,
};
use crate::{
    error::Result,
    model::{Artifact, Base, Events, ImageOptions, ImagePlan, LayerDescriptor},
    steps::plan,
    term::bytes,
};

/// Arguments of `inspect`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i inspect ./shop.jar
  kubectl b2i inspect ./shop.war --base tomcat:9.0-jre17 -o json")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// How the result is printed: name (a table), json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name")]
    output: Vec<Output>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspected<'a> {
    artifact: &'a Artifact,
    base: &'a Base,
    platform: String,
    layers: Vec<&'a LayerDescriptor>,
    config: &'a crate::model::ConfigChanges,
}

/// Prints what the artifact is.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    // The table says it all; a line a step beside it would only repeat it.
    let events = Events::nowhere();
    let image = merge::image(ImageOptions::default(), &args.plan)?;
    let artifact = flow::inspect(&args.plan.artifact, &events).await?;
    let plan = plan::run(&artifact, &options::plan_options(&image, &context.config)?)?;
    let packed = flow::pack(&artifact, &plan, None, &events).await?;
    let layers: Vec<_> = packed.layers.iter().map(|layer| &layer.described).collect();
    let table = table(&artifact, &plan, &layers);
    let all = Inspected {
        artifact: &artifact,
        base: &plan.base,
        platform: plan.platform.to_string(),
        layers,
        config: &plan.config,
    };
    context.print(&args.output, &table, &all)
}

fn table(artifact: &Artifact, plan: &ImagePlan, layers: &[&LayerDescriptor]) -> String {
    let base = match &plan.base {
        Base::Scratch => "scratch".to_owned(),
        Base::Image(reference) => reference.to_string(),
    };
    let mut rows = vec![
        format!(
            "ARTIFACT  {} · {} · {}",
            artifact.file_name,
            bytes(artifact.size_bytes),
            artifact.summary()
        ),
        format!("DIGEST    {}", artifact.digest),
        format!("BASE      {base} · {}", plan.platform),
    ];
    for (at, layer) in layers.iter().enumerate() {
        let label = if at == 0 { "LAYERS" } else { "" };
        rows.push(format!(
            "{label:<9} {:<22} {:>9}  {}",
            layer.name,
            bytes(layer.descriptor.size_bytes),
            layer.descriptor.digest
        ));
    }
    rows.join("\n")
}
