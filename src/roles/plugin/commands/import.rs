//! `import`: makes an options file of KubeSphere's `S2iBuilder`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Context, options, options_file, s2i_source};
use crate::{
    error::{Failure, Result},
    model::{ArtifactPlace, Event, quoted},
    oci::Digest,
    steps::fetch,
};

/// Arguments of `import`.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["name", "filename"])), after_help = "Examples:
  kubectl b2i import -f ./s2ibuilder.yaml
  kubectl b2i import -f - --to ./shop.yaml < s2ibuilder.yaml
  kubectl b2i import shop")]
pub(crate) struct Args {
    /// Name of the S2iBuilder in the cluster
    name: Option<String>,
    /// File with the S2iBuilder as YAML or JSON; `-` for what is piped in
    #[arg(short = 'f', long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    filename: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = options_file::NAME)]
    to: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// The flags that say where the file goes.
fn to(args: &Args) -> String {
    let mut flags = String::new();
    if args.to.as_os_str() != options_file::NAME {
        flags = format!(" --to {}", quoted(&args.to.to_string_lossy()));
    }
    if args.force {
        flags += " --force";
    }
    flags
}

/// Writes the options file and prints its path.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<()> {
    let source = match (&args.filename, &args.name) {
        (Some(path), _) => path.display().to_string(),
        (None, name) => name.clone().unwrap_or_default(),
    };
    let failure = |why: String| {
        Failure::usage(format!("could not import `{source}`"))
            .why(why)
            .next("give the object as KubeSphere has it:")
            .command("kubectl get s2ibuilder NAME -o yaml > s2ibuilder.yaml")
            .command("kubectl b2i import -f s2ibuilder.yaml")
            .anchor("import")
    };
    let builder = if let Some(path) = &args.filename {
        s2i_source::from_file(path).map_err(failure)?
    } else if Path::new(&source).exists() {
        return Err(Failure::usage(format!("could not import `{source}`"))
            .why("a name stands for an object in the cluster, and this is a file here")
            .next("name the file with `-f`:")
            .command(format!("kubectl b2i import -f {}{}", quoted(&source), to(args)))
            .anchor("import"));
    } else {
        let cluster = options::connect(&context.global, context.printer.events()).await?;
        s2i_source::from_cluster(&cluster, &source).await?
    };
    let imported = builder.options().map_err(failure)?;
    options_file::write(&args.to, &imported.entries, args.force)?;
    let refused = imported.entries.get("artifact").and_then(refused_artifact);
    let needs_digest = refused.as_ref().is_some_and(|refused| refused.digest_helps);
    let events = context.printer.events();
    for note in imported.notes.into_iter().chain(refused.map(|it| it.note)) {
        events.send(Event::Warning(note));
    }
    let mut flags = String::from("--nodeport");
    if needs_digest {
        flags = format!("--sha256 DIGEST {flags}");
    }
    if args.to.as_os_str() != options_file::NAME {
        flags = format!("--file {} {flags}", args.to.display());
    }
    if let Some(namespace) = imported.namespace {
        flags = format!("-n {namespace} {flags}");
    }
    let deploy = format!("kubectl b2i deploy {flags}");
    context
        .printer
        .say(&format!("look at it, then: {}", context.line.command(&deploy)));
    context.printer.result(&[args.to.display().to_string()]);
    Ok(())
}

/// An artifact that the next command would refuse: KubeSphere reads it inside the cluster, over plain HTTP.
struct RefusedArtifact {
    note: String,
    /// Whether it would be accepted with `--sha256`.
    digest_helps: bool,
}

fn refused_artifact(artifact: &Value) -> Option<RefusedArtifact> {
    let place = ArtifactPlace::of(artifact.as_str()?.into());
    let why = fetch::refusal(&place, None)?.why;
    let digest_helps = fetch::refusal(&place, Some(&Digest::of(b""))).is_none();
    let next = if digest_helps {
        "if this machine reaches the address, add `--sha256 DIGEST` to the command; else download the file and name its \
         path as `artifact`"
    } else {
        "download the file and name its path as `artifact`"
    };
    let shown = place.shown();
    let note = format!("b2i does not download `{shown}` as it is: {why}; {next}");
    Some(RefusedArtifact { note, digest_helps })
}
