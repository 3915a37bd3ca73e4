//! Changes the `ConfigMap` of an app's builds: only the entries that changed are written, since a long
//! history is larger than most changes of an app.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{ResourceExt, api::PostParams};
use serde_json::Value;

use super::{Error, name};
use crate::{
    cluster::{
        Cluster, config_map,
        error::{is_conflict, is_not_found},
        objects::labels,
    },
    model::AppName,
};

/// After so many lost races something else is wrong.
const ATTEMPTS: usize = 10;

/// Reads, changes and writes back, again when somebody else wrote in between. Creates the
/// `ConfigMap` where `create` says so, and deletes one that has become empty.
pub(super) async fn change(
    cluster: &Cluster,
    app: &AppName,
    create: bool,
    mut edit: impl FnMut(&mut BTreeMap<String, String>) -> Result<(), Error>,
) -> Result<(), Error> {
    let api = cluster.api::<ConfigMap>();
    let name = name(app);
    let mut attempt = 1;
    loop {
        let answer = match api.get_opt(&name).await? {
            Some(map) if !labels::is_ours(map.labels()) => return Err(Error::NotOurs { name }),
            Some(map) => {
                let before = map.data.clone().unwrap_or_default();
                let mut after = before.clone();
                edit(&mut after)?;
                if after == before {
                    return Ok(());
                }
                if after.is_empty() {
                    config_map::delete(&api, &map).await
                } else {
                    config_map::patch(&api, &map, &changes(&before, &after)).await
                }
            }
            None if !create => return Ok(()),
            None => {
                let mut data = BTreeMap::new();
                edit(&mut data)?;
                api.create(&PostParams::default(), &config_map(app, data))
                    .await
                    .map(drop)
            }
        };
        match answer {
            Ok(()) => return Ok(()),
            Err(error) if (is_conflict(&error) || is_not_found(&error)) && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns what makes one of the other: `null` removes.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    let written = after.iter().filter(|(key, text)| before.get(*key) != Some(*text));
    removed
        .map(|key| (key.clone(), Value::Null))
        .chain(written.map(|(key, text)| (key.clone(), Value::from(text.as_str()))))
        .collect()
}

fn config_map(app: &AppName, data: BTreeMap<String, String>) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name(app)),
            labels: Some(labels::of_record(app)),
            ..ObjectMeta::default()
        },
        data: Some(data),
        ..ConfigMap::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_changed_is_written() {
        let of = |pairs: &[(&str, &str)]| {
            let own = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
            pairs.iter().map(own).collect::<BTreeMap<_, _>>()
        };
        let changes = changes(
            &of(&[("old", "1"), ("same", "2"), ("other", "3")]),
            &of(&[("same", "2"), ("other", "4"), ("new", "5")]),
        );
        assert_eq!(json!(changes), json!({ "old": null, "other": "4", "new": "5" }));
    }
}
