//! `delete`: everything that we made for an app.

use super::{Context, apps, flow, known_builds::KnownBuilds, options, values};
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
  kubectl b2i delete shop --yes
  kubectl b2i delete shop --volumes")]
pub(crate) struct Args {
    /// Name of the app
    name: AppName,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Remove the data of a stateful app too: its volume claims
    #[arg(long)]
    volumes: bool,
    /// How long to wait until its Pods are gone; 0 not at all
    #[arg(long, value_name = "TIME", default_value = "1m")]
    timeout: String,
}

/// Removes the app, and prints what was removed.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let patience = values::time("--timeout", &args.timeout)?.unwrap_or_default();
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let mut found = remove::find(&cluster, &args.name).await?;
    if args.volumes {
        // After the Pods that use them.
        found.objects.append(&mut found.claims);
    }
    if found.objects.is_empty() && found.adopted.is_empty() && found.claims.is_empty() {
        return Err(apps::not_found(&cluster, &args.name));
    }
    if found.objects.is_empty() && found.adopted.is_empty() {
        context
            .printer
            .say(&stays(context, &found, &args.name, &cluster.namespace).join("\n"));
        return Ok(());
    }
    if !args.yes {
        context
            .printer
            .say(&told(context, &found, &args.name, &cluster.namespace));
        ask(&args.name).await?;
    }
    KnownBuilds::of(&cluster, &args.name).forget_all();
    let are_gone = remove::run(&cluster, &args.name, &found, patience).await?;
    let removed: Vec<String> = found.objects.iter().map(remove::Object::reference).collect();
    if !are_gone {
        context.printer.say("its Pods still end");
    }
    for stays in stays(context, &found, &args.name, &cluster.namespace) {
        context.printer.say(&stays);
    }
    if !removed.is_empty() {
        context.printer.result(&removed);
    }
    Ok(())
}

/// What will be removed, and what will not.
fn told(context: &Context, found: &Found, app: &AppName, namespace: &str) -> String {
    let mut lines = vec![format!(
        "of `{app}` in namespace `{namespace}` this will be removed:"
    )];
    lines.extend(
        found
            .objects
            .iter()
            .map(|object| format!("  {}", object.reference())),
    );
    lines.extend(stays(context, found, app, namespace));
    lines.join("\n")
}

/// What is not removed, and why.
fn stays(context: &Context, found: &Found, app: &AppName, namespace: &str) -> Vec<String> {
    let names = |objects: &[remove::Object]| {
        let names: Vec<String> = objects.iter().map(remove::Object::reference).collect();
        names.join(", ")
    };
    let mut lines = Vec::new();
    if !found.adopted.is_empty() {
        lines.push(format!(
            "{} stays as it is: kubectl-b2i did not make it",
            names(&found.adopted)
        ));
    }
    if !found.claims.is_empty() {
        let command = format!("kubectl b2i delete {app} --volumes -n {namespace}");
        lines.push(format!(
            "its data stays: {}; removed for good by `{}`",
            names(&found.claims),
            context.line.command(&command)
        ));
    }
    if !found.repositories.is_empty() {
        lines.push(format!(
            "its images stay in the registry: {}",
            found.repositories.join(", ")
        ));
    }
    lines
}

async fn ask(app: &AppName) -> Result<()> {
    let failure = || Failure::usage(format!("could not delete `{app}`"));
    let question = format!("Delete {app}?");
    match flow::blocking(move || Ok(term::ask::confirm(&question))).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("stopped; nothing was removed")),
        None => Err(failure()
            .why("there is no terminal to ask on")
            .next("say that you mean it:")
            .again("--yes")
            .anchor("delete-unasked")),
    }
}
