//! The bootstrap Job: where no registry has the builder image yet, its Pod runs any image that has a
//! shell, takes our executable by `exec` into an `emptyDir`, and that pushes the builder image.

use k8s_openapi::{
    api::{
        batch::v1::Job,
        core::v1::{Container, EmptyDirVolumeSource, PodSecurityContext, PodSpec, Volume, VolumeMount},
    },
    apimachinery::pkg::api::resource::Quantity,
};

use super::{BOOTSTRAP_ARGUMENT, labels, restricted};
use crate::{
    model::BootstrapRequest,
    oci::{Digest, Platform},
};

/// Name of the container, and the Pod's role in our labels.
pub const CONTAINER: &str = "bootstrap";
/// Environment variable that holds the [`BootstrapRequest`] as JSON.
pub const REQUEST_VARIABLE: &str = "B2I_BOOTSTRAP";
/// Folder of the Pod that the push Secret is mounted at.
pub const PUSH_SECRET_FOLDER: &str = "/etc/b2i/push-secret";

/// The executable, its layers while they are made, and nothing else.
const FOLDER: &str = "/b2i";
const ROOM: &str = "128Mi";
/// A slow link takes some minutes for our executable; a laptop that is closed meanwhile leaves nothing behind.
const DEADLINE_SECONDS: i64 = 900;
const TTL_AFTER_FINISHED_SECONDS: i32 = 60;
const GRACE_SECONDS: i64 = 1;
/// Any number but root's: images with a shell often name no user, and the kubelet would refuse them.
const USER: i64 = 65532;

/// What decides a bootstrap Job.
#[derive(Clone, Debug)]
pub struct BootstrapJob<'a> {
    /// The run that it belongs to.
    pub run_id: &'a str,
    /// An image with `sh`, `head`, `sha256sum`, `chmod` and `sleep`.
    pub image: &'a str,
    /// Secret to pull that image with.
    pub image_pull_secret: &'a str,
    /// Secret to push to the registry with.
    pub push_secret: &'a str,
    /// What our executable runs on.
    pub platform: Option<&'a Platform>,
    /// CPU limit of its container, where there has to be one.
    pub cpu_limit: Option<&'a str>,
    /// What it is asked for.
    pub request: &'a BootstrapRequest,
}

impl BootstrapJob<'_> {
    /// Returns the Job's name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("b2i-bootstrap-{}", self.run_id)
    }

    /// Returns the Job.
    #[must_use]
    pub fn object(&self) -> Job {
        let architecture = self.platform.map(|platform| {
            let label = ("kubernetes.io/arch".to_owned(), platform.architecture.clone());
            [label].into()
        });
        let mut job = restricted::job(
            &self.name(),
            &labels::of_run(self.run_id, CONTAINER),
            DEADLINE_SECONDS,
            Some(self.image_pull_secret),
            PodSpec {
                containers: vec![self.container()],
                node_selector: architecture,
                termination_grace_period_seconds: Some(GRACE_SECONDS),
                volumes: Some(self.volumes()),
                ..PodSpec::default()
            },
        );
        if let Some(spec) = &mut job.spec {
            spec.ttl_seconds_after_finished = Some(TTL_AFTER_FINISHED_SECONDS);
            if let Some(pod) = &mut spec.template.spec {
                pod.security_context = Some(PodSecurityContext {
                    run_as_user: Some(USER),
                    run_as_group: Some(USER),
                    fs_group: Some(USER),
                    ..restricted::pod_security()
                });
            }
        }
        job
    }

    fn container(&self) -> Container {
        let request = serde_json::to_string(self.request).unwrap_or_default();
        let mut env = restricted::long_env(REQUEST_VARIABLE, &request);
        env.push(restricted::env("TMPDIR", FOLDER.to_owned()));
        let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
            name: name.to_owned(),
            mount_path: path.to_owned(),
            read_only: read_only.then_some(true),
            ..VolumeMount::default()
        };
        Container {
            // It only waits; what works in it comes by `exec`.
            command: Some(
                ["sh", "-c", &format!("exec sleep {DEADLINE_SECONDS}")]
                    .map(str::to_owned)
                    .into(),
            ),
            args: None,
            env: Some(env),
            volume_mounts: Some(vec![
                mount("room", FOLDER, false),
                mount("push-secret", PUSH_SECRET_FOLDER, true),
            ]),
            ..restricted::container(CONTAINER, self.image, "", self.cpu_limit)
        }
    }

    fn volumes(&self) -> Vec<Volume> {
        vec![
            Volume {
                name: "room".to_owned(),
                empty_dir: Some(EmptyDirVolumeSource {
                    size_limit: Some(Quantity(ROOM.to_owned())),
                    ..EmptyDirVolumeSource::default()
                }),
                ..Volume::default()
            },
            restricted::secret_volume("push-secret", self.push_secret),
        ]
    }
}

/// Returns the command that takes so many bytes of this digest from its stdin, and runs them. It counts,
/// since the end of stdin is lost on some ways.
#[must_use]
pub fn command(size_bytes: u64, digest: Digest) -> Vec<String> {
    let hex = digest.hex();
    let script = format!(
        "set -e; cd {FOLDER}; head -c {size_bytes} >part; echo '{hex}  part' | sha256sum -c - >/dev/null; \
         chmod 755 part; mv part kubectl-b2i; exec ./kubectl-b2i {BOOTSTRAP_ARGUMENT}"
    );
    ["sh", "-c", &script].map(str::to_owned).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_counts_hashes_and_runs() {
        let digest = Digest::of(b"abc");
        let command = command(3, digest);
        assert_eq!(command[..2], ["sh", "-c"]);
        assert_eq!(
            command[2],
            "set -e; cd /b2i; head -c 3 >part; \
             echo 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  part' | sha256sum -c - >/dev/null; \
             chmod 755 part; mv part kubectl-b2i; exec ./kubectl-b2i in-cluster-bootstrap"
        );
    }
}
