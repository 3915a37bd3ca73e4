//! The builder Job's process, as the kubelet runs it: files in, exit code, message and log out.
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use kubectl_b2i::{
    model::{BuildOutcome, BuildRequest},
    oci::Digest,
};
use serde_json::json;

use crate::support::{
    fake_registry::{FakeRegistry, Knobs, Login, PASSWORD, USER},
    images::{OUR_LAYERS, base_layer, request, seed_base, seed_our_layers},
};

fn command(folder: &Path, request: &BuildRequest) -> Command {
    let digest = Digest::of(&serde_json::to_vec(request).unwrap());
    command_of_job(folder, request, Some(&digest.to_string()))
}

/// The same, where the Job names this digest.
fn command_of_job(folder: &Path, request: &BuildRequest, digest: Option<&str>) -> Command {
    std::fs::write(folder.join("request.json"), serde_json::to_vec(request).unwrap()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-b2i"));
    command
        .arg("in-cluster-builder")
        .args(digest)
        .env("B2I_REQUEST", folder.join("request.json"))
        .env("B2I_PUSH_SECRET", folder)
        // As in an image from scratch: no certificates.
        .env("SSL_CERT_FILE", "/nowhere")
        .env("SSL_CERT_DIR", "/nowhere")
        .env("B2I_TERMINATION", folder.join("termination"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn write_secret(folder: &Path, host: &str) {
    let secret = json!({"auths": {host: {"username": USER, "password": PASSWORD}}});
    std::fs::write(folder.join(".dockerconfigjson"), secret.to_string()).unwrap();
}

fn outcome(folder: &Path) -> BuildOutcome {
    serde_json::from_slice(&std::fs::read(folder.join("termination")).unwrap()).unwrap()
}

fn log(output: &Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let log = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(!log.contains(PASSWORD), "{log}");
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn it_makes_the_image_and_says_so() {
    let fake = FakeRegistry::start(Knobs {
        login: Login::Token,
        refuses_mounts: true,
        ..Knobs::default()
    })
    .await;
    let base = seed_base(&fake, "17-jre");
    seed_our_layers(&fake);
    let folder = tempfile::tempdir().unwrap();
    write_secret(folder.path(), &fake.host);
    let output = command(folder.path(), &request(&fake, &fake)).output().unwrap();

    let BuildOutcome::Done(result) = outcome(folder.path()) else {
        panic!("{}", log(&output))
    };
    let digest = fake.tags("team/shop")["1.4"];
    assert_eq!(result.image.digest, Some(digest));
    let [first, second] = OUR_LAYERS.map(|(_, bytes)| Digest::of(bytes).short());
    let theirs = base_layer("amd64");
    let (host, layer, short) = (&fake.host, Digest::of(&theirs).short(), digest.short());
    assert_eq!(
        log(&output),
        format!(
            "base docker.io/library/eclipse-temurin:17-jre → {} (mirror {host})\n\
             layer dependencies {first} is there\n\
             layer application {second} is there\n\
             copied base layer {layer} ({} bytes)\n\
             pushed manifest {short} as 1.4, b2i-{short}\n\
             done: {host}/team/shop@{digest}\n",
            base.short(),
            theirs.len()
        )
    );
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_the_layers_that_are_missing() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    seed_base(&fake, "17-jre");
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &request(&fake, &fake)).output().unwrap();
    let digests = OUR_LAYERS.map(|(_, bytes)| Digest::of(bytes)).into();
    assert_eq!(outcome(folder.path()), BuildOutcome::MissingBlobs(digests));
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_what_failed() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &request(&fake, &fake)).output().unwrap();
    let BuildOutcome::Failed(failure) = outcome(folder.path()) else {
        panic!("{}", log(&output))
    };
    assert_eq!(failure.anchor, "base-not-found");
    let log = log(&output);
    assert!(
        log.starts_with("error: could not use the base image `docker.io/"),
        "{log}"
    );
    assert_eq!(log.lines().count(), 1);
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_of_files_that_are_not_what_they_should_be() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    for (file, anchor) in [
        ("request.json", "builder-request-changed"),
        (".dockerconfigjson", "push-secret"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path(), &request(&fake, &fake));
        std::fs::write(folder.path().join(file), "{s3cret").unwrap();
        let output = command.output().unwrap();
        let BuildOutcome::Failed(failure) = outcome(folder.path()) else {
            panic!("{}", log(&output))
        };
        assert_eq!(failure.anchor, anchor);
        assert!(!format!("{failure:?}").contains("s3cret"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_makes_only_what_its_job_names() {
    let fake = FakeRegistry::start(Knobs::default()).await;
    seed_base(&fake, "17-jre");
    seed_our_layers(&fake);
    let asked_for = request(&fake, &fake);
    let mut other = asked_for.clone();
    other.tags = vec!["swapped".to_owned()];
    for (digest, anchor) in [
        (
            Some(Digest::of(&serde_json::to_vec(&asked_for).unwrap()).to_string()),
            "builder-request-changed",
        ),
        (None, "builder-request"),
        (Some("sha256:12".to_owned()), "builder-request"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = command_of_job(folder.path(), &other, digest.as_deref())
            .output()
            .unwrap();
        let BuildOutcome::Failed(failure) = outcome(folder.path()) else {
            panic!("{}", log(&output))
        };
        assert_eq!(failure.anchor, anchor);
        assert_eq!(output.status.code(), Some(1));
        assert!(log(&output).starts_with("error: could not "));
    }
    assert!(fake.seen().is_empty(), "the registry is not even asked");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_at_once_when_told_to() {
    let fake = FakeRegistry::start(Knobs {
        hangs_on: Some("/manifests/17-jre".into()),
        ..Knobs::default()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path(), &request(&fake, &fake)).spawn().unwrap();
    while fake.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// A registry with a certificate of a private authority, and a base of its own.
async fn behind_tls() -> (FakeRegistry, BuildRequest) {
    let fake = FakeRegistry::start_with_tls(
        Knobs {
            login: Login::Token,
            ..Knobs::default()
        },
        "server.crt",
    )
    .await;
    seed_base(&fake, "17-jre");
    seed_our_layers(&fake);
    let mut request = request(&fake, &fake);
    request.access.insecure.clear();
    (fake, request)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_trusts_the_authority_that_the_request_or_the_secret_names() {
    let ca = include_str!("../fixtures/tls/ca.crt");
    let (fake, request) = behind_tls().await;
    let folder = tempfile::tempdir().unwrap();
    write_secret(folder.path(), &fake.host);
    command(folder.path(), &request).output().unwrap();
    let BuildOutcome::Failed(failure) = outcome(folder.path()) else {
        panic!("nobody vouches for the certificate")
    };
    assert_eq!(failure.anchor, "registry-tls", "{failure}");

    let mut named = request.clone();
    named.access.authorities = Some(ca.to_owned());
    let output = command(folder.path(), &named).output().unwrap();
    assert!(
        matches!(outcome(folder.path()), BuildOutcome::Done(_)),
        "{}",
        log(&output)
    );

    std::fs::write(folder.path().join("ca.crt"), ca).unwrap();
    let output = command(folder.path(), &request).output().unwrap();
    assert!(
        matches!(outcome(folder.path()), BuildOutcome::Done(_)),
        "{}",
        log(&output)
    );
}
