//! What a file that nobody named may set. It may describe the app; whom the user trusts, and which credentials are
//! used, is the user's to decide.

use std::fmt::Write;

use clap::Command;

use super::key::{self, camel_case};
use crate::model::{KeyRef, VolumeMount, VolumeSource};

/// Who may set a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum May {
    /// Any file: it describes the app.
    Any,
    /// Any file, where a value needs no trust by itself.
    AnyUnless(fn(&str) -> bool),
    /// Any file for an app that is new or this artifact's own: looked at once the cluster has answered.
    AnyForItsOwn,
    /// A file that the user named or has trusted.
    Trusted,
    /// No file: it is about one run.
    NoFile,
}

/// A flag of `deploy`, who may set its key, and why.
pub(super) struct Rule {
    flag: &'static str,
    pub(super) may: May,
    why: &'static str,
}

const fn rule(flag: &'static str, may: May, why: &'static str) -> Rule {
    Rule { flag, may, why }
}

/// All flags of `deploy`.
const RULES: &[Rule] = &[
    rule("file", May::NoFile, ""),
    rule(
        "base",
        May::Any,
        "what the app runs on; a registry gets only its own login",
    ),
    rule("s2i", May::Any, "how the base starts the app"),
    rule("platform", May::Any, "what the image is for"),
    rule("port", May::Any, "where the app listens"),
    rule("image-env", May::Any, "plain values"),
    rule("image-label", May::Any, "plain values"),
    rule(
        "jvm-options",
        May::Any,
        "how the app starts, and the artifact is code anyway",
    ),
    rule("context-path", May::Any, "what a WAR serves"),
    rule("convert-javax", May::Any, "how a WAR runs"),
    rule("compression", May::Any, "how the layers are written"),
    rule("compression-level", May::Any, "how the layers are written"),
    rule("sha256", May::Any, "it can only refuse"),
    rule(
        "max-artifact-size",
        May::Trusted,
        "a limit that protects your machine",
    ),
    rule(
        "max-unpacked-size",
        May::Trusted,
        "a limit that protects your machine",
    ),
    rule("max-entries", May::Trusted, "a limit that protects your machine"),
    rule("allow-missing-libraries", May::Any, "what the artifact lacks"),
    rule(
        "image",
        May::Trusted,
        "the registry and repository that your login pushes to",
    ),
    rule("tag", May::Any, "a name within the app's own repository"),
    rule(
        "name",
        May::AnyForItsOwn,
        "for a new app, or one that was built from this artifact: another's has its Secrets and users",
    ),
    rule("pull", May::NoFile, ""),
    rule("rebuild", May::NoFile, ""),
    rule("service-port", May::Any, "where the app is reached"),
    rule("nodeport", May::Any, "where the app is reached"),
    rule("load-balancer", May::Any, "where the app is reached"),
    rule("no-nodeport", May::Any, "where the app is reached"),
    rule("ingress", May::Any, "where the app is reached"),
    rule("ingress-class", May::Any, "where the app is reached"),
    rule("ingress-tls", May::Trusted, "a Secret with a private key"),
    rule("no-ingress", May::Any, "where the app is reached"),
    rule("replicas", May::Any, "how many Pods"),
    rule(
        "env",
        May::AnyUnless(is_reference),
        "plain values; `secret:` and `configmap:` need trust",
    ),
    rule("memory", May::Any, "what the app gets"),
    rule("cpu", May::Any, "what the app gets"),
    rule("cpu-limit", May::Any, "what the app gets"),
    rule("stateful", May::Any, "which workload; its claims are `volume`"),
    rule("stateless", May::Any, "which workload"),
    rule("adopt", May::NoFile, ""),
    rule("container", May::NoFile, ""),
    rule("env-from", May::Trusted, "Secrets and ConfigMaps"),
    rule(
        "command",
        May::Any,
        "how the app starts, and the artifact is code anyway",
    ),
    rule("args", May::Any, "how the app starts"),
    rule("health-path", May::Any, "probes"),
    rule("liveness", May::Any, "probes"),
    rule("readiness", May::Any, "probes"),
    rule(
        "service-account",
        May::Trusted,
        "the rights that the Pods have in the cluster",
    ),
    rule("node-selector", May::Any, "where the Pods run"),
    rule("toleration", May::Trusted, "nodes that are kept for others"),
    rule("label", May::Any, "plain values; never those that select the app"),
    rule(
        "annotation",
        May::Trusted,
        "injectors of Secrets and cloud roles read them",
    ),
    rule(
        "volume",
        May::AnyUnless(mounts_what_exists),
        "`emptydir`; Secrets, ConfigMaps and claims need trust",
    ),
    rule("fs-group", May::Trusted, "who owns the files of claims"),
    rule("force-conflicts", May::NoFile, ""),
    rule("strategy", May::Any, "how new Pods replace old ones"),
    rule("no-undo", May::Any, "how a rollout ends"),
    rule("wait", May::Any, "how a rollout ends"),
    rule("timeout", May::Any, "how a rollout ends"),
    rule("push-secret", May::Trusted, "which login pushes"),
    rule("pull-secret", May::Trusted, "which login pulls"),
    rule(
        "builder-image",
        May::Trusted,
        "the program that gets the push Secret",
    ),
    rule(
        "bootstrap-image",
        May::Trusted,
        "the program that gets the push Secret",
    ),
    rule("builder-pull-secret", May::Trusted, "which login pulls"),
    rule(
        "insecure-registry",
        May::Trusted,
        "whether a login may be read on its way",
    ),
    rule(
        "registry-host",
        May::Trusted,
        "private hosts that a registry may send the Pods to",
    ),
    rule(
        "registry-ca",
        May::Trusted,
        "whom the Pods believe to be the registry",
    ),
    rule(
        "staging-idle",
        May::Trusted,
        "how long a Pod with the push Secret stays",
    ),
    rule("history-limit", May::Any, "how many builds are remembered"),
    rule("build-cpu-limit", May::Any, "how fast a build may be"),
    rule("build-timeout", May::Any, "how long a build may take"),
    rule("timings", May::NoFile, ""),
    rule("dry-run", May::NoFile, ""),
    rule("open", May::NoFile, ""),
    rule("output", May::NoFile, ""),
    rule("help", May::NoFile, ""),
];

