//! A base and our layers become an image: the same bytes each time, and nothing of the base is lost.
use kubectl_b2i::{
    error::Failure,
    model::{Base, BuildRequest, ConfigChanges, Events, Image},
    oci::{Descriptor, Digest, Platform, media_type},
    steps::{self, assemble},
};
use serde_json::{Value, json};

use crate::support::{
    fake_registry::{Canned, FakeRegistry, Knobs, Login},
    images::{
        BASE, base_config, base_layer, client, request, seed_base, seed_base_of, seed_manifest,
        seed_our_layers,
    },
};

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

async fn assemble(fake: &FakeRegistry, request: &BuildRequest) -> Result<Image, Failure> {
    assemble::run(request, Some(&client(fake))).await
}

/// The request with a destination that does not change from run to run.
fn request_on(fake: &FakeRegistry) -> BuildRequest {
    let mut request = request(fake, fake);
    request.destination = "registry.example.com/team/shop".parse().unwrap();
    request
}

#[tokio::test]
async fn the_same_request_gives_the_same_bytes() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let base = seed_base(&fake, "17-jre");
    let image = assemble(&fake, &request_on(&fake)).await.unwrap();

    let config = json_of(&image.manifests[0].config.bytes);
    let base_digest = fake.manifest_digest("amd64");
    let mut expected = base_config("amd64");
    expected["created"] = json!("1980-02-01T00:00:00Z");
    expected["config"] = json!({
        "Env": ["PATH=/opt/java/bin:/bin", "LANG=de_DE.UTF-8", "JAVA_TOOL_OPTIONS=-XX:+ExitOnOutOfMemoryError"],
        "Entrypoint": ["java", "-jar", "/app/app.jar"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000_u64},
        "OnBuild": ["RUN x"],
        "Shell": ["/bin/bash", "-c"],
        "User": "1001",
        "Volumes": {"/data": {}},
        "Labels": {
            "vendor": "somebody",
            "org.opencontainers.image.title": "shop",
            "org.opencontainers.image.base.name": "docker.io/library/eclipse-temurin:17-jre",
            "org.opencontainers.image.base.digest": base_digest
        },
        "Unheard": {"of": [1, 2.5, null]},
        "ExposedPorts": {"8080/tcp": {}}
    });
    let ours = ["dependencies", "application"];
    let history = expected["history"].as_array_mut().unwrap();
    history.extend(
        ours.map(
            |name| json!({"created": "1980-02-01T00:00:00Z", "created_by": format!("kubectl-b2i {name}")}),
        ),
    );
    let diff_ids = expected["rootfs"]["diff_ids"].as_array_mut().unwrap();
    diff_ids.extend(ours.map(|name| json!(Digest::of(name.as_bytes()))));
    assert_eq!(config, expected);

    let manifest = json_of(&image.top().bytes);
    assert_eq!(manifest["mediaType"], media_type::MANIFEST);
    assert_eq!(
        manifest["layers"][0]["digest"],
        json!(Digest::of(&base_layer("amd64")))
    );
    for layer in manifest["layers"].as_array().unwrap() {
        assert_eq!(layer["mediaType"], media_type::LAYER);
    }
    assert_eq!(
        manifest["annotations"],
        json!({
            "org.opencontainers.image.base.digest": base_digest,
            "org.opencontainers.image.base.name": "docker.io/library/eclipse-temurin:17-jre"
        })
    );
    assert_eq!(image.base.unwrap().reference.digest, Some(base));

    // The digests themselves: who changes these makes everybody's images anew.
    let again = assemble(&fake, &request_on(&fake)).await.unwrap();
    let digests = [again.manifests[0].config.descriptor.digest, again.digest()];
    assert_eq!(
        digests.map(|digest| digest.to_string()),
        [GOLDEN_CONFIG, GOLDEN_MANIFEST]
    );
}

const GOLDEN_CONFIG: &str = "sha256:176f622c08acf3f804f228e1735dde7c854279659efae5cabb2cbfce30862dff";
const GOLDEN_MANIFEST: &str = "sha256:d543be399cd60fa8c67e4aaa2f3d2b77183214eecf38e7aec8abfc4bda6c2560";

