//! Where the time of a run went: what the steps tell of themselves as they go, and nothing else, so
//! that it costs nothing to know.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    model::{Event, Events, Step},
    term::{Table, bytes},
};

/// The time of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepTime {
    /// The step.
    step: Step,
    /// When it began, from the start of the run: steps go on side by side.
    started_milliseconds: u64,
    /// How long it took.
    milliseconds: u64,
    /// Bytes that crossed a link in it, where it moves any.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

/// Takes the times of a run. Cheap to clone: all clones are of one run.
#[derive(Clone)]
pub(super) struct Timings {
    began: Instant,
    steps: Arc<Mutex<Vec<Timed>>>,
}

struct Timed {
    step: Step,
    started: Duration,
    ended: Option<Duration>,
    bytes: Option<u64>,
}

impl Timings {
    /// The run begins now.
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            steps: Arc::default(),
        }
    }

    /// Returns where events go that are to be timed, on their way to `then`.
    pub(super) fn of(&self, then: Events) -> Events {
        let timings = self.clone();
        Events::to(move |event| {
            timings.note(&event, timings.began.elapsed());
            then.send(event);
        })
    }

    fn note(&self, event: &Event, now: Duration) {
        let mut steps = self.steps();
        let running = |steps: &mut Vec<Timed>, of: Step| {
            steps
                .iter()
                .rposition(|timed| timed.step == of && timed.ended.is_none())
        };
        match *event {
            Event::Started(step) => steps.push(Timed {
                step,
                started: now,
                ended: None,
                bytes: None,
            }),
            Event::Bytes { step, done, .. } => {
                if let Some(at) = running(&mut steps, step) {
                    steps[at].bytes = Some(done);
                }
            }
            Event::Done(step, _) => {
                if let Some(at) = running(&mut steps, step) {
                    steps[at].ended = Some(now);
                }
            }
            Event::Doing(..) | Event::Log(..) | Event::Changes(_) | Event::Warning(_) => {}
        }
    }

    /// Says how many bytes a step moved, where that is known better than from its progress: of a layer
    /// that goes as its changes the progress is that of the changes alone.
    pub(super) fn moved(&self, step: Step, bytes: u64) {
        if let Some(timed) = self.steps().iter_mut().rfind(|timed| timed.step == step) {
            timed.bytes = Some(bytes);
        }
    }

    /// Returns the times so far, in the order in which the steps began. A step that has not ended has
    /// none.
    pub(super) fn all(&self) -> Vec<StepTime> {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let ended = |timed: &Timed| {
            let took = timed.ended?.saturating_sub(timed.started);
            Some(StepTime {
                step: timed.step,
                started_milliseconds: milliseconds(timed.started),
                milliseconds: milliseconds(took),
                bytes: timed.bytes,
            })
        };
        self.steps().iter().filter_map(ended).collect()
    }

    /// Returns the times as lines for a person; the last one is the whole run.
    pub(super) fn table(&self) -> Vec<String> {
        let seconds = |milliseconds: u64| format!("{}.{:03}s", milliseconds / 1000, milliseconds % 1000);
        let mut table = Table::new(&["STEP", "BEGAN", "TOOK", "BYTES"]);
        for time in self.all() {
            table.row([
                time.step.name().to_owned(),
                seconds(time.started_milliseconds),
                seconds(time.milliseconds),
                time.bytes.map_or_else(|| "-".to_owned(), bytes),
            ]);
        }
        let whole = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        table.row(["all", "0.000s", &seconds(whole), "-"]);
        table.lines()
    }

    fn steps(&self) -> MutexGuard<'_, Vec<Timed>> {
        // What a panic elsewhere left is still only times.
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_go_on_side_by_side_have_their_own_times() {
        let timings = Timings::begin();
        let at = |milliseconds, event: Event| timings.note(&event, Duration::from_millis(milliseconds));
        at(10, Event::Started(Step::Upload));
        at(20, Event::Started(Step::Build));
        let bytes = |done| Event::Bytes {
            step: Step::Upload,
            done,
            total: 9,
        };
        at(25, bytes(4));
        at(30, bytes(9));
        at(40, Event::Done(Step::Upload, String::new()));
        at(60, Event::Done(Step::Build, String::new()));
        at(70, Event::Started(Step::RollOut));
        let time = |step, started_milliseconds, milliseconds, bytes| StepTime {
            step,
            started_milliseconds,
            milliseconds,
            bytes,
        };
        // One that has not ended has no time yet.
        assert_eq!(
            timings.all(),
            [
                time(Step::Upload, 10, 30, Some(9)),
                time(Step::Build, 20, 40, None)
            ]
        );
    }
}
