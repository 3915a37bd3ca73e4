//! Parts of an app's Pod that a person may ask for. What was not asked for is `None`: it is not ours.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ConfigMapKeySelector, ConfigMapVolumeSource, EmptyDirVolumeSource, EnvFromSource,
    EnvVar, EnvVarSource, PersistentVolumeClaimVolumeSource, PodSecurityContext, SecretEnvSource,
    SecretKeySelector, SecretVolumeSource, Toleration, Volume, VolumeMount,
};

use super::{deployment::App, labels, restricted};
use crate::model::{self, DeployOptions, FsGroup, KeyRef, SourceKind, VolumeSource};

/// The user of our images, whose group claims belong to.
const OUR_GROUP: i64 = 65532;

/// Returns the labels of the Deployment and its Pods. Ours win: we find the app by them.
pub(super) fn labels(app: &App) -> BTreeMap<String, String> {
    let mut all = app.options.pod.labels.clone();
    all.extend(labels::of_app(app.name));
    all
}

/// Returns pairs that were given.
pub(super) fn given(pairs: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    (!pairs.is_empty()).then_some(pairs)
}

/// Returns words that were given.
pub(super) fn words(words: &[String]) -> Option<Vec<String>> {
    (!words.is_empty()).then(|| words.to_vec())
}

/// Returns the env, literal values first.
pub(super) fn env(app: &App) -> Vec<EnvVar> {
    let mut literal = app.options.env.clone();
    literal.extend(app.derived.env.clone());
    let literal = literal.into_iter().map(|(name, value)| EnvVar {
        name,
        value: Some(value),
        ..EnvVar::default()
    });
    let by_key = app.options.pod.env_keys.iter().map(|(name, from)| EnvVar {
        name: name.clone(),
        value_from: Some(key(from)),
        ..EnvVar::default()
    });
    literal.chain(by_key).collect()
}

fn key(from: &KeyRef) -> EnvVarSource {
    let (name, key) = (from.source.name.clone(), from.key.clone());
    match from.source.kind {
        SourceKind::Secret => EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name,
                key,
                optional: None,
            }),
            ..EnvVarSource::default()
        },
        SourceKind::ConfigMap => EnvVarSource {
            config_map_key_ref: Some(ConfigMapKeySelector {
                name,
                key,
                optional: None,
            }),
            ..EnvVarSource::default()
        },
    }
}

/// Returns the Secrets and `ConfigMap`s that are env as a whole.
pub(super) fn env_from(options: &DeployOptions) -> Option<Vec<EnvFromSource>> {
    let sources = options.pod.env_from.iter().map(|source| match source.kind {
        SourceKind::Secret => EnvFromSource {
            secret_ref: Some(SecretEnvSource {
                name: source.name.clone(),
                optional: None,
            }),
            ..EnvFromSource::default()
        },
        SourceKind::ConfigMap => EnvFromSource {
            config_map_ref: Some(ConfigMapEnvSource {
                name: source.name.clone(),
                optional: None,
            }),
            ..EnvFromSource::default()
        },
    });
    Some(sources.collect()).filter(|sources: &Vec<_>| !sources.is_empty())
}

/// Returns the Pod's security context. A fresh file system belongs to root alone; a claim is for the
/// app to write to, so it gets a group that the app has:
/// <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-the-security-context-for-a-pod>.
pub(super) fn security(options: &DeployOptions) -> PodSecurityContext {
    let is_claim = |mount: &model::VolumeMount| {
        matches!(
            mount.source,
            VolumeSource::Claim(_) | VolumeSource::OwnClaim { .. }
        ) && !mount.read_only
    };
    let group = match options.pod.fs_group {
        FsGroup::Off => None,
        FsGroup::Id(group) => Some(i64::from(group)),
        FsGroup::Default => options.pod.volumes.iter().any(is_claim).then_some(OUR_GROUP),
    };
    PodSecurityContext {
        fs_group: group,
        // Files by the thousand would be looked at before each start.
        fs_group_change_policy: group.map(|_| "OnRootMismatch".to_owned()),
        ..restricted::pod_security()
    }
}

/// Names a volume by its place, as ports are; a Pod's own claim is named by whoever asked for it.
fn volume_name(index: usize, mount: &model::VolumeMount) -> String {
    match &mount.source {
        VolumeSource::OwnClaim { name, .. } => name.clone(),
        _ => format!("volume-{}", index + 1),
    }
}

/// Returns the volumes; those of own claims come from their templates.
pub(super) fn volumes(options: &DeployOptions) -> Option<Vec<Volume>> {
    let volumes = options
        .pod
        .volumes
        .iter()
        .enumerate()
        .filter_map(|(index, mount)| {
            let named = Volume {
                name: volume_name(index, mount),
                ..Volume::default()
            };
            let volume = match &mount.source {
                VolumeSource::OwnClaim { .. } => return None,
                VolumeSource::EmptyDir => Volume {
                    empty_dir: Some(EmptyDirVolumeSource::default()),
                    ..named
                },
                VolumeSource::Claim(name) => Volume {
                    persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                        claim_name: name.clone(),
                        read_only: None,
                    }),
                    ..named
                },
                VolumeSource::Files(source) if source.kind == SourceKind::Secret => Volume {
                    secret: Some(SecretVolumeSource {
                        secret_name: Some(source.name.clone()),
                        ..SecretVolumeSource::default()
                    }),
                    ..named
                },
                VolumeSource::Files(source) => Volume {
                    config_map: Some(ConfigMapVolumeSource {
                        name: source.name.clone(),
                        ..ConfigMapVolumeSource::default()
                    }),
                    ..named
                },
            };
            Some(volume)
        });
    Some(volumes.collect()).filter(|volumes: &Vec<_>| !volumes.is_empty())
}

/// Returns where the volumes are mounted.
pub(super) fn mounts(options: &DeployOptions) -> Option<Vec<VolumeMount>> {
    let mounts = options
        .pod
        .volumes
        .iter()
        .enumerate()
        .map(|(index, mount)| VolumeMount {
            name: volume_name(index, mount),
            mount_path: mount.path.clone(),
            read_only: mount.read_only.then_some(true),
            ..VolumeMount::default()
        });
    Some(mounts.collect()).filter(|mounts: &Vec<_>| !mounts.is_empty())
}

/// Returns the tolerations.
pub(super) fn tolerations(options: &DeployOptions) -> Option<Vec<Toleration>> {
    let tolerations = options.pod.tolerations.iter().map(|toleration| Toleration {
        key: Some(toleration.key.clone()),
        operator: Some(
            if toleration.value.is_some() {
                "Equal"
            } else {
                "Exists"
            }
            .to_owned(),
        ),
        value: toleration.value.clone(),
        effect: toleration.effect.clone(),
        ..Toleration::default()
    });
    Some(tolerations.collect()).filter(|tolerations: &Vec<_>| !tolerations.is_empty())
}
