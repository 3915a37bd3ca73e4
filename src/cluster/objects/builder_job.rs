//! The builder Job: makes the image of a base and of layers that are in the registry.

use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{ConfigMapVolumeSource, KeyToPath, PodSpec, Volume, VolumeMount},
};

use super::{BUILDER_ARGUMENT, labels, restricted};
use crate::{cluster::record, model::AppName, oci::Digest};

/// Name of the builder's container, which is followed rather than the Job or the Pod.
pub const CONTAINER: &str = "builder";
/// Env of the builder: path of the file that holds the `BuildRequest`.
pub const REQUEST_ENV: &str = "B2I_REQUEST";
/// Env of the builder: path of the folder that shows the push Secret.
pub const PUSH_SECRET_ENV: &str = "B2I_PUSH_SECRET";
/// Env of the builder: path of the folder that shows the Secret that the base is pulled with.
pub const PULL_SECRET_ENV: &str = "B2I_PULL_SECRET";

/// Env of the builder: for how many seconds our layers may still be on their way to the registry.
pub const PATIENCE_ENV: &str = "B2I_PATIENCE_SECONDS";

/// After Ctrl-C nobody wants to wait for it; a registry forgets an upload that was not finished.
const GRACE_SECONDS: i64 = 5;

/// What a builder Job is made of.
#[derive(Clone, Debug)]
pub struct BuilderJob {
    /// The app that is built.
    pub app: AppName,
    /// The run that builds it.
    pub run_id: String,
    /// 1, or more where an earlier Job of this run found layers missing.
    pub attempt: u32,
    /// The build's number in the app's record, which holds its request.
    pub number: u64,
    /// Digest of that request's text, the second argument: the builder refuses any other. More people may write
    /// `ConfigMap`s than Jobs.
    pub request_digest: Digest,
    /// Image of the builder.
    pub image: String,
    /// Secret that the nodes pull the builder image with.
    pub image_pull_secret: Option<String>,
    /// Secret that the builder pushes with.
    pub push_secret: String,
    /// Secret that the builder pulls the base with, where it is another one.
    pub pull_secret: Option<String>,
    /// How long the builder waits for layers that are still being sent; not at all where they are
    /// there already.
    pub patience_seconds: Option<u64>,
    /// CPU limit of its container, where there has to be one.
    pub cpu_limit: Option<String>,
    /// After so long Kubernetes ends the Job.
    pub deadline_seconds: i64,
}

impl BuilderJob {
    /// Returns the name of the Job.
    #[must_use]
    pub fn name(&self) -> String {
        match self.attempt {
            0 | 1 => format!("b2i-builder-{}", self.run_id),
            attempt => format!("b2i-builder-{}-{attempt}", self.run_id),
        }
    }

    /// Returns the Job.
    #[must_use]
    pub fn object(&self) -> Job {
        let request = Volume {
            name: "request".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: record::name(&self.app),
                items: Some(vec![KeyToPath {
                    key: record::request_key(self.number),
                    path: "request.json".to_owned(),
                    mode: None,
                }]),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        };
        let mut shown = vec![(request, REQUEST_ENV, "/request.json")];
        shown.push((
            restricted::secret_volume("push-secret", &self.push_secret),
            PUSH_SECRET_ENV,
            "",
        ));
        if let Some(name) = &self.pull_secret {
            shown.push((
                restricted::secret_volume("pull-secret", name),
                PULL_SECRET_ENV,
                "",
            ));
        }

        let mut container = restricted::container(
            CONTAINER,
            &self.image,
            BUILDER_ARGUMENT,
            self.cpu_limit.as_deref(),
        );
        container
            .args
            .get_or_insert_default()
            .push(self.request_digest.to_string());
        let paths = shown
            .iter()
            .map(|(volume, name, file)| restricted::env(name, format!("/etc/b2i/{}{file}", volume.name)));
        let patience = self.patience_seconds;
        let patience = patience.map(|seconds| restricted::env(PATIENCE_ENV, seconds.to_string()));
        container.env = Some(paths.chain(patience).collect());
        container.volume_mounts = Some(
            shown
                .iter()
                .map(|(volume, ..)| VolumeMount {
                    name: volume.name.clone(),
                    mount_path: format!("/etc/b2i/{}", volume.name),
                    read_only: Some(true),
                    ..VolumeMount::default()
                })
                .collect(),
        );
        restricted::job(
            &self.name(),
            &labels::of_build(&self.app, &self.run_id, "builder"),
            self.deadline_seconds,
            self.image_pull_secret.as_deref(),
            PodSpec {
                containers: vec![container],
                termination_grace_period_seconds: Some(GRACE_SECONDS),
                volumes: Some(shown.into_iter().map(|(volume, ..)| volume).collect()),
                ..PodSpec::default()
            },
        )
    }
}
