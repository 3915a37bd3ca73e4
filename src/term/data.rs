//! Results for programs: JSON and YAML that read back as they were, and carry nothing that a terminal obeys.

use serde::Serialize;
use serde_json::Value;

use super::sanitize;
use crate::error::{Failure, Result};

/// Forces a string of YAML into double quotes: it is one of the characters that must be escaped.
const MARK: char = '\u{fffe}';

/// Returns something as JSON in lines.
///
/// # Errors
/// A failure where it has no such form.
pub fn json(all: &impl Serialize) -> Result<String> {
    let document = serde_json::to_string_pretty(all).map_err(|error| failure().because(error))?;
    Ok(sanitize::json(&document).into_owned())
}

/// Returns something as YAML. Long values stay on their line, where people edit them.
///
/// # Errors
/// A failure where it has no such form.
pub fn yaml(all: &impl Serialize) -> Result<String> {
    let document = plain(all)?;
    if sanitize::text(&document) == document {
        return Ok(document);
    }
    // The serializer escapes controls and leaves bidi controls raw, in plain and block scalars too. Strings that have
    // any get a mark, which puts them into double quotes; then the mark goes and the escapes come.
    let mark = (0..=document.len())
        .map(|number| format!("{number};"))
        .find(|mark| !document.contains(&format!("\\uFFFE{mark}")))
        .unwrap_or_default();
    let mut value = serde_json::to_value(all).map_err(|error| failure().because(error))?;
    quote(&mut value, &format!("{MARK}{mark}"));
    let document = plain(&value)?.replace(&format!("\\uFFFE{mark}"), "");
    Ok(sanitize::yaml(&document).into_owned())
}

fn plain(all: &impl Serialize) -> Result<String> {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    serde_yaml::to_string_with_options(all, options).map_err(|error| failure().because(error))
}

fn failure() -> Failure {
    Failure::new("could not print the result")
}

/// Marks every string, and every key, that a terminal must not get raw.
fn quote(value: &mut Value, mark: &str) {
    let marked = |text: &str| (sanitize::text(text) != text).then(|| format!("{mark}{text}"));
    match value {
        Value::String(text) => {
            if let Some(marked) = marked(text) {
                *text = marked;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| quote(value, mark)),
        Value::Object(map) => {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(key, mut value)| {
                    quote(&mut value, mark);
                    (marked(&key).unwrap_or(key), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_as_it_was_and_is_harmless() {
        for text in [
            "a\u{202e}b",
            "it's \u{202e} \"quoted\" \\ # no comment",
            "two\nlines\u{2067}\n",
            "two\n\tlines with a tab\n",
            "\\uFFFE0;a literal\u{200b}",
            "\"\\uFFFE0;",
            "\u{fffe}0;\u{202e}",
            "\u{1b}[31m\u{9b}\u{7f}\u{85}\r\0",
            "tag \u{e0041} and 👩‍👧",
            "- a: \u{202e}",
            "\u{202e}",
        ] {
            let value = serde_json::json!({ "plain": "x", "list": [text, { text: text }], text: 1.5 });
            let (yaml, json) = (yaml(&value).expect("YAML"), json(&value).expect("JSON"));
            assert_eq!(
                serde_yaml::from_str::<Value>(&yaml).expect("YAML"),
                value,
                "{yaml}"
            );
            assert_eq!(
                serde_json::from_str::<Value>(&json).expect("JSON"),
                value,
                "{json}"
            );
            assert_eq!(sanitize::text(&yaml), yaml);
            assert_eq!(sanitize::text(&json), json);
        }
    }

    #[test]
    fn what_is_harmless_stays_as_people_write_it() {
        let value = serde_json::json!({ "a": "two\nlines\n", "b": "é" });
        assert_eq!(yaml(&value).expect("YAML"), "a: |\n  two\n  lines\nb: é\n");
    }
}
