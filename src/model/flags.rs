//! Remembered options as the flags of `deploy` that say the same. What is shown of an app, what is written into an
//! options file and what a deploy changes are all read from these.

use super::{
    DeployOptions, FsGroup, Health, ImageOptions, IngressOptions, PodOptions, PortKind, Probing, Strategy,
};
use crate::oci::Compression;

/// A flag of `deploy` with one value, as it would be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name without the dashes.
    pub name: &'static str,
    /// Its value; empty for a flag that stands alone.
    pub value: String,
}

impl Flag {
    /// Makes a flag.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "numbers and words are values as texts are, by reference or not"
    )]
    #[must_use]
    pub fn new(name: &'static str, value: impl ToString) -> Self {
        let value = value.to_string();
        Self { name, value }
    }

    /// Makes a flag for each of these values.
    fn each<V: ToString>(
        name: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> impl Iterator<Item = Self> {
        values.into_iter().map(move |value| Self::new(name, value))
    }
}

/// `A=1`, for each.
fn pairs<K: ToString, V: ToString>(all: impl IntoIterator<Item = (K, V)>) -> impl Iterator<Item = String> {
    let pair = |(name, value): (K, V)| format!("{}={}", name.to_string(), value.to_string());
    all.into_iter().map(pair)
}

impl DeployOptions {
    /// Returns the flags that say the same of an app which was never deployed, in the order of the help. What follows
    /// from the artifact and the namespace has no flag: context path, actuator, pull Secret; nor has the container of a
    /// workload that somebody else made.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        // Each field by its name: a new one has to be thought of here.
        let Self {
            ports,
            service,
            replicas,
            env,
            memory,
            cpu,
            cpu_limit,
            strategy,
            context_path: _,
            pull_secret: _,
            ingress:
                IngressOptions {
                    routes,
                    class,
                    tls_secret,
                },
            stateful,
            adopted: _,
            pod,
        } = self;
        let mut flags = Vec::new();
        flags.extend(Flag::each("port", ports));
        flags.extend(self.service_ports());
        match service {
            PortKind::ClusterIp => {}
            PortKind::NodePort => flags.extend(self.node_ports()),
            PortKind::LoadBalancer => flags.push(Flag::new("load-balancer", "")),
        }
        flags.extend(Flag::each("ingress", routes));
        flags.extend(Flag::each("ingress-class", class));
        flags.extend(Flag::each("ingress-tls", tls_secret));
        flags.extend(Flag::each("replicas", replicas));
        flags.extend(Flag::each("env", pairs(env)));
        flags.extend(Flag::each("env", pairs(&pod.env_keys)));
        flags.extend(Flag::each("memory", memory));
        flags.extend(Flag::each("cpu", cpu));
        flags.extend(Flag::each("cpu-limit", cpu_limit));
        flags.extend((*strategy == Strategy::Recreate).then(|| Flag::new("strategy", "recreate")));
        flags.extend(stateful.then(|| Flag::new("stateful", "")));
        flags.extend(pod.flags());
        flags
    }

    fn service_ports(&self) -> impl Iterator<Item = Flag> {
        let others = self.ports.iter().enumerate();
        let others = others.filter(|(_, port)| port.service != port.container);
        others.map(|(at, port)| Flag::new("service-port", self.for_port(at, port.service)))
    }

    /// The numbers that were asked for, or the flag alone.
    fn node_ports(&self) -> Vec<Flag> {
        let ports = self.ports.iter().enumerate();
        let numbers = ports.filter_map(|(at, port)| Some(self.for_port(at, port.node_port?)));
        let flags: Vec<Flag> = Flag::each("nodeport", numbers).collect();
        if flags.is_empty() {
            vec![Flag::new("nodeport", "")]
        } else {
            flags
        }
    }

    /// `80` for the first port, `http=80` or `8080=80` for another.
    fn for_port(&self, at: usize, number: u16) -> String {
        match (at, &self.ports[at].name) {
            (0, _) => number.to_string(),
            (_, Some(name)) => format!("{name}={number}"),
            (_, None) => format!("{}={number}", self.ports[at].container),
        }
    }
}

