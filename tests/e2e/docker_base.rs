//! A base as Docker makes it: schema 2, with fields in its config that OCI does not know. They are in
//! the image that comes of it, and other people's tools accept all of it, on both registries.

use std::process::Command;

use kubectl_b2i::{
    oci::{Descriptor, Digest, media_type},
    registry::{Authorities, Client, Options},
};
use serde_json::{Value, json};

use crate::{
    own_registry::tls_registry,
    support::{
        registry_cases::{fresh_repository, push},
        registry_matrix::{insecure, ours},
    },
    world::{REGISTRY, World, run},
};

const HEALTHCHECK: &str = r#"{"Test":["CMD","/app/httpbin","--health"],"Interval":30000000000,"Retries":3}"#;

/// A layer with a folder in it, gzipped, and its diffID.
fn layer() -> (Vec<u8>, Digest) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(0o755);
    tar.append_data(&mut header, "opt/base/", std::io::empty())
        .unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::read::GzEncoder::new(tar.as_slice(), flate2::Compression::default());
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut gzip, &mut bytes).unwrap();
    (bytes, Digest::of(&tar))
}

/// Pushes the base and returns its name.
async fn base(host: &str, options: &Options) -> String {
    let (client, repository) = (Client::new(host, options).unwrap(), fresh_repository());
    let (layer, diff_id) = layer();
    let config = json!({
        "architecture": "amd64", "os": "linux", "docker_version": "20.10", "container": "4711",
        "created": "2023-11-14T22:13:20Z",
        "config": {
            "Env": ["PATH=/bin"], "Healthcheck": serde_json::from_str::<Value>(HEALTHCHECK).unwrap(),
            "OnBuild": ["RUN true"], "Shell": ["/bin/ash", "-c"], "ArgsEscaped": true,
        },
        "rootfs": { "type": "layers", "diff_ids": [diff_id] },
        "history": [{ "created": "2023-11-14T22:13:20Z", "created_by": "COPY" }],
    });
    let config = config.to_string().into_bytes();
    for bytes in [&layer, &config] {
        push(&client, &repository, Digest::of(bytes), bytes)
            .await
            .unwrap();
    }
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::DOCKER_MANIFEST,
        "config": Descriptor::of("application/vnd.docker.container.image.v1+json", &config),
        "layers": [Descriptor::of("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
    });
    client
        .push_manifest(
            &repository,
            "1",
            media_type::DOCKER_MANIFEST,
            manifest.to_string().into_bytes(),
        )
        .await
        .unwrap();
    format!("{host}/{repository}:1")
}

/// crane and skopeo on an image; crane's view of its config. `trust` names a folder with the authority.
fn config_as_others_see_it(image: &str, host: &str, authority: Option<&std::path::Path>) -> Value {
    let crane = |args: &[&str]| {
        let mut command = Command::new("crane");
        command.args(args).arg(image);
        match authority {
            Some(file) => command.env("SSL_CERT_FILE", file),
            None => command.arg("--insecure"),
        };
        run(&mut command)
    };
    run(Command::new("crane").args(["auth", "login", host, "-u", "dev", "-p", "s3cret"]));
    crane(&["validate", "--remote"]);
    let mut skopeo = Command::new("skopeo");
    skopeo.args(["inspect", "--creds", "dev:s3cret", &format!("docker://{image}")]);
    match authority {
        Some(file) => skopeo
            .arg("--cert-dir")
            .arg(file.parent().unwrap().join("skopeo")),
        None => skopeo.arg("--tls-verify=false"),
    };
    let inspected: Value = serde_json::from_str(&run(&mut skopeo)).unwrap();
    assert_eq!(inspected["Architecture"], "amd64");
    serde_json::from_str(&crane(&["config"])).unwrap()
}

fn keeps_what_docker_wrote(config: &Value) {
    assert_eq!(
        config["config"]["Healthcheck"],
        serde_json::from_str::<Value>(HEALTHCHECK).unwrap()
    );
    assert_eq!(config["config"]["OnBuild"], json!(["RUN true"]));
    assert_eq!(config["config"]["Shell"], json!(["/bin/ash", "-c"]));
    assert_eq!(config["config"]["ArgsEscaped"], true);
    let layers = config["rootfs"]["diff_ids"].as_array().unwrap().len();
    assert_eq!(layers, 2, "{config}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: tests/run"]
async fn what_docker_wrote_into_a_base_is_kept() {
    let world = World::new("docker-base");
    let base_image = base(REGISTRY, &insecure(ours())).await;
    let image = world.b2i_ok(&format!("build ./httpbin --base {base_image}"));
    keeps_what_docker_wrote(&config_as_others_see_it(&image, REGISTRY, None));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: its registry with TLS"]
async fn what_docker_wrote_into_a_base_is_kept_with_tls_and_tokens() {
    let world = World::new("docker-base-tls");
    let (host, authority) = tls_registry();
    let options = Options {
        authorities: Authorities::from_file(authority).unwrap().0,
        credentials: ours(),
        ..Options::default()
    };
    let base_image = base(host, &options).await;
    world.kubectl(&format!(
        "create secret docker-registry tls --docker-server={host} --docker-username=dev --docker-password=s3cret"
    ));
    let image = world.b2i_ok(&format!(
        "build ./httpbin --base {base_image} --image {host}/{} --push-secret tls --registry-ca {}",
        world.namespace,
        authority.display()
    ));
    // skopeo takes every *.crt of a folder as an authority, and wants a key beside every *.cert.
    let folder = world.folder.path().join("skopeo");
    std::fs::create_dir(&folder).unwrap();
    let copy = world.folder.path().join("ca.crt");
    std::fs::copy(authority, &copy).unwrap();
    std::fs::copy(authority, folder.join("ca.crt")).unwrap();
    keeps_what_docker_wrote(&config_as_others_see_it(&image, host, Some(&copy)));
}