#[tokio::test]
async fn several_platforms_make_an_index() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let base = seed_base(&fake, "17-jre");
    let mut request = request_on(&fake);
    request.platforms.push(Platform::linux("arm64"));
    let image = assemble(&fake, &request).await.unwrap();

    let index = json_of(&image.index.as_ref().unwrap().bytes);
    assert_eq!(index["mediaType"], media_type::INDEX);
    assert_eq!(
        index["annotations"]["org.opencontainers.image.base.digest"],
        json!(base)
    );
    let platforms = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["platform"].clone());
    assert_eq!(
        platforms.collect::<Vec<_>>(),
        [
            json!({"architecture": "amd64", "os": "linux"}),
            json!({"architecture": "arm64", "os": "linux"})
        ]
    );
    for (manifest, descriptor) in image.manifests.iter().zip(index["manifests"].as_array().unwrap()) {
        assert_eq!(descriptor["digest"], json!(manifest.manifest.descriptor.digest));
    }
    assert_eq!(image.base_layers().len(), 2);
}

#[tokio::test]
async fn scratch_needs_no_registry() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let mut request = request_on(&fake);
    request.base = Base::Scratch;
    request.config = ConfigChanges {
        user: Some("65532:65532".into()),
        working_dir: Some("/work".into()),
        cmd: Some(vec!["serve".into()]),
        ..ConfigChanges::default()
    };
    let image = assemble::run(&request, None).await.unwrap();
    let config = json_of(&image.manifests[0].config.bytes);
    assert_eq!(
        config["config"],
        json!({"Cmd": ["serve"], "WorkingDir": "/work", "User": "65532:65532"})
    );
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&config["os"], &config["architecture"]),
        (&json!("linux"), &json!("amd64"))
    );
    assert!(json_of(&image.top().bytes).get("annotations").is_none());
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_base_of_one_platform_will_do() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    seed_manifest(&fake, "amd64", &base_config("amd64"), media_type::MANIFEST);
    let mut request = request_on(&fake);
    request.base = Base::Image("eclipse-temurin:amd64".parse().unwrap());
    assemble(&fake, &request).await.unwrap();

    request.platforms = vec![Platform::linux("arm64")];
    let failure = assemble(&fake, &request).await.unwrap_err();
    assert_eq!(failure.why, "it is made for `linux/amd64`");
}

#[tokio::test]
async fn a_platform_that_the_base_has_not() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    seed_base(&fake, "17-jre");
    let mut request = request_on(&fake);
    request.platforms = vec!["linux/s390x".parse().unwrap()];
    let failure = assemble(&fake, &request).await.unwrap_err();
    assert_eq!(
        failure.what,
        "could not use the base image `docker.io/library/eclipse-temurin:17-jre` on `linux/s390x`"
    );
    assert_eq!(failure.why, "it is made for `linux/amd64`, `linux/arm64`");
    assert_eq!(
        failure.next,
        "build for one of those with `--platform`, or name another base with `--base IMAGE`"
    );
    assert_eq!(failure.anchor, "base-platform");
}

#[tokio::test]
async fn a_base_that_is_not_there() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let host = &fake.host;
    let failure = assemble(&fake, &request_on(&fake)).await.unwrap_err();
    assert_eq!(
        failure.what,
        "could not use the base image `docker.io/library/eclipse-temurin:17-jre`"
    );
    assert_eq!(
        failure.why,
        format!(
            "the registry answered 404 MANIFEST_UNKNOWN to \
             GET http://{host}/v2/library/eclipse-temurin/manifests/17-jre: manifest_unknown\n\
             ({host} is the mirror of docker.io)"
        )
    );
    assert_eq!(
        failure.next,
        format!(
            "push it to the mirror as `{host}/library/eclipse-temurin:17-jre`, \
             or name another base with `--base IMAGE`"
        )
    );
    assert_eq!(failure.anchor, "base-not-found");
}

#[tokio::test]
async fn a_base_that_we_may_not_read() {
    let fake = FakeRegistry::start(Knobs {
        login: Login::Token,
        answers: vec![Canned::code("GET /manifests/", 403, "DENIED", "not yours")],
        ..Knobs::default()
    })
    .await;
    let failure = assemble(&fake, &request_on(&fake)).await.unwrap_err();
    assert_eq!(failure.anchor, "base-unauthorized");
    assert!(failure.next.contains(&fake.host), "{}", failure.next);
}

#[tokio::test]
async fn what_is_no_image_is_refused() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let schema_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    for (type_, body, why) in [
        (schema_1, "{}", "its registry gives a manifest of schema 1"),
        ("application/json", "{}", "`application/json` is no image"),
        (media_type::MANIFEST, "{", "EOF while parsing"),
    ] {
        fake.seed_manifest("library/eclipse-temurin", "17-jre", type_, body.as_bytes());
        let failure = assemble(&fake, &request_on(&fake)).await.unwrap_err();
        assert!(failure.why.contains(why), "{}", failure.why);
        assert_eq!(failure.anchor, "base-unreadable");
    }
    let mut config = base_config("amd64");
    config["rootfs"]["diff_ids"] = json!([]);
    seed_base_of(&fake, &config);
    let failure = assemble(&fake, &request_on(&fake)).await.unwrap_err();
    assert!(
        failure
            .why
            .ends_with("its config has 0 layers and its manifest 1"),
        "{}",
        failure.why
    );
}

