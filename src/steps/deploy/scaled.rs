//! Whether the number of Pods is ours to set. The API server tells of a conflict only where an apply
//! had set the number before: `kubectl scale` and autoscalers leave no mark on one that nobody owned.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::{ResourceExt, api::ListParams};

use super::{apply::REPLICAS, live, outcome};
use crate::{
    cluster::{Cluster, Workload},
    error::{Failure, Result},
    model::AppName,
};

/// Checks that nobody else has set the number of Pods, where `--replicas` was given.
///
/// # Errors
/// An autoscaler would change the number back, or somebody scaled the app by hand; what the API server
/// answered.
pub async fn ensure_replicas_are_ours(cluster: &Cluster, name: &AppName, replicas: i32) -> Result<()> {
    let Some(workload) = live::find(cluster, name).await? else {
        return Ok(());
    };
    // Who may not list them is told what the numbers tell.
    let scalers = cluster
        .api::<HorizontalPodAutoscaler>()
        .list(&ListParams::default())
        .await;
    let scalers = scalers.map(|found| found.items).unwrap_or_default();
    let scaler = scalers.iter().find(|scaler| is_of(scaler, &workload, name));
    let (why, advice) = match scaler {
        Some(scaler) => (autoscaled(scaler), outcome::LEAVE_TO_AUTOSCALER),
        None if is_scaled(&workload, replicas) => (
            format!(
                "somebody scaled it to {} Pods (`kubectl scale`, say)",
                workload.wanted()
            ),
            outcome::LEAVE_REPLICAS,
        ),
        None => return Ok(()),
    };
    Err(
        Failure::new(format!("could not set the replicas of `{name}` to {replicas}"))
            .why(why)
            .next(advice)
            .anchor("apply-conflict"),
    )
}

/// One Pod is what a workload has that nobody scaled.
fn is_scaled(workload: &Workload, replicas: i32) -> bool {
    let now = workload.wanted();
    !workload.is_applied_by_us(REPLICAS) && now != replicas && now != 1
}

fn is_of(scaler: &HorizontalPodAutoscaler, workload: &Workload, name: &AppName) -> bool {
    let target = scaler.spec.as_ref().map(|spec| &spec.scale_target_ref);
    target.is_some_and(|target| target.kind == workload.kind() && target.name == name.as_str())
}

fn autoscaled(scaler: &HorizontalPodAutoscaler) -> String {
    let spec = scaler.spec.as_ref();
    let least = spec.and_then(|spec| spec.min_replicas).unwrap_or(1);
    let most = spec.map_or(least, |spec| spec.max_replicas);
    format!(
        "the autoscaler (HorizontalPodAutoscaler) `{}` scales it, from {least} to {most} Pods",
        scaler.name_any()
    )
}
