//! What travels between the steps: plain data. Each step takes the one before's output, so the
//! order of the line cannot be wrong.

mod app_name;
mod app_status;
mod artifact;
mod artifact_place;
mod bootstrap_request;
mod brief;
mod build_request;
mod build_result;
mod check;
mod deploy_options;
mod derived_name;
mod event;
mod exposed_port;
mod finding;
mod flags;
mod image;
mod image_options;
mod image_path;
mod image_plan;
mod ingress;
mod layer;
mod local_tree;
mod plain_secret;
mod pod_options;
mod port;
mod real_path;
mod record;
mod registry_access;
mod rollout;
mod seals;
mod shell;
mod staging_request;
mod symbol_version;

pub use app_name::AppName;
pub use app_status::{
    AppStatus, ArtifactStatus, BuildPhase, BuildStatus, EnvStatus, EventStatus, PodStatus, StagingStatus,
    Workload,
};
pub use artifact::{
    ArchiveEntry, Artifact, ArtifactKind, ElfFacts, JarFacts, JarLayout, Libc, ServletApi, StandAlone,
    WarFacts,
};
pub use artifact_place::{ArtifactPlace, Expected};
pub use bootstrap_request::BootstrapRequest;
pub use brief::brief;
pub use build_request::{Base, BuildRequest, ConfigChanges, LayerDescriptor};
pub use build_result::{BuildOutcome, BuildResult};
pub use check::{Check, CheckReport, CheckRequest, CheckScope, CheckStatus, SecretName};
pub use deploy_options::{DeployOptions, Derived, FsGroup, Health, PodOptions, Probing, Strategy};
pub use event::{Event, Events, Step};
pub use exposed_port::ExposedPort;
pub use finding::{Finding, FindingStatus};
pub use flags::Flag;
pub use image::{BaseImage, Blob, Image, ImageManifest};
pub use image_options::ImageOptions;
pub use image_path::ImagePath;
pub use image_plan::{Entry, EntryKind, ImagePlan, LayerPlan, Source};
pub use ingress::{IngressOptions, Route};
pub use layer::{GrowingLayer, Grown, Layer, Uploaded};
pub use local_tree::{LocalFile, LocalTree};
pub use plain_secret::is_plain_secret;
pub use pod_options::{KeyRef, ParseError, SourceKind, SourceRef, Toleration, VolumeMount, VolumeSource};
pub use port::{Port, PortChange, PortKind, PortNumber, Protocol};
pub use real_path::RealPath;
pub use record::{BuildOrigin, BuildRecord, Skipped};
pub use registry_access::{Proxy, RegistryAccess, check_addresses};
pub use rollout::{Rollout, RolloutOutcome, RolloutRecord};
pub use seals::{Seal, Seals};
pub use shell::quoted;
pub use staging_request::StagingRequest;
pub use symbol_version::{ParseVersionError, SymbolVersion};

/// Whether a part of remembered options says nothing: then it is left out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
