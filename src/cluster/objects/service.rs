//! The Services of an app, as server-side apply gets them.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::labels;
use crate::model::{AppName, DeployOptions, Port, PortKind};

/// Returns the name that a port of the container has. It depends on the port's place alone: when the
/// number or the name of the Service's port changes, the Service still finds the old Pods' port and the
/// new Pods' port by this name.
#[must_use]
pub fn port_name(index: usize) -> String {
    format!("port-{}", index + 1)
}

/// Returns the name that a port of the Service has.
#[must_use]
pub fn service_port_name(index: usize, port: &Port) -> String {
    port.name.clone().unwrap_or_else(|| port_name(index))
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
        PortKind::NodePort => "NodePort",
        PortKind::LoadBalancer => "LoadBalancer",
    };
    let ports = options.ports.iter().enumerate().map(|(index, port)| ServicePort {
        node_port: match options.service {
            PortKind::ClusterIp => None,
            PortKind::NodePort | PortKind::LoadBalancer => port
                .node_port
                .map(i32::from)
                .or_else(|| live.and_then(|live| node_port(live, index))),
        },
        ..service_port(index, port)
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

/// Returns the name of the Service that gives each Pod of a `StatefulSet` a name of its own.
#[must_use]
pub fn headless_name(name: &AppName) -> String {
    format!("{name}-headless")
}

/// Returns that Service:
/// <https://kubernetes.io/docs/concepts/services-networking/service/#headless-services>.
#[must_use]
pub fn headless(name: &AppName, options: &DeployOptions) -> Service {
    let ports = options.ports.iter().enumerate();
    let ports: Vec<ServicePort> = ports.map(|(index, port)| service_port(index, port)).collect();
    let mut metadata = labels::metadata(name);
    metadata.name = Some(headless_name(name));
    Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            selector: Some(labels::selecting_app(name)),
            // Pods that look for each other while they start are not ready yet.
            publish_not_ready_addresses: Some(true),
            ports: Some(ports).filter(|ports| !ports.is_empty()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

fn service_port(index: usize, port: &Port) -> ServicePort {
    ServicePort {
        name: Some(service_port_name(index, port)),
        port: i32::from(port.service),
        target_port: Some(IntOrString::String(port_name(index))),
        protocol: Some(port.protocol.as_str().to_owned()),
        ..ServicePort::default()
    }
}

/// Returns the port of every node at which a port of the app answers; found by the container's port
/// that it leads to, since the Service's may have been renamed.
#[must_use]
pub fn node_port(service: &Service, index: usize) -> Option<i32> {
    let target = IntOrString::String(port_name(index));
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    ports
        .iter()
        .find(|port| port.target_port.as_ref() == Some(&target))?
        .node_port
}
