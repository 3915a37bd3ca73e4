//! The documented Role, and the advice that people get who have no more than that.
use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

/// `verb resource` of everything that the Role grants.
fn granted() -> BTreeSet<String> {
    let text = include_str!("../../docs/reference/permissions.yaml");
    let documents: Vec<Value> = serde_yaml::from_multiple(text).unwrap();
    let rules = documents[0]["rules"].as_array().unwrap();
    let words =
        |rule: &Value, key: &str| -> Vec<String> { serde_json::from_value(rule[key].clone()).unwrap() };
    // What is for one name only is not for whatever an error names.
    let open = rules.iter().filter(|rule| rule["resourceNames"].is_null());
    open.flat_map(|rule| {
        let verbs = words(rule, "verbs");
        let pairs = words(rule, "resources").into_iter().flat_map(move |resource| {
            let pair = move |verb: &String| format!("{verb} {resource}");
            verbs.iter().map(pair).collect::<Vec<_>>()
        });
        pairs.collect::<Vec<_>>()
    })
    .collect()
}

/// What a kubectl command takes: `list deployments`. Empty where it asks the cluster for nothing of the namespace.
fn needs(command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let [
        _,
        verb @ ("get" | "describe" | "delete" | "annotate" | "edit"),
        kinds,
        ..,
    ] = words[..]
    else {
        let is_other = matches!(
            words[..],
            [_, "auth" | "config" | "version" | "b2i" | "rollout", ..]
        );
        assert!(is_other || !command.starts_with("kubectl"), "unknown: {command}");
        return Vec::new();
    };
    let verbs: &[&str] = match verb {
        "get" => &["list"],
        "describe" => &["get", "list"],
        "delete" => &["delete"],
        _ => &["get", "patch"],
    };
    let plural = |kind: &str| match kind {
        "pvc" => "persistentvolumeclaims".to_owned(),
        "ingress" => "ingresses".to_owned(),
        kind if kind.ends_with('s') => kind.to_owned(),
        kind => format!("{kind}s"),
    };
    let rights = kinds
        .split(',')
        .flat_map(|kind| verbs.iter().map(move |verb| format!("{verb} {}", plural(kind))));
    rights.collect()
}

fn pages(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|end| end == "txt") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn what_an_error_advises_is_allowed_or_says_whom_to_ask() {
    let granted = granted();
    let mut found = Vec::new();
    pages(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
        &mut found,
    );
    let mut more = 0;
    for (path, page) in &found {
        let Some((_, next)) = page.split_once("\nnext: ") else {
            continue;
        };
        let commands: Vec<&str> = next
            .lines()
            .filter_map(|line| line.strip_prefix("        "))
            .collect();
        let is_login = |command: &&str| command.starts_with("kubectl b2i registry login");
        let exceeds = commands
            .iter()
            .any(|command| is_login(command) || needs(command).iter().any(|right| !granted.contains(right)));
        let names_whom = next.contains("ask an administrator of the namespace");
        assert!(names_whom || !exceeds, "{path}\n{page}");
        more += i32::from(exceeds);
    }
    assert!(
        more >= 4,
        "only {more} pages need more than the Role: are they still read?"
    );
}
