//! `delete`: everything that we made for an app.

use super::{Context, apps, flow, options, values};
use crate::{
    error::{Failure, Result},
    model::AppName,
    steps::remove::{self, Found},
    term,
};

/// Arguments of `delete`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i delete shop
  kubectl b2i delete shop --yes")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How long to wait until its Pods are gone; 0 not at all
    #[arg(long, value_name = "TIME", default_value = "1m")]
    timeout: String,
}

/// Removes the app, and prints what was removed.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let patience = values::time("--timeout", &args.timeout)?.unwrap_or_default();
    let cluster = options::connect(&context.global).await?;
    let found = remove::find(&cluster, &args.name).await?;
    if found.objects.is_empty() {
        return Err(apps::not_found(&cluster, &args.name));
    }
    if !args.yes {
        context.printer.say(&told(&found, &args.name, &cluster.namespace));
        ask(&args.name, &cluster.namespace).await?;
    }
    let are_gone = remove::run(&cluster, &args.name, &found, patience).await?;
    let removed: Vec<String> = found.objects.iter().map(remove::Object::reference).collect();
    if !are_gone {
        context.printer.say("its Pods still end");
    }
    if let Some(stays) = images(&found) {
        context.printer.say(&stays);
    }
    context.printer.result(&removed.join("\n"));
    Ok(())
}

/// What will be removed, and what will not.
fn told(found: &Found, app: &AppName, namespace: &str) -> String {
    let mut lines = vec![format!(
        "of `{app}` in namespace `{namespace}` this will be removed:"
    )];
    lines.extend(
        found
            .objects
            .iter()
            .map(|object| format!("  {}", object.reference())),
    );
    lines.extend(images(found));
    lines.join("\n")
}

fn images(found: &Found) -> Option<String> {
    let repositories = found.repositories.join(", ");
    (!repositories.is_empty()).then(|| format!("its images stay in the registry: {repositories}"))
}

async fn ask(app: &AppName, namespace: &str) -> Result<()> {
    let failure = || Failure::usage(format!("could not delete `{app}`"));
    let question = format!("Delete {app}?");
    match flow::blocking(move || Ok(term::ask::confirm(&question))).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("stopped; nothing was removed")),
        None => Err(failure()
            .why("there is no terminal to ask on")
            .next("say that you mean it:")
            .command(format!("kubectl b2i delete {app} --yes -n {namespace}"))
            .anchor("delete-unasked")),
    }
}
