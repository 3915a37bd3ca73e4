//! The options of an app as an options file has them. A file counts for more than the app that it was made of: it goes to
//! other namespaces, and `init` trusts it. So what flags would not say in the same way is refused: nobody has deployed
//! it, and somebody may have written it to be read as something else.

use std::collections::BTreeSet;

use clap::{Command, FromArgMatches, builder::Resettable};
use serde_json::{Map, Value, json};

use super::{
    commands::deploy::{self, Args},
    merge,
    options_file::{self, Entries},
    remembered::{self, Remembered},
};
use crate::{
    cluster::Cluster,
    error::Result,
    model::{AppName, DeployOptions, Flag, ImageOptions, PortKind},
};

/// What a file says of an app, and what a person should know of it.
pub(super) struct FromApp {
    pub(super) entries: Entries,
    pub(super) flags: Vec<Flag>,
    /// Name of the file that it was built from, to be found beside the options file.
    pub(super) artifact: Option<String>,
    pub(super) note: Option<String>,
}

/// Reads the options of an app; `command` is the whole command line, `file` what will be written.
pub(super) async fn read(cluster: &Cluster, app: &AppName, command: &Command, file: &str) -> Result<FromApp> {
    let remembered = Remembered::of(cluster, app).await?;
    let mut flags = remembered.flags();
    if remembered.is_default_port() {
        // Named, it would be in the image too, which would be another one.
        flags.retain(|flag| flag.name != "port");
    }
    flags.insert(0, Flag::new("name", app));
    let entries = command
        .find_subcommand("deploy")
        .map(|deploy| options_file::of_flags(deploy, &flags))
        .unwrap_or_default();
    let why = match said(command, &entries) {
        Ok(said) => differing(&remembered, &said).map(|names| format!("flags cannot say its {names}")),
        Err(why) => Some(format!("a deploy would refuse it: {why}")),
    };
    if let Some(why) = why {
        let is_stateful = remembered.deploy.is_some_and(|it| it.stateful);
        return Err(remembered::unsayable(
            file,
            app,
            is_stateful,
            &cluster.namespace,
            &why,
        ));
    }
    Ok(FromApp {
        entries,
        flags,
        artifact: remembered.artifact.filter(|name| is_file_name(name)),
        note: remembered.note,
    })
}

/// Returns what the flags of a file say of an app that was never deployed.
fn said(command: &Command, entries: &Entries) -> Result<(DeployOptions, ImageOptions), String> {
    // The environment of this run is no part of the file.
    let mut command = command.clone().mut_subcommand("deploy", |deploy| {
        deploy.mut_args(|arg| arg.env(Resettable::Reset))
    });
    let words = command
        .find_subcommand("deploy")
        .map(|deploy| options_file::words_of(deploy, entries));
    let line = ["kubectl-b2i", "deploy"].map(str::to_owned).into_iter();
    let line = line.chain(words.unwrap_or_else(|| Ok(Vec::new()))?);
    let first = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    };
    let typed = command.try_get_matches_from_mut(line).map_err(first)?;
    let typed = typed.subcommand_matches("deploy").ok_or_else(String::new)?;
    let args = Args::from_arg_matches(typed).map_err(first)?;
    let said = || -> Result<_> {
        let deploy = merge::deploy(DeployOptions::default(), &deploy::checked(&args)?)?;
        Ok((deploy, merge::image(ImageOptions::default(), &args.plan)?))
    };
    said().map_err(|failure| format!("{}: {}", failure.what, failure.why))
}

/// Returns the keys of the annotation that the flags of a file do not say; `None` where they say all.
fn differing(remembered: &Remembered, said: &(DeployOptions, ImageOptions)) -> Option<String> {
    let mut expected = remembered.deploy.clone().unwrap_or_default();
    if expected.service == PortKind::LoadBalancer {
        // No flags say both.
        expected.ports.iter_mut().for_each(|port| port.node_port = None);
    }
    if remembered.is_default_port() || remembered.deploy.is_none() {
        expected.ports.clone_from(&said.0.ports);
    }
    // What follows from the artifact and the namespace.
    expected.context_path.clone_from(&said.0.context_path);
    expected.pull_secret.clone_from(&said.0.pull_secret);
    expected.adopted.clone_from(&said.0.adopted);
    expected.pod.has_actuator = said.0.pod.has_actuator;
    let image = ImageOptions {
        ports: said.1.ports.clone(),
        push_secret: said.1.push_secret.clone(),
        pull_secret: said.1.pull_secret.clone(),
        ..remembered.image.clone()
    };
    if (&expected, &image) == (&said.0, &said.1) {
        return None;
    }
    let all = |deploy: &DeployOptions, image: &ImageOptions| -> Map<String, Value> {
        let parts = [json!({ "image": image }), json!(deploy)];
        let parts = parts.into_iter().filter_map(|part| part.as_object().cloned());
        parts.flatten().collect()
    };
    let (one, other) = (all(&expected, &image), all(&said.0, &said.1));
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differ = keys.into_iter().filter(|key| one.get(*key) != other.get(*key));
    let names: Vec<String> = differ.map(|key| format!("`{key}`")).collect();
    Some(names.join(", "))
}

/// A name from a record must not lead anywhere.
fn is_file_name(name: &str) -> bool {
    let mut parts = std::path::Path::new(name).components();
    let is_normal = matches!(parts.next(), Some(std::path::Component::Normal(part)) if part == name);
    is_normal && parts.next().is_none() && name != "-" && !name.contains(['\\', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_leads_nowhere() {
        for name in ["shop.jar", "my shop-1.0.war", "hello"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in [
            "",
            "-",
            ".",
            "..",
            "../shop.jar",
            "/etc/passwd",
            "a/b",
            "https://x",
            "C:\\x",
            "a/",
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
