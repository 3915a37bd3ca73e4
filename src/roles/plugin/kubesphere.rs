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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Base, ConfigChanges, ElfFacts, JarFacts, JarLayout, Libc, ServletApi, WarFacts},
        oci::{Digest, Platform},
    };

    fn jar() -> ArtifactKind {
        ArtifactKind::Jar(JarFacts {
            main_class: "A".to_owned(),
            layout: JarLayout::Plain,
            java: 17,
            highest_java: None,
            class_path: Vec::new(),
            java_flags: Vec::new(),
        })
    }

    fn mapped(kind: ArtifactKind, s2i: Option<bool>, env: &[(&str, &str)]) -> Mapped {
        let artifact = Artifact {
            file_name: "app".to_owned(),
            named_after: "app".to_owned(),
            local_path: "app".into(),
            local_modified: None,
            size_bytes: 0,
            digest: Digest::of(b""),
            kind,
            evidence: Vec::new(),
            notes: Vec::new(),
            entries: Vec::new(),
            tree: None,
        };
        let plan = ImagePlan {
            base: Base::Scratch,
            base_reason: String::new(),
            platform: Platform::default(),
            config: ConfigChanges {
                default_env: [(JVM_OPTIONS.to_owned(), "-Xdefault".to_owned())].into(),
                ..ConfigChanges::default()
            },
            layers: Vec::new(),
            context_path: "/".to_owned(),
            s2i,
        };
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        map(&artifact, &plan, &env.iter().map(pair).collect())
    }

    #[test]
    fn options_come_after_those_of_the_image_or_of_the_person() {
        let options = |env: &[_]| mapped(jar(), None, env).env.remove(JVM_OPTIONS);
        assert_eq!(options(&[]), None);
        assert_eq!(
            options(&[(JAVA_OPTIONS, "-Xmx1g")]).as_deref(),
            Some("-Xdefault -Xmx1g")
        );
        let both = [(JAVA_OPTIONS, "-Xmx1g"), (JVM_OPTIONS, "-Xown")];
        assert_eq!(options(&both).as_deref(), Some("-Xown -Xmx1g"));
    }

    #[test]
    fn arguments_are_split_as_an_unquoted_variable_is() {
        let mapped = mapped(jar(), None, &[(JAVA_ARGS, " --a=1  '--b 2' ")]);
        assert_eq!(mapped.args, ["--a=1", "'--b", "2'"]);
        assert_eq!(mapped.notes.len(), 1);
    }

    #[test]
    fn only_where_nothing_else_reads_them() {
        let both = [(JAVA_OPTIONS, "-Xmx1g"), (JAVA_ARGS, "x")];
        let elf = ArtifactKind::Elf(ElfFacts {
            platform: Platform::default(),
            libc: Libc::Static,
            interpreter: None,
            needed: Vec::new(),
            versions: BTreeMap::new(),
        });
        assert_eq!(mapped(elf, None, &both), Mapped::default());
        assert_eq!(mapped(jar(), Some(true), &both), Mapped::default());
        let war = ArtifactKind::War(WarFacts {
            servlet_api: ServletApi::Javax,
            servlet_version: None,
            java: 8,
            spring_boot: None,
        });
        let mapped = mapped(war, Some(false), &both);
        assert!(
            mapped.args.is_empty() && mapped.env.contains_key(JVM_OPTIONS),
            "{mapped:?}"
        );
    }
}
