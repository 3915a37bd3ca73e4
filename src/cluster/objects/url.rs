//! Where an app answers, in the cluster and from outside, read from its objects. Pure.

use k8s_openapi::api::core::v1::Service;

use super::service;
use crate::model::{AppName, DeployOptions, Port, PortKind, Protocol};

/// The first port that needs no privileges to listen on.
const UNPRIVILEGED: u16 = 1024;

/// Returns where the app answers in the cluster: a URL where its port speaks HTTP, as far as its name tells. `None`
/// for an app without ports. The name has no cluster domain, which nobody outside of the cluster's DNS knows.
#[must_use]
pub fn in_cluster(name: &AppName, namespace: &str, options: &DeployOptions) -> Option<String> {
    let port = first_port(options)?;
    let host = format!("{name}.{namespace}.svc:{}", port.service);
    let path = with_slashes(&options.context_path);
    let scheme = match port.name.as_deref() {
        _ if port.protocol != Protocol::Tcp => return Some(host),
        Some(name) if name.starts_with("https") => "https",
        Some(name) if !name.starts_with("http") => return Some(host),
        _ => "http",
    };
    Some(format!("{scheme}://{host}{}", path.trim_end_matches('/')))
}

/// Returns the command that brings the app's port to this machine, to one that needs no privileges. kubectl forwards
/// TCP alone.
#[must_use]
pub fn port_forward(name: &AppName, namespace: &str, options: &DeployOptions) -> Option<String> {
    let port = first_port(options).filter(|port| port.protocol == Protocol::Tcp)?;
    let local = [port.service, port.container]
        .into_iter()
        .find(|number| *number >= UNPRIVILEGED)
        // 8080 for 80, 8443 for 443.
        .unwrap_or(8000 + port.service);
    Some(format!(
        "kubectl port-forward -n {namespace} service/{name} {local}:{}",
        port.service
    ))
}

/// The port that is probed, else the first.
fn first_port(options: &DeployOptions) -> Option<&Port> {
    let main = options.main_port().map(|(_, port)| port);
    main.or_else(|| options.ports.first())
}

/// Returns the URL that the first route of the Ingress leads to; `None` where there is no route.
#[must_use]
pub fn of_ingress(options: &DeployOptions) -> Option<String> {
    let route = options.ingress.routes.first()?;
    let path = with_slashes(&options.context_path);
    Some(route.url(options.ingress.tls_secret.is_some(), &path))
}

/// Returns the URL at the address that the cloud gave the Service; `None` while it has none.
#[must_use]
pub fn of_balancer(live: &Service, options: &DeployOptions) -> Option<String> {
    let (_, port) = options
        .main_port()
        .filter(|_| options.service == PortKind::LoadBalancer)?;
    let balancer = live.status.as_ref()?.load_balancer.as_ref()?;
    let address = balancer.ingress.as_ref()?.first()?;
    let host = address.hostname.as_deref().or(address.ip.as_deref())?;
    let port = match port.service {
        80 => String::new(),
        number => format!(":{number}"),
    };
    Some(format!(
        "http://{}{port}{}",
        in_brackets(host),
        with_slashes(&options.context_path)
    ))
}

/// Returns the URL at a node; `None` where no port of the nodes leads to the app.
#[must_use]
pub fn of_node(live: &Service, options: &DeployOptions, host_ip: &str) -> Option<String> {
    let (place, _) = options.main_port()?;
    let port = service::node_port(live, place)?;
    Some(format!(
        "http://{}:{port}{}",
        in_brackets(host_ip),
        with_slashes(&options.context_path)
    ))
}

fn in_brackets(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// A native app has no context path.
fn with_slashes(context_path: &str) -> String {
    format!("/{}", context_path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Port;

    fn options(service: PortKind) -> DeployOptions {
        DeployOptions {
            ports: vec![Port::tcp(8080)],
            service,
            context_path: "/shop/".to_owned(),
            ..DeployOptions::default()
        }
    }

    #[test]
    fn in_the_cluster_by_name() {
        let name = "shop".parse().expect("a name");
        for (ports, path, address, forward) in [
            ("8080", "", "http://shop.dev.svc:8080", "8080:8080"),
            ("8080", "/shop/", "http://shop.dev.svc:8080/shop", "8080:8080"),
            ("53/udp 80", "", "http://shop.dev.svc:80", "8080:80"),
            ("http-api=80", "", "http://shop.dev.svc:80", "8080:80"),
            ("https=443", "", "https://shop.dev.svc:443", "8443:443"),
            ("grpc=9000", "", "shop.dev.svc:9000", "9000:9000"),
            ("53/udp", "", "shop.dev.svc:53", ""),
            ("", "", "", ""),
        ] {
            let options = DeployOptions {
                ports: ports
                    .split_whitespace()
                    .map(|port| port.parse().expect("a port"))
                    .collect(),
                context_path: path.to_owned(),
                ..DeployOptions::default()
            };
            let expected = Some(address).filter(|address| !address.is_empty());
            assert_eq!(in_cluster(&name, "dev", &options).as_deref(), expected);
            let expected = Some(format!("kubectl port-forward -n dev service/shop {forward}"));
            assert_eq!(
                port_forward(&name, "dev", &options),
                expected.filter(|_| !forward.is_empty())
            );
        }
        let moved = DeployOptions {
            ports: vec![Port {
                service: 80,
                ..Port::tcp(3000)
            }],
            ..DeployOptions::default()
        };
        let forward = port_forward(&name, "dev", &moved).expect("a TCP port");
        assert!(forward.ends_with(" 3000:80"), "{forward}");
    }

    #[test]
    fn at_a_node_only_by_its_port() {
        let with = |port: serde_json::Value| -> Service {
            let port = json!({ "port": 80, "targetPort": "port-1", "nodePort": port });
            serde_json::from_value(json!({ "spec": { "ports": [port] } })).expect("a Service")
        };
        let options = options(PortKind::NodePort);
        let url = of_node(&with(json!(31234)), &options, "fd00::1");
        assert_eq!(url.as_deref(), Some("http://[fd00::1]:31234/shop/"));
        assert_eq!(of_node(&with(json!(null)), &options, "10.0.0.1"), None);
    }

    #[test]
    fn at_the_address_that_the_cloud_gave() {
        let service: Service = serde_json::from_value(json!({ "status": { "loadBalancer": { "ingress": [
            { "ip": "192.0.2.7" },
        ] } } }))
        .expect("a Service");
        let url = of_balancer(&service, &options(PortKind::LoadBalancer));
        assert_eq!(url.as_deref(), Some("http://192.0.2.7:8080/shop/"));
        assert_eq!(
            of_balancer(&Service::default(), &options(PortKind::LoadBalancer)),
            None
        );
        assert_eq!(of_balancer(&service, &options(PortKind::NodePort)), None);
    }
}
