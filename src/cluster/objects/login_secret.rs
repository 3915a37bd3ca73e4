//! The Secret that `registry login` makes.

use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use super::labels;

/// The type that kubelets and builders read: a Docker config.
pub const TYPE: &str = "kubernetes.io/dockerconfigjson";
/// Its key.
pub const KEY: &str = ".dockerconfigjson";

/// Returns a Secret that holds a Docker config.
#[must_use]
pub fn object(name: &str, docker_config: Vec<u8>) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels::ours()),
            ..ObjectMeta::default()
        },
        type_: Some(TYPE.to_owned()),
        data: Some([(KEY.to_owned(), ByteString(docker_config))].into()),
        ..Secret::default()
    }
}
