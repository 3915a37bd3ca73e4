//! Waiting by watches, never by sleeping and asking again.

use futures_util::TryStreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::{WatchStreamExt, watcher};

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
    let config = watcher::Config::default().labels(selector);
    let events = watcher(cluster.api::<Pod>(), config)
        .default_backoff()
        .applied_objects();
    futures_util::pin_mut!(events);
    loop {
        match events.try_next().await {
            Ok(Some(pod)) => {
                if let Some(answer) = check(&pod) {
                    return Ok(answer);
                }
            }
            // A refusal will not change by waiting; everything else the watcher tries again.
            Err(error) if is_refusal(&error) => return Err(error),
            Ok(None) | Err(_) => {}
        }
    }
}

/// Whether the API server said that the person may not do this.
fn is_refusal(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchError, WatchStartFailed};
    match error {
        InitialListFailed(kube::Error::Api(status)) | WatchStartFailed(kube::Error::Api(status)) => {
            matches!(status.code, 401 | 403)
        }
        WatchError(status) => matches!(status.code, 401 | 403),
        _ => false,
    }
}
