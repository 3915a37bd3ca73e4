//! The workflows: what they run is pinned, and what may write runs nothing of anybody else's.

use std::{fs, path::Path};

use regex::Regex;
use serde_json::Value;

/// What is wrong with a workflow, one line for each finding.
fn findings(text: &str) -> Vec<String> {
    let workflow = parsed(text);
    let mut found = Vec::new();
    if workflow["permissions"] != serde_json::json!({}) {
        found.push("the workflow's own `permissions` are not `{}`".to_owned());
    }
    if workflow["on"].to_string().contains("pull_request_target") {
        found.push("`pull_request_target` runs a stranger's code with our rights".to_owned());
    }
    for (name, job) in workflow["jobs"].as_object().into_iter().flatten() {
        let about = |what: &str| format!("{name}: {what}");
        let Some(permissions) = job["permissions"].as_object() else {
            found.push(about("no `permissions` of its own"));
            continue;
        };
        let steps = job["steps"].as_array().cloned().unwrap_or_default();
        let may_write = permissions.values().any(|right| right != "read");
        for step in &steps {
            found.extend(
                findings_of_step(step, may_write)
                    .into_iter()
                    .map(|what| about(&what)),
            );
        }
        let uses = |action: &str| {
            let named = |step: &Value| step["uses"].as_str().unwrap_or_default().starts_with(action);
            steps.iter().any(named)
        };
        let attests = uses("actions/attest-build-provenance@");
        if permissions.contains_key("attestations") && !attests {
            found.push(about("`attestations` for a job that attests nothing"));
        }
        if permissions.contains_key("id-token") && !attests && !uses("sigstore/cosign-installer@") {
            found.push(about("`id-token` for a job that signs nothing"));
        }
    }
    found.extend(unversioned(text));
    found
}

