//! What an app was deployed with, a row an option. Env and image have sections of their own.

use serde_json::Value;

use crate::{model::AppStatus, term::Table};

/// Keys whose values other sections show.
const ELSEWHERE: [&str; 4] = ["env", "envFrom", "image", "tag"];

/// Returns the rows. Memory and CPU are what the container has, whoever has set them.
pub(super) fn rows(app: &AppStatus) -> Vec<String> {
    let amounts = app
        .workload
        .as_ref()
        .map(|it| [("memory", &it.memory), ("cpu", &it.cpu)]);
    let live = |key: &str| {
        let amount = amounts.iter().flatten().find(|(name, _)| *name == key);
        amount.and_then(|(_, amount)| amount.as_ref())
    };
    let mut table = Table::new(&[]);
    let said = app
        .options
        .iter()
        .filter(|(key, _)| !ELSEWHERE.contains(&key.as_str()));
    for (key, value) in said {
        table.row([key.as_str(), live(key).unwrap_or(&text(value))]);
    }
    for (key, amount) in amounts.iter().flatten() {
        if let (Some(amount), false) = (amount, app.options.contains_key(*key)) {
            table.row([*key, &format!("{amount} (default)")]);
        }
    }
    table.lines()
}

/// A value on one line; nothing for a flag that stands alone.
fn text(value: &Value) -> String {
    let joined = |texts: Vec<String>| texts.join(", ");
    match value {
        Value::Null | Value::Bool(true) => String::new(),
        Value::Bool(false) => "false".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => joined(values.iter().map(text).collect()),
        Value::Object(pairs) => joined(
            pairs
                .iter()
                .map(|(name, it)| format!("{name}={}", text(it)))
                .collect(),
        ),
    }
}
