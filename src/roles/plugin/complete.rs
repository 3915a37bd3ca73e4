//! Answers `kubectl b2i <TAB>` and `kubectl-b2i <TAB>`. kubectl runs an executable `kubectl_complete-b2i` on the
//! PATH; the scripts of `completion` run this program. The protocol is cobra's: a line for each candidate, a tab before
//! its description, and at the end a colon and a directive
//! (<https://github.com/spf13/cobra/blob/v1.9.1/site/content/completions/_index.md>).

use std::{ffi::OsString, fmt::Debug, path::Path, time::Duration};

use clap::Parser;
use clap_complete::engine;
use jiff::Timestamp;
use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, Namespace, Secret},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, api::ListParams, config::Kubeconfig};
use serde::de::DeserializeOwned;

use super::{
    apps::ago,
    args::{Cli, GlobalArgs},
    command, options,
};
use crate::{
    cluster::{Cluster, objects::labels, record},
    model::{AppName, BuildRecord, Events},
    steps::plan::Catalogue,
    term::Printer,
};

/// First argument that asks for candidates; the words so far follow, the last one unfinished.
pub(super) const COMPLETE: &str = "__complete";

/// The shell completes files by itself.
const FILES: &str = ":0";
/// There is nothing but the candidates.
const NO_FILES: &str = ":4";
/// A person waits at the keyboard: no answer is better than a late one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints the candidates for the last of `words`.
pub(super) fn run(words: &[OsString], printer: &Printer) {
    let words: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words = apart(words);
    let last = words.last().cloned().unwrap_or_default();
    let flag = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    let found = live(flag, &words);
    // Where nothing else is known, it may be a file.
    let is_closed = found.is_some();
    let mut candidates = found.unwrap_or_else(|| of_the_command_line(&words, &last));
    // clap does not know these formats, since `oci-archive:` takes a file as well.
    if candidates.is_empty() && ["-o", "--output"].contains(&flag) {
        candidates = named(["name", "json", "yaml"].map(str::to_owned));
    }
    candidates.retain(|(name, _)| name.starts_with(&last));
    let directive = if is_closed || !candidates.is_empty() {
        NO_FILES
    } else {
        FILES
    };
    printer.candidates(&candidates, directive);
}

/// Splits a last word `--flag=value`. The shells' scripts put the flag before the candidates again, or complete after
/// the `=` alone (<https://github.com/spf13/cobra/blob/v1.9.1/bash_completionsV2.go>).
fn apart(mut words: Vec<String>) -> Vec<String> {
    let last = words.pop().unwrap_or_default();
    match last.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => {
            words.extend([flag.to_owned(), value.to_owned()]);
        }
        _ => words.push(last),
    }
    words
}

/// What the last word may become, and what that is, where it says more.
type Candidate = (String, String);

fn named(names: impl IntoIterator<Item = String>) -> Vec<Candidate> {
    names.into_iter().map(|name| (name, String::new())).collect()
}

/// Candidates that only the cluster, the kubeconfig or the catalogue knows; `None` for a word of
/// another kind.
fn live(flag: &str, words: &[String]) -> Option<Vec<Candidate>> {
    let found = match flag {
        "--base" => {
            let names = Catalogue::builtin().names.into_keys();
            let fixed = ["default", "scratch"].map(str::to_owned);
            named(names.chain(fixed))
        }
        "-n" | "--namespace" => ask(words, async |cluster| {
            let all = Api::<Namespace>::all(cluster.client.clone());
            names_of(&all, &ListParams::default()).await
        }),
        "--push-secret" | "--builder-pull-secret" | "--pull-secret" | "--secret" => {
            ask(words, async |cluster| {
                let of_docker = ListParams::default().fields("type=kubernetes.io/dockerconfigjson");
                names_of(&cluster.api::<Secret>(), &of_docker).await
            })
        }
        "--context" => named(contexts(words)),
        "--to" | "--build" => {
            let (command, app) = named_app(words)?;
            // Only where an image was made there is something to go back to.
            let made_one = command == "rollback";
            ask(words, async |cluster| builds(cluster, &app, made_one).await)
        }
        "--from-app" => ask(words, apps),
        _ if is_name_of_an_app(words) => ask(words, apps),
        _ => return None,
    };
    Some(found)
}

/// The command, and the app that is named before the flag which the last word is the value of.
fn named_app(words: &[String]) -> Option<(String, AppName)> {
    let finished = words.get(..words.len().checked_sub(2)?)?;
    let line = ["kubectl-b2i"]
        .into_iter()
        .chain(finished.iter().map(String::as_str));
    let matches = command().try_get_matches_from(line).ok()?;
    let (command, below) = matches.subcommand()?;
    let name = below.try_get_one::<AppName>("name").ok().flatten()?;
    Some((command.to_owned(), name.clone()))
}

