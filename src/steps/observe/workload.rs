//! What runs: read from the workload, with the URL that its Service, its Ingress and its Pods give.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        core::v1::{Container, EnvFromSource, EnvVar, Pod, Service},
        networking::v1::Ingress,
    },
    apimachinery::pkg::api::resource::Quantity,
};

use super::pods;
use crate::{
    cluster::{self, objects::url},
    model::{DeployOptions, EnvStatus, Workload},
};

/// Returns what runs; which build made its image is for those who know the record.
pub(super) fn workload(
    live: &cluster::Workload,
    service: Option<&Service>,
    ingress: Option<&Ingress>,
    of_app: &[&Pod],
) -> Workload {
    let container = live.app_container();
    let counts = live.counts();
    // A Pod of the version before ends only when it is no longer needed, so it is ready.
    let of_before = (counts.all - counts.updated).max(0);
    let resources = container.and_then(|container| container.resources.as_ref());
    let limits = resources.and_then(|it| it.limits.as_ref());
    let requests = resources.and_then(|it| it.requests.as_ref());
    Workload {
        kind: live.kind().to_owned(),
        ready: counts.ready,
        wanted: live.wanted(),
        updated: (counts.ready - of_before).max(0),
        url: url(live, service, ingress, of_app),
        image: container
            .and_then(|container| container.image.clone())
            .unwrap_or_default(),
        build: None,
        env: container.map(env).unwrap_or_default(),
        memory: limits.and_then(|it| amount(it, "memory")),
        cpu: requests.and_then(|it| amount(it, "cpu")),
    }
}

fn amount(amounts: &BTreeMap<String, Quantity>, of: &str) -> Option<String> {
    amounts.get(of).map(|amount| amount.0.clone())
}

fn url(
    live: &cluster::Workload,
    service: Option<&Service>,
    ingress: Option<&Ingress>,
    of_app: &[&Pod],
) -> Option<String> {
    // Damaged options are told by the next deploy, which needs them.
    let options: DeployOptions = serde_json::from_str(live.options()?).unwrap_or_default();
    if ingress.is_some_and(is_served)
        && let Some(url) = url::of_ingress(&options)
    {
        return Some(url);
    }
    let service = service?;
    url::of_balancer(service, &options).or_else(|| {
        let ready = of_app.iter().find(|pod| pods::is_ready(pod))?;
        url::of_node(service, &options, ready.status.as_ref()?.host_ip.as_ref()?)
    })
}

/// Whether a controller has taken an Ingress, and says where it answers.
fn is_served(ingress: &Ingress) -> bool {
    let balancer = ingress
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    balancer
        .and_then(|it| it.ingress.as_ref())
        .is_some_and(|places| !places.is_empty())
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
