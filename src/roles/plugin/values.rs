//! Values of flags that are more than a word: pairs, times.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    error::{Failure, Result},
    oci::Digest,
};

/// Reads one `NAME=VALUE`.
pub(super) fn pair(flag: &str, value: &str) -> Result<(String, String)> {
    match value.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Failure::usage(format!("could not read `{flag} {value}`"))
            .why("it is no NAME=VALUE")
            .next(format!("write, for example, `{flag} {}`", example(flag)))),
    }
}

/// A pair that somebody may well want to give by this flag.
fn example(flag: &str) -> &'static str {
    match flag {
        "--node-selector" => "disktype=ssd",
        "--label" | "--image-label" => "team=web",
        "--annotation" => "prometheus.io/scrape=true",
        _ => "LOG_LEVEL=debug",
    }
}

/// Reads a whole number within bounds, in words that say so; the standard library's are for programs.
pub(super) fn number_in<N>(
    bounds: RangeInclusive<i64>,
) -> impl Fn(&str) -> std::result::Result<N, String> + Clone
where
    N: TryFrom<i64>,
{
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
            match (*bounds.start(), *bounds.end()) {
                (i64::MIN, _) => "expected a whole number".to_owned(),
                (low, high) if high >= i64::from(i32::MAX) => format!("expected a number, {low} or more"),
                (low, high) => format!("expected a number from {low} to {high}"),
            }
        })
    }
}

/// Reads the number of a build, or of things.
pub(super) fn count(text: &str) -> std::result::Result<u64, String> {
    text.parse()
        .map_err(|_| "expected a number, for example 3".to_owned())
}

/// Says what is wrong with YAML. The parser begins with the word that stands before it anyway.
pub(super) fn yaml_words(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
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

/// Reads a size as Kubernetes writes it: `512Mi`, `8Gi`, `2G`, or bytes.
pub(super) fn size(text: &str) -> std::result::Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    let unit = UNITS
        .iter()
        .find_map(|&(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    let number = number.parse::<u64>().ok().filter(|_| !number.starts_with('+'));
    let size = number.and_then(|number| number.checked_mul(bytes));
    size.filter(|&size| size > 0)
        .ok_or_else(|| "expected a size, for example 512Mi or 8Gi".to_owned())
}

/// What takes an earlier `--memory`, `--cpu` or `--cpu-limit` back.
pub(super) const DEFAULT_AMOUNT: &str = "default";

/// Checks CPU as Kubernetes writes it, or the word that takes it back.
pub(super) fn cpu(text: &str) -> std::result::Result<String, String> {
    if text == DEFAULT_AMOUNT {
        return Ok(text.to_owned());
    }
    amount_of_cpu(text)
}

/// Checks CPU as Kubernetes writes it: `500m`, `2`, `0.5`.
pub(super) fn amount_of_cpu(text: &str) -> std::result::Result<String, String> {
    let number = text.strip_suffix('m').unwrap_or(text);
    if is_positive(number) {
        Ok(text.to_owned())
    } else {
        Err("expected CPUs, for example 500m or 2".to_owned())
    }
}

/// Checks memory as Kubernetes writes it: `512Mi`, `1.5Gi`, `2G`, or bytes, and so many that it was meant.
pub(super) fn memory(text: &str) -> std::result::Result<String, String> {
    if text == DEFAULT_AMOUNT {
        return Ok(text.to_owned());
    }
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let is_unit = [
        "", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ]
    .contains(&unit);
    if !is_unit || !is_positive(number) {
        return Err("expected an amount of memory, for example 512Mi or 2Gi".to_owned());
    }
    // Kubernetes would take `512m`, half a byte, and no container would start.
    if unit == "m" || (unit.is_empty() && number.len() < 7) {
        return Err(format!("that is less than a megabyte: did you mean {number}Mi?"));
    }
    Ok(text.to_owned())
}

fn is_positive(number: &str) -> bool {
    let is_written = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_written && number.parse::<f64>().is_ok_and(|number| number > 0.0)
}

/// Reads a digest as `sha256sum` prints it, or as images have it.
pub(super) fn digest(text: &str) -> std::result::Result<Digest, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let digest = format!("sha256:{}", digits.to_ascii_lowercase()).parse();
    digest.map_err(|_| "expected the 64 hex digits of a SHA-256".to_owned())
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
        return Err(Failure::usage(format!("could not read `{flag} {value}`"))
            .why("a quote is not closed")
            .next(format!(
                "close it; words with spaces in them are written as in `{flag} '--name \"two words\"'`"
            )));
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
        let selector = pair("--node-selector", "a").expect_err("no pair");
        assert!(
            selector.next.contains("`--node-selector disktype=ssd`"),
            "{selector}"
        );
    }

    #[test]
    fn numbers_are_asked_for_in_words() {
        assert_eq!(count("3"), Ok(3));
        for wrong in ["abc", "1.5", "-1", ""] {
            assert_eq!(count(wrong), Err("expected a number, for example 3".to_owned()));
        }
        let level = number_in::<u8>(1..=19);
        assert_eq!(level("19"), Ok(19));
        assert_eq!(level("20"), Err("expected a number from 1 to 19".to_owned()));
        let replicas = number_in::<i32>(0..=i64::from(i32::MAX));
        assert_eq!(replicas("-1"), Err("expected a number, 0 or more".to_owned()));
        let tail = number_in::<i64>(i64::MIN..=i64::MAX);
        assert_eq!(tail("-1"), Ok(-1));
        assert_eq!(tail("x"), Err("expected a whole number".to_owned()));
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
    fn quantities_as_they_are_meant() {
        for text in ["512Mi", "1.5Gi", "2G", "536870912"] {
            assert_eq!(memory(text).as_deref(), Ok(text));
        }
        for (text, meant) in [("512m", "512Mi"), ("512", "512Mi")] {
            assert!(memory(text).is_err_and(|why| why.contains(meant)), "{text}");
        }
        for wrong in [
            "", "0Mi", "512MB", "512mi", "Mi", "-1Gi", "1e3", "1.2.3Gi", "infMi",
        ] {
            assert!(memory(wrong).is_err(), "{wrong}");
        }
        assert!(["500m", "2", "0.5"].iter().all(|text| cpu(text).is_ok()));
        assert!(
            ["", "m", "0", "half", "2cores"]
                .iter()
                .all(|text| cpu(text).is_err())
        );
    }

    #[test]
    fn yaml_says_error_once() {
        let error = serde_yaml::from_str::<serde_json::Value>("a: [").expect_err("not closed");
        let words = yaml_words(&error);
        assert!(!words.starts_with("error") && words.contains("line"), "{words}");
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

    #[test]
    fn sizes_as_kubernetes_writes_them() {
        for (text, expected) in [
            ("1", 1),
            ("512Mi", 512 << 20),
            ("8Gi", 8 << 30),
            ("2G", 2_000_000_000),
        ] {
            assert_eq!(size(text), Ok(expected));
        }
        for wrong in ["", "0", "Gi", "-1", "+1", "1.5Gi", "8GB", "99999999999Ti"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn digests_with_and_without_their_algorithm() {
        let hex = Digest::of(b"").hex();
        for text in [hex.clone(), hex.to_uppercase(), format!("sha256:{hex}")] {
            assert_eq!(digest(&text), Ok(Digest::of(b"")));
        }
        assert!(digest("abc").is_err());
    }
}
