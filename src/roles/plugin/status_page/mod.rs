//! The page that `status` shows: what `KubeSphere` has as its status page, for a terminal of 80 columns.

mod builds;
mod options;
mod rollouts;

use std::time::Duration;

use jiff::Timestamp;

use super::apps::ago;
use crate::{
    model::{AppStatus, BuildStatus, EnvStatus, EventStatus, PodStatus, Workload},
    term::{self, Table, bytes},
};

pub(super) use builds::outcome;
pub(super) use rollouts::outcome as rollout_outcome;

/// Lines of what a warning says that are shown.
const WARNING_LINES: usize = 3;
/// Width of the labels at the left.
const LABEL_WIDTH: usize = 10;

/// Returns the page. Where there is a `width`, sentences are folded to it, and lines that nobody would copy
/// from are cut.
pub(super) fn page(app: &AppStatus, now: Timestamp, width: Option<usize>) -> Vec<String> {
    let mut page = Page {
        lines: Vec::new(),
        width,
    };
    page.lines.push(heading(app));
    page.section("ROLLOUT", rollout(app), false);
    page.image(app);
    page.artifact(app);
    page.section("OPTIONS", options::rows(app), false);
    page.section("ENV", env(app.workload.iter().flat_map(|it| &it.env)), false);
    page.section("PODS", page.pods(app, now), false);
    page.section("STAGING", staging(app, now), true);
    page.section("ROLLOUTS", rollouts::rows(app, now, page.room()), false);
    page.section("BUILDS", builds::rows(app, now, page.room()), false);
    if let Some(build) = app.builds.first() {
        let label = format!("LOG #{}", build.number);
        page.section(&label, builds::log(build, page.room()), true);
    }
    page.section("EVENTS", page.events(app, now), true);
    page.lines
}

struct Page {
    lines: Vec<String>,
    width: Option<usize>,
}

impl Page {
    /// Adds lines behind a label; none where there are no lines.
    fn section(&mut self, label: &str, lines: Vec<String>, is_cut: bool) {
        for (at, line) in lines.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let line = format!("{label:<LABEL_WIDTH$}{line}");
            self.lines.push(match self.width.filter(|_| is_cut) {
                Some(width) => term::cut(&line, width),
                None => line,
            });
        }
    }

    /// Columns beside the labels.
    fn room(&self) -> usize {
        self.width
            .map_or(usize::MAX, |width| width.saturating_sub(LABEL_WIDTH))
    }

    /// Joins words into as few lines as the width allows.
    fn folded(&self, words: &[String]) -> Vec<String> {
        term::join_folded(words, " · ", "", self.room())
    }

    fn image(&mut self, app: &AppStatus) {
        let build = app.build();
        let reference = match (&app.workload, build.and_then(|build| build.image.as_ref())) {
            (Some(workload), _) => workload.image.clone(),
            (None, Some(image)) => image.to_string(),
            (None, None) => return,
        };
        let mut lines = vec![reference.clone()];
        if let Some(build) = build.filter(|build| build.image.is_some()) {
            let mut words = vec![bytes(build.size_bytes.unwrap_or(0))];
            words.extend(
                build
                    .base
                    .as_ref()
                    .map(|base| format!("base {}", short(&base.to_string()))),
            );
            let tags = app.tags_left(build);
            if !tags.is_empty() {
                words.push(format!("tags {}", tags.join(", ")));
            }
            lines.extend(self.folded(&words));
            lines.extend(layers(build));
        }
        self.section("IMAGE", lines, false);
        self.section("PULL", vec![format!("docker pull {reference}")], false);
    }

    fn artifact(&mut self, app: &AppStatus) {
        let Some(build) = app.build() else { return };
        let artifact = &build.artifact;
        let words = [
            artifact.file_name.clone(),
            bytes(artifact.size_bytes),
            artifact.summary.clone(),
            // All of it is in `-o json`: with its label it would be one column too wide.
            format!("sha256:{}…", artifact.digest.short()),
        ];
        self.section("ARTIFACT", self.folded(&words), false);
    }

    fn pods(&self, app: &AppStatus, now: Timestamp) -> Vec<String> {
        let mut table = Table::new(&[]);
        for pod in &app.pods {
            let restarts = match pod.restarts {
                1 => "1 restart".to_owned(),
                count => format!("{count} restarts"),
            };
            table.row([
                pod.name.clone(),
                pod.phase.clone(),
                if pod.is_ready { "ready" } else { "not ready" }.to_owned(),
                restarts,
                ago(pod.created.as_deref(), now),
            ]);
        }
        // Below its Pod, since it is a sentence and no column.
        let troubles = app.pods.iter().map(|pod| trouble(app, pod));
        interleaved(
            &table,
            troubles.map(|words| words.map_or_else(Vec::new, |words| below(&words, self.room()))),
        )
    }

    fn events(&self, app: &AppStatus, now: Timestamp) -> Vec<String> {
        // What a warning says is read to its end, and folded for that.
        let is_folded = |event: &EventStatus| self.width.is_some() && event.type_ == "Warning";
        let mut table = Table::new(&[]);
        for event in &app.events {
            let message = if is_folded(event) { "" } else { &event.message };
            table.row([
                format!("{} ago", ago(event.time.as_deref(), now)),
                event.type_.clone(),
                event.reason.clone(),
                message.to_owned(),
            ]);
        }
        let words = app.events.iter().map(|event| {
            let mut lines = below(&event.message, self.room());
            if lines.len() > WARNING_LINES {
                lines.truncate(WARNING_LINES);
                lines[WARNING_LINES - 1].push('…');
            }
            if is_folded(event) { lines } else { Vec::new() }
        });
        interleaved(&table, words)
    }
}

