//! Values of flags that are more than a word: pairs, times.

use std::time::Duration;

use crate::error::{Failure, Result};

/// Reads one `NAME=VALUE`.
pub(super) fn pair(flag: &str, value: &str) -> Result<(String, String)> {
    match value.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Failure::usage(format!("could not read `{flag} {value}`"))
            .why("it is no NAME=VALUE")
            .next(format!("write, for example, `{flag} LOG_LEVEL=debug`"))),
    }
}

/// Reads a time as kubectl writes it: `30s`, `5m`, `1h30m`. `0` is for ever.
pub(super) fn time(flag: &str, value: &str) -> Result<Option<Duration>> {
    if value == "0" {
        return Ok(None);
    }
    let parsed = value.parse::<jiff::SignedDuration>().ok();
    match parsed.and_then(|time| Duration::try_from(time).ok()) {
        Some(time) => Ok(Some(time).filter(|time| !time.is_zero())),
        None => Err(Failure::usage(format!("could not read `{flag} {value}`"))
            .why("it is no time")
            .next("write, for example, `30s`, `5m` or `1h30m`")),
    }
}

/// Splits a text into words as a shell does: quotes keep words together, nothing is replaced.
pub(super) fn words(flag: &str, value: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in value.chars() {
        match c {
            _ if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && quote.is_none() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Failure::usage(format!("could not read `{flag} {value}`")).why("a quote is not closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_equals_signs() {
        assert_eq!(
            pair("--env", "A=b=c").expect("a pair"),
            ("A".to_owned(), "b=c".to_owned())
        );
        assert_eq!(
            pair("--env", "A=").expect("a pair"),
            ("A".to_owned(), String::new())
        );
        assert!(pair("--env", "A").is_err() && pair("--env", "=b").is_err());
    }

    #[test]
    fn words_as_a_shell_has_them() {
        assert_eq!(
            words("--args", r#" -a "b c"  d'e f' "" "#).expect("words"),
            ["-a", "b c", "de f", ""]
        );
        assert!(words("--args", "'open").is_err());
    }

    #[test]
    fn times_as_kubectl_writes_them() {
        assert_eq!(
            time("--timeout", "1h30m").expect("a time"),
            Some(Duration::from_mins(90))
        );
        assert_eq!(time("--timeout", "0").expect("for ever"), None);
        assert_eq!(time("--timeout", "0s").expect("for ever"), None);
        for wrong in ["", "5", "-3s", "soon"] {
            assert!(time("--timeout", wrong).is_err(), "{wrong}");
        }
    }
}
