//! The command line that was typed, for the commands that we suggest: each keeps the cluster and the namespace that
//! were typed, one that repeats what was typed keeps all of it, and none shows a secret.

use std::ffi::OsString;

use clap::{ArgMatches, FromArgMatches};

use super::{
    args::{Cli, GlobalArgs},
    command, plain_secrets,
};
use crate::{
    error::{Failure, TYPED},
    model::{ArtifactPlace, quoted},
};

/// Flags whose values are NAME=VALUE.
const PAIRS: [&str; 5] = ["env", "image-env", "image-label", "label", "annotation"];
/// Flags whose values are options in one text.
const TEXTS: [&str; 3] = ["jvm-options", "command", "args"];
/// What a shell takes for the end of a command's flags.
const ENDS: [&str; 5] = [" -- ", " < ", " > ", " | ", " && "];
/// Words of commands that belong to no namespace.
const OF_NO_NAMESPACE: [&str; 6] = ["nodes", "namespace", "namespaces", "config", "version", "whoami"];

/// How a program wants the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Json,
    Yaml,
}

/// A command line.
#[derive(Debug, Default)]
pub(super) struct CommandLine {
    /// What `-o` asked for, if it is for programs.
    pub(super) data: Option<Data>,
    /// The words behind the program's name, as a shell reads them. A secret is a variable that the shell must have.
    words: Vec<String>,
    /// The flags that say which cluster, and as whom.
    cluster: Vec<String>,
    kubeconfig: Vec<String>,
    namespace: Option<String>,
}

impl CommandLine {
    /// Reads a command line, whether or not it is a valid one.
    pub(super) fn of(args: &[OsString]) -> Self {
        let args: Vec<String> = args
            .iter()
            .skip(1)
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let program = ["kubectl-b2i".to_owned()];
        let parsed = command().try_get_matches_from(program.iter().chain(&args)).ok();
        let data = match &parsed {
            Some(matches) => data_of(matches),
            None => data_in(&args),
        };
        let global = parsed.and_then(|matches| Cli::from_arg_matches(&matches).ok());
        let global = global.map(|cli| cli.global).unwrap_or_default();
        let path = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
        let kubeconfig = global.kubeconfig.as_ref().map(path);
        Self {
            data,
            words: words(&args),
            cluster: cluster(&global),
            kubeconfig: flag("--kubeconfig", kubeconfig.as_ref()),
            namespace: global.namespace,
        }
    }

    /// Returns the commands of a failure as they are to be typed.
    pub(super) fn complete(&self, mut failure: Failure) -> Failure {
        for command in &mut failure.commands {
            *command = self.command(command);
        }
        failure
    }

    /// Returns a command as it is to be typed: with what was typed, or with the cluster and the namespace of it.
    pub(super) fn command(&self, command: &str) -> String {
        if let Some(flags) = command.strip_prefix(TYPED) {
            return self.with(flags.trim());
        }
        if !command.starts_with("kubectl ") {
            return command.to_owned();
        }
        let end = ENDS.iter().filter_map(|end| command.find(end)).min();
        let (head, tail) = command.split_at(end.unwrap_or(command.len()));
        let has = |flags: &[&str]| head.split(' ').any(|word| flags.contains(&word));
        let mut words = vec![head.to_owned()];
        if let Some(namespace) = &self.namespace
            && !has(&["-n", "--namespace"])
            && !has(&OF_NO_NAMESPACE)
        {
            words.extend(["-n".to_owned(), quoted(namespace)]);
        }
        words.extend(self.kubeconfig.clone());
        // `kubectl config` is how one looks for a context that exists.
        if !has(&["config"]) {
            words.extend(self.cluster.clone());
        }
        format!("{}{tail}", words.join(" "))
    }

