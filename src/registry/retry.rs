//! Trying again: what is temporary, a few times, with growing pauses.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use super::Error;

pub(super) const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A registry may ask for an hour; a person would rather see the error.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs `attempt` until it succeeds, fails for good, or has failed four times.
pub(super) async fn with_retries<T, F>(attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    with_tries(TRIES, attempt).await
}

/// The same, so many times.
pub(super) async fn with_tries<T, F>(tries: u32, mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for failures in 0..tries - 1 {
        match attempt().await {
            Err(error) if error.is_temporary() => pause(failures, &error).await,
            outcome => return outcome,
        }
    }
    attempt().await
}

/// Waits as long as the registry asks for, or a moment that grows with the failures.
pub(super) async fn pause(failures: u32, error: &Error) {
    let pause = error.retry_after.unwrap_or_else(|| jittered(failures));
    tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
}

/// Reads how long the answer asks us to wait: seconds, or a date (RFC 9110, section 10.2.3). A date
/// is of the server's clock, so it is reckoned from the same answer's own `Date`, not from ours.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let wanted = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = wanted.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let time = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
    let now = text(DATE).and_then(time).unwrap_or_else(Timestamp::now);
    // A date that has passed is no pause.
    Some(Duration::try_from(time(wanted)?.duration_since(now)).unwrap_or_default())
}

/// Doubles with each failure; the upper half is left to chance, so that the uploads that one
/// outage stopped do not all come back at the same moment.
fn jittered(failures: u32) -> Duration {
    let whole = FIRST_PAUSE * 2_u32.pow(failures.min(5));
    // The standard library's hasher is seeded by chance, which spares a crate for random numbers.
    let chance = RandomState::new().hash_one(failures) % 1000;
    whole / 2 + whole / 2 * u32::try_from(chance).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_may_be_seconds_or_a_date() {
        let date = Some("Wed, 21 Oct 2015 07:28:00 GMT");
        for (wanted, date, expected) in [
            ("7", None, Some(7)),
            ("Wed, 21 Oct 2015 07:28:30 GMT", date, Some(30)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", date, Some(0)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", None, Some(0)),
            ("soon", date, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(wanted));
            headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
            assert_eq!(asked_for(&headers), expected.map(Duration::from_secs), "{wanted}");
        }
    }

    #[test]
    fn pauses_double_and_stay_in_their_half() {
        for failures in 0..3 {
            let whole = FIRST_PAUSE * 2_u32.pow(failures);
            let pause = jittered(failures);
            assert!(pause >= whole / 2 && pause < whole, "{pause:?}");
        }
    }
}
