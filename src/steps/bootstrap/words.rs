//! What a person is told when the builder image cannot be brought in.

use super::Options;
use crate::{
    cluster::{
        Cluster, PullProblem, Trouble,
        error::is_forbidden,
        job_pod::Stuck,
        objects::restricted::{CPU, MEMORY},
        quota,
    },
    error::Failure,
    oci::Reference,
};

pub(super) const WHAT: &str = "could not bring the builder image into the cluster";

/// The names that the words need.
pub(super) struct Words<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'a Options,
    pub(super) destination: &'a Reference,
}

impl Words<'_> {
    /// The way that needs no Pod: from a machine that reaches the registry.
    fn or_push(&self, failure: Failure, next: &str) -> Failure {
        let to = self.destination.name();
        failure
            .next(format!(
                "{next}; or push it from a machine that reaches the registry, and name it:"
            ))
            .command(format!("kubectl b2i builder push {to}"))
            .command(format!(
                "export B2I_BUILDER_IMAGE={to}:{} B2I_BUILDER_PULL_SECRET={}",
                env!("CARGO_PKG_VERSION"),
                self.options.push_secret
            ))
            .anchor("bootstrap")
    }

    pub(super) fn not_created(&self, error: &kube::Error) -> Failure {
        let failure = self.cluster.failure(WHAT, error);
        if is_forbidden(error) && failure.next.is_empty() {
            return quota::build_pod_refused(failure, &self.cluster.namespace);
        }
        failure
    }

    /// The Pod does not run.
    pub(super) fn stuck(&self, stuck: &Stuck) -> Failure {
        let image = &self.options.image;
        let failure = Failure::new(WHAT);
        let needs_a_shell = "name another image that has a shell with `--bootstrap-image`";
        let trouble = match stuck {
            Stuck::Trouble(trouble) => trouble,
            Stuck::Ended(why) => {
                let failure = failure.why(format!("a Pod of `{image}` ended at once: {why}"));
                return self.or_push(failure, needs_a_shell);
            }
            Stuck::Slow => {
                let failure = failure.why(format!("a Pod of `{image}` did not start in time"));
                return self.or_push(failure, "try again");
            }
        };
        let failure = failure.why(trouble);
        match trouble {
            Trouble::Refused { .. } => quota::build_pod_refused(failure, &self.cluster.namespace),
            Trouble::Unschedulable { .. } => failure
                .next(format!(
                    "free or add a node that suits it; it asks for {CPU} CPU and {MEMORY} memory:"
                ))
                .command("kubectl describe nodes")
                .anchor("unschedulable"),
            Trouble::ImagePull { image, message } => PullProblem::of(message)
                .on_nodes(failure.clone(), image)
                .unwrap_or_else(|| {
                    let next = "name an image with a shell that the nodes can pull with `--bootstrap-image`";
                    self.or_push(failure, next)
                }),
            Trouble::Mount { .. } => failure
                .next("name the Secret to push with by `--push-secret`; see that it is there:")
                .command(format!(
                    "kubectl get secret {} -n {}",
                    self.options.push_secret, self.cluster.namespace
                ))
                .anchor("builder-mount"),
            Trouble::CannotStart { .. } | Trouble::Crashed { .. } => self.or_push(failure, needs_a_shell),
            Trouble::Stopped { .. } => self.or_push(failure, "try again"),
        }
    }

    /// The API server lets nobody into the Pod.
    pub(super) fn no_way(&self, error: &kube::Error) -> Failure {
        let failure = self.cluster.failure(WHAT, error);
        let next = if is_forbidden(error) {
            "ask for `get` and `create` on `pods/exec`"
        } else {
            "try again"
        };
        let failure = Failure {
            commands: Vec::new(),
            ..failure
        };
        self.or_push(failure, next)
    }

    pub(super) fn slow(&self) -> Failure {
        let failure = Failure::new(WHAT).why("it was not there in time");
        self.or_push(failure, "try again on a faster link")
    }

    /// The Pod reports an image that this plugin did not ask for.
    pub(super) fn another_image(&self, reported: &Reference, wanted: &Reference) -> Failure {
        let failure = Failure::new(WHAT).why(format!(
            "the Pod of `{}` reported `{reported}`, but this plugin's own image is `{wanted}`: the image with the shell, or \
             somebody with rights in the namespace, changed it",
            self.options.image
        ));
        let failure = self.or_push(
            failure,
            "do not use it: name an image with a shell that you trust with `--bootstrap-image`",
        );
        failure.anchor("bootstrap-another-image")
    }

    /// The command in the Pod ended without a word on what came of it.
    pub(super) fn silent(&self, why: &str) -> Failure {
        let failure = Failure::new(WHAT).why(format!(
            "in a Pod of `{}` the plugin's executable did not arrive, or did not run: {why}",
            self.options.image
        ));
        self.or_push(
            failure,
            "try again, or name another image with `sh`, `head`, `sha256sum` and `chmod` with `--bootstrap-image`",
        )
    }
}
