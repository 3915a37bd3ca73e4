//! What runs: read from the Deployment, with the URL that its Service and its Pods give.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Container, EnvFromSource, EnvVar, Pod, Service},
};
use kube::ResourceExt;

use super::pods;
use crate::{
    cluster::objects::{labels, service},
    model::{DeployOptions, EnvStatus, Workload},
};

/// Returns what runs; which build made its image is for those who know the record.
pub(super) fn workload(deployment: &Deployment, service: Option<&Service>, of_app: &[&Pod]) -> Workload {
    let spec = deployment.spec.as_ref();
    let status = deployment.status.as_ref();
    let container = spec
        .and_then(|spec| spec.template.spec.as_ref())
        .and_then(|pod| pod.containers.first());
    Workload {
        ready: status.and_then(|status| status.ready_replicas).unwrap_or(0),
        wanted: spec.and_then(|spec| spec.replicas).unwrap_or(1),
        url: service.and_then(|service| url(deployment, service, of_app)),
        image: container
            .and_then(|container| container.image.clone())
            .unwrap_or_default(),
        build: None,
        env: container.map(env).unwrap_or_default(),
    }
}

fn url(deployment: &Deployment, service: &Service, of_app: &[&Pod]) -> Option<String> {
    let annotation = deployment.annotations().get(labels::OPTIONS)?;
    // Damaged options are told by the next deploy, which needs them.
    let options: DeployOptions = serde_json::from_str(annotation).unwrap_or_default();
    let ready = of_app.iter().find(|pod| pods::is_ready(pod))?;
    let host = ready.status.as_ref()?.host_ip.as_ref()?;
    service::url(service, host, &options.context_path)
}

fn env(container: &Container) -> Vec<EnvStatus> {
    let single = container.env.iter().flatten().map(variable);
    let whole = container.env_from.iter().flatten().filter_map(all_of);
    whole.chain(single).collect()
}

fn all_of(source: &EnvFromSource) -> Option<EnvStatus> {
    let secret = source.secret_ref.as_ref().map(|it| format!("secret {}", it.name));
    let map = source
        .config_map_ref
        .as_ref()
        .map(|it| format!("configmap {}", it.name));
    Some(EnvStatus {
        name: String::new(),
        value: None,
        from: Some(secret.or(map)?),
    })
}

fn variable(variable: &EnvVar) -> EnvStatus {
    let from = variable.value_from.as_ref().map(|from| {
        let secret = from.secret_key_ref.as_ref();
        let map = from.config_map_key_ref.as_ref();
        secret
            .map(|key| format!("secret {}/{}", key.name, key.key))
            .or_else(|| map.map(|key| format!("configmap {}/{}", key.name, key.key)))
            .or_else(|| {
                from.field_ref
                    .as_ref()
                    .map(|field| format!("field {}", field.field_path))
            })
            .unwrap_or_else(|| "elsewhere".to_owned())
    });
    EnvStatus {
        name: variable.name.clone(),
        value: variable
            .value
            .clone()
            .or_else(|| from.is_none().then(String::new)),
        from,
    }
}
