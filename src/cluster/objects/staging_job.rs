//! The staging Job: its Pod is the in-cluster end of the upload. A Job and no bare Pod, since that
//! would stay Completed for ever, and without a token it cannot delete itself.

use k8s_openapi::{
    api::{
        batch::v1::Job,
        core::v1::{Container, EmptyDirVolumeSource, Pod, PodSpec, Volume, VolumeMount},
    },
    apimachinery::pkg::api::resource::Quantity,
};

use super::{STAGING_ARGUMENT, labels, restricted};
use crate::model::{AppName, StagingRequest};

/// Name of the container, and the Pod's role in our labels.
pub const STAGING: &str = "staging";
/// Environment variable that holds the [`StagingRequest`] as JSON.
pub const REQUEST_VARIABLE: &str = "B2I_STAGING";
/// Folder of the Pod that holds the spool.
pub const SPOOL_FOLDER: &str = "/spool";
/// Folder of the Pod that the push Secret is mounted at.
pub const PUSH_SECRET_FOLDER: &str = "/etc/b2i/push-secret";

/// Folder of the Pod that the Secret for the base is mounted at.
pub const PULL_SECRET_FOLDER: &str = "/etc/b2i/pull-secret";

/// Nothing of ours takes longer; a laptop that is closed meanwhile leaves nothing behind.
pub const DEADLINE_SECONDS: u32 = 3600;
/// A finished upload has nothing to show.
const TTL_AFTER_FINISHED_SECONDS: i32 = 60;
/// A container that was killed is started again and finds its spool; a Pod that is gone gets a
/// successor, which the registry tells what it has. Both count.
const BACKOFF_LIMIT: i32 = 6;
/// What arrived is of no use to anybody once the plugin has asked for the end.
const GRACE_SECONDS: i64 = 3;
/// Room for what a file system needs beside the bytes of the files.
const SPOOL_SLACK_BYTES: u64 = 16 * 1024 * 1024;

/// Returns how long a staging Pod waits for something to do; `None` where its spec does not say.
#[must_use]
pub fn idle_seconds(pod: &Pod) -> Option<u64> {
    let containers = &pod.spec.as_ref()?.containers;
    let container = containers.iter().find(|container| container.name == STAGING)?;
    let request = restricted::joined_env(REQUEST_VARIABLE, |name| {
        let mut variables = container.env.iter().flatten();
        variables.find(|variable| variable.name == name)?.value.clone()
    });
    let request: StagingRequest = serde_json::from_str(&request).ok()?;
    Some(request.idle_seconds)
}

/// What decides a staging Job.
#[derive(Clone, Debug)]
pub struct StagingJob<'a> {
    /// The app that is built.
    pub app: &'a AppName,
    /// The run that it belongs to.
    pub run_id: &'a str,
    /// Image that plays our in-cluster roles.
    pub builder_image: &'a str,
    /// Secret to pull that image with.
    pub builder_pull_secret: Option<&'a str>,
    /// Secret to push to the registry with.
    pub push_secret: &'a str,
    /// Secret to ask for the base with, where it is another one.
    pub pull_secret: Option<&'a str>,
    /// CPU limit of its container, where there has to be one.
    pub cpu_limit: Option<&'a str>,
    /// What the Pod is asked to do.
    pub request: &'a StagingRequest,
}

impl StagingJob<'_> {
    /// Returns the Job's name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("b2i-staging-{}", self.run_id)
    }

    /// Returns the Job.
    #[must_use]
    pub fn object(&self) -> Job {
        let spec = PodSpec {
            containers: vec![self.container()],
            volumes: Some(self.volumes()),
            termination_grace_period_seconds: Some(GRACE_SECONDS),
            ..PodSpec::default()
        };
        let mut job = restricted::job(
            &self.name(),
            &labels::of_build(self.app, self.run_id, STAGING),
            i64::from(DEADLINE_SECONDS),
            self.builder_pull_secret,
            spec,
        );
        if let Some(spec) = &mut job.spec {
            spec.ttl_seconds_after_finished = Some(TTL_AFTER_FINISHED_SECONDS);
            spec.backoff_limit = Some(BACKOFF_LIMIT);
            if let Some(pod) = &mut spec.template.spec {
                pod.restart_policy = Some("OnFailure".to_owned());
            }
        }
        job
    }

    // No probe: the kubelet cannot reach the Pod's loopback. The plugin asks until it is answered.
    fn container(&self) -> Container {
        let mount = |name: &str, path: &str| VolumeMount {
            name: name.to_owned(),
            mount_path: path.to_owned(),
            ..VolumeMount::default()
        };
        let secret = |name: &str, path: &str| VolumeMount {
            read_only: Some(true),
            ..mount(name, path)
        };
        let mut mounts = vec![
            mount("spool", SPOOL_FOLDER),
            secret("push-secret", PUSH_SECRET_FOLDER),
        ];
        mounts.extend(
            self.pull_secret
                .map(|_| secret("pull-secret", PULL_SECRET_FOLDER)),
        );
        Container {
            env: Some(restricted::long_env(
                REQUEST_VARIABLE,
                &serde_json::to_string(self.request).expect("plain data with string keys"),
            )),
            volume_mounts: Some(mounts),
            termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
            ..restricted::container(STAGING, self.builder_image, STAGING_ARGUMENT, self.cpu_limit)
        }
    }

    fn volumes(&self) -> Vec<Volume> {
        let mut volumes = vec![
            self.spool(),
            restricted::secret_volume("push-secret", self.push_secret),
        ];
        volumes.extend(
            self.pull_secret
                .map(|name| restricted::secret_volume("pull-secret", name)),
        );
        volumes
    }

    fn spool(&self) -> Volume {
        // The Pod keeps the limit itself; the kubelet counts whole disk blocks, and evicts.
        let limit_bytes = self.request.spool_limit_bytes + SPOOL_SLACK_BYTES;
        Volume {
            name: "spool".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                size_limit: Some(Quantity(limit_bytes.to_string())),
                ..EmptyDirVolumeSource::default()
            }),
            ..Volume::default()
        }
    }
}
