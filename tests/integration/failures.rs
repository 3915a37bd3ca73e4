//! The words of the failures that a person meets first, whole: reviewed like code.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{elf::Elf, fake_apiserver::FakeApiServer, run::Run};

const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";
const ADMINISTRATOR: &str = "where you may not do that, ask an administrator of the namespace";
const SECRETS: &str = "/api/v1/namespaces/shop/secrets";

/// A folder with an executable, and a kubeconfig for a server.
fn folder(server_url: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        "clusters": [{ "name": "fake", "cluster": { "server": server_url } }],
        "users": [{ "name": "ann", "user": { "token": "t0p-s3cret" } }],
        "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
    });
    fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
    folder
}

/// Runs `kubectl b2i …` against the server; what it says must be just this, and no object made.
async fn fails(server: &FakeApiServer, url: &str, line: &str, code: i32, stderr: &str) {
    let folder = folder(url);
    let kubeconfig = folder.path().join("kubeconfig");
    let run = Run::new(line)
        .in_folder(folder.path())
        .env("KUBECONFIG", kubeconfig.to_str().unwrap())
        .env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder");
    // The server answers on this runtime while the plugin runs.
    let ended = tokio::task::spawn_blocking(move || run.ended()).await.unwrap();
    let told = ended
        .stderr
        .split_once("error: ")
        .map_or(String::new(), |(_, rest)| format!("error: {rest}"));
    assert_eq!(told, stderr, "{}", ended.stderr);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""));
    let made: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| !request.starts_with("GET "))
        .collect();
    assert!(made.is_empty(), "{made:?}");
}

fn put_secret(server: &FakeApiServer, name: &str, host: &str, user: &str) {
    use base64::Engine;
    let config = json!({ "auths": { host: { "username": user, "password": "s3cret" } } }).to_string();
    let data = base64::engine::general_purpose::STANDARD.encode(config);
    let secret: Value = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "type": "kubernetes.io/dockerconfigjson", "data": { ".dockerconfigjson": data },
    });
    server.put(SECRETS, secret);
}

