//! A registry that does not accept the login, where the base comes from the same registry: the login is reported, and
//! the base is not blamed.
use std::fs;

use base64::Engine;
use kubectl_b2i::{model::BuildOutcome, oci::Digest};
use serde_json::{Value, json};

use crate::support::{
    elf::Elf,
    fake_registry::{Canned, FakeRegistry, Knobs, Login, USER},
    images::{request, seed_base, seed_our_layers},
    run::{Ended, Run},
};

const WRONG: &str = "wr0ng";

fn auth(password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{password}"))
}

async fn registry(login: Login) -> FakeRegistry {
    let fake = FakeRegistry::start(Knobs {
        login,
        ..Knobs::default()
    })
    .await;
    seed_base(&fake, "17-jre");
    seed_our_layers(&fake);
    fake
}

/// Runs the builder as the kubelet does, with this login.
async fn builder(fake: &FakeRegistry, login: Value) -> (BuildOutcome, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let request = serde_json::to_vec(&request(fake, fake)).unwrap();
    fs::write(path("request.json"), &request).unwrap();
    let logins = json!({ "auths": { &fake.host: login } });
    fs::write(path(".dockerconfigjson"), logins.to_string()).unwrap();
    let run = Run::new(&format!("in-cluster-builder {}", Digest::of(&request)))
        .env("B2I_REQUEST", &path("request.json"))
        .env("B2I_PUSH_SECRET", &path(""))
        .env("B2I_TERMINATION", &path("termination"));
    let ended = tokio::task::spawn_blocking(move || run.ended()).await.unwrap();
    let outcome = serde_json::from_slice(&fs::read(path("termination")).unwrap()).unwrap();
    (outcome, ended.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_reports_the_login_and_not_the_base() {
    for (login, credentials) in [
        (Login::Basic, json!({ "auth": auth(WRONG) })),
        (Login::Token, json!({ "auth": auth(WRONG) })),
        // Expired, or of another registry.
        (Login::Token, json!({ "identitytoken": WRONG })),
        (Login::Token, json!({ "registrytoken": WRONG })),
    ] {
        let fake = registry(login).await;
        let (outcome, log) = builder(&fake, credentials.clone()).await;
        let BuildOutcome::Failed(failure) = outcome else {
            panic!("{credentials}: {log}")
        };
        assert_eq!(
            (failure.what, failure.anchor.as_str()),
            (
                format!("could not log in to `{}`", fake.host),
                "push-unauthorized"
            ),
            "{credentials}: {}",
            failure.why
        );
        assert!(failure.why.contains("401"), "{}", failure.why);
        assert!(!log.contains("base image"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_this_login_may_not_pull_is_reported_as_that() {
    let fake = registry(Login::Basic).await;
    let denied = Canned::code("GET /manifests/17-jre", 401, "UNAUTHORIZED", "not yours");
    fake.set(|knobs| knobs.answers = vec![denied]);
    let password = crate::support::fake_registry::PASSWORD;
    let (outcome, log) = builder(&fake, json!({ "auth": auth(password) })).await;
    let BuildOutcome::Failed(failure) = outcome else {
        panic!("{log}")
    };
    assert_eq!(failure.anchor, "base-unauthorized", "{failure}");
}

/// `build --local` of an executable on a base in the registry that it goes to.
async fn local(fake: &FakeRegistry) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    let logins = json!({ "auths": { &fake.host: { "auth": auth(WRONG) } } });
    fs::write(folder.path().join("config.json"), logins.to_string()).unwrap();
    let host = &fake.host;
    let base = format!("{host}/library/eclipse-temurin:17-jre");
    let line =
        format!("build server --local --base {base} --image {host}/team/server:1 --insecure-registry {host}");
    let run = Run::new(&line)
        .in_folder(folder.path())
        .env("DOCKER_CONFIG", folder.path().to_str().unwrap());
    tokio::task::spawn_blocking(move || run.ended()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_build_reports_the_login_and_not_the_base() {
    for login in [Login::Basic, Login::Token] {
        let fake = registry(login).await;
        let ended = local(&fake).await;
        let host = &fake.host;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(
            ended
                .stderr
                .contains(&format!("error: could not log in to `{host}`\n"))
                && ended.stderr.contains(&format!("docker login {host}"))
                && !ended.stderr.contains("base image")
                && ended.stderr.matches("401").count() == 1,
            "{}",
            ended.stderr
        );
    }
}
