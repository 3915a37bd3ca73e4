//! An outage, as one request sees it: since when, and how long to wait until the next attempt.

use std::time::Duration;

use tokio::time::Instant;

/// How long an outage may last. A restart of an API server takes seconds.
const LONGEST: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long nothing has come through.
#[derive(Default)]
pub(super) struct Outage {
    since: Option<Instant>,
    last: Option<Duration>,
}

impl Outage {
    /// Notes that a request that was sent then was not answered.
    pub(super) fn began(&mut self, sent: Instant) {
        self.since.get_or_insert(sent);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    pub(super) fn lasts(&self) -> Duration {
        self.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Returns how long to wait now; `None` when it has lasted too long.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        self.pause_at_least(Duration::ZERO)
    }

    pub(super) fn pause_at_least(&mut self, asked: Duration) -> Option<Duration> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let next = self
            .last
            .map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.last = Some(next);
        let left = LONGEST.checked_sub(since.elapsed())?;
        // The server may ask for any time; what is left is the most that it gets.
        Some(next.max(asked).min(left)).filter(|pause| !pause.is_zero())
    }
}
