//! Env names that `KubeSphere`'s run scripts read, for bases that have no such script: people who
//! come from there have them in their `--env`.

use std::collections::BTreeMap;

use crate::model::{Artifact, ArtifactKind, ImagePlan};

const JAVA_OPTIONS: &str = "JAVA_OPTIONS";
const JAVA_ARGS: &str = "JAVA_ARGS";
/// What every JVM reads.
const JVM_OPTIONS: &str = "JAVA_TOOL_OPTIONS";

/// What the workload gets beside what the person said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mapped {
    /// Env, stronger than the person's.
    pub env: BTreeMap<String, String>,
    /// Arguments of the container.
    pub args: Vec<String>,
    /// What was done, for the person.
    pub notes: Vec<String>,
}

/// Maps the names for an artifact that a JVM runs; a source-to-image base reads them itself.
pub(super) fn map(artifact: &Artifact, plan: &ImagePlan, env: &BTreeMap<String, String>) -> Mapped {
    let mut mapped = Mapped::default();
    let is_jar = match artifact.kind {
        _ if plan.s2i == Some(true) => return mapped,
        ArtifactKind::Elf(_) => return mapped,
        ArtifactKind::Jar(_) => true,
        ArtifactKind::War(_) => false,
    };
    if let Some(options) = env.get(JAVA_OPTIONS) {
        // The workload's env takes the place of the image's, so what is there must be said again.
        let before = env
            .get(JVM_OPTIONS)
            .or_else(|| plan.config.env.get(JVM_OPTIONS))
            .or_else(|| plan.config.default_env.get(JVM_OPTIONS));
        let all = match before {
            Some(before) => format!("{before} {options}"),
            None => options.clone(),
        };
        mapped.env.insert(JVM_OPTIONS.to_owned(), all);
        mapped.notes.push(format!(
            "{JAVA_OPTIONS} is read by KubeSphere's scripts only: the JVM gets it in {JVM_OPTIONS}"
        ));
    }
    // Tomcat takes no arguments for an application.
    if let Some(args) = env.get(JAVA_ARGS).filter(|_| is_jar) {
        // As an unquoted `$JAVA_ARGS` in a shell: split at spaces, and quotes are nothing special.
        mapped.args = args.split_whitespace().map(str::to_owned).collect();
        mapped.notes.push(format!(
            "{JAVA_ARGS} is read by KubeSphere's scripts only: the app gets it as arguments"
        ));
    }
    mapped
}
