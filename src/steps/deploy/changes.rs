//! What a deploy changes of an app that is deployed, in phrases: `env LOG_LEVEL added (debug)`, `memory 512Mi → 1Gi`. Pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::core::v1::{Container, EnvVar},
    apimachinery::pkg::api::resource::Quantity,
};

use super::{
    Options,
    phrase::{self, PAIRS, changed, of_flag, pair},
};
use crate::{
    cluster::{Workload, objects::deployment, quantity},
    model::{DeployOptions, Flag, VolumeMount},
};

/// More phrases than these are counted only.
const MOST: usize = 24;
/// Flags whose values are compared with those of the workload, which others may have changed.
const OF_THE_WORKLOAD: [&str; 4] = ["env", "memory", "cpu", "replicas"];

/// Returns what a deploy changes of a workload; nothing where it changes nothing. Each phrase is short and on one line,
/// and has no value that looks like a secret.
#[must_use]
pub fn changes(live: &Workload, wanted: &Options) -> Vec<String> {
    let before: DeployOptions = live
        .options()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let after = &wanted.options;
    let mut containers = live.containers().iter();
    let container = containers.find(|it| it.name == wanted.container());
    let mut phrases = Vec::new();
    let running = container.and_then(|container| container.image.as_deref());
    phrases.extend(phrase::image(running.unwrap_or_default(), &wanted.image));
    phrases.extend(env(container, &before, wanted));
    phrases.extend(resources(container, wanted));
    if let Some(replicas) = after.replicas.filter(|replicas| *replicas != live.wanted()) {
        phrases.push(format!("replicas {} → {replicas}", live.wanted()));
    }
    phrases.extend(flags(&before.flags(), &after.flags()));
    phrases.extend(derived(&before, after));
    if phrases.len() > MOST {
        let more = phrases.len() - MOST;
        phrases.truncate(MOST);
        phrases.push(format!("and {more} more"));
    }
    phrases
}

/// What others have set beside ours stays, and is no change.
fn env(container: Option<&Container>, before: &DeployOptions, wanted: &Options) -> Vec<String> {
    let by_key = |options: &DeployOptions| -> Vec<(String, String)> {
        let keys = options.pod.env_keys.iter();
        keys.map(|(name, key)| (name.clone(), key.to_string())).collect()
    };
    let mut after = wanted.options.env.clone();
    after.extend(wanted.derived.env.clone());
    after.extend(by_key(&wanted.options));
    let live = container.and_then(|container| container.env.as_ref());
    let live: BTreeMap<&str, String> = live
        .into_iter()
        .flatten()
        .map(|variable| (variable.name.as_str(), value_of(variable)))
        .collect();
    let names: BTreeSet<&String> = [&before.env, &after]
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    let names = names.into_iter().chain(before.pod.env_keys.keys());
    let names: BTreeSet<&String> = names.collect();
    let phrase = |name: &String| {
        let (old, new) = (live.get(name.as_str()), after.get(name));
        pair("env", name, old.map(String::as_str), new.map(String::as_str))
    };
    names.into_iter().filter_map(phrase).collect()
}

/// The value of a variable, as `--env` would say it.
fn value_of(variable: &EnvVar) -> String {
    let Some(from) = &variable.value_from else {
        return variable.value.clone().unwrap_or_default();
    };
    let secret = from.secret_key_ref.as_ref();
    let secret = secret.map(|from| format!("secret:{}/{}", from.name, from.key));
    let map = from.config_map_key_ref.as_ref();
    let map = || map.map(|from| format!("configmap:{}/{}", from.name, from.key));
    secret.or_else(map).unwrap_or_else(|| "a field".to_owned())
}

/// Memory and CPU. Of what somebody else made only what was said is applied.
fn resources(container: Option<&Container>, wanted: &Options) -> Vec<String> {
    let options = &wanted.options;
    let (default_cpu, default_memory) = deployment::default_amounts(wanted.jvm);
    let default = |amount| Some(amount).filter(|_| options.adopted.is_none());
    let resources = container.and_then(|container| container.resources.as_ref());
    let limits = resources.and_then(|it| it.limits.as_ref());
    let requests = resources.and_then(|it| it.requests.as_ref());
    let rows = [
        (
            "memory",
            limits,
            options.memory.as_deref().or(default(default_memory)),
        ),
        ("cpu", requests, options.cpu.as_deref().or(default(default_cpu))),
    ];
    let phrase = |(name, live, new): (&str, Option<&BTreeMap<String, Quantity>>, Option<&str>)| {
        let old = live.and_then(|live| live.get(name)).map(|it| it.0.as_str());
        let stays = old.is_some_and(|old| quantity::is_same(old, new.unwrap_or(old)));
        (new.is_some() && !stays).then(|| changed(name, old, new))
    };
    rows.into_iter().filter_map(phrase).collect()
}

