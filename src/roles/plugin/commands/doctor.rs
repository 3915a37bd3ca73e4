//! `doctor`: what would fail, and what to do, before anything is begun.

use serde::Serialize;

use super::{
    Context,
    format::{self, Format},
    options, push_secret,
};
use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::{Finding, FindingStatus},
    steps::doctor,
    term::Table,
};

/// Arguments of `doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i doctor
  kubectl b2i doctor -n team -o json")]
pub(crate) struct Args {
    /// Secret (docker-registry) that may push; when not given, the only one there is
    #[arg(long, value_name = "NAME", env = "B2I_PUSH_SECRET")]
    push_secret: Option<String>,
    /// Image of the staging Pod and the builder Job
    #[arg(long, value_name = "REFERENCE", env = "B2I_BUILDER_IMAGE")]
    builder_image: Option<String>,
    /// How the result is printed, when not as a table
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Examined {
    namespace: String,
    is_ok: bool,
    checks: Vec<Finding>,
}

/// Prints what was found; fails where a deploy would.
pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let cluster = options::connect(&context.global).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let mut checks = doctor::run(&cluster).await?;
    let named = args.push_secret.as_deref().or(config.push_secret.as_deref());
    checks.push(secret(&cluster, named).await);
    let image = args.builder_image.as_deref().or(config.builder_image.as_deref());
    checks.push(builder(&cluster, image).await?);
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| check.status == FindingStatus::Failed)
        .map(|check| check.name.clone())
        .collect();
    let examined = Examined {
        namespace: cluster.namespace.clone(),
        is_ok: failed.is_empty(),
        checks,
    };
    format::print(context, args.output, &examined, || match args.output {
        Some(Format::Name) => failed.join("\n"),
        _ => table(&examined.checks),
    })?;
    if examined.is_ok {
        return Ok(());
    }
    Err(Failure::new(format!(
        "could not find all that a deploy needs in `{}`",
        cluster.namespace
    ))
    .why(format!("not as it should be: {}", failed.join(", ")))
    .next("do what stands below each of them, and look again:")
    .command(format!("kubectl b2i doctor -n {}", cluster.namespace))
    .anchor("doctor"))
}

async fn secret(cluster: &Cluster, named: Option<&str>) -> Finding {
    let name = "push Secret";
    let found = match push_secret::choose(cluster, named).await {
        Ok(secret) => {
            push_secret::keychain(&secret, &cluster.namespace).map(|keychain| (secret.name, keychain))
        }
        Err(failure) => Err(failure),
    };
    match found {
        Ok((secret, keychain)) => match &keychain.hosts()[..] {
            [] => Finding::unknown(name, format!("`{secret}`: you may not read it")),
            hosts => Finding::ok(name, format!("`{secret}` for {}", hosts.join(", "))),
        },
        Err(failure) => {
            let fix = failure.commands.last().cloned().unwrap_or(failure.next);
            Finding::failed(name, failure.why, fix)
        }
    }
}

async fn builder(cluster: &Cluster, image: Option<&str>) -> Result<Finding> {
    let name = "builder image";
    Ok(match image {
        Some(image) => Finding::ok(name, image),
        None if doctor::may_exec(cluster).await? => Finding::ok(
            name,
            "none is named: the first build brings it in, by `exec` into a Pod of an image with a shell",
        ),
        None => Finding::failed(
            name,
            "none is named, and you may not bring it in: not get, create on pods/exec",
            "kubectl b2i builder push registry.example.com/b2i/builder",
        ),
    })
}

/// A row for each, and below it what to do.
fn table(checks: &[Finding]) -> String {
    let mut table = Table::new(&["CHECK", "STATUS", "FOUND"]);
    for check in checks {
        let status = match check.status {
            FindingStatus::Ok => "ok",
            FindingStatus::Warning => "warning",
            FindingStatus::Failed => "FAILED",
            FindingStatus::Unknown => "unknown",
        };
        table.row([check.name.as_str(), status, check.detail.as_str()]);
    }
    let fixes = [None]
        .into_iter()
        .chain(checks.iter().map(|check| check.fix.as_ref()));
    let rows = table.lines().into_iter().zip(fixes);
    let lines: Vec<String> = rows
        .map(|(row, fix)| match fix {
            Some(fix) => format!("{row}\n    fix: {fix}"),
            None => row,
        })
        .collect();
    lines.join("\n")
}
