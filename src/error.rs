//! What a person is told when something fails: what they did not get, why, and what to do next.
//!
//! Lower rooms return typed errors with facts. The step that knows what the person wanted turns
//! them into a [`Failure`]; only `term` prints it. A `Failure` travels as JSON too: the in-cluster
//! roles write theirs to the container's termination message.

use std::{fmt, process::ExitCode};

use serde::{Deserialize, Serialize};

/// Stands at the start of a suggested command for the one that was typed. A build record or a Pod's termination message
/// keeps it like this: only the plugin that was called knows the line, which may hold what is not for others.
pub const TYPED: &str = "kubectl b2i …";

/// The result of everything a person asks for.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// How a run ends, as far as the shell is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A step failed: exit code 1.
    #[default]
    Step,
    /// The command line or a setting is wrong: exit code 2, as clap's own.
    Usage,
    /// Ctrl-C, after the clean-up: exit code 130, as a shell reports SIGINT.
    Interrupted,
}

/// One failure in a person's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was asked for and not got: `could not <verb> <thing>`, values in backticks.
    pub what: String,
    /// The nearest true cause. Lines after the first are detail.
    #[serde(default)]
    pub why: String,
    /// One sentence on what to do.
    #[serde(default)]
    pub next: String,
    /// Commands to paste, one a line.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Anchor in `docs/troubleshooting.md`, empty where there is none.
    #[serde(default)]
    pub anchor: String,
    /// Decides the exit code.
    #[serde(default)]
    pub kind: Kind,
}

impl Kind {
    /// Returns the exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Step => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

impl Failure {
    /// Starts a failure of a step with what the person did not get.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: String::new(),
            next: String::new(),
            commands: Vec::new(),
            anchor: String::new(),
            kind: Kind::Step,
        }
    }

    /// Starts a failure that the command line caused (exit code 2).
    #[must_use]
    pub fn usage(what: impl Into<String>) -> Self {
        Self {
            kind: Kind::Usage,
            ..Self::new(what)
        }
    }

    /// Sets the nearest true cause.
    #[must_use]
    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = why.to_string();
        self
    }

    /// Sets the cause from an error and the errors below it, outermost first.
    #[must_use]
    pub fn because(self, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let mut parts: Vec<String> = Vec::new();
        for cause in error.chain().map(ToString::to_string) {
            // Many crates repeat the inner error in the outer one's text.
            if !parts.last().is_some_and(|last| last.contains(&cause)) {
                parts.push(cause);
            }
        }
        self.why(parts.join(": "))
    }

    /// Sets the sentence that says what to do.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// Adds a command that the person can paste.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// Suggests the command that was typed, with more flags. A flag that it has already gets the new value.
    #[must_use]
    pub fn again(self, flags: impl fmt::Display) -> Self {
        self.command(format!("{TYPED} {flags}"))
    }

    /// Names the section of `docs/troubleshooting.md` that tells more.
    #[must_use]
    pub fn anchor(mut self, anchor: impl Into<String>) -> Self {
        self.anchor = anchor.into();
        self
    }

    /// Whether one of its commands takes more than the Role that everybody needs (docs/reference/permissions.yaml), so that
    /// an administrator may have to run it.
    #[must_use]
    pub fn needs_administrator(&self) -> bool {
        self.commands.iter().any(|command| exceeds_role(command))
    }

    /// Returns the exit code that this failure ends the process with.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.code())
    }
}

/// What the Role lets its owner look at and change, as kubectl names it.
const OF_ROLE: [&str; 13] = [
    "configmap",
    "deployment",
    "deployments",
    "events",
    "ingress",
    "job",
    "jobs",
    "persistentvolumeclaims",
    "pod",
    "pods",
    "pvc",
    "service",
    "statefulset",
];

/// Whether a command takes more than the Role grants. What is not known to be granted does.
fn exceeds_role(command: &str) -> bool {
    let mut words = command.split_whitespace().skip_while(|word| *word != "kubectl");
    words.next();
    match (words.next(), words.next()) {
        (Some("b2i"), Some("registry")) => words.next() != Some("check"),
        // Listed, and no more: `describe` gets each.
        (Some("get"), Some("resourcequota")) => false,
        (Some("apply" | "create"), _) => true,
        (Some("get" | "describe" | "delete" | "annotate" | "edit"), Some(kinds)) => {
            kinds.split(',').any(|kind| !OF_ROLE.contains(&kind))
        }
        _ => false,
    }
}

/// One line, for logs; people get the longer form from `term`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_errors_is_told_once() {
        let io = anyhow::anyhow!("disk full")
            .context("writing: disk full")
            .context("packing");
        assert_eq!(
            Failure::new("could not build").because(io).why,
            "packing: writing: disk full"
        );
    }

    #[test]
    fn a_command_that_takes_more_than_the_role_is_known() {
        for command in [
            "kubectl describe nodes",
            "kubectl get secret,configmap -n dev",
            "kubectl describe resourcequota,limitrange -n dev",
            "kubectl get namespace dev --show-labels",
            "kubectl b2i registry login HOST -n dev",
            "echo '{}' | kubectl apply -n dev -f -",
        ] {
            assert!(exceeds_role(command), "{command}");
        }
        for command in [
            "kubectl describe deployment,pod -l kubectl-b2i/app=shop -n dev",
            "kubectl get resourcequota -n dev",
            "kubectl get events --sort-by=.lastTimestamp -n dev",
            "kubectl b2i registry check r.example/shop",
            "kubectl b2i status shop",
            "kubectl config view --minify",
            "docker login r.example",
        ] {
            assert!(!exceeds_role(command), "{command}");
        }
    }

    #[test]
    fn travels_as_json() {
        let failure = Failure::new("could not push")
            .why("denied")
            .command("kubectl get secret")
            .anchor("push-denied");
        let text = serde_json::to_string(&failure).expect("plain data");
        assert_eq!(
            serde_json::from_str::<Failure>(&text).expect("own output"),
            failure
        );
    }
}