fn findings_of_step(step: &Value, may_write: bool) -> Vec<String> {
    let pinned = Regex::new(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$").unwrap();
    let mut found = Vec::new();
    if let Some(action) = step["uses"].as_str() {
        if !pinned.is_match(action) {
            found.push(format!("`{action}` is not pinned by a commit"));
        }
        if action.starts_with("actions/checkout@") && step["with"]["persist-credentials"] != false {
            found.push("a checkout leaves its token in the folder".to_owned());
        }
        if may_write && action.contains("cache") {
            found.push(format!("`{action}`: what may write takes nothing from a cache"));
        }
    }
    let run = step["run"].as_str().unwrap_or_default();
    // Whatever it is: its text would become part of the script. `env` hands it over as data.
    if run.contains("${{") {
        found.push(format!("an expression in `run`: {run}"));
    }
    let installs = Regex::new(r"(cargo|pip|npm|go) install (.*)").unwrap();
    let by_version = Regex::new(r"^--locked [\w-]+@\d+\.\d+\.\d+$").unwrap();
    for install in installs.captures_iter(run) {
        if &install[1] != "cargo" || !by_version.is_match(&install[2]) {
            found.push(format!("not by version: {}", &install[0]));
        }
    }
    let builds = Regex::new(r"\b(cargo|rustup|npm|pip|make|go|curl|wget|bash)\b|krew/|tests/").unwrap();
    if may_write && builds.is_match(run) {
        found.push(format!("what may write runs code of others: {run}"));
    }
    found
}

/// A pin without its version is one that nobody can read.
fn unversioned(text: &str) -> Vec<String> {
    let line_is_right = Regex::new(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    text.lines()
        .filter(|line| line.contains("uses:") && !line_is_right.is_match(line))
        .map(|line| format!("no version behind `{}`", line.trim()))
        .collect()
}

fn parsed(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn workflows() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn what_the_workflows_run_is_pinned_and_has_the_least_rights() {
    let workflows = workflows();
    assert!(workflows.len() >= 2);
    for (path, text) in workflows {
        assert_eq!(findings(&text), [""; 0], "{path}");
    }
}

#[test]
fn the_toolchain_of_the_workflows_is_the_one_that_the_program_is_written_for() {
    let cargo = include_str!("../../Cargo.toml");
    let (_, version) = cargo.split_once("rust-version = \"").unwrap();
    let version = version.split('"').next().unwrap();
    let exact = Regex::new(&format!(r#"RUSTUP_TOOLCHAIN: "{}\.\d+""#, regex::escape(version))).unwrap();
    for (path, text) in workflows() {
        assert!(exact.is_match(&text), "{path}");
    }
}

#[test]
fn a_release_is_attested_and_its_image_signed_by_digest() {
    let workflow = include_str!("../../.github/workflows/release.yml");
    for part in [
        "uses: actions/attest-build-provenance@",
        r#"cosign sign --yes "$image@$(cat digest)""#,
        "sha256sum --check --strict SHA256SUMS",
    ] {
        assert!(workflow.contains(part), "{part}");
    }
}

#[test]
fn cargo_deny_runs_in_the_tests_and_in_the_workflows() {
    assert!(include_str!("../run").contains(r#"stage dependencies "$TESTS/deny""#));
    assert!(include_str!("../../.github/workflows/test.yml").contains("run: tests/deny --advisories"));
    let deny = include_str!("../../deny.toml");
    for part in [
        "[licenses]",
        "[bans]",
        "[sources]",
        "[advisories]",
        r#"unknown-registry = "deny""#,
        r#"unknown-git = "deny""#,
    ] {
        assert!(deny.contains(part), "{part}");
    }
    // One source, and nothing by path or git.
    let lock = include_str!("../../Cargo.lock");
    let elsewhere = lock.lines().filter(|line| line.starts_with("source = "));
    let elsewhere: Vec<&str> = elsewhere
        .filter(|line| !line.contains("registry+https://github.com/rust-lang/crates.io-index"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn pins_are_kept_fresh() {
    let dependabot = parsed(include_str!("../../.github/dependabot.yml"));
    let updates = dependabot["updates"].as_array().unwrap();
    let ecosystems: Vec<&str> = updates
        .iter()
        .map(|it| it["package-ecosystem"].as_str().unwrap())
        .collect();
    assert_eq!(ecosystems, ["cargo", "github-actions", "gomod"]);
}

#[test]
fn what_is_wrong_is_found() {
    let sha = "11bd71901bbe5b1630ceea73d27597364c9af683";
    let workflow = |top: &str, job: &str, step: &str| {
        format!("on: push\n{top}\njobs:\n  build:\n    {job}\n    steps:\n      - {step}\n")
    };
    let right =
        format!("uses: actions/checkout@{sha} # v4.2.2\n        with: {{ persist-credentials: false }}");
    let (none, reads) = ("permissions: {}", "permissions: { contents: read }");
    assert_eq!(findings(&workflow(none, reads, &right)), [""; 0]);
    let writes = "permissions: { contents: write }";
    for (top, job, step) in [
        ("permissions: { contents: write }", reads, &*right),
        ("", reads, &*right),
        (none, "runs-on: ubuntu-24.04", &*right),
        (none, "permissions: { id-token: write }", &*right),
        (none, "permissions: { attestations: write }", &*right),
        (none, reads, "uses: actions/checkout@v4"),
        (none, reads, "uses: actions/checkout@main # v4.2.2"),
        (none, reads, &format!("uses: actions/checkout@{sha} # v4.2.2")),
        (none, reads, &format!("uses: Swatinem/rust-cache@{sha}")),
        (
            none,
            reads,
            &format!("uses: Swatinem/rust-cache@{} # v1.2.3", &sha[..39]),
        ),
        (none, reads, "run: echo ${{ github.event.pull_request.title }}"),
        (none, reads, "run: echo ${{ inputs.name }}"),
        (none, reads, "run: cargo install --locked mdbook"),
        (none, reads, "run: cargo install mdbook@0.5.4"),
        (none, writes, "run: cargo build"),
        (none, writes, &format!("uses: actions/cache@{sha} # v4.2.4")),
    ] {
        let text = workflow(top, job, step);
        assert_ne!(findings(&text), [""; 0], "{text}");
    }
}
