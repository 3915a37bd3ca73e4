//! The flags of `deploy` that become parts of the Pod, and what holds of them and of what was said
//! earlier.

use std::{fmt::Display, str::FromStr};

use super::{merge, plain_secrets, values};
use crate::{
    error::{Failure, Result},
    model::{DeployOptions, FsGroup, Health, KeyRef, ParseError, PodOptions, Probing},
};

/// What the Pods have beside image, ports and plain env. What is not given stays as it was.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Flags of the Pods")]
pub(super) struct PodArgs {
    /// Env from all keys of secret/NAME or configmap/NAME; secret/NAME- to remove it; repeats
    #[arg(long, value_name = "KIND/NAME")]
    env_from: Vec<String>,
    /// Command instead of the image's entrypoint, in one word for the shell; '' for the image's
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    command: Option<String>,
    /// Arguments of the command, in one word for the shell; '' for the image's
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    args: Option<String>,
    /// Path that tells by HTTP whether the app serves; `off` for TCP, `default` to choose by the artifact
    #[arg(long, value_name = "PATH")]
    health_path: Option<String>,
    /// Path that tells by HTTP whether the app must be started again; `off` for no such probe, `default` for what --health-path says
    #[arg(long, value_name = "PATH")]
    liveness: Option<String>,
    /// Path that tells by HTTP whether the app serves; `off` for no such probe, `default` for what --health-path says
    #[arg(long, value_name = "PATH")]
    readiness: Option<String>,
    /// Service account of the Pods, whose token they then mount; '' for none
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
    /// Label that the nodes must have, as NAME=VALUE, or NAME- to remove it; repeats
    #[arg(long = "node-selector", value_name = "NAME=VALUE")]
    node_selector: Vec<String>,
    /// Taint of nodes that the Pods bear, as KEY[=VALUE][:EFFECT], with - at the end to remove it; repeats
    #[arg(long = "toleration", value_name = "TAINT")]
    tolerations: Vec<String>,
    /// Label of the Deployment and its Pods, as NAME=VALUE, or NAME- to remove it; repeats
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// Annotation of the Pods, as NAME=VALUE, or NAME- to remove it; repeats
    #[arg(long = "annotation", value_name = "NAME=VALUE")]
    annotations: Vec<String>,
    /// Mount secret/NAME, configmap/NAME, pvc/NAME or emptydir, as `SOURCE:/PATH`, read-only with `:ro` at the end; `/PATH-` removes; repeats
    ///
    /// With --stateful also claim/NAME=SIZE[,CLASS]: a claim of its own for each Pod.
    #[arg(long = "volume", value_name = "SOURCE:PATH")]
    volumes: Vec<String>,
    /// Group that may write to claims, by number; `off` leaves it to the cluster, `default` is our images' own
    #[arg(long, value_name = "GID")]
    fs_group: Option<String>,
}

impl PodArgs {
    /// Returns warnings of what looks like a password.
    pub(super) fn plain_secrets(&self) -> Vec<String> {
        let all = [
            plain_secrets::in_pairs("--label", &self.labels),
            plain_secrets::in_pairs("--annotation", &self.annotations),
            plain_secrets::in_options("--command", self.command.as_deref()),
            plain_secrets::in_options("--args", self.args.as_deref()),
        ];
        all.concat()
    }

    /// Whether they say how the image starts.
    pub(super) fn have_command(&self) -> bool {
        self.command.is_some() || self.args.is_some()
    }
}

/// Labels that are ours to set.
const OURS: [&str; 2] = ["app.kubernetes.io/managed-by", "app.kubernetes.io/name"];

