//! The Service of an app, as server-side apply gets it.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};

use super::labels;
use crate::model::{AppName, DeployOptions, PortKind};

/// Returns the name that a port of the container has. It depends on the port's place alone: when the
/// number changes, the Service still finds the old Pods' port and the new Pods' port by this name.
#[must_use]
pub fn port_name(index: usize) -> String {
    format!("port-{}", index + 1)
}

/// Returns the Service; `None` for an app without ports. `live` is the Service as it is now: node
/// ports that it was given once stay.
#[must_use]
pub fn service(name: &AppName, options: &DeployOptions, live: Option<&Service>) -> Option<Service> {
    if options.ports.is_empty() {
        return None;
    }
    let type_ = match options.service {
        PortKind::ClusterIp => "ClusterIP",
        PortKind::NodePort(_) => "NodePort",
    };
    let ports = options.ports.iter().enumerate().map(|(index, port)| ServicePort {
        name: Some(port_name(index)),
        port: i32::from(port.service),
        target_port: Some(IntOrString::String(port_name(index))),
        protocol: Some("TCP".to_owned()),
        node_port: match options.service {
            PortKind::ClusterIp => None,
            PortKind::NodePort(Some(number)) if index == 0 => Some(i32::from(number)),
            PortKind::NodePort(_) => live.and_then(|live| node_port(live, index)),
        },
        ..ServicePort::default()
    });
    Some(Service {
        metadata: labels::metadata(name),
        spec: Some(ServiceSpec {
            type_: Some(type_.to_owned()),
            selector: Some(labels::selecting_app(name)),
            ports: Some(ports.collect()),
            ..ServiceSpec::default()
        }),
        status: None,
    })
}

/// Returns what an apply must say to make a Service again what it was.
#[must_use]
pub fn as_before(before: &Service) -> Service {
    let spec = before.spec.as_ref();
    Service {
        metadata: ObjectMeta {
            name: before.metadata.name.clone(),
            labels: before.metadata.labels.clone(),
            ..ObjectMeta::default()
        },
        spec: spec.map(|spec| ServiceSpec {
            type_: spec.type_.clone(),
            selector: spec.selector.clone(),
            ports: spec.ports.clone(),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// Returns the port of every node at which a port of the app answers.
#[must_use]
pub fn node_port(service: &Service, index: usize) -> Option<i32> {
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    let name = port_name(index);
    ports
        .iter()
        .find(|port| port.name.as_ref() == Some(&name))?
        .node_port
}

/// Returns the URL at a node; `None` where no port of the nodes leads to the app. `context_path` has
/// its slashes.
#[must_use]
pub fn url(service: &Service, host_ip: &str, context_path: &str) -> Option<String> {
    let port = node_port(service, 0)?;
    let host = if host_ip.contains(':') {
        format!("[{host_ip}]")
    } else {
        host_ip.to_owned()
    };
    Some(format!(
        "http://{host}:{port}/{}",
        context_path.trim_start_matches('/')
    ))
}