/// A sentence in lines that stand below a row of a table.
fn below(text: &str, room: usize) -> Vec<String> {
    let lines = term::fold(&text.trim_end().replace('\n', " "), room.saturating_sub(2));
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// The rows of a table, each with its lines below it.
fn interleaved(table: &Table, words: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let rows = table.lines().into_iter().zip(words);
    rows.flat_map(|(row, words)| [vec![row], words].concat())
        .collect()
}

fn heading(app: &AppStatus) -> String {
    let ready = app.workload.as_ref().map_or_else(
        || "not deployed".to_owned(),
        |it| format!("{}/{}", it.ready, it.wanted),
    );
    let url = app.workload.as_ref().and_then(|it| it.url.as_ref());
    let url = url.map(|url| format!("  URL  {url}")).unwrap_or_default();
    format!("{:<LABEL_WIDTH$}{:<16}  READY  {ready:<5}{url}", "NAME", app.name)
        .trim_end()
        .to_owned()
}

/// Says that Pods of the version before still serve.
fn rollout(app: &AppStatus) -> Vec<String> {
    let words = |it: &Workload| {
        format!(
            "{} of {} Pods of the newest version are ready; the others are of the one before",
            it.updated, it.wanted
        )
    };
    let rolling = app.workload.iter().filter(|it| it.is_rolling_out());
    rolling.map(words).collect()
}

fn layers(build: &BuildStatus) -> Vec<String> {
    let mut table = Table::new(&[]);
    for layer in &build.layers {
        let descriptor = &layer.descriptor;
        table.row([
            format!("layer {}", layer.name),
            bytes(descriptor.size_bytes),
            format!("sha256:{}…", descriptor.digest.short()),
        ]);
    }
    table.lines()
}

fn env<'a>(env: impl Iterator<Item = &'a EnvStatus>) -> Vec<String> {
    env.map(|variable| match (&variable.from, &variable.value) {
        (Some(from), _) if variable.name.is_empty() => format!("all of {from}"),
        (Some(from), _) => format!("{}=({from})", variable.name),
        (None, value) => {
            let value = value.as_deref().unwrap_or_default();
            format!("{}={value}", variable.name)
        }
    })
    .collect()
}

/// What keeps a Pod from serving, and where to read on.
fn trouble(app: &AppStatus, pod: &PodStatus) -> Option<String> {
    let trouble = pod.trouble.as_ref()?;
    let (name, namespace) = (&app.name, &app.namespace);
    Some(match pod.restarts {
        0 => trouble.clone(),
        _ => format!("{trouble}; its last lines: kubectl b2i logs {name} --previous -n {namespace}"),
    })
}

fn staging(app: &AppStatus, now: Timestamp) -> Vec<String> {
    let mut table = Table::new(&[]);
    for pod in &app.staging {
        let idle = pod
            .idle_seconds
            .map(|seconds| term::age(Duration::from_secs(seconds)));
        table.row([
            pod.pod.clone(),
            pod.phase.clone(),
            ago(pod.created.as_deref(), now),
            idle.map(|idle| format!("ends when idle for {idle}"))
                .unwrap_or_default(),
        ]);
    }
    table.lines()
}

/// `eclipse-temurin:17-jre@sha256:ab12…` for `docker.io/library/eclipse-temurin:17-jre@sha256:…`
fn short(reference: &str) -> String {
    let name = reference
        .strip_prefix("docker.io/library/")
        .or(reference.strip_prefix("docker.io/"))
        .unwrap_or(reference);
    match name.split_once("@sha256:") {
        Some((name, hex)) => format!("{name}@sha256:{}…", hex.chars().take(12).collect::<String>()),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_below_where_the_terminal_ends() {
        let words = ["7.6 MB", "base r/static:nonroot", "tags latest"].map(ToOwned::to_owned);
        let folded = |width| {
            let page = Page {
                lines: Vec::new(),
                width,
            };
            page.folded(&words)
        };
        assert_eq!(folded(None), ["7.6 MB · base r/static:nonroot · tags latest"]);
        assert_eq!(
            folded(Some(40)),
            ["7.6 MB · base r/static:nonroot", "tags latest"]
        );
        assert_eq!(folded(Some(1)), words, "nothing is lost");
    }
}
