//! Whether the ports of an app do for what was said of it.

use crate::{
    error::{Failure, Result},
    model::{DeployOptions, Health, IngressOptions, PodOptions, PortKind, Probing},
};

/// Checks what holds only when the default ports are known: an Ingress leads to a port, and so does a path
/// that is asked whether the app serves.
pub(super) fn ensure(options: &DeployOptions) -> Result<()> {
    let ingress = &options.ingress;
    if !ingress.routes.is_empty() && options.main_port().is_none() {
        return Err(Failure::usage("could not make an Ingress")
            .why("the app has no TCP port that it could lead to")
            .next("name the port that the app listens on with `--port`")
            .anchor("ports"));
    }
    if options.service != PortKind::ClusterIp && options.ports.is_empty() {
        return Err(Failure::usage("could not reach the app from outside the cluster")
            .why("it has no port that a port of the nodes, or a load balancer, could lead to")
            .next("name the port that the app listens on with `--port`, or leave it out: `--no-nodeport`")
            .anchor("ports"));
    }
    if ingress.routes.is_empty() && *ingress != IngressOptions::default() {
        return Err(Failure::usage("could not make an Ingress")
            .why("a class or a certificate was given, and no host")
            .next("name the host with `--ingress HOST`")
            .anchor("ports"));
    }
    match health_path(&options.pod) {
        Some((flag, path)) if options.main_port().is_none() => Err(Failure::usage(format!(
            "could not ask `{path}` whether the app serves"
        ))
        .why("the app has no TCP port, and a health path is asked by HTTP")
        .next(format!(
            "name the port that answers with `--port`, or take the path back with `{flag} default`"
        ))
        .anchor("ports")),
        _ => Ok(()),
    }
}

/// Returns a path that is asked whether the app serves, and the flag that names it.
fn health_path(pod: &PodOptions) -> Option<(&'static str, &str)> {
    let probings = [("--readiness", &pod.readiness), ("--liveness", &pod.liveness)];
    let chosen = probings.into_iter().find_map(|(flag, probing)| match probing {
        Probing::Path(path) => Some((flag, path.as_str())),
        _ => None,
    });
    match &pod.health {
        Health::Path(path) => Some(("--health-path", path)),
        _ => chosen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(ports: &[&str]) -> DeployOptions {
        DeployOptions {
            ports: ports.iter().map(|port| port.parse().expect("a port")).collect(),
            ..DeployOptions::default()
        }
    }

    #[test]
    fn an_ingress_leads_to_a_port() {
        let routed = |ports| {
            let mut options = with(ports);
            options.ingress.routes = vec!["shop.example.com".parse().expect("a route")];
            ensure(&options)
        };
        assert!(routed(&[]).is_err() && routed(&["53/udp"]).is_err());
        routed(&["8080"]).expect("a port");
    }

    #[test]
    fn a_health_path_is_asked_of_a_port() {
        ensure(&with(&["53/udp"])).expect("nothing is asked");
        let asked = |ports| {
            let mut options = with(ports);
            options.pod.readiness = Probing::Path("/ready".to_owned());
            ensure(&options)
        };
        let failure = asked(&["53/udp"]).expect_err("nowhere to ask");
        assert!(failure.next.contains("`--readiness default`"), "{}", failure.next);
        asked(&["53/udp", "8080"]).expect("a port that answers");
    }
}