/// Returns who may set the key of a flag; `None` for a flag without a rule.
pub(super) fn of(flag: &str) -> Option<May> {
    RULES.iter().find(|rule| rule.flag == flag).map(|rule| rule.may)
}

/// Whether the values of a flag need the user's trust. What has no rule does.
pub(super) fn needs_trust(flag: &str, value: &str) -> bool {
    match of(flag) {
        Some(May::Any | May::AnyForItsOwn) => false,
        Some(May::AnyUnless(needs_trust)) => needs_trust(value),
        Some(May::Trusted | May::NoFile) | None => true,
    }
}

/// Whether a word of `--env` takes its value from a Secret or a `ConfigMap`: as `change_env` reads it.
fn is_reference(word: &str) -> bool {
    let value = word.split_once('=').map(|(_, value)| value);
    value.is_some_and(|value| value.parse::<KeyRef>().is_ok())
}

/// Whether a word of `--volume` mounts anything but room of the Pod's own. `/PATH-` mounts nothing.
fn mounts_what_exists(word: &str) -> bool {
    if word.ends_with('-') {
        return false;
    }
    let mount = word.parse::<VolumeMount>();
    !mount.is_ok_and(|mount| mount.source == VolumeSource::EmptyDir)
}

/// Returns the table of the keys as `docs/reference/options-file.md` has it.
pub(crate) fn table(command: &Command) -> String {
    let mut out = String::from(
        "| key | a found file may set it | why |\n|---|---|---|\n\
         | `artifact` | below the file's folder, or `https://…` with `sha256` | anything else reaches beyond the folder |\n",
    );
    for key in key::of(command) {
        let Some(rule) = RULES.iter().find(|rule| rule.flag == key.flag) else {
            continue;
        };
        let may = match rule.may {
            May::Any => "yes",
            May::AnyUnless(_) | May::AnyForItsOwn => "in part",
            May::Trusted | May::NoFile => "no",
        };
        // Writing to a String does not fail.
        let _ = writeln!(out, "| `{}` | {may} | {} |", camel_case(rule.flag), rule.why);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_decides_for_env_and_volumes() {
        for (flag, value, needs) in [
            ("env", "A=1", false),
            ("env", "A-", false),
            ("env", "A=secret:x", false),
            ("env", "A=secret:db/password", true),
            ("env", "A=configmap:app/key", true),
            ("volume", "emptydir:/cache", false),
            ("volume", "emptydir:/cache:ro", false),
            ("volume", "/cache-", false),
            ("volume", "secret/db:/etc/db", true),
            ("volume", "configmap/app:/etc/app:ro", true),
            ("volume", "pvc/data:/data", true),
            ("volume", "claim/data=1Gi:/data", true),
            ("volume", "nonsense", true),
            ("env-from", "configmap/app", true),
            ("no-such-flag", "x", true),
        ] {
            assert_eq!(needs_trust(flag, value), needs, "{flag} {value}");
        }
    }
}
