//! Answers `kubectl b2i <TAB>`. kubectl asks an executable `kubectl_complete-b2i` on the PATH, in
//! cobra's protocol: a line for each candidate, a tab before its description, and at the end a colon
//! and a directive (<https://github.com/spf13/cobra/blob/v1.9.1/site/content/completions/_index.md>).

use std::{ffi::OsString, path::Path, time::Duration};

use clap::Parser;
use clap_complete::engine;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{Api, api::ListParams};

use super::{args::Cli, command, options};
use crate::{cluster::Cluster, steps::plan::Catalogue, term::Printer};

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
    let last = words.last().cloned().unwrap_or_default();
    let flag = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    let (mut lines, directive) = match live(flag, &words) {
        Some(names) => (
            names.into_iter().filter(|name| name.starts_with(&last)).collect(),
            NO_FILES,
        ),
        None => of_the_command_line(&words),
    };
    lines.push(directive.to_owned());
    printer.result(&lines.join("\n"));
}

/// Candidates that only the cluster or the catalogue knows; `None` for a flag of another kind.
fn live(flag: &str, words: &[String]) -> Option<Vec<String>> {
    match flag {
        "--base" => {
            let names = Catalogue::builtin().names.into_keys();
            Some(
                names
                    .chain(["default".to_owned(), "scratch".to_owned()])
                    .collect(),
            )
        }
        "-n" | "--namespace" => Some(ask(words, async |cluster| {
            let all = Api::<Namespace>::all(cluster.client.clone())
                .list(&ListParams::default())
                .await;
            Some(
                all.ok()?
                    .items
                    .into_iter()
                    .filter_map(|namespace| namespace.metadata.name)
                    .collect(),
            )
        })),
        "--push-secret" | "--builder-pull-secret" | "--pull-secret" => Some(ask(words, async |cluster| {
            let of_docker = ListParams::default().fields("type=kubernetes.io/dockerconfigjson");
            let all = cluster.api::<Secret>().list(&of_docker).await;
            Some(
                all.ok()?
                    .items
                    .into_iter()
                    .filter_map(|secret| secret.metadata.name)
                    .collect(),
            )
        })),
        _ => None,
    }
}

/// Asks the cluster that the words so far name; nothing where it does not answer.
fn ask(words: &[String], question: impl AsyncFnOnce(&Cluster) -> Option<Vec<String>>) -> Vec<String> {
    // The unfinished flag is left out, and an artifact stands in for what is still to come.
    let finished = words[..words.len() - 2].iter().map(String::as_str);
    let line = ["kubectl-b2i"].into_iter().chain(finished);
    let global = Cli::try_parse_from(line.clone().chain(["artifact"]))
        .or_else(|_| Cli::try_parse_from(line))
        .map(|cli| cli.global)
        .unwrap_or_default();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let answer = async {
        let cluster = options::connect(&global).await.ok()?;
        question(&cluster).await
    };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await });
    answer.ok().flatten().unwrap_or_default()
}

/// Candidates that clap knows: commands, flags, values of a fixed set.
fn of_the_command_line(words: &[String]) -> (Vec<String>, &'static str) {
    let line = ["kubectl-b2i"]
        .into_iter()
        .chain(words.iter().map(String::as_str));
    let line: Vec<OsString> = line.map(OsString::from).collect();
    let at = line.len() - 1;
    // The current folder is not given: files are the shell's own trade.
    let Ok(candidates) = engine::complete(&mut command(), line, at, None::<&Path>) else {
        return (Vec::new(), FILES);
    };
    let lines: Vec<String> = candidates
        .iter()
        .filter(|candidate| !candidate.is_hide_set())
        .map(|candidate| {
            let value = candidate.get_value().to_string_lossy();
            match candidate.get_help().map(ToString::to_string) {
                Some(help) => format!("{value}\t{}", help.lines().next().unwrap_or_default()),
                None => value.into_owned(),
            }
        })
        .collect();
    let directive = if lines.is_empty() { FILES } else { NO_FILES };
    (lines, directive)
}
