//! The flags of `deploy` that say where the app is reached: ports, Service, Ingress.

use crate::{
    error::{Failure, Result},
    model::{DeployOptions, ExposedPort, Port, PortChange, PortKind, PortNumber, Route},
};

/// How the app is reached. What is not given stays as it was.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Flags of the running app")]
pub(super) struct ServiceArgs {
    /// Port of the Service, when it differs from the app's; with NAME= or the app's port and = for another than the first; repeats
    #[arg(long = "service-port", value_name = "[NAME=]PORT")]
    service_ports: Vec<PortNumber>,
    /// Reach the app on a port of every node; with =N on that port, with =NAME=N for another than the first; repeats
    #[arg(id = "nodeport", long, value_name = "[NAME=]N", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    node_ports: Vec<PortNumber>,
    /// Reach the app at an address that the cloud gives its Service
    #[arg(long, conflicts_with = "nodeport")]
    load_balancer: bool,
    /// Reach the app in the cluster only, and by its Ingress
    #[arg(long, alias = "no-load-balancer", conflicts_with_all = ["nodeport", "load_balancer"])]
    no_nodeport: bool,
    /// Reach the app by name through an Ingress: HOST or HOST/PATH; repeats, and replaces those of before
    #[arg(id = "ingress", long, value_name = "HOST[/PATH]")]
    routes: Vec<Route>,
    /// Class of the Ingress; '' for the cluster's default
    #[arg(long, value_name = "NAME")]
    ingress_class: Option<String>,
    /// Secret with the certificate for the Ingress; '' for plain HTTP
    #[arg(long, value_name = "SECRET")]
    ingress_tls: Option<String>,
    /// Remove the Ingress
    #[arg(long, conflicts_with_all = ["ingress", "ingress_class", "ingress_tls"])]
    no_ingress: bool,
}

/// Changes what was said earlier by the flags.
pub(super) fn change(options: &mut DeployOptions, ports: &[PortChange], flags: &ServiceArgs) -> Result<()> {
    ensure_said_once(ports)?;
    options.ports = changed(&options.ports, ports);
    for said in &flags.service_ports {
        let port = find(&mut options.ports, said, "--service-port")?;
        port.service = said.number.unwrap_or(port.container);
    }
    if !flags.node_ports.is_empty() {
        options.service = PortKind::NodePort;
    }
    for said in flags.node_ports.iter().filter(|said| said.number.is_some()) {
        find(&mut options.ports, said, "--nodeport")?.node_port = said.number;
    }
    if flags.load_balancer {
        options.service = PortKind::LoadBalancer;
    }
    if flags.no_nodeport {
        options.service = PortKind::ClusterIp;
        options.ports.iter_mut().for_each(|port| port.node_port = None);
    }
    change_ingress(options, flags);
    ensure_distinct(&options.ports)
}

fn change_ingress(options: &mut DeployOptions, flags: &ServiceArgs) {
    let ingress = &mut options.ingress;
    if flags.no_ingress {
        *ingress = <_>::default();
    }
    if !flags.routes.is_empty() {
        ingress.routes.clone_from(&flags.routes);
    }
    let said = |word: &Option<String>, before: &mut Option<String>| {
        if let Some(word) = word {
            *before = Some(word.clone()).filter(|word| !word.is_empty());
        }
    };
    said(&flags.ingress_class, &mut ingress.class);
    said(&flags.ingress_tls, &mut ingress.tls_secret);
}

