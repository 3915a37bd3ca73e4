//! Waiting by watches, never by sleeping and asking again.

use std::{collections::BTreeMap, fmt, future, mem};

use futures_util::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{Event, Pod},
};
use kube::{
    Resource, ResourceExt,
    runtime::{WatchStreamExt, watcher},
};
use serde::de::DeserializeOwned;

use super::Cluster;

/// Watches the Pods that a label selector matches until `check` has an answer for one of them.
/// Watching goes on over a lost connection; the caller bounds the time.
///
/// # Errors
/// What the API server answered, when watching is not possible at all (no permission).
pub async fn watch_pod<T>(
    cluster: &Cluster,
    selector: &str,
    mut check: impl FnMut(&Pod) -> Option<T>,
) -> Result<T, watcher::Error> {
    let pods = snapshots::<Pod>(cluster, watcher::Config::default().labels(selector));
    futures_util::pin_mut!(pods);
    loop {
        if let Some(pods) = pods.try_next().await?
            && let Some(answer) = pods.iter().find_map(&mut check)
        {
            return Ok(answer);
        }
    }
}

/// Streams all objects that a selector matches, anew after each change, so that one that vanished
/// while the connection was lost is missed too. Never ends by itself.
///
/// The only errors are refusals (no permission), which waiting does not change.
pub fn snapshots<K>(
    cluster: &Cluster,
    config: watcher::Config,
) -> impl Stream<Item = Result<Vec<K>, watcher::Error>> + Send + use<K>
where
    K: Resource<Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + fmt::Debug
        + Send
        + Sync
        + 'static,
    K::DynamicType: Default,
{
    let mut known = BTreeMap::new();
    let mut listed = BTreeMap::new();
    watcher(cluster.api::<K>(), config)
        .default_backoff()
        .filter_map(move |event| {
            let whole = match event {
                Ok(watcher::Event::Init) => {
                    listed.clear();
                    None
                }
                Ok(watcher::Event::InitApply(object)) => {
                    listed.insert(object.name_any(), object);
                    None
                }
                Ok(watcher::Event::InitDone) => {
                    known = mem::take(&mut listed);
                    Some(Ok(known.values().cloned().collect()))
                }
                Ok(watcher::Event::Apply(object)) => {
                    known.insert(object.name_any(), object);
                    Some(Ok(known.values().cloned().collect()))
                }
                Ok(watcher::Event::Delete(object)) => {
                    known.remove(&object.name_any());
                    Some(Ok(known.values().cloned().collect()))
                }
                // A refusal will not change by waiting; everything else the watcher tries again.
                Err(error) if is_refusal(&error) => Some(Err(error)),
                Err(_) => None,
            };
            future::ready(whole)
        })
}

/// A warning of the cluster's about an object.
pub struct Warning {
    /// The id of the object: names are used again.
    pub uid: String,
    /// One word.
    pub reason: String,
    /// What happened.
    pub message: String,
    /// Whether it was given after we began to look.
    pub is_new: bool,
}

/// Streams the warnings that concern an object: reason and message. Never ends and never fails:
/// where the person may not see events, there are none.
pub fn warnings(cluster: &Cluster, object: &str) -> impl Stream<Item = (String, String)> + Send + use<> {
    warnings_where(cluster, &format!("involvedObject.name={object}"))
        .map(|warning| (warning.reason, warning.message))
}

/// Streams the warnings that a field selector matches, as [`warnings`] does.
pub fn warnings_where(cluster: &Cluster, fields: &str) -> impl Stream<Item = Warning> + Send + use<> {
    let config = watcher::Config::default().fields(&format!("{fields},type=Warning"));
    watcher(cluster.api::<Event>(), config)
        .default_backoff()
        .take_while(|event| future::ready(!matches!(event, Err(error) if is_refusal(error))))
        .filter_map(|event| {
            let found = match event {
                Ok(watcher::Event::InitApply(event)) => Some((event, false)),
                Ok(watcher::Event::Apply(event)) => Some((event, true)),
                _ => None,
            };
            future::ready(found.map(|(event, is_new)| Warning {
                uid: event.involved_object.uid.unwrap_or_default(),
                reason: event.reason.unwrap_or_default(),
                message: event.message.unwrap_or_default(),
                is_new,
            }))
        })
        .chain(futures_util::stream::pending())
}

/// Whether the API server refused the request. [`super::retry`] has confirmed that. It does not confirm a refusal in the middle
/// of a watch, so that does not count: the list that follows decides.
fn is_refusal(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchStartFailed};
    match error {
        InitialListFailed(kube::Error::Api(status)) | WatchStartFailed(kube::Error::Api(status)) => {
            matches!(status.code, 401 | 403)
        }
        _ => false,
    }
}
