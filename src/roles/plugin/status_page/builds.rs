//! The builds of an app: a row for each, and below it what a person asks next: why it failed, what was not
//! built since it would have been the same again.

use jiff::Timestamp;

use super::{ago, below, interleaved};
use crate::{
    model::{AppStatus, BuildOrigin, BuildPhase, BuildStatus},
    term::{self, Table, bytes, duration},
};

/// Lines of the builder's log that are shown when all went well, and when not.
const LOG_LINES: (usize, usize) = (5, 20);

/// Returns the rows, in so many columns where sentences are concerned.
pub(super) fn rows(app: &AppStatus, now: Timestamp, room: usize) -> Vec<String> {
    let mut table = Table::new(&[]);
    for build in &app.builds {
        let what = match (build.origin, build.phase) {
            (BuildOrigin::Rollback(number), _) => format!("back to #{number}"),
            (_, BuildPhase::Failed) => "no image".to_owned(),
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
            match (build.is_running, build.is_undone) {
                (true, _) => "<- running",
                (false, true) => "rollout failed, undone",
                (false, false) => "",
            }
            .to_owned(),
        ]);
    }
    let words = app.builds.iter().enumerate().map(|(at, build)| {
        let words = [failure(build, at == 0), skipped(build, now)].concat();
        words.iter().flat_map(|words| below(words, room)).collect()
    });
    interleaved(&table, words)
}

/// Returns the end of the builder's log.
pub(super) fn log(build: &BuildStatus, room: usize) -> Vec<String> {
    let is_ok = build.phase == BuildPhase::Ok;
    let count = if is_ok { LOG_LINES.0 } else { LOG_LINES.1 };
    let tail = &build.log_tail[build.log_tail.len().saturating_sub(count)..];
    let lines = tail.iter();
    lines
        .flat_map(|line| {
            if is_ok {
                vec![line.clone()]
            } else {
                term::fold(line, room)
            }
        })
        .collect()
}

/// One word for how a build went.
pub(crate) fn outcome(phase: BuildPhase) -> &'static str {
    match phase {
        BuildPhase::Building => "building",
        BuildPhase::Ok => "ok",
        BuildPhase::Failed => "failed",
        BuildPhase::Lost => "lost",
    }
}

/// Why a build made no image; of the newest, what to do as well.
fn failure(build: &BuildStatus, is_newest: bool) -> Vec<String> {
    let Some(failure) = &build.failure else {
        return match build.phase {
            BuildPhase::Failed => vec!["layers were missing in the registry".to_owned()],
            _ => Vec::new(),
        };
    };
    let mut words = vec![format!("{}: {}", failure.what, failure.why)];
    if is_newest {
        words.extend((!failure.next.is_empty()).then(|| format!("next: {}", failure.next)));
        words.extend(failure.commands.iter().map(|command| format!("  {command}")));
    }
    words
}

/// What was not built, since it would have been this build again.
fn skipped(build: &BuildStatus, now: Timestamp) -> Vec<String> {
    let words = build.skipped.as_ref().map(|skipped| {
        let times = match skipped.times {
            1 => "once more".to_owned(),
            times => format!("{times} times more"),
        };
        let last = ago(Some(&skipped.last), now);
        format!("asked for {times}, {last} ago: nothing had changed")
    });
    words.into_iter().collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::Failure,
        model::{ArtifactStatus, Skipped},
        oci::Digest,
    };

    fn build(number: u64, phase: BuildPhase, failure: Option<Failure>) -> BuildStatus {
        let started = "2024-05-01T12:00:00Z".to_owned();
        BuildStatus {
            number,
            phase,
            origin: BuildOrigin::Artifact,
            started: started.clone(),
            ended: Some("2024-05-01T12:00:04.4Z".to_owned()),
            is_running: false,
            is_undone: false,
            artifact: ArtifactStatus {
                file_name: "shop.jar".to_owned(),
                size_bytes: 1,
                digest: Digest::of(b""),
                summary: String::new(),
            },
            image: None,
            tags: Vec::new(),
            size_bytes: None,
            base: None,
            layers: Vec::new(),
            uploaded_bytes: 7_400_000,
            failure,
            log_tail: vec!["done: the end of this line is not where the terminal's is".to_owned()],
            skipped: (number == 1).then_some(Skipped {
                times: 2,
                last: started,
            }),
        }
    }

    #[test]
    fn why_a_build_failed_can_be_read_in_a_narrow_terminal() {
        let failure = Failure::new("could not pull the base")
            .why("the registry answered 404\nin a detail")
            .next("check its name:")
            .command("crane ls r");
        let app = AppStatus {
            name: "shop".to_owned(),
            namespace: "shop".to_owned(),
            workload: None,
            options: serde_json::Map::new(),
            builds: vec![
                build(3, BuildPhase::Failed, Some(failure.clone())),
                build(2, BuildPhase::Failed, Some(failure)),
                build(1, BuildPhase::Ok, None),
            ],
            rollouts: Vec::new(),
            pods: Vec::new(),
            staging: Vec::new(),
            events: Vec::new(),
        };
        let now = "2024-05-01T12:01:00Z".parse().expect("a time");
        let expected = [
            "#3  60s ago  failed  no image     4.4s",
            "  could not pull the base: the registry",
            "    answered 404 in a detail",
            "  next: check its name:",
            "    crane ls r",
            "#2  60s ago  failed  no image     4.4s",
            "  could not pull the base: the registry",
            "    answered 404 in a detail",
            "#1  60s ago  ok      7.4 MB sent  4.4s",
            "  asked for 2 times more, 60s ago: nothing",
            "    had changed",
        ];
        assert_eq!(rows(&app, now, 42), expected);
        // Of a failure all is read; what went well is only glanced at.
        assert_eq!(log(&app.builds[0], 42).len(), 2);
        assert_eq!(log(&app.builds[2], 42).len(), 1);
    }
}
