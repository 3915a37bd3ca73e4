//! A base image with everything that a careless tool loses, and a request to build on it.
use kubectl_b2i::{
    model::{Base, BuildRequest, ConfigChanges, ExposedPort, LayerDescriptor, RegistryAccess},
    oci::{Descriptor, Digest, Platform, media_type},
    registry::{Client, Credentials, Options},
};
use serde_json::{Value, json};

use super::fake_registry::{FakeRegistry, PASSWORD, USER};

pub const BASE: &str = "library/eclipse-temurin";
pub const OUR_LAYERS: [(&str, &[u8]); 2] = [
    ("dependencies", b"our libraries"),
    ("application", b"our classes"),
];

/// The config of the base for a platform, with one layer.
pub fn base_config(architecture: &str) -> Value {
    json!({
        "architecture": architecture,
        "os": "linux",
        "created": "2024-05-01T10:20:30.5Z",
        "author": "somebody",
        "config": {
            "Env": ["PATH=/opt/java/bin:/bin", "LANG=C.UTF-8"],
            "Cmd": ["jshell"],
            "Entrypoint": ["/__cacert_entrypoint.sh"],
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000_u64},
            "OnBuild": ["RUN x"],
            "Shell": ["/bin/bash", "-c"],
            "User": "1001",
            "Volumes": {"/data": {}},
            "Labels": {"vendor": "somebody"},
            "Unheard": {"of": [1, 2.5, null]}
        },
        "history": [{"created": "2024-05-01T10:20:30Z", "created_by": "ADD rootfs"}],
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(format!("{architecture} tar").as_bytes())]}
    })
}

pub fn base_layer(architecture: &str) -> Vec<u8> {
    format!("{architecture} rootfs, compressed").into_bytes()
}

/// Seeds the base with Docker's media types, for amd64 and arm64, and an attestation.
pub fn seed_base(fake: &FakeRegistry, tag: &str) -> Digest {
    let manifests: Vec<Value> = ["amd64", "arm64"]
        .map(|architecture| {
            let config = base_config(architecture);
            let bytes = seed_manifest(fake, architecture, &config, media_type::DOCKER_MANIFEST);
            let mut descriptor = Descriptor::of(media_type::DOCKER_MANIFEST, &bytes);
            descriptor.platform = Some(Platform::linux(architecture));
            json!(descriptor)
        })
        .into();
    let attestation = json!({
        "mediaType": media_type::MANIFEST,
        "digest": Digest::of(b"attestation"),
        "size": 3,
        "platform": {"architecture": "unknown", "os": "unknown"}
    });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": media_type::DOCKER_INDEX,
        "manifests": manifests.into_iter().chain([attestation]).collect::<Vec<_>>()
    });
    let bytes = index.to_string().into_bytes();
    fake.seed_manifest(BASE, tag, media_type::DOCKER_INDEX, &bytes)
}

/// Seeds the base of one platform under its architecture as tag.
pub fn seed_manifest(fake: &FakeRegistry, architecture: &str, config: &Value, type_: &str) -> Vec<u8> {
    let layer = base_layer(architecture);
    let config = config.to_string().into_bytes();
    fake.seed_blob(BASE, &layer);
    fake.seed_blob(BASE, &config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": type_,
        "config": Descriptor::of(media_type::DOCKER_CONFIG, &config),
        "layers": [Descriptor::of(media_type::DOCKER_LAYER, &layer)]
    });
    let bytes = manifest.to_string().into_bytes();
    fake.seed_manifest(BASE, architecture, type_, &bytes);
    bytes
}

/// Seeds the base as all others are asked for: of amd64, with this config.
pub fn seed_base_of(fake: &FakeRegistry, config: &Value) {
    let manifest = seed_manifest(fake, "amd64", config, media_type::MANIFEST);
    fake.seed_manifest(BASE, "17-jre", media_type::MANIFEST, &manifest);
}

pub fn our_layers() -> Vec<LayerDescriptor> {
    let describe = |(name, bytes): (&str, &[u8])| LayerDescriptor {
        name: name.into(),
        descriptor: Descriptor::of(media_type::LAYER, bytes),
        diff_id: Digest::of(name.as_bytes()),
    };
    OUR_LAYERS.map(describe).into()
}

/// Seeds our layers as the upload does.
pub fn seed_our_layers(fake: &FakeRegistry) {
    for (_, bytes) in OUR_LAYERS {
        fake.seed_blob("team/shop", bytes);
    }
}

/// `team/shop` on one fake, of a base that another (or the same) mirrors.
pub fn request(destination: &FakeRegistry, mirror: &FakeRegistry) -> BuildRequest {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    BuildRequest {
        destination: format!("{}/team/shop", destination.host).parse().unwrap(),
        tags: vec!["1.4".into()],
        base: Base::Image("eclipse-temurin:17-jre".parse().unwrap()),
        s2i: None,
        servlet_api: None,
        platforms: vec![Platform::linux("amd64")],
        config: ConfigChanges {
            entrypoint: Some(vec!["java".into(), "-jar".into(), "/app/app.jar".into()]),
            env: [pair("LANG", "de_DE.UTF-8")].into(),
            default_env: [pair("JAVA_TOOL_OPTIONS", "-XX:+ExitOnOutOfMemoryError")].into(),
            exposed_ports: vec![ExposedPort::tcp(8080)],
            labels: [pair("org.opencontainers.image.title", "shop")].into(),
            ..ConfigChanges::default()
        },
        layers: our_layers(),
        access: RegistryAccess {
            mirrors: [pair("docker.io", &mirror.host)].into(),
            insecure: vec![destination.host.clone(), mirror.host.clone()],
            ..RegistryAccess::default()
        },
    }
}

pub fn client(fake: &FakeRegistry) -> Client {
    let options = Options {
        insecure: true,
        credentials: Some(Credentials::Basic {
            username: USER.into(),
            password: PASSWORD.into(),
        }),
        ..Options::default()
    };
    Client::new(&fake.host, &options).unwrap()
}
