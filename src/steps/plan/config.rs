//! What changes in the base image's config.

use std::collections::BTreeMap;

use super::{Options, beside::run_name, beside_main, war::Way};
use crate::{
    error::Failure,
    model::{Artifact, ArtifactKind, Base, ConfigChanges, ExposedPort, JarLayout},
};

/// Name of a plain JAR in the image: the same for every version of it.
pub(super) const JAR_NAME: &str = "app.jar";

/// Numeric, so that the kubelet can check `runAsNonRoot`; group 0, so that what the group may
/// write can be written by the arbitrary user of `OpenShift` as well.
const USER: &str = "65532:0";
/// Every JVM reads it, whatever script starts it.
const JVM_OPTIONS: &str = "JAVA_TOOL_OPTIONS";
/// Without these a JVM takes a quarter of the container's memory, and lives on after it ran out.
const JVM_DEFAULTS: &str = "-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError";
/// Tomcat's own.
const WAR_PORT: u16 = 8080;
const BASE_NAME_LABEL: &str = "org.opencontainers.image.base.name";

/// Returns what changes in the base's config.
///
/// # Errors
/// A [`Failure`] when an option does not fit the artifact.
pub(super) fn changes(artifact: &Artifact, options: &Options, base: &Base) -> Result<ConfigChanges, Failure> {
    let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
    let in_app = |name: &str| format!("/app/{name}");
    let beside = beside_main(artifact).map(|(tree, main_file)| run_name(artifact, tree, main_file));
    let entrypoint = match &artifact.kind {
        // The launcher's name differs between versions of Spring Boot.
        ArtifactKind::Jar(jar) if beside.is_none() && matches!(jar.layout, JarLayout::SpringBoot { .. }) => {
            let mut command = vec!["java".to_owned()];
            command.extend(jar.java_flags.iter().cloned());
            command.extend(["-cp", "/app", &jar.main_class].map(str::to_owned));
            Some(command)
        }
        ArtifactKind::Jar(_) => words(&["java", "-jar", &in_app(beside.unwrap_or(JAR_NAME))]),
        // The base knows how it starts its servlet container.
        ArtifactKind::War(war) => Way::of(war, options, base).entrypoint(),
        ArtifactKind::Elf(_) => words(&[&in_app(beside.unwrap_or(&artifact.file_name))]),
    };
    let is_in_container = match &artifact.kind {
        ArtifactKind::War(war) => !Way::of(war, options, base).is_alone(),
        _ => false,
    };
    let mut labels = BTreeMap::new();
    if let Base::Image(image) = base {
        labels.insert(BASE_NAME_LABEL.to_owned(), image.to_string());
    }
    labels.extend(options.labels.clone());
    let mut config = ConfigChanges {
        entrypoint,
        env: options.image_env.clone(),
        working_dir: (!is_in_container).then(|| "/app".to_owned()),
        user: Some(USER.to_owned()),
        exposed_ports: if is_in_container && options.ports.is_empty() {
            vec![ExposedPort::tcp(WAR_PORT)]
        } else {
            options.ports.clone()
        },
        labels,
        ..ConfigChanges::default()
    };
    set_jvm_options(&mut config, artifact, options.jvm_options.as_deref())?;
    Ok(config)
}

fn set_jvm_options(
    config: &mut ConfigChanges,
    artifact: &Artifact,
    named: Option<&str>,
) -> Result<(), Failure> {
    let is_jvm = !matches!(artifact.kind, ArtifactKind::Elf(_));
    let variable = JVM_OPTIONS.to_owned();
    match named {
        Some(_) if !is_jvm => {
            return Err(
                Failure::usage(format!("could not give JVM options to `{}`", artifact.file_name))
                    .why("it is a native executable: no JVM runs it")
                    .next("leave `--jvm-options` out")
                    .anchor("jvm-options"),
            );
        }
        // What comes later on the line wins, so the person's options come last.
        Some(named) => {
            let before = config.env.get(JVM_OPTIONS).map_or(JVM_DEFAULTS, String::as_str);
            let all = format!("{before} {named}");
            config.env.insert(variable, all);
        }
        None if is_jvm => {
            config.default_env.insert(variable, JVM_DEFAULTS.to_owned());
        }
        None => {}
    }
    Ok(())
}