/// Changes what was said earlier by the flags.
pub(super) fn change(options: &mut PodOptions, flags: &PodArgs) -> Result<()> {
    change_list(
        "--env-from",
        "secret/db",
        &mut options.env_from,
        &flags.env_from,
        ToString::to_string,
    )?;
    change_list(
        "--toleration",
        "gpu=yes:NoSchedule",
        &mut options.tolerations,
        &flags.tolerations,
        ToString::to_string,
    )?;
    // One volume for each place.
    change_list(
        "--volume",
        "emptydir:/cache",
        &mut options.volumes,
        &flags.volumes,
        |it| it.path.clone(),
    )?;
    if let Some(words) = &flags.command {
        options.command = values::words("--command", words)?;
    }
    if let Some(words) = &flags.args {
        options.args = values::words("--args", words)?;
    }
    match flags.health_path.as_deref() {
        None => {}
        Some("off") => options.health = Health::Tcp,
        Some("" | "default") => options.health = Health::Automatic,
        Some(path) if path.starts_with('/') => options.health = Health::Path(path.to_owned()),
        Some(path) => {
            return Err(Failure::usage(format!("could not read `--health-path {path}`"))
                .why("a path begins with `/`")
                .next("write, for example, `--health-path /healthz`, or `off` to ask by TCP"));
        }
    }
    change_probe("--liveness", &mut options.liveness, flags.liveness.as_deref())?;
    change_probe("--readiness", &mut options.readiness, flags.readiness.as_deref())?;
    match flags.fs_group.as_deref().map(|word| (word, word.parse())) {
        None => {}
        Some(("off", _)) => options.fs_group = FsGroup::Off,
        Some(("" | "default", _)) => options.fs_group = FsGroup::Default,
        Some((_, Ok(group))) => options.fs_group = FsGroup::Id(group),
        Some((word, Err(_))) => {
            return Err(Failure::usage(format!("could not read `--fs-group {word}`"))
                .why("a group is a number")
                .next("write, for example, `--fs-group 1000`, or `off` to leave it to the cluster"));
        }
    }
    if let Some(name) = &flags.service_account {
        options.service_account = Some(name.clone()).filter(|name| !name.is_empty());
    }
    merge::pairs(
        "--node-selector",
        &mut options.node_selector,
        &flags.node_selector,
    )?;
    merge::pairs("--annotation", &mut options.annotations, &flags.annotations)?;
    merge::pairs("--label", &mut options.labels, &flags.labels)?;
    let ours = options
        .labels
        .keys()
        .find(|key| OURS.contains(&key.as_str()) || key.starts_with("kubectl-b2i/"));
    match ours {
        Some(key) => Err(Failure::usage(format!("could not set the label `{key}`"))
            .why("kubectl-b2i finds the app by it")
            .next("choose another label")),
        None => Ok(()),
    }
}

fn change_probe(flag: &str, probing: &mut Probing, word: Option<&str>) -> Result<()> {
    *probing = match word {
        None => return Ok(()),
        Some("off") => Probing::Off,
        Some("" | "default") => Probing::Default,
        Some(path) if path.starts_with('/') => Probing::Path(path.to_owned()),
        Some(path) => {
            return Err(Failure::usage(format!("could not read `{flag} {path}`"))
                .why("a path begins with `/`")
                .next(format!("write, for example, `{flag} /healthz`, or `{flag} off`")));
        }
    };
    Ok(())
}

/// Changes a list by words: one replaces what has the same identity, `WORD-` removes it.
fn change_list<T>(
    flag: &str,
    example: &str,
    list: &mut Vec<T>,
    words: &[String],
    identity: fn(&T) -> String,
) -> Result<()>
where
    T: FromStr<Err = ParseError> + Display,
{
    for word in words {
        if let Some(removed) = word.strip_suffix('-') {
            list.retain(|it| identity(it) != removed && it.to_string() != removed);
            continue;
        }
        let new: T = word.parse().map_err(|error| {
            Failure::usage(format!("could not read `{flag} {word}`"))
                .why(error)
                .next(format!("write, for example, `{flag} {example}`"))
        })?;
        match list.iter_mut().find(|it| identity(it) == identity(&new)) {
            Some(old) => *old = new,
            None => list.push(new),
        }
    }
    Ok(())
}