/// What is compared by its flags alone.
fn flags(before: &[Flag], after: &[Flag]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for flag in before.iter().chain(after) {
        if !names.contains(&flag.name) && !OF_THE_WORKLOAD.contains(&flag.name) {
            names.push(flag.name);
        }
    }
    let values = |flags: &[Flag], other: &[Flag], name: &str| -> Vec<String> {
        let own = flags
            .iter()
            .filter(|flag| flag.name == name && !other.contains(flag));
        own.map(|flag| flag.value.clone()).collect()
    };
    let phrases = |name: &str| {
        let (gone, mut new) = (values(before, after, name), values(after, before, name));
        let is_one = gone.len() == 1 && new.len() == 1 && !PAIRS.contains(&name);
        let mut phrases = Vec::new();
        for old in gone {
            let same = |new: &String| {
                is_one || identity(name, &old).is_some_and(|it| identity(name, new) == Some(it))
            };
            let new = new.iter().position(same).map(|at| new.remove(at));
            phrases.push(of_flag(name, Some(&old), new.as_deref()));
        }
        phrases.extend(new.iter().map(|new| of_flag(name, None, Some(new))));
        phrases
    };
    names.into_iter().flat_map(phrases).collect()
}

/// By what a value replaces another one of the same flag.
fn identity(flag: &str, value: &str) -> Option<String> {
    if flag == "volume" {
        return value.parse().ok().map(|mount: VolumeMount| mount.path);
    }
    value.split_once('=').map(|(name, _)| name.to_owned())
}

