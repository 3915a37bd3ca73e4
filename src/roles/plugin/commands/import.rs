//! `import`: makes an options file of KubeSphere's `S2iBuilder`.

use std::{io::Read, path::PathBuf};

use super::{Context, options_file, s2i_builder::S2iBuilder};
use crate::{
    error::{Failure, Result},
    model::Event,
};

/// Longer than any object that etcd takes.
const LARGEST_BYTES: u64 = 4 << 20;

/// Arguments of `import`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i import ./s2ibuilder.yaml
  kubectl b2i import - --file ./shop.yaml < s2ibuilder.yaml")]
pub(crate) struct Args {
    /// KubeSphere's S2iBuilder as YAML or JSON; `-` for what is piped in
    #[arg(value_hint = clap::ValueHint::FilePath)]
    manifest: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = options_file::NAME)]
    file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// Writes the options file and prints its path.
pub(crate) fn run(context: &Context, args: &Args) -> Result<()> {
    let failure = || {
        Failure::usage(format!("could not import `{}`", args.manifest.display()))
            .next("give the object as KubeSphere has it:")
            .command("kubectl get s2ibuilder NAME -o yaml > s2ibuilder.yaml")
            .anchor("import")
    };
    let text = text(args).map_err(|error| failure().because(error))?;
    let builder: S2iBuilder = serde_yaml::from_str(&text).map_err(|error| failure().because(error))?;
    let imported = builder.options().map_err(|why| failure().why(why))?;
    options_file::write(&args.file, &imported.entries, args.force)?;
    let events = context.printer.events();
    for note in imported.notes {
        events.send(Event::Warning(note));
    }
    let mut flags = String::from("--nodeport");
    if args.file.as_os_str() != options_file::NAME {
        flags = format!("--file {} {flags}", args.file.display());
    }
    if let Some(namespace) = imported.namespace {
        flags = format!("-n {namespace} {flags}");
    }
    context
        .printer
        .say(&format!("look at it, then: kubectl b2i deploy {flags}"));
    context.printer.result(&args.file.display().to_string());
    Ok(())
}

fn text(args: &Args) -> std::io::Result<String> {
    let mut text = String::new();
    if args.manifest.as_os_str() == "-" {
        std::io::stdin().take(LARGEST_BYTES).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(&args.manifest)?
            .take(LARGEST_BYTES)
            .read_to_string(&mut text)?;
    }
    Ok(text)
}