    /// Returns what was typed, with more flags. A flag that is there already gets the new value.
    pub(super) fn with(&self, flags: &str) -> String {
        let added: Vec<&str> = flags.split_whitespace().collect();
        let mut kept: Vec<&str> = Vec::new();
        let mut words = self.words.iter().map(String::as_str).peekable();
        let mut rest = Vec::new();
        while let Some(word) = words.next() {
            if word == "--" {
                rest.push(word);
                rest.extend(words);
                break;
            }
            let name = word.split('=').next().unwrap_or(word);
            let again = added
                .iter()
                .position(|added| name.starts_with("--") && *added == name);
            match again {
                None => kept.push(word),
                // Its old value goes too, if it stands apart.
                Some(at)
                    if added
                        .get(at + 1)
                        .is_some_and(|value| !value.starts_with(['-', '<'])) =>
                {
                    words.next_if(|_| !word.contains('='));
                }
                Some(_) => {}
            }
        }
        let head = ["kubectl", "b2i"].into_iter();
        let flags = Some(flags).filter(|flags| !flags.is_empty());
        let all: Vec<&str> = head.chain(kept).chain(flags).chain(rest).collect();
        all.join(" ")
    }
}

/// The flags of kubectl that were typed and say which cluster, and as whom.
fn cluster(global: &GlobalArgs) -> Vec<String> {
    let named = [
        ("--context", &global.context),
        ("--cluster", &global.cluster),
        ("--user", &global.user),
        ("--server", &global.server),
        ("--token", &global.token),
        ("--as", &global.as_user),
        ("--as-uid", &global.as_uid),
        ("--certificate-authority", &global.certificate_authority),
        ("--client-certificate", &global.client_certificate),
        ("--client-key", &global.client_key),
        ("--tls-server-name", &global.tls_server_name),
    ];
    let named = named
        .into_iter()
        .flat_map(|(name, value)| flag(name, value.as_ref()));
    let groups = global
        .as_groups
        .iter()
        .flat_map(|group| flag("--as-group", Some(group)));
    let trusts_all = global.insecure_skip_tls_verify;
    let trusts_all = trusts_all.then(|| "--insecure-skip-tls-verify".to_owned());
    named.chain(groups).chain(trusts_all).collect()
}

fn flag(name: &str, value: Option<&String>) -> Vec<String> {
    let words = value.map(|value| [name.to_owned(), shown(Some(&name[2..]), value)]);
    words.into_iter().flatten().collect()
}

/// The words as a shell reads them.
fn words(args: &[String]) -> Vec<String> {
    let mut before = None;
    let mut words = Vec::new();
    for word in args {
        let name = word.strip_prefix("--").filter(|name| !name.is_empty());
        words.push(match name.and_then(|name| name.split_once('=')) {
            Some((name, value)) => format!("--{name}={}", shown(Some(name), value)),
            None => shown(before, word),
        });
        before = name.filter(|name| !name.contains('='));
    }
    words
}

/// A value as a shell reads it. One that looks like a secret becomes a variable: the shell refuses the command until
/// it has a value.
fn shown(flag: Option<&str>, value: &str) -> String {
    let variable = |name: &str| {
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        format!("\"${{{}:?}}\"", name.to_ascii_uppercase())
    };
    match flag {
        Some("token") => return variable("token"),
        Some(flag) if TEXTS.contains(&flag) && !plain_secrets::in_options(flag, Some(value)).is_empty() => {
            return variable(flag);
        }
        Some(flag) if PAIRS.contains(&flag) => {
            if let Some((name, _)) = value.split_once('=')
                && !plain_secrets::in_pairs(flag, &[value.to_owned()]).is_empty()
            {
                return format!("{}{}", quoted(&format!("{name}=")), variable(name));
            }
        }
        _ => {}
    }
    if ArtifactPlace::of(value.into()).shown() == value {
        quoted(value)
    } else {
        variable("url")
    }
}

/// What `-o` of the command asks for.
fn data_of(matches: &ArgMatches) -> Option<Data> {
    let mut command = matches;
    while let Some((_, below)) = command.subcommand() {
        command = below;
    }
    let mut values = command.try_get_raw("output").ok()??;
    values.find_map(|value| data(value.to_str()?))
}

/// The same of a command line that cannot be parsed.
fn data_in(args: &[String]) -> Option<Data> {
    let args = args.iter().take_while(|word| *word != "--").map(String::as_str);
    let args: Vec<&str> = args.collect();
    let apart = args
        .windows(2)
        .filter(|pair| matches!(pair[0], "-o" | "--output"));
    let joined = ["--output=", "-o=", "-o"];
    let joined = args
        .iter()
        .filter_map(|word| joined.iter().find_map(|flag| word.strip_prefix(flag)));
    apart.map(|pair| pair[1]).chain(joined).find_map(data)
}

