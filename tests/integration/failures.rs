//! The words of the failures that a person meets first, whole: reviewed like code.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{elf::Elf, fake_apiserver::FakeApiServer, run::Run};

const DOCS: &str = "https://github.com/kubectl-b2i/kubectl-b2i/blob/main/docs/troubleshooting.md";
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
         kubectl create namespace shop\n      {DOCS}#namespace\n"
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
                next: name one with `-n`, for example `-n shop`; these are there:\n        kubectl get namespaces\n";
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
         why: you may read neither the Secrets of the namespace nor its ServiceAccount `default`\n\n\
         next: name the Secret that may push with `--push-secret`, or for good:\n        \
         export B2I_PUSH_SECRET=NAME\n      {DOCS}#push-secret\n"
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
         kubectl b2i registry login HOST -n shop\n      \
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
         kubectl b2i registry login HOST --secret nope -n shop\n      \
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
         kubectl b2i registry login ghcr.io --secret harbor -n shop\n      {DOCS}#push-secret\n"
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
         next: you need the Role in docs/reference/permissions.yaml in this namespace; this lists what you have:\n        \
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

#[test]
fn an_auth_plugin_that_is_missing() {
    let folder = folder("https://192.0.2.1:6443");
    let path = folder.path().join("kubeconfig");
    let text = fs::read_to_string(&path).unwrap();
    let mut kubeconfig: Value = serde_json::from_str(&text).unwrap();
    kubeconfig["users"][0]["user"] = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "kubelogin-b2i", "interactiveMode": "Never",
        "installHint": "Install kubelogin, see \u{1b}[2Jhttps://example.com",
    } });
    fs::write(&path, kubeconfig.to_string()).unwrap();
    Run::new("list")
        .in_folder(folder.path())
        .env("KUBECONFIG", path.to_str().unwrap())
        .fails(
            1,
            &format!(
                "error: could not connect to a cluster\n  \
                 why: the kubeconfig's auth plugin `kubelogin-b2i` is not on the PATH\n       \
                 the kubeconfig's install hint: Install kubelogin, see \\x1b[2Jhttps://example.com\n\n\
                 next: install it, or add its folder to the PATH; then check that kubectl gets through:\n        \
                 kubectl version\n      {DOCS}#auth-plugin\n"
            ),
        );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_speaks_plain_http() {
    let (server, cluster) = FakeApiServer::start().await;
    let https = cluster.server.replace("http://", "https://");
    let told = format!(
        "error: could not list the Deployments of kubectl-b2i\n  \
         why: `{https}` begins with `https://`, and that port speaks plain HTTP, without TLS\n\n\
         next: name the port that speaks HTTPS; only if there is none, use `http://`:\n        \
         kubectl config set-cluster \"$(kubectl config view --minify -o 'jsonpath={{.clusters[0].name}}')\" --server={}\n      \
         {DOCS}#cluster-scheme\n",
        cluster.server
    );
    fails(&server, &https, "list", 1, &told).await;
}

#[test]
fn an_artifact_of_another_scheme() {
    let piped = "next: download it by other means, check it, and give the file, or pipe it in:\n        \
                 curl -fsS URL | kubectl b2i deploy - --name shop";
    let given = "next: download it by other means, check it, and give the file";
    let told = |url: &str, scheme: &str, next: &str| {
        format!(
            "error: could not get the artifact `{url}`\n  \
             why: `{scheme}://` is not supported: only `https://` and `http://` are\n\n{next}\n      {DOCS}#artifact-url\n"
        )
    };
    for (scheme, next) in [("ftp", piped), ("s3", given)] {
        let url = format!("{scheme}://ann:s3cret@repo.example.com/shop.jar");
        let shown = format!("{scheme}://repo.example.com/shop.jar");
        Run::new(&format!("inspect {url}")).fails(1, &told(&shown, scheme, next));
    }
    let url = "file:///srv/shop.jar";
    let next = "next: give the path alone, without `file://`";
    Run::new(&format!("inspect {url}")).fails(1, &told(url, "file", next));
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server");
    fs::write(&server, Elf::default().bytes()).unwrap();
    let next = format!(
        "next: make room there, or name another folder for temporary files by TMPDIR:\n        \
         export TMPDIR=/var/tmp\n      {DOCS}#layer-write\n"
    );
    let run = |line: &str| {
        Run::new(line)
            .in_folder(folder.path())
            .env("TMPDIR", "/nonexistent")
    };
    let made = run("inspect server").ended();
    let told =
        format!("error: could not make the layers\n  why: no temporary folder could be made: {{}}\n\n{next}");
    assert_eq!((made.code, without_path(&made.stderr)), (Some(1), told));
    let piped = run("inspect -").piped(&server).ended();
    let told = format!(
        "error: could not get the artifact `-`\n  why: it could not be written to a temporary file: {{}}\n\n{next}"
    );
    assert_eq!((piped.code, without_path(&piped.stderr)), (Some(1), told));
}

/// The name of a temporary folder is another each time.
fn without_path(stderr: &str) -> String {
    let (before, rest) = stderr.split_once("No such file").unwrap();
    let (path, after) = rest.split_once('\n').unwrap();
    assert!(path.contains("/nonexistent/kubectl-b2i-"), "{path}");
    format!("{before}{{}}\n{after}")
}