/// What follows from the artifact and the namespace, where it was known before.
fn derived(before: &DeployOptions, after: &DeployOptions) -> Vec<String> {
    let mut phrases = Vec::new();
    if before.pull_secret != after.pull_secret {
        phrases.push(changed(
            "pull Secret",
            before.pull_secret.as_deref(),
            after.pull_secret.as_deref(),
        ));
    }
    let (old, new) = (&before.context_path, &after.context_path);
    if old != new && !old.is_empty() {
        phrases.push(changed("context path", Some(old), Some(new)));
    }
    if before.pod.has_actuator != after.pod.has_actuator {
        let verb = if after.pod.has_actuator {
            "added"
        } else {
            "removed"
        };
        phrases.push(format!("probes of Spring Boot {verb}"));
    }
    phrases
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::{Derived, Health, Port, PortKind, Seals},
        oci::{Digest, Reference},
    };

    fn options(change: impl FnOnce(&mut Options)) -> Options {
        let shop: Reference = "r.example/team/shop".parse().expect("a reference");
        let mut options = Options {
            name: "shop".parse().expect("a name"),
            options: DeployOptions {
                ports: vec![Port::tcp(8080)],
                env: [("LOG_LEVEL", "info"), ("DB_PASSWORD", "s3cret")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                context_path: "/".to_owned(),
                pull_secret: Some("registry-push".to_owned()),
                ..DeployOptions::default()
            },
            derived: Derived::default(),
            image: shop.with_digest(Digest::of(b"1")),
            build: None,
            platform: None,
            jvm: true,
            timeout: Duration::ZERO,
            wait: true,
            undo: true,
            force_conflicts: false,
            adopt: false,
            decided_upon: None,
            patience: Duration::ZERO,
        };
        change(&mut options);
        options
    }

    /// What the cluster has after a deploy.
    fn deployed(options: &Options) -> Workload {
        Workload::Deployment(deployment::deployment(&deployment::App {
            name: &options.name,
            options: &options.options,
            derived: &options.derived,
            builds: &Seals::default(),
            image: &options.image,
            platform: None,
            jvm: options.jvm,
            replicas: None,
            progress_seconds: None,
        }))
    }

    fn of(change: impl FnOnce(&mut Options)) -> Vec<String> {
        changes(&deployed(&options(|_| {})), &options(change))
    }

    #[test]
    fn each_change_has_its_phrase() {
        let set = |name: &'static str, value: &'static str| {
            move |it: &mut Options| {
                it.options.env.insert(name.to_owned(), value.to_owned());
            }
        };
        let same: [&str; 0] = [];
        assert_eq!(of(|_| {}), same);
        assert_eq!(of(set("LOG_LEVEL", "info")), same);
        assert_eq!(of(set("A", "1")), ["env A added (1)"]);
        assert_eq!(of(set("LOG_LEVEL", "debug")), ["env LOG_LEVEL info → debug"]);
        assert_eq!(of(set("LOG_LEVEL", "")), ["env LOG_LEVEL info → ''"]);
        assert_eq!(of(set("DB_PASSWORD", "other")), ["env DB_PASSWORD changed"]);
        assert_eq!(of(set("API_TOKEN", "abc")), ["env API_TOKEN added"]);
        assert_eq!(of(set("URL", "http://u:p@h/")), ["env URL added"]);
        assert_eq!(
            of(|it| {
                it.options.env.clear();
                let key = "secret:db/password".parse().expect("a key");
                it.options.pod.env_keys.insert("DB_PASSWORD".to_owned(), key);
                it.options.pod.env_from = vec!["configmap/app".parse().expect("a source")];
            }),
            [
                "env DB_PASSWORD changed",
                "env LOG_LEVEL removed",
                "env-from configmap/app added"
            ]
        );
        assert_eq!(
            of(|it| it.options.memory = Some("1Gi".to_owned())),
            ["memory 512Mi → 1Gi"]
        );
        assert_eq!(of(|it| it.options.memory = Some("0.5Gi".to_owned())), same);
        assert_eq!(of(|it| it.options.cpu = Some("2".to_owned())), ["cpu 100m → 2"]);
        assert_eq!(of(|it| it.options.replicas = Some(3)), ["replicas 1 → 3"]);
        assert_eq!(of(|it| it.options.replicas = Some(1)), same);
        assert_eq!(
            of(|it| it.options.ports = vec![Port::tcp(9090)]),
            ["port 8080 → 9090"]
        );
        assert_eq!(
            of(|it| {
                it.options.ports.push("metrics=9090".parse().expect("a port"));
                it.options.service = PortKind::NodePort;
                it.options.ingress.routes = vec!["shop.example.com".parse().expect("a route")];
            }),
            [
                "port metrics=9090 added",
                "nodeport added",
                "ingress shop.example.com added"
            ]
        );
        assert_eq!(
            of(|it| {
                it.options.pod.args = vec!["--token".to_owned(), "abc".to_owned()];
                it.options.pod.health = Health::Path("/healthz".to_owned());
                it.options.pod.labels = [("team".to_owned(), "web".to_owned())].into();
                it.options.pod.has_actuator = true;
                it.options.pull_secret = Some("other".to_owned());
            }),
            [
                "args added",
                "health-path /healthz added",
                "label team added (web)",
                "pull Secret registry-push → other",
                "probes of Spring Boot added"
            ]
        );
    }

    #[test]
    fn an_image_is_named_by_what_tells_it_from_the_other() {
        let (one, two) = (Digest::of(b"1").short(), Digest::of(b"2").short());
        assert_eq!(
            of(|it| it.image.digest = Some(Digest::of(b"2"))),
            [format!("image sha256:{one}… → sha256:{two}…")]
        );
        let elsewhere: Reference = "other.example/shop".parse().expect("a reference");
        assert_eq!(
            of(|it| it.image = elsewhere.with_digest(Digest::of(b"2"))),
            [format!(
                "image r.example/team/shop@sha256:{one}… → other.example/shop@sha256:{two}…"
            )]
        );
        let digest = Digest::of(b"1");
        let tag = |it: &mut Options| it.image = "r.example/team/shop:1.4".parse().expect("a reference");
        assert_eq!(
            of(tag),
            [format!("image sha256:{}… → a new build", digest.short())]
        );
    }

    #[test]
    fn values_of_one_flag_are_told_apart() {
        let volumes = |words: &[&str]| {
            let words = words.iter().map(|word| word.parse().expect("a volume"));
            let volumes = words.collect();
            options(|it| it.options.pod.volumes = volumes)
        };
        let live = deployed(&volumes(&["emptydir:/a", "pvc/one:/b", "emptydir:/d"]));
        assert_eq!(
            changes(&live, &volumes(&["pvc/two:/b", "emptydir:/c", "emptydir:/d"])),
            [
                "volume emptydir:/a removed",
                "volume pvc/one:/b → pvc/two:/b",
                "volume emptydir:/c added"
            ]
        );
    }

    #[test]
    fn what_others_set_beside_ours_is_no_change_and_what_they_set_over_it_is() {
        let mut live = deployed(&options(|_| {}));
        if let Workload::Deployment(it) = &mut live {
            let pod = it.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
            let env = pod.expect("a Pod").containers[0].env.as_mut().expect("env");
            for variable in env.iter_mut().filter(|it| it.name == "LOG_LEVEL") {
                variable.value = Some("trace".to_owned());
            }
            env.push(EnvVar {
                name: "THEIRS".to_owned(),
                ..EnvVar::default()
            });
        }
        assert_eq!(changes(&live, &options(|_| {})), ["env LOG_LEVEL trace → info"]);
    }

    #[test]
    fn phrases_are_bounded_and_on_one_line() {
        let long = "x".repeat(1000);
        let many = of(|it| {
            it.options
                .env
                .insert("A".to_owned(), format!("\u{1b}[2J\n\u{202e}{long}"));
            it.options
                .env
                .extend((0..40).map(|at| (format!("B{at}"), long.clone())));
        });
        assert_eq!((many.len(), many[MOST].as_str()), (MOST + 1, "and 17 more"));
        assert!(
            many[0].starts_with("env A added (\\u{1b}[2J\\n\\u{202e}xxx"),
            "{}",
            many[0]
        );
        let is_short =
            |phrase: &String| phrase.chars().count() < 120 && !phrase.chars().any(char::is_control);
        assert!(many.iter().all(is_short), "{many:?}");
    }
}