/// Changes the env by words: `A=1`, `A=secret:NAME/KEY`, `A-`.
pub(super) fn change_env(options: &mut DeployOptions, words: &[String]) -> Result<()> {
    for word in words {
        // Said anew, a variable is a value or a reference, and not both.
        let name = word
            .split_once('=')
            .map_or(word.trim_end_matches('-'), |(name, _)| name);
        options.pod.env_keys.remove(name);
        options.env.remove(name);
        let from = word
            .split_once('=')
            .and_then(|(_, value)| value.parse::<KeyRef>().ok());
        match from {
            Some(from) if !name.is_empty() => {
                options.pod.env_keys.insert(name.to_owned(), from);
            }
            _ => merge::pairs("--env", &mut options.env, std::slice::from_ref(word))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_flag_has_its_way_back() {
        let set = PodArgs {
            env_from: strings(&["secret/db", "configmap/app"]),
            command: Some("/app/run 'a b'".to_owned()),
            args: Some("--debug".to_owned()),
            health_path: Some("/healthz".to_owned()),
            liveness: Some("/livez".to_owned()),
            readiness: Some("off".to_owned()),
            fs_group: Some("1000".to_owned()),
            service_account: Some("shop".to_owned()),
            node_selector: strings(&["disk=ssd"]),
            tolerations: strings(&["gpu=yes:NoSchedule"]),
            labels: strings(&["team=web"]),
            annotations: strings(&["prometheus.io/scrape=true"]),
            volumes: strings(&["secret/tls:/etc/tls:ro", "emptydir:/etc/tls"]),
        };
        let mut options = PodOptions::default();
        change(&mut options, &set).expect("valid");
        assert_eq!(options.command, ["/app/run", "a b"]);
        assert_eq!(options.volumes.len(), 1, "one volume for each place");
        assert_eq!(options.volumes[0].to_string(), "emptydir:/etc/tls");
        let text = serde_json::to_string(&options).expect("plain data");
        assert_eq!(
            serde_json::from_str::<PodOptions>(&text).expect("own text"),
            options
        );

        let kept = options.clone();
        change(&mut options, &PodArgs::default()).expect("valid");
        assert_eq!(options, kept, "what the flags do not name stays");

        let unset = PodArgs {
            env_from: strings(&["secret/db-", "configmap/app-"]),
            command: Some(String::new()),
            args: Some(String::new()),
            health_path: Some("default".to_owned()),
            liveness: Some("default".to_owned()),
            readiness: Some(String::new()),
            fs_group: Some("default".to_owned()),
            service_account: Some(String::new()),
            node_selector: strings(&["disk-"]),
            tolerations: strings(&["gpu=yes:NoSchedule-"]),
            labels: strings(&["team-"]),
            annotations: strings(&["prometheus.io/scrape-"]),
            volumes: strings(&["/etc/tls-"]),
        };
        change(&mut options, &unset).expect("valid");
        assert_eq!(options, PodOptions::default());
        assert_eq!(serde_json::to_string(&options).expect("plain data"), "{}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for flags in [
            PodArgs {
                env_from: strings(&["db"]),
                ..PodArgs::default()
            },
            PodArgs {
                health_path: Some("healthz".to_owned()),
                ..PodArgs::default()
            },
            PodArgs {
                liveness: Some("livez".to_owned()),
                ..PodArgs::default()
            },
            PodArgs {
                fs_group: Some("wheel".to_owned()),
                ..PodArgs::default()
            },
            PodArgs {
                volumes: strings(&["nfs/x:/x"]),
                ..PodArgs::default()
            },
            PodArgs {
                tolerations: strings(&["gpu:Never"]),
                ..PodArgs::default()
            },
            PodArgs {
                node_selector: strings(&["disk"]),
                ..PodArgs::default()
            },
            PodArgs {
                labels: strings(&["kubectl-b2i/app=other"]),
                ..PodArgs::default()
            },
            PodArgs {
                args: Some("'open".to_owned()),
                ..PodArgs::default()
            },
        ] {
            let failure = change(&mut PodOptions::default(), &flags).expect_err("refused");
            assert!(!failure.next.is_empty(), "{flags:?}");
        }
    }

    #[test]
    fn a_variable_is_a_value_or_a_reference() {
        let mut options = DeployOptions::default();
        change_env(
            &mut options,
            &strings(&["A=1", "B=secret:db/password", "URL=secret:x"]),
        )
        .expect("valid");
        assert_eq!(options.env.keys().collect::<Vec<_>>(), ["A", "URL"]);
        assert_eq!(options.pod.env_keys["B"].to_string(), "secret:db/password");
        change_env(&mut options, &strings(&["A=configmap:app/a", "B=2"])).expect("valid");
        assert_eq!(options.pod.env_keys.keys().collect::<Vec<_>>(), ["A"]);
        assert_eq!(options.env["B"], "2");
        change_env(&mut options, &strings(&["A-", "B-", "URL-"])).expect("valid");
        assert_eq!(options, DeployOptions::default());
        assert!(change_env(&mut options, &strings(&["A"])).is_err());
    }
}