impl PodOptions {
    fn flags(&self) -> Vec<Flag> {
        let Self {
            env_keys: _, // with the plain env
            env_from,
            command,
            args,
            health,
            liveness,
            readiness,
            has_actuator: _,
            service_account,
            node_selector,
            tolerations,
            labels,
            annotations,
            volumes,
            fs_group,
        } = self;
        let mut flags = Vec::new();
        flags.extend(Flag::each("env-from", env_from));
        flags.extend(Flag::each("command", as_typed(command)));
        flags.extend(Flag::each("args", as_typed(args)));
        flags.extend(match health {
            Health::Automatic => None,
            Health::Tcp => Some(Flag::new("health-path", "off")),
            Health::Path(path) => Some(Flag::new("health-path", path)),
        });
        for (name, probing) in [("liveness", liveness), ("readiness", readiness)] {
            flags.extend(match probing {
                Probing::Default => None,
                Probing::Off => Some(Flag::new(name, "off")),
                Probing::Path(path) => Some(Flag::new(name, path)),
            });
        }
        flags.extend(Flag::each("service-account", service_account));
        flags.extend(Flag::each("node-selector", pairs(node_selector)));
        flags.extend(Flag::each("toleration", tolerations));
        flags.extend(Flag::each("label", pairs(labels)));
        flags.extend(Flag::each("annotation", pairs(annotations)));
        flags.extend(Flag::each("volume", volumes));
        flags.extend(match fs_group {
            FsGroup::Default => None,
            FsGroup::Off => Some(Flag::new("fs-group", "off")),
            FsGroup::Id(group) => Some(Flag::new("fs-group", group)),
        });
        flags
    }
}

impl ImageOptions {
    /// Returns the flags that say the same of an image. The ports are those of the app, which [`DeployOptions`] knows
    /// better.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        let Self {
            base,
            ports: _,
            env,
            labels,
            jvm_options,
            context_path,
            push_secret,
            pull_secret,
            convert_javax,
            platform,
            s2i,
            compression,
        } = self;
        let mut flags = Vec::new();
        flags.extend(Flag::each("base", base));
        flags.extend(Flag::each("s2i", s2i));
        flags.extend(Flag::each("platform", platform));
        flags.extend(Flag::each("image-env", pairs(env)));
        flags.extend(Flag::each("image-label", pairs(labels)));
        flags.extend(Flag::each("jvm-options", jvm_options));
        flags.extend(Flag::each("context-path", context_path));
        flags.extend(convert_javax.then(|| Flag::new("convert-javax", true)));
        if let Some(compression) = compression {
            let (format, usual, level) = match compression {
                Compression::Gzip { level } => ("gzip", Compression::GZIP, level),
                Compression::Zstd { level } => ("zstd", Compression::ZSTD, level),
            };
            flags.push(Flag::new("compression", format));
            flags.extend((*compression != usual).then(|| Flag::new("compression-level", level)));
        }
        flags.extend(Flag::each("push-secret", push_secret));
        flags.extend(Flag::each("pull-secret", pull_secret));
        flags
    }
}

/// Words as one text for a shell; `None` where there are none.
fn as_typed(words: &[String]) -> Option<String> {
    let quoted = |word: &String| {
        let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '\'' | '"');
        if !word.is_empty() && word.chars().all(is_plain) {
            return word.clone();
        }
        // A quote ends the quoted part, and is quoted by the other kind.
        format!("'{}'", word.replace('\'', r#"'"'"'"#))
    };
    (!words.is_empty()).then(|| words.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Port;

    #[test]
    fn what_was_never_said_has_no_flag() {
        assert_eq!(DeployOptions::default().flags(), []);
        assert_eq!(ImageOptions::default().flags(), []);
        let follows = DeployOptions {
            context_path: "/".to_owned(),
            pull_secret: Some("registry-push".to_owned()),
            ..DeployOptions::default()
        };
        assert_eq!(follows.flags(), []);
    }

    #[test]
    fn numbers_of_ports_name_their_port() {
        let port = |word: &str, service, node_port| Port {
            service,
            node_port,
            ..word.parse().expect("a port")
        };
        let options = DeployOptions {
            ports: vec![
                port("8080", 80, None),
                port("m=9090", 90, Some(30090)),
                port("53/udp", 53, Some(30053)),
            ],
            service: PortKind::NodePort,
            ..DeployOptions::default()
        };
        let flags: Vec<String> = options
            .flags()
            .iter()
            .map(|flag| format!("{} {}", flag.name, flag.value))
            .collect();
        let expected = [
            "port 8080",
            "port m=9090",
            "port 53/udp",
            "service-port 80",
            "service-port m=90",
            "nodeport m=30090",
            "nodeport 53=30053",
        ];
        assert_eq!(flags, expected);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        let words = ["-a", "b c", "", "it's", r#"both ' and ""#].map(str::to_owned);
        let expected = r#"-a 'b c' '' 'it'"'"'s' 'both '"'"' and "'"#;
        assert_eq!(as_typed(&words).as_deref(), Some(expected));
        assert_eq!(as_typed(&[]), None);
    }
}
