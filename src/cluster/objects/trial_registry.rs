//! The registry that `registry up` runs for trying things out: CNCF distribution behind a node port.
//! Nodes pull from `localhost:<node port>`, which container runtimes take for a registry without
//! TLS; Pods speak to the Service's own address.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
        core::v1::{
            Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction, PersistentVolumeClaim,
            PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, PodSecurityContext, PodSpec,
            PodTemplateSpec, Probe, Secret, SecretVolumeSource, Service, ServicePort, ServiceSpec, Volume,
            VolumeMount, VolumeResourceRequirements,
        },
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use super::{labels, login_secret, restricted};

/// Name of the Deployment, the Service, the Secret and the claim.
pub const NAME: &str = "b2i-registry";
/// The Pods' role in our labels, and the container's name.
pub const ROLE: &str = "registry";
/// Where the registry listens.
pub const PORT: u16 = 5000;
/// Key of the Secret that holds the registry's users; their passwords are hashed.
pub const USERS_KEY: &str = "htpasswd";

/// Annotation of the Pods: UID of the Secret whose password they were started with.
pub const SECRET_ANNOTATION: &str = "kubectl-b2i/secret";

/// Key of the Secret that holds the registry's own configuration.
const CONFIGURATION_KEY: &str = "config.yml";
const CONFIGURATION_FOLDER: &str = "/etc/b2i-registry";
const STORAGE_FOLDER: &str = "/var/lib/registry";
/// Any number but root's: the image of distribution names no user.
const USER: i64 = 65532;
/// What is evicted when it fills up takes all images along, and else fills the node's disk.
const LARGEST_EMPTY_DIR: &str = "20Gi";

/// <https://distribution.github.io/distribution/about/configuration/>, of versions 2 and 3.
const CONFIGURATION: &str = "version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ':5000', relativeurls: true}
auth: {htpasswd: {realm: b2i-registry, path: /etc/b2i-registry/htpasswd}}
";

/// Returns the Service. Which node port it gets is the cluster's choice.
#[must_use]
pub fn service() -> Service {
    Service {
        metadata: metadata(),
        spec: Some(ServiceSpec {
            type_: Some("NodePort".to_owned()),
            selector: Some(labels::of_role(ROLE)),
            ports: Some(vec![ServicePort {
                name: Some(ROLE.to_owned()),
                port: i32::from(PORT),
                target_port: Some(IntOrString::Int(i32::from(PORT))),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            // kube-proxy forwards `localhost` in IPv4 only.
            ip_families: Some(vec!["IPv4".to_owned()]),
            ip_family_policy: Some("SingleStack".to_owned()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// Returns the Secret: a login as builds push with it and nodes pull with it, and for the registry
/// its configuration and its users.
#[must_use]
pub fn secret(docker_config: Vec<u8>, users: String) -> Secret {
    let mut secret = login_secret::object(NAME, docker_config);
    secret.metadata = metadata();
    let data = secret.data.get_or_insert_default();
    data.insert(USERS_KEY.to_owned(), ByteString(users.into_bytes()));
    let configuration = CONFIGURATION.as_bytes().to_vec();
    data.insert(CONFIGURATION_KEY.to_owned(), ByteString(configuration));
    secret
}

/// Returns the claim that images are kept in, where they are to outlive the Pod.
#[must_use]
pub fn claim(size: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: metadata(),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".to_owned(), Quantity(size.to_owned()))].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }
}

/// Returns the Deployment. `has_claim` says where images are kept; another `secret_uid` is another
/// password, for which the registry is started anew.
#[must_use]
pub fn deployment(image: &str, has_claim: bool, secret_uid: &str) -> Deployment {
    let annotation = (SECRET_ANNOTATION.to_owned(), secret_uid.to_owned());
    Deployment {
        metadata: metadata(),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            selector: LabelSelector {
                match_labels: Some(labels::of_role(ROLE)),
                ..LabelSelector::default()
            },
            // Two of them would not share a volume, and not know each other's images without one.
            strategy: Some(DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                ..DeploymentStrategy::default()
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels::of_role(ROLE)),
                    annotations: Some([annotation].into()),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(image, has_claim)),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

fn pod(image: &str, has_claim: bool) -> PodSpec {
    PodSpec {
        containers: vec![container(image)],
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            ..restricted::pod_security()
        }),
        volumes: Some(vec![storage(has_claim), configuration()]),
        ..PodSpec::default()
    }
}

fn container(image: &str) -> Container {
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: Some(read_only),
        ..VolumeMount::default()
    };
    Container {
        name: ROLE.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(vec![
            "serve".to_owned(),
            format!("{CONFIGURATION_FOLDER}/{CONFIGURATION_KEY}"),
        ]),
        ports: Some(vec![ContainerPort {
            container_port: i32::from(PORT),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        // The one path that needs no login.
        readiness_probe: Some(Probe {
            http_get: Some(HTTPGetAction {
                path: Some("/".to_owned()),
                port: IntOrString::Int(i32::from(PORT)),
                ..HTTPGetAction::default()
            }),
            period_seconds: Some(1),
            ..Probe::default()
        }),
        volume_mounts: Some(vec![
            mount("storage", STORAGE_FOLDER, false),
            mount("configuration", CONFIGURATION_FOLDER, true),
        ]),
        resources: Some(restricted::resources("50m", None, "64Mi", "512Mi")),
        security_context: Some(restricted::container_security(true)),
        ..Container::default()
    }
}

fn storage(has_claim: bool) -> Volume {
    let claim = PersistentVolumeClaimVolumeSource {
        claim_name: NAME.to_owned(),
        read_only: None,
    };
    let empty_dir = EmptyDirVolumeSource {
        size_limit: Some(Quantity(LARGEST_EMPTY_DIR.to_owned())),
        ..EmptyDirVolumeSource::default()
    };
    Volume {
        name: "storage".to_owned(),
        persistent_volume_claim: has_claim.then_some(claim),
        empty_dir: (!has_claim).then_some(empty_dir),
        ..Volume::default()
    }
}

/// The password itself stays out of the Pod.
fn configuration() -> Volume {
    use k8s_openapi::api::core::v1::KeyToPath;
    let item = |key: &str| KeyToPath {
        key: key.to_owned(),
        path: key.to_owned(),
        mode: None,
    };
    Volume {
        name: "configuration".to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(NAME.to_owned()),
            items: Some(vec![item(USERS_KEY), item(CONFIGURATION_KEY)]),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

fn metadata() -> ObjectMeta {
    let labels: BTreeMap<_, _> = labels::of_role(ROLE);
    ObjectMeta {
        name: Some(NAME.to_owned()),
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}
