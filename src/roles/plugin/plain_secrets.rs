//! What looks like a password and is about to be readable for everybody who may read a Deployment or pull an image.
//! Only warned of: the person may know better. The value itself is never printed.

use super::values;
use crate::model::is_plain_secret;

/// Returns a warning for each word of a flag that holds a secret in plain text.
pub(super) fn in_pairs(flag: &str, words: &[String]) -> Vec<String> {
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    let secret = pairs.filter(|(name, value)| is_plain_secret(name, value));
    secret.map(|(name, _)| warning(flag, name)).collect()
}

/// The same for options in one text: `-Ddb.password=…`, `--token=…`.
pub(super) fn in_options(flag: &str, text: Option<&str>) -> Vec<String> {
    // What cannot be read is told by who uses it.
    let words = text
        .and_then(|text| values::words(flag, text).ok())
        .unwrap_or_default();
    let pairs = words.iter().filter_map(|word| {
        let (name, value) = word.strip_prefix("-D").unwrap_or(word).split_once('=')?;
        Some((name.trim_start_matches('-'), value))
    });
    let secret = pairs.filter(|(name, value)| is_plain_secret(name, value));
    secret.map(|(name, _)| warning(flag, name)).collect()
}

fn warning(flag: &str, name: &str) -> String {
    let seen_by = match flag {
        "--image-env" | "--image-label" | "--jvm-options" => "everybody who may pull the image",
        _ => "everybody who may read the app's Deployment",
    };
    let variable: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    let variable = if matches!(flag, "--env" | "--image-env") {
        name
    } else {
        &variable
    };
    format!(
        "`{flag} {name}=…` looks like a secret in plain text, readable for {seen_by}; \
         put it into a Secret and refer to it: `--env {variable}=secret:NAME/KEY`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_printed() {
        let words = [
            "DB_PASSWORD=s3cret".to_owned(),
            "A=1".to_owned(),
            "TOKEN-".to_owned(),
        ];
        let warnings = in_pairs("--env", &words);
        assert!(
            warnings.len() == 1 && warnings[0].contains("`--env DB_PASSWORD=secret:NAME/KEY`"),
            "{warnings:?}"
        );
        let options = in_options("--jvm-options", Some("-Xmx1g -Ddb.password=s3cret '-Dtoken=a b'"));
        assert!(
            options.len() == 2 && options[0].contains("`--env DB_PASSWORD=secret:NAME/KEY`"),
            "{options:?}"
        );
        assert!(
            ![warnings, options]
                .concat()
                .iter()
                .any(|warning| warning.contains("s3cret"))
        );
    }
}
