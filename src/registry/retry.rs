//! Trying again: what is temporary, a few times, with growing pauses.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use super::Error;

const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A registry may ask for an hour; a person would rather see the error.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs `attempt` until it succeeds, fails for good, or has failed four times.
pub(super) async fn with_retries<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for failures in 0..TRIES - 1 {
        match attempt().await {
            Err(error) if error.is_temporary() => {
                let pause = error.retry_after.unwrap_or_else(|| jittered(failures));
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            }
            outcome => return outcome,
        }
    }
    attempt().await
}

/// Doubles with each failure; the upper half is left to chance, so that the uploads that one
/// outage stopped do not all come back at the same moment.
fn jittered(failures: u32) -> Duration {
    let whole = FIRST_PAUSE * 2_u32.pow(failures);
    // The standard library's hasher is seeded by chance, which spares a crate for random numbers.
    let chance = RandomState::new().hash_one(failures) % 1000;
    whole / 2 + whole / 2 * u32::try_from(chance).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_in_their_half() {
        for failures in 0..3 {
            let whole = FIRST_PAUSE * 2_u32.pow(failures);
            let pause = jittered(failures);
            assert!(pause >= whole / 2 && pause < whole, "{pause:?}");
        }
    }
}
