//! A key's value as words of the command line, and back.

use serde_json::{Map, Value};

use super::key::{Key, NO, Shape};

/// Returns the words that say the same on the command line.
///
/// # Errors
/// What the key takes instead.
pub(super) fn of(key: &Key, value: &Value) -> Result<Vec<String>, String> {
    let flag = &key.flag;
    let with = |value: &str| format!("--{flag}={value}");
    let words = match (key.shape, value) {
        (_, Value::Null) | (Shape::Switch, Value::Bool(false)) => Vec::new(),
        (Shape::Switch | Shape::Maybe, Value::Bool(true)) => vec![format!("--{flag}")],
        (Shape::Maybe | Shape::Many, Value::Bool(false)) if key.has_no => vec![format!("--{NO}{flag}")],
        (Shape::Switch, _) => return Err("it is true or false".to_owned()),
        (Shape::Words, Value::Array(words)) => {
            let quoted: Result<Vec<String>, String> =
                words.iter().map(|word| quoted(&scalar(word)?)).collect();
            vec![with(&quoted?.join(" "))]
        }
        (Shape::Maybe | Shape::Many | Shape::Pairs, Value::Array(values)) => {
            let values: Result<Vec<String>, String> = values.iter().map(scalar).collect();
            values?.iter().map(|value| with(value)).collect()
        }
        (Shape::Pairs, Value::Object(pairs)) => {
            let pairs: Result<Vec<String>, String> = pairs.iter().map(pair).collect();
            pairs?.iter().map(|pair| with(pair)).collect()
        }
        _ => vec![with(&scalar(value)?)],
    };
    Ok(words)
}

/// `A: 1` sets, `A: null` takes away, as `A=1` and `A-` do.
fn pair((name, value): (&String, &Value)) -> Result<String, String> {
    match value {
        Value::Null => Ok(format!("{name}-")),
        value => Ok(format!("{name}={}", scalar(value)?)),
    }
}

fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_true) => Ok(is_true.to_string()),
        Value::Null => Err("a value is missing".to_owned()),
        Value::Array(_) => Err("a list has no place there".to_owned()),
        Value::Object(_) => Err("a map has no place there".to_owned()),
    }
}

/// One word, as a shell takes it.
fn quoted(word: &str) -> Result<String, String> {
    let quote = match (word.contains('\''), word.contains('"')) {
        (false, _) => '\'',
        (true, false) => '"',
        (true, true) => return Err(format!("`{word}` has quotes of both kinds")),
    };
    Ok(format!("{quote}{word}{quote}"))
}

/// Returns the value that says what these typed values say; `takes_back` where `--no-…` was typed.
pub(super) fn back(key: &Key, typed: &[String], takes_back: bool) -> Value {
    let plain = |text: &String| match text.parse::<u64>() {
        // What would be read as another text again stays a text: 0123.
        Ok(number) if number.to_string() == *text => Value::from(number),
        _ => Value::from(text.as_str()),
    };
    match (key.shape, typed) {
        _ if takes_back => Value::Bool(false),
        (Shape::Switch, _) => Value::Bool(true),
        // What clap puts where the flag stood alone, and what remembered options have there.
        (Shape::Maybe, [only]) if only.is_empty() || only == "0" || only == "true" => Value::Bool(true),
        (Shape::Maybe, [only]) if only == "false" => Value::Bool(false),
        (Shape::Pairs, words) => pairs(words).unwrap_or_else(|| Value::from(words.to_vec())),
        (Shape::Many | Shape::Maybe | Shape::One | Shape::Words, [only]) => plain(only),
        (_, words) => Value::Array(words.iter().map(plain).collect()),
    }
}

fn pairs(words: &[String]) -> Option<Value> {
    let mut pairs = Map::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) => pairs.insert(name.to_owned(), Value::from(value)),
            None => pairs.insert(word.strip_suffix('-')?.to_owned(), Value::Null),
        };
    }
    Some(Value::Object(pairs))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(shape: Shape, has_no: bool) -> Key {
        Key {
            name: "x".to_owned(),
            id: "x".to_owned(),
            flag: "x".to_owned(),
            shape,
            has_no,
            is_path: false,
            possible: Vec::new(),
            help: String::new(),
        }
    }

    #[test]
    fn each_shape_has_its_words() {
        let rows = [
            (Shape::Switch, json!(true), vec!["--x"]),
            (Shape::Switch, json!(false), vec![]),
            (Shape::Maybe, json!(true), vec!["--x"]),
            (Shape::Maybe, json!(30080), vec!["--x=30080"]),
            (Shape::One, json!("a b"), vec!["--x=a b"]),
            (Shape::One, json!(null), vec![]),
            (Shape::Words, json!("-v 'a b'"), vec!["--x=-v 'a b'"]),
            (
                Shape::Words,
                json!(["-v", "a b", "it's"]),
                vec![r#"--x='-v' 'a b' "it's""#],
            ),
            (Shape::Many, json!([1, "b"]), vec!["--x=1", "--x=b"]),
            (
                Shape::Pairs,
                json!({"A": 1, "B": null, "C": "x=y"}),
                vec!["--x=A=1", "--x=B-", "--x=C=x=y"],
            ),
        ];
        for (shape, value, words) in rows {
            assert_eq!(
                of(&key(shape, false), &value),
                Ok(words.into_iter().map(str::to_owned).collect()),
                "{value}"
            );
        }
        assert_eq!(
            of(&key(Shape::Maybe, true), &json!(false)),
            Ok(vec!["--no-x".to_owned()])
        );
        assert_eq!(
            of(&key(Shape::Maybe, false), &json!(false)),
            Ok(vec!["--x=false".to_owned()])
        );
    }

    #[test]
    fn what_has_no_words_is_told() {
        for (shape, value) in [
            (Shape::Switch, json!("yes")),
            (Shape::One, json!([1])),
            (Shape::Many, json!({"a": 1})),
            (Shape::Pairs, json!({"a": {"b": 1}})),
            (Shape::Words, json!(["both ' and \""])),
        ] {
            assert!(of(&key(shape, false), &value).is_err(), "{value}");
        }
    }

    #[test]
    fn back_is_the_same() {
        for (shape, value) in [
            (Shape::Switch, json!(true)),
            (Shape::One, json!("512Mi")),
            (Shape::One, json!(2)),
            (Shape::Many, json!(8080)),
            (Shape::Many, json!([8080, 9090])),
            (Shape::Pairs, json!({"A": "1", "B": null})),
        ] {
            let key = key(shape, false);
            let words = of(&key, &value).expect("words");
            let typed: Vec<String> = words
                .iter()
                .filter_map(|word| Some(word.split_once('=')?.1.to_owned()))
                .collect();
            assert_eq!(back(&key, &typed, false), value);
        }
    }
}
