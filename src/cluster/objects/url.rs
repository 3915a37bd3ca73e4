//! Where an app answers from outside the cluster, read from its objects. Pure.

use k8s_openapi::api::core::v1::Service;

use super::service;
use crate::model::{DeployOptions, PortKind};

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
