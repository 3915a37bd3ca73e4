//! `registry down`: the registry that `registry up` made, with all that is in it.

use super::{Context, flow, options};
use crate::{
    error::{Failure, Result},
    steps::host::{self, Found},
    term,
};

/// Arguments of `registry down`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i registry down
  kubectl b2i registry down --yes -n team")]
pub(super) struct Args {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Removes it, and prints what was removed.
pub(super) async fn run(context: &Context, args: Args) -> Result<()> {
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let namespace = &cluster.namespace;
    let found = host::find(&cluster).await?;
    if found.objects.is_empty() {
        context.printer.say(&format!(
            "there is no registry of `registry up` in namespace `{namespace}`"
        ));
        return Ok(());
    }
    if !args.yes {
        context.printer.say(&told(&found, namespace));
        ask().await?;
    }
    host::end(&cluster, &found).await?;
    if let (true, Some(users)) = (args.yes, users(&found)) {
        context.printer.say(&users);
    }
    context.printer.result(&found.objects);
    Ok(())
}

/// What will be removed, and who will miss it.
fn told(found: &Found, namespace: &str) -> String {
    let mut lines = vec![format!(
        "of the registry in namespace `{namespace}` this will be removed, and all images in it:"
    )];
    lines.extend(found.objects.iter().map(|object| match object.as_str() {
        "configmap/kubectl-b2i" => format!("  {object} (what `registry up` wrote into it)"),
        _ => format!("  {object}"),
    }));
    lines.extend(users(found));
    lines.join("\n")
}

fn users(found: &Found) -> Option<String> {
    let names = found.users.join("`, `");
    (!names.is_empty())
        .then(|| format!("images of `{names}` are there: a node that lacks one can no longer pull it"))
}

async fn ask() -> Result<()> {
    let failure = || Failure::usage("could not remove the registry");
    match flow::blocking(|| Ok(term::ask::confirm("Remove the registry and its images?"))).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("stopped; nothing was removed")),
        None => Err(failure()
            .why("there is no terminal to ask on")
            .next("say that you mean it:")
            .again("--yes")
            .anchor("registry-down-unasked")),
    }
}