/// The numbers of an app's builds, the newest first, and what they are.
async fn builds(cluster: &Cluster, app: &AppName, made_one: bool) -> Option<Vec<Candidate>> {
    let now = Timestamp::now();
    let builds = record::list(cluster, app).await.ok()?;
    let fit = builds
        .iter()
        .filter(|build| build.result().is_some() || !made_one);
    let line = |build: &BuildRecord| {
        let age = ago(Some(&build.started), now);
        (
            build.number.to_string(),
            format!("{} of {age} ago", build.artifact),
        )
    };
    Some(fit.map(line).collect())
}

/// Whether the last word is where a command wants the name of an app: with a name there, the line
/// is understood, and it is that name.
fn is_name_of_an_app(words: &[String]) -> bool {
    const STAND_IN: &str = "stand-in";
    let Some((last, finished)) = words.split_last() else {
        return false;
    };
    let line = ["kubectl-b2i"]
        .into_iter()
        .chain(finished.iter().map(String::as_str));
    let Ok(matches) = command().try_get_matches_from(line.chain([STAND_IN])) else {
        return false;
    };
    let name = matches
        .subcommand()
        .and_then(|(_, below)| below.try_get_one::<AppName>("name").ok().flatten());
    !last.starts_with('-') && name.is_some_and(|name| name.as_str() == STAND_IN)
}

/// The apps that run, and those that were only built.
async fn apps(cluster: &Cluster) -> Option<Vec<Candidate>> {
    let ours = ListParams::default().labels(&labels::ours_and(labels::APP));
    let (deployments, records) = (cluster.api::<Deployment>(), cluster.api::<ConfigMap>());
    let (running, built) = tokio::join!(metadata(&deployments, &ours), metadata(&records, &ours));
    let all = running?.into_iter().chain(built?);
    let mut names: Vec<String> = all
        .filter_map(|object| object.labels?.remove(labels::APP))
        .collect();
    names.sort();
    names.dedup();
    Some(named(names))
}

async fn names_of<K>(api: &Api<K>, which: &ListParams) -> Option<Vec<Candidate>>
where
    K: Clone + DeserializeOwned + Debug,
{
    let all = metadata(api, which).await?;
    Some(named(all.into_iter().filter_map(|object| object.name)))
}

/// Never more than names and labels: of a Secret, its data stays where it is.
async fn metadata<K>(api: &Api<K>, which: &ListParams) -> Option<Vec<ObjectMeta>>
where
    K: Clone + DeserializeOwned + Debug,
{
    let all = api.list_metadata(which).await.ok()?;
    Some(all.items.into_iter().map(|object| object.metadata).collect())
}

/// What the kubeconfig has; no cluster is asked.
fn contexts(words: &[String]) -> Vec<String> {
    let kubeconfig = match said(words).kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let contexts = kubeconfig.map(|it| it.contexts).unwrap_or_default();
    contexts.into_iter().map(|context| context.name).collect()
}

/// The global flags among the words so far.
fn said(words: &[String]) -> GlobalArgs {
    // The unfinished word is left out, with its flag where it has one; what is still to come has a
    // stand-in.
    let lines = [2, 1].map(|left_out| &words[..words.len().saturating_sub(left_out)]);
    let ways = lines.into_iter().flat_map(|finished| {
        let line = ["kubectl-b2i"]
            .into_iter()
            .chain(finished.iter().map(String::as_str));
        [line.clone().chain(Some("artifact")), line.chain(None)]
    });
    let mut parsed = ways.filter_map(|line| Cli::try_parse_from(line).ok());
    parsed.next().map(|cli| cli.global).unwrap_or_default()
}

/// Asks the cluster that the words so far name; nothing where it does not answer.
fn ask(words: &[String], question: impl AsyncFnOnce(&Cluster) -> Option<Vec<Candidate>>) -> Vec<Candidate> {
    let global = said(words);
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let answer = async {
        let cluster = options::connect(&global, Events::nowhere()).await.ok()?;
        question(&cluster).await
    };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await });
    answer.ok().flatten().unwrap_or_default()
}

/// Candidates that clap knows: commands, flags, values of a fixed set.
fn of_the_command_line(words: &[String], last: &str) -> Vec<Candidate> {
    let line = ["kubectl-b2i"]
        .into_iter()
        .chain(words.iter().map(String::as_str));
    let line: Vec<OsString> = line.map(OsString::from).collect();
    let at = line.len() - 1;
    // The current folder is left out: the shell completes files.
    let Ok(candidates) = engine::complete(&mut command(), line, at, None::<&Path>) else {
        return Vec::new();
    };
    let described = candidates
        .iter()
        .filter(|candidate| !candidate.is_hide_set())
        .map(|candidate| {
            let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
            (
                candidate.get_value().to_string_lossy().into_owned(),
                help.lines().next().unwrap_or_default().to_owned(),
            )
        });
    // As kubectl does: before a dash is typed, the flags would hide the files.
    described
        .filter(|(value, _)| last.starts_with('-') || !value.starts_with('-'))
        .collect()
}
