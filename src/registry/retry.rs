//! Trying again: what is temporary, a few times, with growing pauses.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{
    Url,
    header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER},
};

use super::Error;

pub(super) const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A registry may ask for an hour; a person would rather see the error.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What is believed of a `Retry-After`, and shown: a year.
const LONGEST_ASKED: Duration = Duration::from_hours(24 * 365);
/// A shorter pause is not worth a line.
const SHORTEST_NOTICE: Duration = Duration::from_secs(2);

/// Where lines for the user go while a registry makes us wait. Nowhere by default.
#[derive(Clone, Default)]
pub struct Notices(Option<Arc<Listener>>);

type Listener = dyn Fn(&str) + Send + Sync;

impl Notices {
    /// Sends the lines to this function.
    pub fn to(listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    fn send(&self, line: &str) {
        if let Some(listener) = &self.0 {
            listener(line);
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notices({})", self.0.is_some())
    }
}

/// Runs `attempt` until it succeeds, fails for good, or has failed four times.
pub(super) async fn with_retries<T, F>(notices: &Notices, attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    with_tries(notices, TRIES, attempt).await
}

/// The same, so many times.
pub(super) async fn with_tries<T, F>(
    notices: &Notices,
    tries: u32,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for failures in 0..tries - 1 {
        match attempt().await {
            Err(error) if error.is_temporary() => pause(notices, failures, &error).await,
            outcome => return outcome,
        }
    }
    attempt().await
}

/// Waits as long as the registry asks for, up to a minute, or a moment that grows with the failures.
pub(super) async fn pause(notices: &Notices, failures: u32, error: &Error) {
    let pause = match error.retry_after {
        Some(asked) => {
            let pause = asked.min(LONGEST_PAUSE);
            if pause >= SHORTEST_NOTICE {
                notices.send(&notice(error, asked, pause));
            }
            pause
        }
        None => jittered(failures),
    };
    tokio::time::sleep(pause).await;
}

/// `registry.example.com asks to wait 60 s`
fn notice(error: &Error, asked: Duration, pause: Duration) -> String {
    let url = error.request.split_once(' ').map_or("", |(_, url)| url);
    let host = Url::parse(url).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or("the registry");
    let asked = asked.as_secs();
    if asked > pause.as_secs() {
        format!("{host} asks to wait {asked} s; retrying in {} s", pause.as_secs())
    } else {
        format!("{host} asks to wait {asked} s")
    }
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
    if !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is as good as for ever.
        return Some(Duration::from_secs(wanted.parse().unwrap_or(u64::MAX)).min(LONGEST_ASKED));
    }
    let time = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
    let now = text(DATE).and_then(time).unwrap_or_else(Timestamp::now);
    // A date that has passed is no pause.
    let asked = Duration::try_from(time(wanted)?.duration_since(now)).unwrap_or_default();
    Some(asked.min(LONGEST_ASKED))
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
            ("-1", None, None),
            ("1e18", None, None),
            ("NaN", None, None),
            ("", None, None),
            ("86400", None, Some(86_400)),
            ("18446744073709551615", None, Some(365 * 86_400)),
            ("99999999999999999999999999", None, Some(365 * 86_400)),
            ("Thu, 21 Oct 9999 07:28:30 GMT", date, Some(365 * 86_400)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(wanted));
            headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
            assert_eq!(asked_for(&headers), expected.map(Duration::from_secs), "{wanted}");
        }
    }

    #[test]
    fn what_is_asked_for_is_shown() {
        let error = Error::new("PUT https://r.example:5000/v2/a", crate::registry::Kind::Status);
        let shown =
            |asked: u64, pause: u64| notice(&error, Duration::from_secs(asked), Duration::from_secs(pause));
        assert_eq!(shown(7, 7), "r.example asks to wait 7 s");
        assert_eq!(
            shown(86_400, 60),
            "r.example asks to wait 86400 s; retrying in 60 s"
        );
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
