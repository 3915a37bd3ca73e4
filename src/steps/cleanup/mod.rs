//! Removes what a run made, on every way out.

use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{
    ResourceExt,
    api::{DeleteParams, ListParams},
    runtime::watcher::Config,
};
use tokio::time::timeout;

use crate::cluster::{Cluster, objects::labels, snapshots};

/// How long the Pods may take to end; ours end at once, or after a few seconds of grace.
const PODS_END: Duration = Duration::from_secs(15);

/// Deletes the Jobs of a run and their Pods, and waits until these are gone. Needs the rights that
/// making them needs: one Job after the other, since `deletecollection` is a right of its own.
///
/// Never fails: it runs after Ctrl-C and after failures, which are what the person must hear of, and
/// every Job has a deadline and a TTL.
pub async fn run(cluster: &Cluster, run_id: &str) {
    remove(cluster, &format!("{}={run_id}", labels::RUN)).await;
}

/// Deletes the builder Jobs of a run whose result and log are in the build record. Does not wait for their Pods, which have
/// ended. A run that loses the cluster leaves them to their TTL, and finds the result when it is back.
pub async fn recorded_builders(cluster: &Cluster, run_id: &str) {
    delete(cluster, &builders_of(run_id)).await;
}

/// Deletes the builder Jobs of a run alone, as [`run`] does. The upload may go on, or fail for a reason of its own.
pub async fn builders(cluster: &Cluster, run_id: &str) {
    remove(cluster, &builders_of(run_id)).await;
}

fn builders_of(run_id: &str) -> String {
    format!("{}={run_id},{}=builder", labels::RUN, labels::ROLE)
}

/// Deletes the Jobs that a selector matches; returns whether there were any.
async fn delete(cluster: &Cluster, of_run: &str) -> bool {
    let Ok(jobs) = cluster
        .api::<Job>()
        .list(&ListParams::default().labels(of_run))
        .await
    else {
        return false;
    };
    for job in &jobs {
        // In the background: the Job is gone at once, and the garbage collector takes its Pod.
        cluster
            .api::<Job>()
            .delete(&job.name_any(), &DeleteParams::background())
            .await
            .ok();
    }
    !jobs.items.is_empty()
}

async fn remove(cluster: &Cluster, of_run: &str) {
    if !delete(cluster, of_run).await {
        return;
    }
    let no_pods = async {
        let pods = snapshots::<Pod>(cluster, Config::default().labels(of_run));
        futures_util::pin_mut!(pods);
        while let Some(Ok(pods)) = pods.next().await {
            if pods.is_empty() {
                break;
            }
        }
    };
    timeout(PODS_END, no_pods).await.ok();
}