fn data(format: &str) -> Option<Data> {
    match format {
        "json" => Some(Data::Json),
        "yaml" => Some(Data::Yaml),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> CommandLine {
        let args: Vec<OsString> = ["kubectl-b2i"].iter().chain(words).map(OsString::from).collect();
        CommandLine::of(&args)
    }

    #[test]
    fn what_was_typed_is_kept_and_what_is_missing_is_added() {
        for (line, flags, expected) in [
            ("delete shop --volumes", "--yes", "delete shop --volumes --yes"),
            (
                "-n a delete shop --context=c",
                "--yes",
                "-n a delete shop --context=c --yes",
            ),
            (
                "deploy a.jar --file old.yaml --pull",
                "--file b.yaml",
                "deploy a.jar --pull --file b.yaml",
            ),
            (
                "deploy a.jar --file=old.yaml --pull",
                "--file b.yaml",
                "deploy a.jar --pull --file b.yaml",
            ),
            (
                "deploy a.jar --rebuild --pull",
                "--rebuild",
                "deploy a.jar --pull --rebuild",
            ),
            ("delete -- shop", "--yes", "delete --yes -- shop"),
            (
                "registry login --password-stdin r.example",
                "--username NAME --password-stdin < password.txt",
                "registry login r.example --username NAME --password-stdin < password.txt",
            ),
            ("deploy a.jar", "", "deploy a.jar"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(
                typed(&words).with(flags),
                format!("kubectl b2i {expected}"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_command_gets_the_cluster_and_the_namespace_that_were_typed() {
        let typed = typed(&[
            "list",
            "-n",
            "a",
            "--context",
            "my c",
            "--token",
            "t0p",
            "--as-group=g",
            "--kubeconfig",
            "k",
        ]);
        let cluster = "--context 'my c' --token \"${TOKEN:?}\" --as-group g";
        for (command, expected) in [
            (
                "kubectl b2i status shop",
                format!("kubectl b2i status shop -n a --kubeconfig k {cluster}"),
            ),
            (
                "kubectl b2i status shop -n b",
                format!("kubectl b2i status shop -n b --kubeconfig k {cluster}"),
            ),
            (
                "kubectl get nodes",
                format!("kubectl get nodes --kubeconfig k {cluster}"),
            ),
            (
                "kubectl config get-contexts",
                "kubectl config get-contexts --kubeconfig k".to_owned(),
            ),
            (
                "kubectl get pods > f",
                format!("kubectl get pods -n a --kubeconfig k {cluster} > f"),
            ),
            ("docker login r.example", "docker login r.example".to_owned()),
        ] {
            assert_eq!(typed.command(command), expected);
        }
    }

    #[test]
    fn no_secret_is_repeated() {
        let words = [
            "deploy",
            "https://ann:s3cret@h.example/a.jar?sig=s3cret",
            "--env",
            "DB_PASSWORD=s3cret",
        ];
        let more = [
            "--image-env=api.key=s3cret",
            "--jvm-options",
            "-Ddb.password=s3cret -Xss1m",
            "--token=s3cret",
        ];
        let more = more
            .into_iter()
            .chain(["--env", "GREETING=it's me", "--server", "https://h:6443"]);
        let words: Vec<&str> = words.into_iter().chain(more).collect();
        assert_eq!(
            typed(&words).with("--yes"),
            "kubectl b2i deploy \"${URL:?}\" --env DB_PASSWORD=\"${DB_PASSWORD:?}\" \
             --image-env=api.key=\"${API_KEY:?}\" --jvm-options \"${JVM_OPTIONS:?}\" --token=\"${TOKEN:?}\" \
             --env 'GREETING=it'\\''s me' --server https://h:6443 --yes"
        );
    }

    #[test]
    fn what_the_result_is_for_is_known_of_a_wrong_line_too() {
        for (line, expected) in [
            ("list -o json", Some(Data::Json)),
            ("list -oyaml", Some(Data::Yaml)),
            ("list", None),
            ("list -o wide", None),
            ("build a.jar -o oci-archive:f -o json", Some(Data::Json)),
            ("list --evn -o json", Some(Data::Json)),
            ("list --evn --output=yaml", Some(Data::Yaml)),
            ("list --evn -o=json", Some(Data::Json)),
            ("list --evn -ojson", Some(Data::Json)),
            ("list --evn -- -o json", None),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(typed(&words).data, expected, "{line}");
        }
    }
}
