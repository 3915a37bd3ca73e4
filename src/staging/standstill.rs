//! Notices a connection that is dead without saying so: nothing moves on it, or this machine slept.

use std::time::{Duration, Instant, SystemTime};

use tokio::{sync::watch, time::interval};

/// A connection that takes no bytes for so long is dead: 512 KiB a minute is slower than any modem.
const STANDSTILL: Duration = Duration::from_mins(1);
/// A registry may be slower than the link. If it is not, the answer was lost; asking again is cheap.
const LONGEST_COMMIT: Duration = Duration::from_mins(5);
/// How often is looked.
const GLANCE: Duration = Duration::from_secs(1);
/// How far the clock on the wall must be ahead of the machine's own for it to have slept: gateways
/// and address translators forget connections in less, and another connection costs little.
const SLEEP: Duration = Duration::from_secs(20);

/// Returns why a connection is taken for dead, once it is. `sent_so_far` counts to `size_bytes`.
pub(super) async fn noticed(sent_so_far: watch::Receiver<u64>, size_bytes: u64) -> &'static str {
    let mut before = Clocks::now();
    let (mut moved, mut sent) = (before.machine, *sent_so_far.borrow());
    let mut glances = interval(GLANCE);
    loop {
        glances.tick().await;
        let now = Clocks::now();
        if now.has_slept_since(before) {
            return "this machine slept";
        }
        before = now;
        let latest = *sent_so_far.borrow();
        if latest != sent {
            (moved, sent) = (now.machine, latest);
        }
        let patience = if sent < size_bytes {
            STANDSTILL
        } else {
            LONGEST_COMMIT
        };
        if now.machine.duration_since(moved) > patience {
            return "it stood still";
        }
    }
}

/// The machine's clock stands still while it sleeps (on Linux and macOS), the one on the wall does not.
#[derive(Clone, Copy)]
struct Clocks {
    machine: Instant,
    wall: SystemTime,
}

impl Clocks {
    fn now() -> Self {
        Self {
            machine: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    fn has_slept_since(self, before: Self) -> bool {
        // A wall clock that was put back says nothing.
        let wall = self.wall.duration_since(before.wall).unwrap_or_default();
        wall > self.machine.duration_since(before.machine) + SLEEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_is_what_only_the_wall_clock_saw() {
        let before = Clocks::now();
        let later = |machine, wall: i64| {
            let by = Duration::from_secs(wall.unsigned_abs());
            let wall = if wall < 0 {
                before.wall - by
            } else {
                before.wall + by
            };
            let machine = before.machine + Duration::from_secs(machine);
            Clocks { machine, wall }.has_slept_since(before)
        };
        assert!(later(1, 60));
        assert!(!later(1, 1) && !later(60, 60) && !later(1, 15) && !later(1, -60));
    }
}
