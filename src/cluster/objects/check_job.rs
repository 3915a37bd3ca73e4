//! The check Job: asks a registry what it would have against a build, from where a build would.

use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{PodSpec, VolumeMount},
};

use super::{CHECK_ARGUMENT, labels, restricted};
use crate::model::CheckRequest;

/// Name of the container, and the Pod's role in our labels.
pub const CONTAINER: &str = "check";
/// Environment variable that holds the [`CheckRequest`] as JSON.
pub const REQUEST_VARIABLE: &str = "B2I_CHECK";
/// Environment variable that names another file than the kubelet's for what came of it.
pub const TERMINATION_VARIABLE: &str = "B2I_TERMINATION";
/// Folder of the Pod that the push Secret is mounted at.
pub const PUSH_SECRET_FOLDER: &str = "/etc/b2i/push-secret";
/// Folder of the Pod that the Secret for the base is mounted at.
pub const PULL_SECRET_FOLDER: &str = "/etc/b2i/pull-secret";

/// Each request has a limit of its own; this is for all of them.
const DEADLINE_SECONDS: i64 = 180;
const TTL_AFTER_FINISHED_SECONDS: i32 = 60;
const GRACE_SECONDS: i64 = 1;

/// What decides a check Job.
#[derive(Clone, Debug)]
pub struct CheckJob<'a> {
    /// The run that it belongs to.
    pub run_id: &'a str,
    /// Image that plays our in-cluster roles.
    pub builder_image: &'a str,
    /// Secret to pull that image with.
    pub builder_pull_secret: Option<&'a str>,
    /// Secret to push to the registry with.
    pub push_secret: &'a str,
    /// Secret to pull the base with, where it is another one.
    pub pull_secret: Option<&'a str>,
    /// CPU limit of its container, where there has to be one.
    pub cpu_limit: Option<&'a str>,
    /// What is asked.
    pub request: &'a CheckRequest,
}

impl CheckJob<'_> {
    /// Returns the Job's name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("b2i-check-{}", self.run_id)
    }

    /// Returns the Job.
    #[must_use]
    pub fn object(&self) -> Job {
        let mut shown = vec![("push-secret", self.push_secret, PUSH_SECRET_FOLDER)];
        shown.extend(
            self.pull_secret
                .map(|name| ("pull-secret", name, PULL_SECRET_FOLDER)),
        );
        let mut container =
            restricted::container(CONTAINER, self.builder_image, CHECK_ARGUMENT, self.cpu_limit);
        let request = serde_json::to_string(self.request).unwrap_or_default();
        container.env = Some(restricted::long_env(REQUEST_VARIABLE, &request));
        let mount = |(volume, _, path): &(&str, &str, &str)| VolumeMount {
            name: (*volume).to_owned(),
            mount_path: (*path).to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        };
        container.volume_mounts = Some(shown.iter().map(mount).collect());
        let volume = |(volume, secret, _): &(&str, &str, &str)| restricted::secret_volume(volume, secret);
        let mut job = restricted::job(
            &self.name(),
            &labels::of_run(self.run_id, CONTAINER),
            DEADLINE_SECONDS,
            self.builder_pull_secret,
            PodSpec {
                containers: vec![container],
                termination_grace_period_seconds: Some(GRACE_SECONDS),
                volumes: Some(shown.iter().map(volume).collect()),
                ..PodSpec::default()
            },
        );
        if let Some(spec) = &mut job.spec {
            spec.ttl_seconds_after_finished = Some(TTL_AFTER_FINISHED_SECONDS);
        }
        job
    }
}
