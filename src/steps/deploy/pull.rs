//! In a person's words: why the nodes cannot pull the image that was just pushed.

use crate::{cluster::PullProblem, error::Failure, model::AppName, oci::Reference};

/// What the nodes were to pull, and with what.
pub(super) struct Pull<'a> {
    pub(super) app: &'a AppName,
    pub(super) image: &'a Reference,
    /// `os/architecture` of the image, where it is known.
    pub(super) platform: Option<String>,
    pub(super) secret: Option<&'a str>,
    pub(super) namespace: &'a str,
}

impl Pull<'_> {
    /// Adds what to do to a failure; `message` is the runtime's.
    pub(super) fn advise(&self, failure: Failure, message: &str) -> Failure {
        let problem = PullProblem::of(message);
        let image = self.image.to_string();
        if let Some(failure) = problem.on_nodes(failure.clone(), &image) {
            return failure;
        }
        match problem {
            PullProblem::Refused => self.refused(failure),
            PullProblem::NotFound => failure
                .next("the registry no longer has it, or the nodes ask another one by this name (a mirror); push it again:")
                .command(format!("kubectl b2i deploy ARTIFACT --name {} --rebuild -n {}", self.app, self.namespace))
                .anchor("image-gone"),
            PullProblem::Platform => failure
                .next(format!(
                    "the image is for {}; let the Pods go to such nodes, or build for others with `--platform`:",
                    self.platform.as_deref().unwrap_or("another platform")
                ))
                .command("kubectl get nodes -L kubernetes.io/arch")
                .anchor("image-platform"),
            _ => failure
                .next("see that the nodes reach the registry and may pull from it:")
                .command(format!("kubectl get events -n {} --sort-by=.lastTimestamp", self.namespace))
                .anchor("image-pull"),
        }
    }

    fn refused(&self, failure: Failure) -> Failure {
        let (host, namespace, app) = (&self.image.registry, self.namespace, self.app);
        let Some(secret) = self.secret else {
            return failure
                .next(format!(
                    "the Pods name no Secret to pull with; make one for `{host}`, and deploy with it:"
                ))
                .command(format!("kubectl b2i registry login {host} -n {namespace}"))
                .command(format!(
                    "kubectl b2i deploy ARTIFACT --name {app} --push-secret registry-push -n {namespace}"
                ))
                .anchor("image-pull-secret");
        };
        failure
            .next(format!(
                "the nodes log in with the Secret `{secret}`: see that it is there, and that its user may pull from `{}`:",
                self.image.repository
            ))
            .command(format!("kubectl get secret {secret} -n {namespace}"))
            .command(format!(
                "kubectl b2i registry check {} --push-secret {secret} -n {namespace}",
                self.image.name()
            ))
            .command(format!("kubectl b2i registry login {host} --secret {secret} -n {namespace}"))
            .anchor("image-pull-secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_advice() {
        let image = "r.example/team/shop:1".parse().expect("a reference");
        let app = "shop".parse().expect("a name");
        let mut pull = Pull {
            app: &app,
            image: &image,
            platform: Some("linux/amd64".to_owned()),
            secret: Some("push"),
            namespace: "dev",
        };
        let advise = |pull: &Pull<'_>, message: &str| pull.advise(Failure::new("x"), message);
        let refused = advise(&pull, "401 Unauthorized");
        assert!(refused.next.contains("`push`"));
        assert_eq!(refused.commands[0], "kubectl get secret push -n dev");
        for (message, anchor) in [
            ("x509: certificate signed by unknown authority", "node-untrusted"),
            (
                "http: server gave HTTP response to HTTPS client",
                "node-plain-http",
            ),
            ("dial tcp: no such host", "node-unreachable"),
            ("not found", "image-gone"),
            ("no match for platform in manifest", "image-platform"),
            ("unexpected EOF", "image-pull"),
        ] {
            assert_eq!(advise(&pull, message).anchor, anchor, "{message}");
        }
        pull.secret = None;
        assert!(advise(&pull, "403 Forbidden").next.contains("name no Secret"));
    }
}
