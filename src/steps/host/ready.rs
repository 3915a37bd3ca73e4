//! Waits for the registry's Pod, and finds out why it does not come.

use std::{pin::pin, time::Duration};

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, runtime::watcher::Config};
use tokio::time::sleep;

use super::{Options, WHAT};
use crate::{
    cluster::{
        Cluster, Patience, Trouble,
        error::of_watch,
        objects::{
            labels,
            trial_registry::{NAME, ROLE, SECRET_ANNOTATION},
        },
        snapshots,
        trouble::{container, is_going},
    },
    error::{Failure, Result},
    model::{Event, Events, Step},
};

/// How long a trouble may last that may pass.
const PATIENCE: Duration = Duration::from_mins(1);

/// Returns the Pod that is ready, has the password of this Secret, and keeps images where they are to
/// be kept: one that will be replaced is ready too, until its Deployment is seen to.
pub(super) async fn pod(
    cluster: &Cluster,
    secret_uid: &str,
    is_kept: bool,
    options: &Options,
    events: &Events,
) -> Result<String> {
    let selector = labels::selector(&labels::of_role(ROLE));
    let mut pods = pin!(snapshots::<Pod>(cluster, Config::default().labels(&selector)));
    let mut patience = Patience::new(PATIENCE.min(options.timeout / 2));
    let mut give_up = pin!(sleep(options.timeout));
    let is_the_one = |pod: &Pod| {
        let annotation = pod.annotations().get(SECRET_ANNOTATION);
        annotation.is_some_and(|uid| uid == secret_uid)
            && pod.spec.as_ref().is_some_and(|spec| {
                let mut volumes = spec.volumes.iter().flatten();
                let has_claim = volumes.any(|it| it.persistent_volume_claim.is_some());
                has_claim == is_kept
                    && spec
                        .containers
                        .iter()
                        .any(|it| it.image.as_ref() == Some(&options.image))
            })
    };
    loop {
        tokio::select! {
            Some(pods) = pods.next() => {
                let pods = pods.map_err(|error| cluster.failure(WHAT, &of_watch(error)))?;
                let ours = pods.iter().filter(|pod| is_the_one(pod) && !is_going(pod));
                let ours: Vec<&Pod> = ours.collect();
                if let Some(ready) = ours.iter().find(|pod| container(pod, ROLE).is_some_and(|it| it.ready)) {
                    return Ok(ready.name_any());
                }
                let trouble = ours.iter().find_map(|pod| Trouble::of(pod, ROLE));
                let told = trouble.as_ref().map(ToString::to_string);
                if patience.note(trouble) && let Some(told) = told {
                    events.send(Event::Doing(Step::Host, told));
                }
            }
            trouble = patience.runs_out() => return Err(stuck(cluster, options, Some(&trouble))),
            () = &mut give_up => return Err(stuck(cluster, options, None)),
        }
    }
}

fn stuck(cluster: &Cluster, options: &Options, trouble: Option<&Trouble>) -> Failure {
    let namespace = &cluster.namespace;
    let failure = Failure::new(WHAT);
    let failure = match trouble {
        Some(trouble) => failure.why(trouble),
        None => failure.why(format!(
            "its Pod was not ready in {} seconds",
            options.timeout.as_secs()
        )),
    };
    match trouble {
        Some(Trouble::ImagePull { .. }) => failure
            .next("name an image of CNCF distribution that the nodes can pull:")
            .again("--registry-image registry.example.com/library/registry:3")
            .anchor("registry-up"),
        _ => failure
            .next("see what it waits for; what was made goes again by `registry down`:")
            .command(format!("kubectl describe deployment {NAME} -n {namespace}"))
            .command(format!(
                "kubectl get events -n {namespace} --sort-by=.lastTimestamp"
            ))
            .command(format!("kubectl b2i registry down -n {namespace}"))
            .anchor("registry-up"),
    }
}
