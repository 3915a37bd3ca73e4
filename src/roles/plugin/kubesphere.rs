//! Env names that `KubeSphere`'s run scripts read, for bases that have no such script: people who
//! come from there have them in their `--env`.

use crate::model::{ConfigChanges, DeployOptions, Derived};

const JAVA_OPTIONS: &str = "JAVA_OPTIONS";
const JAVA_ARGS: &str = "JAVA_ARGS";
/// What every JVM reads.
const JVM_OPTIONS: &str = "JAVA_TOOL_OPTIONS";

/// Maps the names for an image that a JVM runs in; a source-to-image base reads them itself. Beside
/// what follows from them come words on it, for the person.
pub(super) fn map(
    config: &ConfigChanges,
    s2i: Option<bool>,
    jvm: bool,
    said: &DeployOptions,
) -> (Derived, Vec<String>) {
    let mut derived = Derived::default();
    let mut notes = Vec::new();
    if !jvm || s2i == Some(true) {
        return (derived, notes);
    }
    let env = &said.env;
    // What comes from a Secret we do not know, so nothing can be added to it.
    let is_known = !said.pod.env_keys.contains_key(JVM_OPTIONS);
    if let Some(options) = env.get(JAVA_OPTIONS).filter(|_| is_known) {
        // The workload's env takes the place of the image's, so what is there must be said again.
        let before = env
            .get(JVM_OPTIONS)
            .or_else(|| config.env.get(JVM_OPTIONS))
            .or_else(|| config.default_env.get(JVM_OPTIONS));
        let all = match before {
            Some(before) => format!("{before} {options}"),
            None => options.clone(),
        };
        derived.env.insert(JVM_OPTIONS.to_owned(), all);
        notes.push(format!(
            "{JAVA_OPTIONS} is read by KubeSphere's scripts only: the JVM gets it in {JVM_OPTIONS}"
        ));
    }
    // A servlet container, which the base starts, takes no arguments for an application.
    let is_started_by_us = config.entrypoint.is_some() && said.pod.command.is_empty();
    if let Some(args) = env.get(JAVA_ARGS).filter(|_| is_started_by_us) {
        // As an unquoted `$JAVA_ARGS` in a shell: split at spaces, and quotes are nothing special.
        derived.args = args.split_whitespace().map(str::to_owned).collect();
        notes.push(format!(
            "{JAVA_ARGS} is read by KubeSphere's scripts only: the app gets it as arguments"
        ));
    }
    (derived, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(
        entrypoint: Option<&str>,
        s2i: Option<bool>,
        jvm: bool,
        env: &[(&str, &str)],
    ) -> (Derived, Vec<String>) {
        let config = ConfigChanges {
            entrypoint: entrypoint.map(|word| vec![word.to_owned()]),
            default_env: [(JVM_OPTIONS.to_owned(), "-Xdefault".to_owned())].into(),
            ..ConfigChanges::default()
        };
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let said = DeployOptions {
            env: env.iter().map(pair).collect(),
            ..DeployOptions::default()
        };
        map(&config, s2i, jvm, &said)
    }

    #[test]
    fn options_come_after_those_of_the_image_or_of_the_person() {
        let options = |env: &[_]| mapped(Some("java"), None, true, env).0.env.remove(JVM_OPTIONS);
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
        let (derived, notes) = mapped(Some("java"), None, true, &[(JAVA_ARGS, " --a=1  '--b 2' ")]);
        assert_eq!(derived.args, ["--a=1", "'--b", "2'"]);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn only_where_nothing_else_reads_them() {
        let both = [(JAVA_OPTIONS, "-Xmx1g"), (JAVA_ARGS, "x")];
        let nothing = (Derived::default(), Vec::new());
        assert_eq!(mapped(Some("/app/server"), None, false, &both), nothing);
        assert_eq!(mapped(None, Some(true), true, &both), nothing);
        let (in_tomcat, _) = mapped(None, Some(false), true, &both);
        assert!(
            in_tomcat.args.is_empty() && in_tomcat.env.contains_key(JVM_OPTIONS),
            "{in_tomcat:?}"
        );
    }
}
