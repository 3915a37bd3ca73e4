//! What an app is at one time: what runs, what it was made from, what was built. The shape of
//! `status -o json`, which `docs/reference/status.schema.json` describes.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{BuildOrigin, LayerDescriptor, RolloutOutcome, RolloutRecord, Skipped};
use crate::{
    error::Failure,
    oci::{Digest, Reference},
};

/// An app at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppStatus {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub namespace: String,
    /// What runs; `None` where it was built and not deployed.
    pub workload: Option<Workload>,
    /// What its next deploy keeps, as an options file has it; empty where that was not read.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
    /// Its builds, the newest first.
    pub builds: Vec<BuildStatus>,
    /// Its rollouts, the newest first.
    pub rollouts: Vec<RolloutRecord>,
    /// Its Pods.
    pub pods: Vec<PodStatus>,
    /// The Pods that take its layers, at work or kept for the next build.
    pub staging: Vec<StagingStatus>,
    /// What happened to it lately, the newest first.
    pub events: Vec<EventStatus>,
}

/// The Deployment or `StatefulSet` of an app and what leads to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// `Deployment` or `StatefulSet`.
    pub kind: String,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that were asked for.
    pub wanted: i32,
    /// Pods of the newest version that are ready: less than `wanted` while it is rolled out, or cannot be.
    pub updated: i32,
    /// Where it answers from outside the cluster.
    pub url: Option<String>,
    /// The image that new Pods get.
    pub image: String,
    /// Number of the build that made this image, where the record knows it.
    pub build: Option<u64>,
    /// The container's env.
    pub env: Vec<EnvStatus>,
    /// Memory that the container is limited to, a Kubernetes quantity.
    pub memory: Option<String>,
    /// CPU that the container asks for, a Kubernetes quantity.
    pub cpu: Option<String>,
}

/// One variable of a container. A value that comes from a Secret is never read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvStatus {
    /// Its name; empty where all keys of `from` are meant.
    pub name: String,
    /// Its value, where it stands in the workload.
    pub value: Option<String>,
    /// Where its value comes from else: `secret db/password`.
    pub from: Option<String>,
}

/// How a build went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BuildPhase {
    /// It runs.
    Building,
    /// It made an image.
    Ok,
    /// It made none.
    Failed,
    /// Nobody knows: the plugin was killed.
    Lost,
}

/// A build of an app.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildStatus {
    /// 1, 2, 3 …
    pub number: u64,
    /// How it went.
    pub phase: BuildPhase,
    /// What it was made from: the artifact, or an earlier build.
    pub origin: BuildOrigin,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub ended: Option<String>,
    /// Whether the app runs its image.
    pub is_running: bool,
    /// Whether it never served: its rollout failed, and the version before was put back.
    pub is_undone: bool,
    /// The artifact.
    pub artifact: ArtifactStatus,
    /// The image, by digest.
    pub image: Option<Reference>,
    /// The tags that it got; newer images may have them by now.
    pub tags: Vec<String>,
    /// Sum of the compressed layers of the image, base included.
    pub size_bytes: Option<u64>,
    /// The base with its digest.
    pub base: Option<Reference>,
    /// Our layers, on top of the base's.
    pub layers: Vec<LayerDescriptor>,
    /// Bytes of layers that crossed the link.
    pub uploaded_bytes: u64,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The last lines of the builder's log.
    pub log_tail: Vec<String>,
    /// Builds that were not begun since they would have been this one.
    pub skipped: Option<Skipped>,
}

/// What an image was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactStatus {
    /// Name of the file.
    pub file_name: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// Digest of the file.
    pub digest: Digest,
    /// What it is, in words.
    pub summary: String,
}

/// A Pod of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodStatus {
    /// Its name.
    pub name: String,
    /// Its node.
    pub node: Option<String>,
    /// One word: `Running`, `Pending`, `CrashLoopBackOff`, `Terminating` …
    pub phase: String,
    /// Whether it serves.
    pub is_ready: bool,
    /// How often its container was started again.
    pub restarts: i32,
    /// When it was made, RFC 3339.
    pub created: Option<String>,
    /// What keeps it from serving, in a sentence.
    pub trouble: Option<String>,
}

/// A staging Pod of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StagingStatus {
    /// Its name.
    pub pod: String,
    /// `Running` or `Pending`.
    pub phase: String,
    /// When it was made, RFC 3339.
    pub created: Option<String>,
    /// It ends when nobody has asked it for anything for so long.
    pub idle_seconds: Option<u64>,
}

/// Something that happened to the app's objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventStatus {
    /// When it happened last, RFC 3339.
    pub time: Option<String>,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    /// One word.
    pub reason: String,
    /// `Pod/shop-1`
    pub object: String,
    /// What happened.
    pub message: String,
}

impl Workload {
    /// Whether Pods of the version before serve in place of some of the newest one's.
    #[must_use]
    pub fn is_rolling_out(&self) -> bool {
        self.updated < self.wanted && self.ready > self.updated
    }
}

impl AppStatus {
    /// Returns the build whose image runs, where the record knows it; where nothing runs, the newest.
    #[must_use]
    pub fn build(&self) -> Option<&BuildStatus> {
        match self.workload {
            Some(_) => self.builds.iter().find(|build| build.is_running),
            None => self.builds.first(),
        }
    }

    /// Returns the newest rollout of what is deployed, unless a build came after it that runs or made no image.
    #[must_use]
    pub fn newest_rollout(&self) -> Option<&RolloutRecord> {
        let newest = self.rollouts.first().filter(|_| self.workload.is_some())?;
        let is_news = |build: &BuildStatus| build.phase != BuildPhase::Ok && newest.started < build.started;
        (!self.builds.first().is_some_and(is_news)).then_some(newest)
    }

    /// Whether a rollout is the one whose version serves now.
    #[must_use]
    pub fn is_serving(&self, rollout: &RolloutRecord) -> bool {
        let mut served = self
            .rollouts
            .iter()
            .filter(|it| it.outcome == RolloutOutcome::Serving);
        let image = self.workload.as_ref().map(|workload| &workload.image);
        served.next() == Some(rollout) && image == Some(&rollout.image)
    }

    /// Returns the tags that a build's image has still: those that no newer image of the same repository took.
    #[must_use]
    pub fn tags_left<'a>(&self, build: &'a BuildStatus) -> Vec<&'a str> {
        let pushed_later = self.builds.iter().filter(|later| {
            let name = |build: &BuildStatus| build.image.as_ref().map(Reference::name);
            later.number > build.number
                && later.image != build.image
                && name(later) == name(build)
                && !matches!(later.origin, BuildOrigin::Rollback(_))
        });
        let taken: Vec<&String> = pushed_later.flat_map(|later| &later.tags).collect();
        let tags = build.tags.iter().filter(|tag| !taken.contains(tag));
        tags.map(String::as_str).collect()
    }
}
