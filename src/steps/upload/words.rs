//! What a person is told when an upload fails.

use crate::{
    cluster::{
        Cluster, PullProblem, Trouble, TunnelError,
        error::is_forbidden,
        job_pod::Stuck,
        objects::restricted::{CPU, MEMORY},
        quota,
    },
    error::Failure,
    oci::Reference,
    staging::{DestinationError, client::Error as StagingError, protocol::Refusal},
};

use super::{Options, link::LinkError};

const NOT_STARTED: &str = "could not start the staging Pod";

/// The names that the words need.
pub(super) struct Words<'a> {
    namespace: &'a str,
    builder_image: &'a str,
    push_secret: &'a str,
    pull_secret: Option<&'a str>,
    destination: &'a Reference,
}

impl<'a> Words<'a> {
    pub(super) fn new(namespace: &'a str, options: &'a Options) -> Self {
        Self {
            namespace,
            builder_image: &options.builder_image,
            push_secret: &options.push_secret,
            pull_secret: options.pull_secret.as_deref(),
            destination: &options.destination,
        }
    }

    fn secrets(&self) -> String {
        let names: Vec<&str> = [Some(self.push_secret), self.pull_secret]
            .into_iter()
            .flatten()
            .collect();
        names.join(" ")
    }

    fn kubectl(&self, command: &str) -> String {
        format!("kubectl {command} -n {}", self.namespace)
    }

    /// The API server did not take the Job.
    pub(super) fn not_created(&self, cluster: &Cluster, error: &kube::Error) -> Failure {
        let failure = cluster.failure(NOT_STARTED, error);
        // Admission's own 403 has no advice yet: a webhook or a quota refused the Job itself.
        if is_forbidden(error) && failure.next.is_empty() {
            return quota::build_pod_refused(failure, self.namespace);
        }
        failure
    }

    /// The Pod does not run.
    pub(super) fn stuck(&self, stuck: &Stuck) -> Failure {
        let look = self.kubectl("describe pods -l kubectl-b2i/role=staging");
        let failure = Failure::new(NOT_STARTED);
        let trouble = match stuck {
            Stuck::Trouble(trouble) => trouble,
            Stuck::Ended(why) => {
                return failure
                    .why(format!("it ended at once: {why}"))
                    .next(format!(
                        "see that `{}` is the kubectl-b2i image of this version:",
                        self.builder_image
                    ))
                    .command("kubectl b2i version")
                    .anchor("builder-image");
            }
            Stuck::Slow => {
                return failure
                    .why("its container did not start in time")
                    .next("start it again, and see meanwhile what its Pod waits for:")
                    .command(look)
                    .anchor("staging-pod");
            }
        };
        let failure = failure.why(trouble);
        match trouble {
            Trouble::Refused { .. } => quota::build_pod_refused(failure, self.namespace),
            Trouble::Unschedulable { .. } => failure
                .next(format!("free or add a node that suits it; it asks for {CPU} CPU and {MEMORY} memory:"))
                .command("kubectl describe nodes")
                .anchor("unschedulable"),
            Trouble::ImagePull { image, message } => PullProblem::of(message).of_builder_image(failure, image),
            Trouble::Mount { .. } => failure
                .next("name the Secret to push with by `--push-secret`, and that for the base by `--pull-secret`; see that they are there:")
                .command(self.kubectl(&format!("get secret {}", self.secrets())))
                .anchor("builder-mount"),
            Trouble::CannotStart { .. } | Trouble::Crashed { .. } => failure
                .next("the builder image may be another program or of a wrong architecture; its nodes:")
                .command("kubectl get nodes -L kubernetes.io/arch")
                .anchor("builder-image"),
            Trouble::Stopped { .. } => failure
                .next("start it again. The events may say more:")
                .command(self.kubectl("get events --sort-by=.lastTimestamp"))
                .anchor("staging-pod"),
        }
    }

    /// The link failed. `end` says how the Pod ended, if it did.
    pub(super) fn no_link(&self, error: LinkError, end: Option<String>) -> Failure {
        let what = format!("could not upload to `{}`", self.destination.name());
        let failure = Failure::new(&*what);
        match error {
            error @ (LinkError::NoWay { .. } | LinkError::Tunnel(TunnelError::Forbidden(_))) => {
                self.no_way(failure.why(error))
            }
            LinkError::Gone(why) => self.pod_ended(failure, &why),
            LinkError::Staging(StagingError::Refused(refusal)) => self.refused(failure, refusal),
            LinkError::Staging(error @ StagingError::File(_)) => failure
                .because(error)
                .next("start it again, and leave the temporary files alone")
                .anchor("upload-file"),
            error @ LinkError::Elsewhere(_) => failure
                .why(error)
                .next("start it again")
                .anchor("staging-pod"),
            error => match end {
                Some(end) => self.pod_ended(failure, &end),
                None => failure
                    .because(error)
                    .next("the link to the cluster does not hold: start it again; layers that the registry has by then are not sent again")
                    .anchor("link-cut"),
            },
        }
    }

    fn pod_ended(&self, failure: Failure, why: &str) -> Failure {
        failure
            .why(format!("the staging Pod ended: {why}"))
            .next("start it again; layers that the registry has by then are not sent again. The events may say more:")
            .command(self.kubectl("get events --sort-by=.lastTimestamp"))
            .anchor("staging-pod")
    }

