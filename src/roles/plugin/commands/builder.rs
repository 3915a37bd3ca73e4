//! `builder`: the image of the staging Pod and the builder Job, made of this very plugin.

use clap::Subcommand;

use super::{
    Context, access,
    args::{AccessArgs, Output},
    builder_image, local,
};
use crate::{
    error::Result,
    model::{Event, Step},
    oci::Reference,
};

/// Arguments of `builder`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Push the builder image from this machine, with its own logins
    Push(PushArgs),
}

/// Arguments of `builder push`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i builder push registry.example.com/b2i/builder
  kubectl b2i builder push registry.example.com/b2i/builder --insecure-registry registry.example.com")]
struct PushArgs {
    /// Where it goes: registry/repository; the tag is this plugin's version
    image: Reference,
    /// Architecture of the nodes: amd64 or arm64; this machine's when not given
    #[arg(long, value_name = "NAME")]
    architecture: Option<String>,
    #[command(flatten)]
    access: AccessArgs,
    /// How the result is printed: name, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "name", value_parser = Output::of_data)]
    output: Output,
}

/// Runs its command.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let Command::Push(args) = args.command;
    let events = context.printer.events();
    let access = access::access(&args.access, &context.config)?;
    let executable = builder_image::for_architecture(args.architecture).await?;
    let logins = local::Logins::of_this_machine()?;
    let client = local::client(&access, &args.image, &logins, &events).await?;
    let repository = Reference {
        tag: None,
        digest: None,
        ..args.image
    };
    let image = builder_image::push(&executable, repository, &client, &events).await?;
    events.send(Event::Done(Step::Build, "builder image pushed".to_owned()));
    context.printer.say(&format!(
        "name it in your shell, or as `builderImage` in the configuration:\n  export B2I_BUILDER_IMAGE={image}"
    ));
    let all = serde_json::json!({ "image": image.to_string() });
    context.print(&[args.output], &[image.to_string()], &all)
}
