//! What a person is told when an upload fails.

use crate::{
    cluster::TunnelError,
    error::Failure,
    oci::Reference,
    staging::{DestinationError, client::Error as StagingError, protocol::Refusal},
};

use super::{Options, pod::Stuck, send::Trouble};

/// The names that the words need.
pub(super) struct Words<'a> {
    namespace: &'a str,
    builder_image: &'a str,
    push_secret: &'a str,
    destination: &'a Reference,
}

impl<'a> Words<'a> {
    pub(super) fn new(namespace: &'a str, options: &'a Options) -> Self {
        Self {
            namespace,
            builder_image: &options.builder_image,
            push_secret: &options.push_secret,
            destination: &options.destination,
        }
    }

    /// The API server did not take the Job.
    pub(super) fn not_created(&self, error: &kube::Error) -> Failure {
        let namespace = self.namespace;
        let failure = Failure::new("could not start the staging Pod");
        match error {
            kube::Error::Api(status) if status.code == 403 => failure
                .why(&status.message)
                .next(format!("you need `create` on `jobs` (batch) in `{namespace}`:"))
                .command(format!("kubectl auth can-i create jobs -n {namespace}"))
                .anchor("permissions"),
            kube::Error::Api(status) if status.code == 404 => failure
                .why(&status.message)
                .next("name a namespace that exists with `--namespace`")
                .anchor("namespace"),
            kube::Error::Api(status) => failure.why(&status.message).anchor("staging-pod"),
            error => failure.why(error).anchor("cluster-unreachable"),
        }
    }

    /// The API server does not show the Pod.
    pub(super) fn not_watched(&self, error: impl Into<anyhow::Error>) -> Failure {
        let namespace = self.namespace;
        Failure::new("could not watch the staging Pod")
            .because(error)
            .next(format!("you need `list` and `watch` on `pods` in `{namespace}`:"))
            .command(format!("kubectl auth can-i watch pods -n {namespace}"))
            .anchor("permissions")
    }

    /// The Pod does not run.
    pub(super) fn stuck(&self, stuck: &Stuck) -> Failure {
        let Self {
            namespace,
            builder_image,
            push_secret,
            ..
        } = self;
        let failure = Failure::new("could not start the staging Pod");
        match stuck {
            Stuck::Image(why) => failure
                .why(format!("the builder image `{builder_image}` cannot be pulled: {why}"))
                .next("name an image that the nodes can pull with `--builder-image`, and its pull Secret where it needs one")
                .anchor("builder-image"),
            Stuck::Unschedulable(why) => failure
                .why(format!("no node takes it: {why}"))
                .next("look at the nodes, or raise `--timeout` where new ones are on their way:")
                .command(format!("kubectl describe pods -n {namespace} -l kubectl-b2i/role=staging"))
                .anchor("unschedulable"),
            Stuck::Refused(why) => failure
                .why(format!("the cluster refuses its Pod: {why}"))
                .next("look at what the namespace allows:")
                .command(format!("kubectl get resourcequota,limitrange -n {namespace}"))
                .anchor("pod-refused"),
            Stuck::NoSecret(why) => failure
                .why(why)
                .next("name the Secret with `--push-secret`; those of the namespace:")
                .command(format!(
                    "kubectl get secrets -n {namespace} --field-selector type=kubernetes.io/dockerconfigjson"
                ))
                .anchor("push-secret"),
            Stuck::Container(why) => failure
                .why(format!("its container does not start: {why}"))
                .next(format!(
                    "check that `{builder_image}` is a kubectl-b2i image and that the Secret `{push_secret}` is there"
                ))
                .anchor("staging-pod"),
            Stuck::Ended(why) => failure
                .why(format!("it ended at once: {why}"))
                .next(format!("check that `{builder_image}` is the kubectl-b2i image of this version"))
                .anchor("staging-pod"),
            Stuck::Slow(why) => failure
                .why(format!("it took too long: {why}"))
                .next("raise `--timeout`, or see what the Pod waits for:")
                .command(format!("kubectl describe pods -n {namespace} -l kubectl-b2i/role=staging"))
                .anchor("staging-pod"),
        }
    }

    /// The link failed. `end` says how the Pod ended, if it did.
    pub(super) fn trouble(&self, trouble: Trouble, end: Option<String>) -> Failure {
        let what = format!("could not upload to `{}`", self.destination.name());
        let failure = Failure::new(&*what);
        match trouble {
            Trouble::Tunnel(TunnelError::Forbidden(why)) => self.no_port_forward(failure.why(why)),
            Trouble::Staging(StagingError::Refused(refusal)) => self.refused(failure, refusal),
            Trouble::Staging(error @ StagingError::File(_)) => failure
                .because(error)
                .next("start it again, and leave the temporary files alone")
                .anchor("upload-file"),
            trouble @ Trouble::Elsewhere(_) => failure
                .why(trouble)
                .next("start it again")
                .anchor("staging-pod"),
            trouble => match end {
                Some(end) => failure
                    .why(format!("the staging Pod ended: {end}"))
                    .next("start it again; the layers that arrived are not sent again")
                    .anchor("staging-pod"),
                None => failure
                    .because(trouble)
                    .next("the link to the cluster does not hold: start it again; the layers that arrived are not sent again")
                    .anchor("link-cut"),
            },
        }
    }

    fn no_port_forward(&self, failure: Failure) -> Failure {
        let namespace = self.namespace;
        failure
            .next(format!(
                "you need `get` and `create` on `pods/portforward` in `{namespace}`:"
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
                        .command(format!("kubectl get secret {push_secret} -n {namespace}"))
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
                .next("raise the spool's limit in the configuration")
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
            destination: "r.example/team/shop:1.4".parse().expect("a reference"),
            insecure: false,
            spool_limit_bytes: 1,
            timeout: Duration::ZERO,
            always_send: Vec::new(),
        }
    }

    fn refused(refusal: impl Into<Refusal>) -> Failure {
        let trouble = Trouble::Staging(StagingError::Refused(refusal.into()));
        Words::new("dev", &options()).trouble(trouble, None)
    }

    #[test]
    fn a_missing_right_is_named() {
        let trouble = Trouble::Tunnel(TunnelError::Forbidden("pods \"x\" is forbidden".to_owned()));
        let failure = Words::new("dev", &options()).trouble(trouble, None);
        assert_eq!(failure.what, "could not upload to `r.example/team/shop`");
        assert_eq!(
            failure.next,
            "you need `get` and `create` on `pods/portforward` in `dev`:"
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
        let cut = || Trouble::Staging(StagingError::Cut("reset".into()));
        let options = options();
        let words = Words::new("dev", &options);
        let failure = words.trouble(cut(), Some("Evicted: low on disk".to_owned()));
        assert_eq!(failure.why, "the staging Pod ended: Evicted: low on disk");
        assert_eq!(
            words.trouble(cut(), None).why,
            "the connection to the staging Pod was cut: reset"
        );
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_named() {
        let options = options();
        let failure = Words::new("dev", &options).stuck(&Stuck::Image("ImagePullBackOff".to_owned()));
        assert_eq!(
            failure.why,
            "the builder image `r.example/b2i:1` cannot be pulled: ImagePullBackOff"
        );
        assert!(failure.next.contains("--builder-image"));
    }
}
