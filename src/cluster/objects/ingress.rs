//! The Ingress of an app, as server-side apply gets it.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};

use super::{labels, service};
use crate::model::{AppName, DeployOptions};

/// Returns the Ingress; `None` where no route was said, or no TCP port that it could lead to.
#[must_use]
pub fn ingress(name: &AppName, options: &DeployOptions) -> Option<Ingress> {
    let said = &options.ingress;
    let (index, port) = options.main_port().filter(|_| !said.routes.is_empty())?;
    let mut hosts: Vec<String> = said.routes.iter().map(|route| route.host.clone()).collect();
    hosts.dedup();
    let rules = said.routes.iter().map(|route| IngressRule {
        host: Some(route.host.clone()),
        http: Some(HTTPIngressRuleValue {
            paths: vec![HTTPIngressPath {
                path: Some(route.path.clone()),
                path_type: "Prefix".to_owned(),
                backend: IngressBackend {
                    service: Some(IngressServiceBackend {
                        name: name.to_string(),
                        port: Some(ServiceBackendPort {
                            name: Some(service::service_port_name(index, port)),
                            number: None,
                        }),
                    }),
                    resource: None,
                },
            }],
        }),
    });
    Some(Ingress {
        metadata: labels::metadata(name),
        spec: Some(IngressSpec {
            ingress_class_name: said.class.clone(),
            rules: Some(rules.collect()),
            tls: said.tls_secret.clone().map(|secret| {
                vec![IngressTLS {
                    hosts: Some(hosts),
                    secret_name: Some(secret),
                }]
            }),
            ..IngressSpec::default()
        }),
        status: None,
    })
}

/// Whether a controller has taken the Ingress: it then says where it answers.
#[must_use]
pub fn has_address(ingress: &Ingress) -> bool {
    let status = ingress
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    status
        .and_then(|status| status.ingress.as_ref())
        .is_some_and(|addresses| !addresses.is_empty())
}
