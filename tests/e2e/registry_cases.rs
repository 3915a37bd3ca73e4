//! The registry client and the image that comes of it, judged by parts that are not ours: CNCF
//! distribution, skopeo and crane.
use std::{
    path::Path,
    process::{Command, Output},
};

use futures_util::stream;
use kubectl_b2i::{
    model::{Base, BuildRequest, ConfigChanges, Events, Layer, LayerDescriptor, RegistryAccess},
    oci::{Descriptor, Digest, Platform, media_type},
    registry::{Authorities, Client, Credentials, Options},
    steps::{assemble, push},
};

use crate::{own_registry::tls_registry, support::registry_cases};

fn host() -> String {
    std::env::var("B2I_REGISTRY").unwrap_or_else(|_| "10.250.0.1:5000".into())
}

fn login() -> Credentials {
    Credentials::Basic {
        username: "dev".into(),
        password: "s3cret".into(),
    }
}

#[tokio::test]
#[ignore = "needs a cluster: its registry"]
async fn distribution_does_what_the_fake_registry_does() {
    registry_cases::all(&host(), Some(login())).await;
}

#[tokio::test]
#[ignore = "needs a cluster: its registry with TLS"]
async fn distribution_with_tls_and_tokens_does_so_too() {
    let (host, authority) = tls_registry();
    let options = Options {
        authorities: Authorities::from_file(authority).unwrap().0,
        credentials: Some(login()),
        ..Options::default()
    };
    registry_cases::all_with(host, &options).await;
}

/// A real layer: one file in a gzipped tar.
fn layer(folder: &Path) -> Layer {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    tar.append_data(&mut header, "app/hello", &b"hello"[..]).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::read::GzEncoder::new(tar.as_slice(), flate2::Compression::default());
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut gzip, &mut bytes).unwrap();
    let local_path = folder.join("layer");
    std::fs::write(&local_path, &bytes).unwrap();
    let described = LayerDescriptor {
        name: "application".into(),
        descriptor: Descriptor::of(media_type::LAYER, &bytes),
        diff_id: Digest::of(&tar),
    };
    Layer {
        described,
        local_path,
    }
}

fn request(layer: &Layer, base: Base) -> BuildRequest {
    let mirrors = [("docker.io".to_owned(), host())].into();
    BuildRequest {
        destination: format!("{}/{}", host(), registry_cases::fresh_repository())
            .parse()
            .unwrap(),
        tags: vec!["latest".into()],
        base,
        s2i: None,
        platforms: vec![Platform::linux("amd64")],
        config: ConfigChanges {
            entrypoint: Some(vec!["/app/hello".into()]),
            ..ConfigChanges::default()
        },
        layers: vec![layer.described.clone()],
        access: RegistryAccess {
            mirrors,
            insecure: vec![host()],
            ..RegistryAccess::default()
        },
    }
}

/// Runs a program that must succeed; its logins stay in this folder.
fn run(folder: &Path, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).env("DOCKER_CONFIG", folder);
    let output: Output = command.output().expect(program);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs a cluster: its registry with the base images, skopeo and crane"]
async fn others_read_what_we_push_and_write() {
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path());
    let options = Options {
        insecure: true,
        credentials: Some(login()),
        ..Options::default()
    };
    let client = Client::new(&host(), &options).unwrap();
    run(
        folder.path(),
        "crane",
        &["auth", "login", &host(), "-u", "dev", "-p", "s3cret"],
    );
    let alpine = Base::Image("alpine:latest".parse().unwrap());
    for base in [Base::Scratch, alpine] {
        let request = request(&layer, base);
        let descriptor = &layer.described.descriptor;
        let bytes = bytes::Bytes::from(std::fs::read(&layer.local_path).unwrap());
        let body = || stream::iter([Ok(bytes.clone())]);
        let repository = &request.destination.repository;
        client
            .push_blob(repository, descriptor.digest, descriptor.size_bytes, body)
            .await
            .unwrap();
        let image = assemble::run(&request, Some(&client)).await.unwrap();
        let events = Events::nowhere();
        let result = push::run(
            &image,
            &request,
            &client,
            Some(&client),
            std::time::Duration::ZERO,
            &events,
        )
        .await
        .unwrap();
        assert_eq!(result.copied_layers, 0, "one registry mounts");

        let name = result.image.to_string();
        run(
            folder.path(),
            "crane",
            &["validate", "--insecure", "--remote", &name],
        );
        assert_eq!(
            run(
                folder.path(),
                "crane",
                &[
                    "digest",
                    "--insecure",
                    &request.destination.with_tag("latest").to_string()
                ]
            )
            .trim(),
            image.digest().to_string()
        );

        let archive = folder.path().join("image.tar");
        let layers = [layer.clone()];
        push::archive(&image, &request, &layers, Some(&client), &archive, &events)
            .await
            .unwrap();
        let source = format!("oci-archive:{}:latest", archive.display());
        let format = ["inspect", "--format", "{{.Digest}}", &source];
        assert_eq!(
            run(folder.path(), "skopeo", &format).trim(),
            image.digest().to_string()
        );
        let layout = folder.path().join("layout");
        std::fs::create_dir_all(&layout).unwrap();
        tar::Archive::new(std::fs::File::open(&archive).unwrap())
            .unpack(&layout)
            .unwrap();
        let again = request.destination.with_tag("again").to_string();
        run(
            folder.path(),
            "crane",
            &["push", "--insecure", layout.to_str().unwrap(), &again],
        );
        std::fs::remove_dir_all(&layout).unwrap();
    }
}
