//! Finds the push Secret: the one named, else the namespace's only one, else (listing Secrets is
//! often denied) the only one that the default `ServiceAccount` pulls with.

use std::{collections::BTreeMap, fmt};

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::{ResourceExt, api::ListParams};

use super::{
    Cluster,
    error::{is_forbidden, is_not_found},
};

/// The types that `kubectl create secret docker-registry` makes, now and long ago:
/// <https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>.
const TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// On `OpenShift`, Secrets that the platform made for a service account and its internal registry.
const MADE_FOR_A_SERVICE_ACCOUNT: [&str; 2] = [
    "kubernetes.io/service-account.name",
    "openshift.io/internal-registry-auth-token.service-account",
];

/// A Secret to push with. Its data never shows in a debug print.
#[derive(Clone, PartialEq, Eq)]
pub struct PushSecret {
    /// Its name.
    pub name: String,
    /// Its type; empty where it could not be read.
    pub type_: String,
    /// What it holds; empty where it could not be read. Pods can mount it all the same.
    pub data: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for PushSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushSecret")
            .field("name", &self.name)
            .field("type_", &self.type_)
            .finish_non_exhaustive()
    }
}

/// Where a choice of Secrets was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the Secrets of the namespace.
    Namespace,
    /// Among the `imagePullSecrets` of the default `ServiceAccount`, since Secrets may not be listed.
    ServiceAccount,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespace => "the namespace",
            Self::ServiceAccount => "the ServiceAccount `default` (you may not list Secrets)",
        })
    }
}

/// Why there is no push Secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Secret that was named does not exist.
    #[error("there is no Secret `{name}` in namespace `{namespace}`")]
    NotFound {
        /// Its name.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// The Secret that was named is no docker-registry Secret.
    #[error("the Secret `{name}` is of type `{type_}`, not `kubernetes.io/dockerconfigjson`")]
    WrongType {
        /// Its name.
        name: String,
        /// Its type.
        type_: String,
    },
    /// There is nothing to choose from.
    #[error("{place} has no docker-registry Secret")]
    None {
        /// Where was looked.
        place: Place,
    },
    /// Nothing may be looked at.
    #[error("you may read neither the Secrets of the namespace nor its ServiceAccount `default`")]
    Unseen,
    /// There is more than one, and none was named.
    #[error("{place} has {} docker-registry Secrets: `{}`", secrets.len(), names(secrets))]
    Several {
        /// Where was looked.
        place: Place,
        /// The Secrets, sorted by name.
        secrets: Vec<PushSecret>,
    },
    /// A request failed.
    #[error("{0}")]
    Request(#[source] kube::Error),
}

/// Returns the Secret to push with.
///
/// # Errors
/// See [`Error`].
pub async fn push_secret(cluster: &Cluster, named: Option<&str>) -> Result<PushSecret, Error> {
    if let Some(name) = named {
        return read(cluster, name).await;
    }
    match list(cluster).await {
        Ok(secrets) => only(Place::Namespace, secrets),
        Err(error) if is_forbidden(&error) => {
            let pulled_with = of_service_account(cluster).await?;
            if let [only] = &pulled_with[..] {
                return read(cluster, only).await;
            }
            // One that cannot be used is still one of those to choose from.
            let secrets = pulled_with.into_iter().map(async |name| {
                let secret = read(cluster, &name).await;
                secret.unwrap_or_else(|_| PushSecret::unread(name))
            });
            only(Place::ServiceAccount, join_all(secrets).await)
        }
        Err(error) => Err(Error::Request(error)),
    }
}

impl PushSecret {
    fn unread(name: String) -> Self {
        Self {
            name,
            type_: String::new(),
            data: BTreeMap::new(),
        }
    }
}

fn names(secrets: &[PushSecret]) -> String {
    let names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    names.join("`, `")
}

fn only(place: Place, mut found: Vec<PushSecret>) -> Result<PushSecret, Error> {
    match found.len() {
        0 => Err(Error::None { place }),
        1 => Ok(found.remove(0)),
        _ => {
            found.sort_by(|a, b| a.name.cmp(&b.name));
            Err(Error::Several {
                place,
                secrets: found,
            })
        }
    }
}

/// Lists the docker-registry Secrets; by type, so that no other Secret crosses the link.
///
/// # Errors
/// The API server's refusal.
pub async fn list(cluster: &Cluster) -> kube::Result<Vec<PushSecret>> {
    let mut found = Vec::new();
    for type_ in TYPES {
        let only_this = ListParams::default().fields(&format!("type={type_}"));
        for secret in cluster.api::<Secret>().list(&only_this).await? {
            let annotations = secret.annotations();
            if !MADE_FOR_A_SERVICE_ACCOUNT
                .iter()
                .any(|key| annotations.contains_key(*key))
            {
                found.push(opened(secret));
            }
        }
    }
    Ok(found)
}

async fn of_service_account(cluster: &Cluster) -> Result<Vec<String>, Error> {
    match cluster.api::<ServiceAccount>().get("default").await {
        Ok(account) => Ok(account
            .image_pull_secrets
            .unwrap_or_default()
            .into_iter()
            .map(|secret| secret.name)
            .collect()),
        Err(error) if is_forbidden(&error) => Err(Error::Unseen),
        Err(error) if is_not_found(&error) => Ok(Vec::new()),
        Err(error) => Err(Error::Request(error)),
    }
}

async fn read(cluster: &Cluster, name: &str) -> Result<PushSecret, Error> {
    let secret = match cluster.api::<Secret>().get(name).await {
        Ok(secret) => opened(secret),
        Err(error) if is_not_found(&error) => {
            return Err(Error::NotFound {
                name: name.to_owned(),
                namespace: cluster.namespace.clone(),
            });
        }
        Err(error) if is_forbidden(&error) => {
            return Ok(PushSecret::unread(name.to_owned()));
        }
        Err(error) => return Err(Error::Request(error)),
    };
    if TYPES.contains(&secret.type_.as_str()) {
        Ok(secret)
    } else {
        Err(Error::WrongType {
            name: secret.name,
            type_: secret.type_,
        })
    }
}

fn opened(secret: Secret) -> PushSecret {
    PushSecret {
        name: secret.name_any(),
        type_: secret.type_.unwrap_or_default(),
        data: secret
            .data
            .unwrap_or_default()
            .into_iter()
            .map(|(key, bytes)| (key, bytes.0))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_are_named() {
        let secrets = ["b", "a"].map(|name| PushSecret::unread(name.to_owned()));
        let error = only(Place::Namespace, secrets.into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the namespace has 2 docker-registry Secrets: `a`, `b`"
        );
    }

    #[test]
    fn the_data_is_not_printed() {
        let secret = PushSecret {
            name: "push".to_owned(),
            type_: TYPES[0].to_owned(),
            data: [(".dockerconfigjson".to_owned(), b"pa55".to_vec())].into(),
        };
        let printed = format!("{secret:?}");
        assert_eq!(
            printed,
            format!("PushSecret {{ name: \"push\", type_: \"{}\", .. }}", TYPES[0])
        );
    }
}