    fn no_way(&self, failure: Failure) -> Failure {
        let namespace = self.namespace;
        failure
            .next(format!(
                "you need `get` and `create` on `pods/portforward` in `{namespace}`, or else on `pods/exec`:"
            ))
            .command(format!("kubectl auth can-i get pods/portforward -n {namespace}"))
            .command(format!(
                "kubectl auth can-i create pods/portforward -n {namespace}"
            ))
            .anchor("permissions")
    }

    fn refused(&self, failure: Failure, refusal: Refusal) -> Failure {
        let (namespace, push_secret) = (self.namespace, self.push_secret);
        let registry = &self.destination.registry;
        let failure = failure.why(&refusal);
        match refusal {
            Refusal::Registry { error } => match error {
                DestinationError::Failed(failure) => *failure,
                DestinationError::Unauthorized { why, has_login } => {
                    let login = if has_login { "was sent" } else { "has no login for this registry" };
                    failure
                        .why(format!("{why}\n(push Secret `{namespace}/{push_secret}` {login})"))
                        .next(format!("check that this Secret holds a login for `{registry}` that is valid:"))
                        .command(self.kubectl(&format!("get secret {push_secret}")))
                        .anchor("push-unauthorized")
                }
                DestinationError::Denied { why } => failure
                    .why(format!("{why}\n(push Secret `{namespace}/{push_secret}` was sent)"))
                    .next(format!(
                        "check that this Secret's user may write to `{}`, or name another image with `--image`",
                        self.destination.repository
                    ))
                    .anchor("push-denied"),
            },
            Refusal::Protocol { .. } => failure
                .next("use a plugin and a builder image of the same version: `--builder-image`")
                .command("kubectl b2i version")
                .anchor("versions"),
            Refusal::TooLarge { .. } => failure
                .next("leave out of the artifact what the app does not need: a layer may not be larger")
                .anchor("spool"),
            Refusal::Spool { .. } => failure
                .next("the node's disk may be full: start it again, or look at the nodes")
                .anchor("spool"),
            Refusal::WrongDigest { .. } => failure
                .next("the layer changed on its way, or on this machine: start it again")
                .anchor("upload-file"),
            _ => failure.next("start it again").anchor("staging-pod"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options() -> Options {
        Options {
            app: "shop".parse().expect("a name"),
            run_id: "x7k2m".to_owned(),
            builder_image: "r.example/b2i:1".to_owned(),
            builder_pull_secret: None,
            push_secret: "push".to_owned(),
            pull_secret: None,
            cpu_limit: None,
            base: None,
            destination: "r.example/team/shop:1.4".parse().expect("a reference"),
            access: crate::model::RegistryAccess::default(),
            spool_limit_bytes: 1,
            timeout: Duration::ZERO,
            earlier_layers: Vec::new(),
            always_send: Vec::new(),
            idle: Duration::ZERO,
            memory: None,
        }
    }

    fn refused(refusal: impl Into<Refusal>) -> Failure {
        let error = LinkError::Staging(StagingError::Refused(refusal.into()));
        Words::new("dev", &options()).no_link(error, None)
    }

    #[test]
    fn a_missing_right_is_named() {
        let error = LinkError::Tunnel(TunnelError::Forbidden("pods \"x\" is forbidden".to_owned()));
        let failure = Words::new("dev", &options()).no_link(error, None);
        assert_eq!(failure.what, "could not upload to `r.example/team/shop`");
        assert_eq!(
            failure.next,
            "you need `get` and `create` on `pods/portforward` in `dev`, or else on `pods/exec`:"
        );
        assert_eq!(failure.commands.len(), 2);
    }

    #[test]
    fn a_registry_that_refuses_is_quoted_with_the_secret_that_was_sent() {
        let why = "the registry answered 401 UNAUTHORIZED to POST https://r.example/v2/".to_owned();
        let failure = refused(DestinationError::Unauthorized {
            why: why.clone(),
            has_login: false,
        });
        assert_eq!(
            failure.why,
            format!("{why}\n(push Secret `dev/push` has no login for this registry)")
        );
        assert_eq!(failure.anchor, "push-unauthorized");
        assert_eq!(refused(DestinationError::Denied { why }).anchor, "push-denied");
    }

    #[test]
    fn the_advice_that_the_pod_has_given_is_kept() {
        let advice = Failure::new("could not upload to `r.example/team/shop`").anchor("registry-tls");
        assert_eq!(refused(DestinationError::Failed(advice.clone().into())), advice);
    }

    #[test]
    fn a_pod_that_is_gone_explains_a_link_that_is() {
        let cut = || LinkError::Staging(StagingError::Cut("reset".into()));
        let options = options();
        let words = Words::new("dev", &options);
        let failure = words.no_link(cut(), Some("Evicted: low on disk".to_owned()));
        assert_eq!(failure.why, "the staging Pod ended: Evicted: low on disk");
        assert_eq!(
            words.no_link(cut(), None).why,
            "the connection to the staging Pod was cut: reset"
        );
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_named() {
        let options = options();
        let failure = Words::new("dev", &options).stuck(&Stuck::Trouble(Trouble::ImagePull {
            image: "r.example/b2i:1".to_owned(),
            message: "not found".to_owned(),
        }));
        assert_eq!(failure.what, "could not start the staging Pod");
        assert_eq!(
            failure.why,
            "the image `r.example/b2i:1` cannot be pulled: not found"
        );
        assert!(failure.next.contains("--builder-image"));
    }
}
