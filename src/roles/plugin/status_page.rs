//! The page that `status` shows: what `KubeSphere` has as its status page, for a terminal of 80 columns.

use std::time::Duration;

use jiff::Timestamp;

use super::apps::ago;
use crate::{
    model::{AppStatus, BuildOrigin, BuildPhase, BuildStatus, EnvStatus},
    term::{self, Table, bytes, duration},
};

/// Lines of the builder's log that are shown when all went well, and when not.
const LOG_LINES: (usize, usize) = (5, 20);
/// Width of the labels at the left.
const LABEL_WIDTH: usize = 10;

/// Returns the page. Lines that are longer than `width` are cut where nobody would copy from them.
pub(super) fn page(app: &AppStatus, now: Timestamp, width: Option<usize>) -> String {
    let mut page = Page {
        lines: Vec::new(),
        width,
    };
    page.lines.push(heading(app));
    page.image(app);
    page.artifact(app);
    page.section("ENV", env(app.workload.iter().flat_map(|it| &it.env)), false);
    page.section("PODS", pods(app, now), true);
    page.section("STAGING", staging(app, now), true);
    page.section("BUILDS", builds(app, now), true);
    if let Some(build) = app.builds.first() {
        page.log(build);
    }
    page.section("EVENTS", events(app, now), true);
    page.lines.join("\n")
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
            let line = format!("{label:<LABEL_WIDTH$}{}", term::sanitize(&line));
            self.lines.push(match self.width.filter(|_| is_cut) {
                Some(width) => term::cut(&line, width),
                None => line,
            });
        }
    }

    /// Joins words into as few lines as the width allows.
    fn folded(&self, words: &[String]) -> Vec<String> {
        let room = self
            .width
            .map_or(usize::MAX, |width| width.saturating_sub(LABEL_WIDTH));
        term::join_folded(words, " · ", "", room)
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
            words.push(format!("tags {}", build.tags.join(", ")));
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

    fn log(&mut self, build: &BuildStatus) {
        let count = match build.phase {
            BuildPhase::Ok => LOG_LINES.0,
            _ => LOG_LINES.1,
        };
        let tail = &build.log_tail[build.log_tail.len().saturating_sub(count)..];
        self.section(&format!("LOG #{}", build.number), tail.to_vec(), true);
    }
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
        (None, value) => format!("{}={}", variable.name, value.as_deref().unwrap_or_default()),
    })
    .collect()
}

fn pods(app: &AppStatus, now: Timestamp) -> Vec<String> {
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
    let troubles = app.pods.iter().map(|pod| pod.trouble.as_ref());
    let rows = table.lines().into_iter().zip(troubles);
    rows.flat_map(|(row, trouble)| {
        let trouble = trouble.map(|trouble| format!("  {}", trouble.replace('\n', " ")));
        [Some(row), trouble].into_iter().flatten()
    })
    .collect()
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

fn builds(app: &AppStatus, now: Timestamp) -> Vec<String> {
    let mut table = Table::new(&[]);
    for build in &app.builds {
        let what = match (build.origin, build.phase) {
            (BuildOrigin::Rollback(number), _) => format!("back to #{number}"),
            (_, BuildPhase::Failed) => build.failure.as_ref().map_or_else(
                || "layers were missing".to_owned(),
                |failure| failure.what.clone(),
            ),
            (BuildOrigin::Rerun(number), _) => format!("#{number} again"),
            (BuildOrigin::Artifact, _) => format!("{} sent", bytes(build.uploaded_bytes)),
            (BuildOrigin::Local, _) => format!("{} sent by --local", bytes(build.uploaded_bytes)),
        };
        table.row([
            format!("#{}", build.number),
            format!("{} ago", ago(Some(&build.started), now)),
            outcome(build.phase).to_owned(),
            what,
            took(build),
            if build.is_running { "<- running" } else { "" }.to_owned(),
        ]);
    }
    let skipped = app.builds.iter().map(|build| skipped(build, now));
    let rows = table.lines().into_iter().zip(skipped);
    rows.flat_map(|(row, skipped)| [Some(row), skipped].into_iter().flatten())
        .collect()
}

/// What was not built, since it would have been this build again; below its row.
fn skipped(build: &BuildStatus, now: Timestamp) -> Option<String> {
    let skipped = build.skipped.as_ref()?;
    let times = match skipped.times {
        1 => "once more".to_owned(),
        times => format!("{times} times more"),
    };
    let last = ago(Some(&skipped.last), now);
    Some(format!(
        "  asked for {times}, {last} ago: nothing had changed, so nothing was built"
    ))
}

/// One word for how a build went.
pub(super) fn outcome(phase: BuildPhase) -> &'static str {
    match phase {
        BuildPhase::Building => "building",
        BuildPhase::Ok => "ok",
        BuildPhase::Failed => "failed",
        BuildPhase::Lost => "lost",
    }
}

fn took(build: &BuildStatus) -> String {
    let parse = |time: &str| time.parse::<Timestamp>().ok();
    let times = build.ended.as_deref().and_then(parse).zip(parse(&build.started));
    let took = times.and_then(|(ended, started)| ended.duration_since(started).try_into().ok());
    // A rollback makes nothing, and takes no time.
    match build.origin {
        BuildOrigin::Rollback(_) => String::new(),
        _ => took.map(duration).unwrap_or_default(),
    }
}

fn events(app: &AppStatus, now: Timestamp) -> Vec<String> {
    let mut table = Table::new(&[]);
    for event in &app.events {
        table.row([
            format!("{} ago", ago(event.time.as_deref(), now)),
            event.type_.clone(),
            event.reason.clone(),
            event.message.clone(),
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
