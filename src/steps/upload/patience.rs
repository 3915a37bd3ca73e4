//! How long to go on trying when nothing comes across.

use std::time::{Duration, Instant};

/// An API server that is restarted, a node that reboots, a Pod that is made anew (the Job waits ten
/// seconds, then twenty): all of it takes less.
const LONGEST: Duration = Duration::from_mins(3);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pauses that double up to five seconds, and begin anew whenever the upload got further.
pub(super) struct Patience {
    since: Instant,
    next: Duration,
}

impl Patience {
    pub(super) fn from(now: Instant) -> Self {
        Self {
            since: now,
            next: FIRST_PAUSE,
        }
    }

    /// Returns how long to wait now; `None` when it has run out.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Duration> {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST_PAUSE);
        (now.duration_since(self.since) < LONGEST).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let start = Instant::now();
        let mut patience = Patience::from(start);
        let mut now = start;
        let mut pauses = Vec::new();
        while let Some(pause) = patience.pause(now) {
            pauses.push(pause.as_millis());
            now += pause;
        }
        assert_eq!(pauses[..7], [100, 200, 400, 800, 1_600, 3_200, 5_000]);
        assert!(now.duration_since(start) < LONGEST + LONGEST_PAUSE);
    }
}