#[tokio::test]
async fn layers_of_every_kind_keep_what_they_are() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    const NAMED: &str = "application/vnd.oci.image.layer";
    let docker = "application/vnd.docker.image.rootfs";
    let kinds = [
        (format!("{docker}.diff.tar.gzip"), format!("{NAMED}.v1.tar+gzip")),
        (format!("{docker}.diff.tar.zstd"), format!("{NAMED}.v1.tar+zstd")),
        (format!("{NAMED}.v1.tar+zstd"), format!("{NAMED}.v1.tar+zstd")),
        (format!("{docker}.diff.tar"), format!("{NAMED}.v1.tar")),
        (
            format!("{docker}.foreign.diff.tar.gzip"),
            format!("{NAMED}.nondistributable.v1.tar+gzip"),
        ),
    ];
    let mut config = base_config("amd64");
    config["rootfs"]["diff_ids"] = kinds
        .iter()
        .map(|(kind, _)| json!(Digest::of(kind.as_bytes())))
        .collect();
    let config = config.to_string().into_bytes();
    fake.seed_blob(BASE, &config);
    let layers: Vec<Value> = kinds
        .iter()
        .map(|(kind, _)| {
            let mut layer = json!(Descriptor::of(kind, kind.as_bytes()));
            if kind.contains("foreign") {
                // Nobody has its bytes but who is named.
                layer["urls"] = json!(["https://vendor.example/layer"]);
            } else {
                fake.seed_blob(BASE, kind.as_bytes());
            }
            layer
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::DOCKER_MANIFEST,
        "config": Descriptor::of(media_type::DOCKER_CONFIG, &config),
        "layers": layers
    });
    fake.seed_manifest(
        BASE,
        "17-jre",
        media_type::DOCKER_MANIFEST,
        manifest.to_string().as_bytes(),
    );
    seed_our_layers(&fake);

    let request = request(&fake, &fake);
    let client = client(&fake);
    let image = assemble(&fake, &request).await.unwrap();
    let made = json_of(&image.top().bytes);
    for (at, (_, kind)) in kinds.iter().enumerate() {
        assert_eq!(made["layers"][at]["mediaType"], json!(kind));
    }
    assert_eq!(made["layers"][4]["urls"], json!(["https://vendor.example/layer"]));
    fake.set(|knobs| knobs.refuses_mounts = true);
    steps::push::run(
        &image,
        &request,
        &client,
        Some(&client),
        std::time::Duration::ZERO,
        &Events::nowhere(),
    )
    .await
    .unwrap();
    for (kind, _) in &kinds {
        let is_there = fake.blob("team/shop", Digest::of(kind.as_bytes())).is_some();
        assert_eq!(is_there, !kind.contains("foreign"), "{kind}");
    }
}

#[tokio::test]
async fn a_tomcat_that_would_answer_404_is_known_by_its_env() {
    use kubectl_b2i::model::ServletApi::{Jakarta, Javax};
    for (version, wanted, is_taken) in [
        (Some("9.0.83"), Some(Javax), true),
        (Some("9.0.83"), Some(Jakarta), false),
        (Some("10.1.59"), Some(Jakarta), true),
        (Some("11.0.24"), Some(Javax), false),
        // Run by itself, or in what does not say that it is Tomcat.
        (Some("9.0.83"), None, true),
        (None, Some(Jakarta), true),
        (Some("newest"), Some(Javax), true),
    ] {
        let fake = FakeRegistry::start(Knobs::default()).await;
        let mut config = base_config("amd64");
        if let Some(version) = version {
            let env = config["config"]["Env"].as_array_mut().unwrap();
            env.push(json!(format!("TOMCAT_VERSION={version}")));
        }
        seed_base_of(&fake, &config);
        let request = BuildRequest {
            servlet_api: wanted,
            ..request_on(&fake)
        };
        match assemble(&fake, &request).await {
            Ok(_) => assert!(is_taken, "{version:?} {wanted:?}"),
            Err(failure) => {
                assert!(!is_taken, "{version:?} {wanted:?}: {failure}");
                assert_eq!(failure.anchor, "wrong-servlet-api");
                assert!(failure.why.contains(version.unwrap()), "{}", failure.why);
            }
        }
    }
}
