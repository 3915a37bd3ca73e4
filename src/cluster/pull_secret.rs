//! Whether a pull failed because a Secret to log in with does not exist. The node then pulls without a login, and reports
//! only what the registry answered to that.

use k8s_openapi::api::core::v1::{Event, Secret};
use kube::api::ListParams;

use super::{Cluster, PullProblem, Trouble, error::is_forbidden, pull_problem::host};
use crate::error::Failure;

/// The kubelet's reason, since 1.28:
/// <https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/events/event.go>.
const REASON: &str = "FailedToRetrieveImagePullSecret";

/// A Job of ours whose Pod does not run, and the Secret that its image is pulled with.
#[derive(Clone, Copy, Debug)]
pub struct PulledBy<'a> {
    /// Name of the Job.
    pub job: &'a str,
    /// What the image is: `the builder image`.
    pub image: &'static str,
    /// The Secret that its Pod names.
    pub secret: Option<&'a str>,
}

impl PulledBy<'_> {
    /// Names the missing Secret in a failure, where that is why the image could not be pulled; else returns the failure as
    /// it is.
    pub async fn explain(self, cluster: &Cluster, failure: Failure, trouble: Option<&Trouble>) -> Failure {
        let Some(Trouble::ImagePull { image, message }) = trouble else {
            return failure;
        };
        // Some registries answer 404 to whoever may not see an image.
        let may_be_it = matches!(
            PullProblem::of(message),
            PullProblem::Refused | PullProblem::NotFound | PullProblem::Other
        );
        // Boxed: it is in every build's way, and almost never needed.
        let missing = if may_be_it {
            Box::pin(self.missing(cluster)).await
        } else {
            None
        };
        let Some(secret) = missing else {
            return failure;
        };
        let namespace = &cluster.namespace;
        Failure::new(failure.what)
            .why(format!(
                "the Secret `{secret}` for pulling {} `{image}` does not exist in namespace `{namespace}` ({message})",
                self.image
            ))
            .next("create it, or name another one with `--builder-pull-secret`:")
            .command(format!(
                "kubectl b2i registry login {} --secret {secret} -n {namespace}",
                host(image)
            ))
            .anchor("builder-pull-secret")
    }

    /// Returns the first Secret that does not exist. Who may not read Secrets has the kubelet's event.
    async fn missing(self, cluster: &Cluster) -> Option<String> {
        let by_kubelet = self.seen_by_kubelet(cluster).await;
        let named = self.secret.map(str::to_owned);
        let others = by_kubelet
            .iter()
            .filter(|it| Some(*it) != named.as_ref())
            .cloned();
        for secret in named.iter().cloned().chain(others) {
            match cluster.api::<Secret>().get_metadata_opt(&secret).await {
                Ok(None) => return Some(secret),
                Err(error) if is_forbidden(&error) && by_kubelet.contains(&secret) => return Some(secret),
                // One that exists: a kubelet may learn of a new one late.
                Ok(Some(_)) | Err(_) => {}
            }
        }
        None
    }

    async fn seen_by_kubelet(self, cluster: &Cluster) -> Vec<String> {
        let params = ListParams::default().fields(&format!("reason={REASON}"));
        let events = cluster.api::<Event>().list(&params).await;
        let events = events.map(|list| list.items).unwrap_or_default();
        let pods = format!("{}-", self.job);
        events
            .iter()
            .filter(|event| {
                event
                    .involved_object
                    .name
                    .as_ref()
                    .is_some_and(|it| it.starts_with(&pods))
            })
            .flat_map(|event| names(event.message.as_deref().unwrap_or_default()))
            .collect()
    }
}

/// `Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.`
fn names(message: &str) -> Vec<String> {
    let list = message.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let list = list.map(|(names, _)| names).unwrap_or_default();
    list.split(", ")
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kubelets_names() {
        let of = |list: &str| {
            names(&format!(
                "Unable to retrieve some image pull secrets ({list}); attempting to pull the image may not succeed."
            ))
        };
        assert_eq!(of("one"), ["one"]);
        assert_eq!(of("one, two"), ["one", "two"]);
        assert_eq!(names("something else"), [""; 0]);
    }
}