/// The namespace itself, which is asked for only where something was not found in it.
fn put_namespace(server: &FakeApiServer) {
    server.put("/api/v1/namespaces", json!({ "metadata": { "name": "shop" } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_not_there() {
    let (server, cluster) = FakeApiServer::start().await;
    let words = "namespaces \"shop\" not found";
    server.refuse_exactly("GET", "/api/v1/namespaces/shop", 404, words);
    let rest = format!(
        "  why: there is no namespace `shop`\n\nnext: make it, or name another one with `-n`:\n        \
         kubectl create namespace shop\n      {ADMINISTRATOR}\n      {DOCS}#namespace\n"
    );
    let told = format!("error: could not choose the push Secret in namespace `shop`\n{rest}");
    fails(&server, &cluster.server, "deploy server --port 8080", 1, &told).await;
    let told = format!("error: could not use the push Secret `nope`\n{rest}");
    fails(
        &server,
        &cluster.server,
        "build server --push-secret nope",
        1,
        &told,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_can_be_none() {
    let (server, cluster) = FakeApiServer::start().await;
    let told = "error: could not use the namespace `Bad_NS`\n  \
                why: a namespace's name has 1 to 63 of a-z, 0-9 and `-`, and neither begins nor ends with `-`\n\n\
                next: name one with `-n`, for example `-n shop`; these are there:\n        kubectl get namespaces\n      \
                where you may not do that, ask an administrator of the namespace\n";
    fails(&server, &cluster.server, "list -n Bad_NS", 2, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_secret_that_may_not_be_looked_for() {
    let (server, cluster) = FakeApiServer::start().await;
    server.refuse_exactly(
        "GET",
        SECRETS,
        403,
        "secrets is forbidden: User \"ann\" cannot list",
    );
    let account = "/api/v1/namespaces/shop/serviceaccounts/default";
    server.refuse_exactly(
        "GET",
        account,
        403,
        "serviceaccounts is forbidden: User \"ann\" cannot get",
    );
    let told = format!(
        "error: could not choose the push Secret in namespace `shop`\n  \
         why: you may not list Secrets, the ServiceAccount `default` pulls with none that you may see, and there is no Secret \
         `registry-push` that you may read\n\n\
         next: name the Secret that may push with `--push-secret`, or have one made that is found by its name:\n        \
         kubectl b2i registry login HOST -n shop\n      {ADMINISTRATOR}\n      {DOCS}#push-secret\n"
    );
    fails(&server, &cluster.server, "deploy server --port 8080", 1, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_push_secret() {
    let (server, cluster) = FakeApiServer::start().await;
    put_namespace(&server);
    let told = format!(
        "error: could not choose the push Secret in namespace `shop`\n  why: the namespace has no docker-registry Secret\n\n\
         next: name one with `--push-secret`, or log in to your registry, which makes one:\n        \
         kubectl b2i registry login HOST -n shop\n      {ADMINISTRATOR}\n      \
         {DOCS}#push-secret\n"
    );
    fails(&server, &cluster.server, "deploy server --port 8080", 1, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_push_secrets() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "harbor", "harbor.example.com", "ann");
    put_secret(&server, "hub", "docker.io", "ann");
    let told = format!(
        "error: could not choose the push Secret in namespace `shop`\n  \
         why: the namespace has 2 docker-registry Secrets: `harbor`, `hub`\n\n\
         next: name one with `--push-secret`, or for good:\n        export B2I_PUSH_SECRET=harbor\n      {DOCS}#push-secret\n"
    );
    fails(&server, &cluster.server, "deploy server --port 8080", 1, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_secret_that_is_not_there() {
    let (server, cluster) = FakeApiServer::start().await;
    put_namespace(&server);
    let told = format!(
        "error: could not use the push Secret `nope`\n  why: there is no Secret `nope` in namespace `shop`\n\n\
         next: see which there are, or make one that may push:\n        \
         kubectl get secrets -n shop --field-selector type=kubernetes.io/dockerconfigjson\n        \
         kubectl b2i registry login HOST --secret nope -n shop\n      {ADMINISTRATOR}\n      \
         {DOCS}#push-secret\n"
    );
    fails(
        &server,
        &cluster.server,
        "build server --push-secret nope",
        1,
        &told,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_for_another_registry_than_the_secrets() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "harbor", "harbor.example.com", "ann");
    let told = format!(
        "error: could not push to `ghcr.io/ann/shop`\n  \
         why: the push Secret `harbor` has no entry for `ghcr.io`, only for `harbor.example.com`\n\n\
         next: name a Secret for that registry with `--push-secret`, or put a login for it into this one:\n        \
         kubectl b2i registry login ghcr.io --secret harbor -n shop\n      {ADMINISTRATOR}\n      {DOCS}#push-secret\n"
    );
    fails(
        &server,
        &cluster.server,
        "build server --image ghcr.io/ann/shop",
        1,
        &told,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_no_path() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "quay", "quay.io", "org+robot");
    let told = format!(
        "error: could not choose where the image goes\n  \
         why: the account at `quay.io` in the push Secret `quay` is no path\n\n\
         next: say where: `--image quay.io/team/server`\n      {DOCS}#default-image\n"
    );
    fails(&server, &cluster.server, "build server", 2, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "harbor", "harbor.example.com", "ann");
    let denied = "configmaps \"b2i-server\" is forbidden: User \"ann\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"shop\"";
    server.refuse("GET", "/configmaps/", 403, denied);
    let told = format!(
        "error: could not read the build record of `server`\n  why: {denied}\n\n\
         next: ask an administrator of the namespace for the Role in docs/reference/permissions.yaml; this lists what you may do:\n        \
         kubectl auth can-i --list\n      {DOCS}#permissions\n"
    );
    fails(&server, &cluster.server, "build server", 1, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_ours() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "harbor", "harbor.example.com", "ann");
    server.put(
        "/apis/apps/v1/namespaces/shop/deployments",
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "server" }, "spec": {} }),
    );
    let told = format!(
        "error: could not deploy `server`\n  why: there is a Deployment of this name that kubectl-b2i did not make\n\n\
         next: choose another name with `--name`, or give it this image with `--adopt`; this shows whose it is:\n        kubectl get deployment server --show-labels -n shop\n      {DOCS}#not-ours\n"
    );
    fails(&server, &cluster.server, "deploy server --port 8080", 1, &told).await;
}
