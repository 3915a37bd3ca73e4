//! The namespace's own configuration: what holds for everybody who deploys into it.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::api::PostParams;
use serde_json::json;

use super::{Cluster, config_map, error::is_forbidden, objects::labels};

/// Name of the `ConfigMap`; those of apps begin with `b2i-`.
pub const NAME: &str = "kubectl-b2i";
/// The key that people write the configuration to.
pub const KEY: &str = "config.yaml";
/// The key that `registry up` writes to: weaker than what people write, and in nobody's way.
pub const TRIAL_KEY: &str = "registry-up.yaml";

/// The key that a bootstrap writes to, the weakest. Each version of the plugin has its own, since it wants
/// a builder image of its own.
pub const BOOTSTRAP_KEY: &str = concat!("bootstrap-", env!("CARGO_PKG_VERSION"), ".yaml");

/// Returns the texts of the namespace's configuration with their keys, the strongest first; none
/// where there is none, or it may not be read: nobody needs one.
///
/// # Errors
/// What the API server answered otherwise.
pub async fn read(cluster: &Cluster) -> kube::Result<Vec<(&'static str, String)>> {
    let mut data = match cluster.api::<ConfigMap>().get_opt(NAME).await {
        Ok(map) => map.and_then(|map| map.data).unwrap_or_default(),
        Err(error) if is_forbidden(&error) => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let texts = [KEY, TRIAL_KEY, BOOTSTRAP_KEY].map(|key| data.remove(key).map(|text| (key, text)));
    Ok(texts.into_iter().flatten().collect())
}

/// Writes what `registry up` or a bootstrap says of the namespace to its own key, or removes it. What people
/// wrote stays.
///
/// # Errors
/// What the API server answered; a conflict where somebody wrote at the same time.
pub async fn write(cluster: &Cluster, key: &str, text: Option<String>) -> kube::Result<()> {
    let maps = cluster.api::<ConfigMap>();
    let Some(map) = maps.get_opt(NAME).await? else {
        let Some(text) = text else { return Ok(()) };
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                labels: Some(labels::ours()),
                ..ObjectMeta::default()
            },
            data: Some([(key.to_owned(), text)].into()),
            ..ConfigMap::default()
        };
        return maps.create(&PostParams::default(), &map).await.map(drop);
    };
    let is_ours = labels::is_ours(map.metadata.labels.as_ref().unwrap_or(&BTreeMap::new()));
    let is_all = |data: &BTreeMap<_, _>| data.keys().eq([key]);
    if text.is_none() && map.data.as_ref().is_some_and(is_all) && is_ours {
        return config_map::delete(&maps, &map).await;
    }
    config_map::patch(&maps, &map, &json!({ key: text })).await
}
