//! The threat model promises nothing that no test proves: each test that it names exists, and each of its sections names one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

const MODEL: &str = include_str!("../../docs/concepts/threat-model.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The tests that a text names: `integration::module::function`, `e2e::…`, and `src::…` for those beside the code.
fn named(text: &str) -> Vec<String> {
    let name = Regex::new(r"`((?:integration|e2e|src)(?:::\w+)+)`").unwrap();
    name.captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect()
}

/// Whether a test of this name would run.
fn exists(name: &str) -> bool {
    let mut path: Vec<&str> = name.split("::").collect();
    let (Some(function), suite) = (path.pop(), path.remove(0)) else {
        return false;
    };
    if suite == "src" && path.last() == Some(&"tests") {
        path.pop();
    }
    let Some(first) = path.first().copied() else {
        return false;
    };
    let folder = if suite == "src" {
        root().join("src")
    } else {
        root().join("tests").join(suite)
    };
    // A file that no module names is not compiled.
    let front = if suite == "src" { "lib.rs" } else { "main.rs" };
    let front = fs::read_to_string(folder.join(front)).unwrap_or_default();
    let is_module = Regex::new(&format!(r"(?m)^(pub )?mod {first};"))
        .unwrap()
        .is_match(&front);
    is_module && file(&folder, &path).is_some_and(|text| has_test(&text, function))
}

fn file(folder: &Path, modules: &[&str]) -> Option<String> {
    let stem: PathBuf = modules
        .iter()
        .fold(folder.to_owned(), |path, module| path.join(module));
    let text = |path: PathBuf| fs::read_to_string(path).ok();
    text(stem.with_extension("rs")).or_else(|| text(stem.join("mod.rs")))
}

/// Whether a text has a function of this name with a test's attribute right above it, among others perhaps.
fn has_test(text: &str, function: &str) -> bool {
    let is_function = Regex::new(&format!(r"^\s*(async )?fn {function}\(")).unwrap();
    let is_test = Regex::new(r"^\s*#\[(tokio::)?test(\(.*\))?\]$").unwrap();
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len())
        .filter(|&at| is_function.is_match(lines[at]))
        .any(|at| {
            let above = lines[..at].iter().rev();
            above
                .take_while(|line| line.trim_start().starts_with(['#', '/']))
                .any(|line| is_test.is_match(line))
        })
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let named = named(MODEL);
    assert!(named.len() >= 30, "{}", named.len());
    let missing: Vec<&String> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_promise_of_the_threat_model_names_a_test() {
    let mut lines = MODEL.lines().peekable();
    let mut promises = 0;
    while let Some(line) = lines.next() {
        // The heading of a table of promises.
        if !line.starts_with('|') || !line.trim_end().ends_with("| proved by |") {
            continue;
        }
        lines.next();
        while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
            let proof = row
                .trim_end_matches(['|', ' '])
                .rsplit('|')
                .next()
                .unwrap_or_default();
            assert!(!named(proof).is_empty(), "no test: {row}");
            promises += 1;
        }
    }
    assert!(promises >= 20, "{promises}");
}

#[test]
fn every_right_of_the_role_is_in_the_threat_model() {
    let role = include_str!("../../docs/reference/permissions.yaml");
    let (_, section) = MODEL.split_once("## What each Kubernetes right gives").unwrap();
    let resources = Regex::new(r"(?m)^\s+resources: \[([^\]]+)\]").unwrap();
    for found in resources.captures_iter(role) {
        for resource in found[1].split(", ") {
            assert!(section.contains(&format!("`{resource}`")), "{resource}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist_is_found() {
    assert!(exists(
        "integration::threat_model::a_name_that_does_not_exist_is_found"
    ));
    assert!(exists("src::cluster::pull_problem::tests::what_runtimes_said"));
    for wrong in [
        "integration::threat_model::nothing_of_this_name",
        // Functions, but no tests.
        "integration::threat_model::named",
        "src::cluster::pull_problem::host",
        "integration::no_such_module::what_is_wrong_is_found",
        "e2e::threat_model::a_name_that_does_not_exist_is_found",
        "integration::a_name_that_does_not_exist_is_found",
        "e2e::world",
        "src::tests",
    ] {
        assert!(!exists(wrong), "{wrong}");
    }
}
