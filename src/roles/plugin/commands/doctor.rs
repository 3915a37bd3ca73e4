//! `doctor`: what would fail, and what to do, before anything is begun.

use std::future;

use serde::Serialize;

use super::{
    Context,
    args::ClusterBuildArgs,
    config::Config,
    format::{self, Format},
    interrupt::{self, Stage},
    options, push_secret, registry,
};
use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::{Check, CheckStatus, Event, Finding, FindingStatus, Step},
    oci::Reference,
    steps::{check, doctor},
    term::Table,
};

/// Arguments of `doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  kubectl b2i doctor
  kubectl b2i doctor -n team --no-pod -o json")]
pub(crate) struct Args {
    /// Registry and repository that an image would go to; as a deploy chooses it when not given
    #[arg(long, value_name = "REFERENCE")]
    image: Option<Reference>,
    /// Ask the API server alone: start no Pod that pulls the builder image and asks the registry
    #[arg(long)]
    no_pod: bool,
    #[command(flatten)]
    build: ClusterBuildArgs,
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
    let cluster = options::connect(&context.global, context.printer.events()).await?;
    let config = context.config.over_namespace(&cluster).await?;
    let mut checks = doctor::run(&cluster).await?;
    let named = args
        .build
        .push_secret
        .as_deref()
        .or(config.push_secret.as_deref());
    checks.push(secret(&cluster, named).await);
    let image = args
        .build
        .builder_image
        .as_deref()
        .or(config.builder_image.as_ref().map(|named| named.image.as_str()));
    checks.push(builder(&cluster, image).await?);
    // What is wrong already would only be said again, in other words.
    if image.is_some() && !args.no_pod && failed(&checks).is_empty() {
        checks.extend(from_a_pod(context, &args, &config, &cluster).await?);
    }
    for fix in checks.iter_mut().filter_map(|check| check.fix.as_mut()) {
        *fix = context.line.command(fix);
    }
    let failed = failed(&checks);
    let examined = Examined {
        namespace: cluster.namespace.clone(),
        is_ok: failed.is_empty(),
        checks,
    };
    format::print(context, args.output, &examined, || match args.output {
        Some(Format::Name) => failed.clone(),
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
    .again("")
    .anchor("doctor"))
}

fn failed(checks: &[Finding]) -> Vec<String> {
    let failed = checks
        .iter()
        .filter(|check| check.status == FindingStatus::Failed);
    failed.map(|check| check.name.clone()).collect()
}

/// Has a Pod pull the builder image, and ask the registry what it would have against a build.
async fn from_a_pod(
    context: &Context,
    args: &Args,
    config: &Config,
    cluster: &Cluster,
) -> Result<Vec<Finding>> {
    let events = context.printer.events();
    let (there, dialogue, no_app) = (cluster.clone(), context.dialogue(), future::ready(None));
    let (site, keychain) = options::site(there, &args.build, config, &events, dialogue, no_app).await?;
    let likely = || options::by_rule(&keychain, config, &cluster.namespace, "app");
    let Some(image) = args.image.clone().or_else(likely) else {
        let why = "no rule says where an image goes; ask for the place: doctor --image REGISTRY/REPOSITORY";
        return Ok(vec![Finding::unknown("registry", why)]);
    };
    let request = registry::request(&site, image, None);
    // It is named, so it is not brought in.
    let settings = match site.builder(&request.image).await {
        Ok(builder) => registry::settings(&site, builder),
        Err(failure) => {
            return Ok(vec![Finding::failed(
                "builder image, trusted",
                failure.why.clone(),
                fix(failure),
            )]);
        }
    };
    let stage = Stage::default();
    stage.in_cluster();
    events.send(Event::Started(Step::Check));
    let work = async { Ok(check::in_cluster(cluster, &settings, &request, &events).await) };
    let report = interrupt::or_cleanup(work, &stage, cluster, &site.run_id, &context.printer).await?;
    let pull = "builder image, pulled";
    Ok(match report {
        Err(failure) => vec![Finding::failed(pull, failure.why.clone(), fix(failure))],
        Ok(report) => {
            let place = request.image.name();
            events.send(Event::Done(Step::Check, place.clone()));
            let pulled = Finding::ok(pull, "a Pod of it ran");
            let checks = report.checks.into_iter().map(|check| of_registry(check, &place));
            [pulled].into_iter().chain(checks).collect()
        }
    })
}

fn of_registry(check: Check, place: &str) -> Finding {
    let name = format!("registry, {}", check.name);
    match (check.status, check.failure) {
        (CheckStatus::Passed, _) => Finding::ok(name, format!("{place}: {}", check.detail)),
        (CheckStatus::Failed, Some(failure)) => Finding::failed(name, check.detail, fix(failure)),
        _ => Finding::unknown(name, check.detail),
    }
}

/// What to do in one line: a command, or else a sentence.
fn fix(failure: Failure) -> String {
    failure.commands.last().cloned().unwrap_or(failure.next)
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
        Err(failure) => Finding::failed(name, failure.why.clone(), fix(failure)),
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
pub(crate) fn table(checks: &[Finding]) -> Vec<String> {
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
    rows.flat_map(|(row, fix)| [Some(row), fix.map(|fix| format!("    fix: {fix}"))])
        .flatten()
        .collect()
}