/// Returns the ports after what was said. A port without a name speaks for all of them: those that
/// were given are all that there are. Ports with names are changed or added one by one.
pub(super) fn changed(before: &[Port], said: &[PortChange]) -> Vec<Port> {
    let set = || {
        said.iter().filter_map(|change| match change {
            PortChange::Set(port) => Some(port),
            PortChange::Remove(_) => None,
        })
    };
    let mut ports = before.to_vec();
    if set().any(|port| port.name.is_none()) {
        ports = set()
            .enumerate()
            .map(|(place, port)| port_like(port, before.get(place)))
            .collect();
    } else {
        for port in set() {
            let name = port.name.as_deref().unwrap_or_default();
            let same = |it: &Port| it.container == port.container && it.protocol == port.protocol;
            let place = ports
                .iter()
                .position(|it| it.name.as_deref() == Some(name))
                .or_else(|| ports.iter().position(same));
            match place {
                Some(place) => ports[place] = port_like(port, Some(&ports[place])),
                None => ports.push(port.clone()),
            }
        }
    }
    for change in said {
        if let PortChange::Remove(word) = change {
            ports.retain(|port| !port.is_called(word));
        }
    }
    ports
}

/// Returns a port with what was said of its place earlier: its name, a Service's port of its own, a node
/// port.
fn port_like(said: &Port, before: Option<&Port>) -> Port {
    let Some(before) = before.filter(|before| before.protocol == said.protocol) else {
        return said.clone();
    };
    Port {
        name: said.name.clone().or_else(|| before.name.clone()),
        service: if before.service == before.container {
            said.service
        } else {
            before.service
        },
        node_port: before.node_port,
        ..said.clone()
    }
}

fn find<'a>(ports: &'a mut [Port], said: &PortNumber, flag: &str) -> Result<&'a mut Port> {
    let found = match &said.of {
        None => ports.first_mut(),
        Some(word) => ports.iter_mut().find(|port| port.is_called(word)),
    };
    found.ok_or_else(|| {
        let failure = match &said.of {
            None => Failure::usage(format!("could not use `{flag}`")).why("the app has no ports"),
            Some(word) => Failure::usage(format!("could not use `{flag} {word}=…`")).why(format!(
                "the app has no port `{word}`, neither by name nor by number"
            )),
        };
        failure
            .next("name the port with `--port`, for example `--port http=8080`")
            .anchor("ports")
    })
}

/// Of two ports of one name only the later would hold.
fn ensure_said_once(said: &[PortChange]) -> Result<()> {
    let names: Vec<&str> = said
        .iter()
        .filter_map(|change| match change {
            PortChange::Set(port) => port.name.as_deref(),
            PortChange::Remove(_) => None,
        })
        .collect();
    match names
        .iter()
        .enumerate()
        .find(|(at, name)| names[..*at].contains(name))
    {
        None => Ok(()),
        Some((_, name)) => Err(twice(format!("the name `{name}` is given twice"))),
    }
}

fn twice(why: String) -> Failure {
    Failure::usage("could not use these ports")
        .why(why)
        .next("give each port once, and each its own `--service-port`")
        .anchor("ports")
}

fn ensure_distinct(ports: &[Port]) -> Result<()> {
    for (at, port) in ports.iter().enumerate() {
        let others = || ports[..at].iter().filter(|other| other.protocol == port.protocol);
        let why = if others().any(|other| other.container == port.container) {
            format!("the port {} is given twice", port.container)
        } else if others().any(|other| other.service == port.service) {
            format!("two ports would have the Service's port {}", port.service)
        } else if port.name.is_some() && ports[..at].iter().any(|other| other.name == port.name) {
            format!(
                "the name `{}` is given twice",
                port.name.as_deref().unwrap_or_default()
            )
        } else {
            continue;
        };
        return Err(twice(why));
    }
    Ok(())
}

/// Returns the ports that an image says it listens on.
pub(super) fn exposed(ports: &[Port]) -> Vec<ExposedPort> {
    ports.iter().map(ExposedPort::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IngressOptions;

    fn ports(words: &[&str]) -> Vec<PortChange> {
        words.iter().map(|word| word.parse().expect("a port")).collect()
    }

    fn after(before: &[&str], said: &[&str]) -> Vec<String> {
        let before = changed(&[], &ports(before));
        changed(&before, &ports(said))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn number(word: &str) -> PortNumber {
        word.parse().expect("a number")
    }

    #[test]
    fn a_port_without_a_name_is_all_there_is() {
        assert_eq!(after(&["8080", "9090"], &["7070"]), ["7070"]);
        assert_eq!(after(&["http=8080"], &["9090"]), ["http=9090"], "its name stays");
        assert_eq!(after(&["8080"], &[]), ["8080"]);
    }

    #[test]
    fn a_port_with_a_name_is_one_of_them() {
        assert_eq!(after(&["8080"], &["metrics=9090"]), ["8080", "metrics=9090"]);
        assert_eq!(after(&["http=8080", "m=1"], &["http=80"]), ["http=80", "m=1"]);
        assert_eq!(
            after(&["8080"], &["http=8080"]),
            ["http=8080"],
            "it gets the name"
        );
        assert_eq!(after(&["53/udp"], &["dns=53"]), ["53/udp", "dns=53"]);
        assert_eq!(after(&["http=8080", "m=1"], &["m-"]), ["http=8080"]);
    }

    #[test]
    fn what_was_said_of_the_service_moves_with_the_port() {
        let mut options = DeployOptions {
            ports: changed(&[], &ports(&["http=8080", "m=9090"])),
            ..DeployOptions::default()
        };
        let flags = ServiceArgs {
            service_ports: vec![number("80"), number("m=90")],
            node_ports: vec![number("0"), number("9090=30090")],
            ..ServiceArgs::default()
        };
        change(&mut options, &[], &flags).expect("valid");
        change(&mut options, &ports(&["8081", "9090"]), &ServiceArgs::default()).expect("valid");
        let all: Vec<_> = options
            .ports
            .iter()
            .map(|it| (it.container, it.service, it.node_port))
            .collect();
        assert_eq!(all, [(8081, 80, None), (9090, 90, Some(30090))]);
        assert_eq!(options.service, PortKind::NodePort);
        let again = ServiceArgs {
            node_ports: vec![number("0")],
            ..ServiceArgs::default()
        };
        change(&mut options, &[], &again).expect("valid");
        assert_eq!(options.ports[1].node_port, Some(30090), "a plain flag keeps it");

        let inside = ServiceArgs {
            no_nodeport: true,
            ..ServiceArgs::default()
        };
        change(&mut options, &[], &inside).expect("valid");
        assert_eq!(
            (options.service, options.ports[1].node_port),
            (PortKind::ClusterIp, None)
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for words in [&["8080", "8080"][..], &["a=1", "a=2"]] {
            let mut options = DeployOptions::default();
            let changes: Vec<PortChange> = ports(words);
            let all: Vec<Port> = changes
                .iter()
                .filter_map(|it| match it {
                    PortChange::Set(port) => Some(port.clone()),
                    PortChange::Remove(_) => None,
                })
                .collect();
            options.ports = all;
            assert!(
                change(&mut options, &[], &ServiceArgs::default()).is_err(),
                "{words:?}"
            );
        }
        let flags = ServiceArgs {
            service_ports: vec![number("web=80")],
            ..ServiceArgs::default()
        };
        let mut options = DeployOptions::default();
        assert!(change(&mut options, &ports(&["8080"]), &flags).is_err());
        let twice = ports(&["web=80", "web=81"]);
        assert!(change(&mut options, &twice, &ServiceArgs::default()).is_err());
    }

    #[test]
    fn an_ingress_is_said_and_removed() {
        let mut options = DeployOptions::default();
        let flags = ServiceArgs {
            routes: vec!["shop.example.com".parse().expect("a route")],
            ingress_tls: Some("cert".to_owned()),
            ..ServiceArgs::default()
        };
        change(&mut options, &[], &flags).expect("valid");
        let plain = ServiceArgs {
            ingress_tls: Some(String::new()),
            ..ServiceArgs::default()
        };
        change(&mut options, &[], &plain).expect("valid");
        assert_eq!(
            (options.ingress.routes.len(), &options.ingress.tls_secret),
            (1, &None)
        );
        let none = ServiceArgs {
            no_ingress: true,
            ..ServiceArgs::default()
        };
        change(&mut options, &[], &none).expect("valid");
        assert_eq!(options.ingress, IngressOptions::default());
    }
}
