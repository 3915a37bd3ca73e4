//! Commands for apps that are there, as whole runs against a fake API server.

use std::fs;

use kubectl_b2i::{
    cluster::{Cluster, record},
    model::{BuildOrigin, BuildOutcome, BuildRecord, RegistryAccess, Seals, SecretName, StagingRequest},
    oci::Digest,
};
use serde_json::{Value, json};

use crate::{
    deploy::{plays, ready},
    support::{
        elf::Elf,
        fake_apiserver::{FakeApiServer, state_folder},
        run::{Ended, Run},
        schema,
    },
};

const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const EVENTS: &str = "/api/v1/namespaces/shop/events";
const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const SECRETS: &str = "/api/v1/namespaces/shop/secrets";
const SERVICES: &str = "/api/v1/namespaces/shop/services";

/// Runs `kubectl b2i …` against the server.
pub(crate) async fn run(cluster: &Cluster, line: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        "clusters": [{ "name": "fake", "cluster": { "server": cluster.server } }],
        "users": [{ "name": "ann", "user": { "token": "t0p-s3cret" } }],
        "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
    });
    fs::write(folder.path().join("server"), Elf::default().bytes()).unwrap();
    let path = folder.path().join("kubeconfig");
    fs::write(&path, kubeconfig.to_string()).unwrap();
    let run = Run::new(line);
    // The word that is not begun yet, where words are completed.
    let run = if line.ends_with(' ') { run.word("") } else { run };
    let run = run
        .in_folder(folder.path())
        .env("KUBECONFIG", path.to_str().unwrap())
        .env("XDG_STATE_HOME", state_folder(&cluster.server).to_str().unwrap())
        .env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder");
    // The server answers on this runtime while the plugin runs.
    tokio::task::spawn_blocking(move || run.ended()).await.unwrap()
}

pub(crate) async fn ok(cluster: &Cluster, line: &str) -> String {
    let ended = run(cluster, line).await;
    assert_eq!(ended.code, Some(0), "{line}\n{}", ended.stderr);
    ended.stdout
}

pub(crate) fn labels(app: &str, role: &str) -> Value {
    json!({
        "app.kubernetes.io/managed-by": "kubectl-b2i", "kubectl-b2i/app": app, "kubectl-b2i/role": role,
    })
}

pub(crate) fn image(number: u64) -> String {
    format!("registry.example.com/team/shop@{}", digest(number))
}

pub(crate) fn digest(number: u64) -> Digest {
    Digest::of(number.to_string().as_bytes())
}

pub(crate) fn build(number: u64, outcome: Value) -> Value {
    json!({
        "number": number, "started": "2024-05-01T12:00:00Z", "ended": "2024-05-01T12:00:07.4Z",
        "artifact": "shop.jar", "artifactBytes": 87_100_000, "artifactDigest": digest(0),
        "summary": "Spring Boot 3.4.1 · Java 17", "inputs": digest(100 + number),
        "request": {
            "destination": "registry.example.com/team/shop", "tags": ["latest"],
            "base": { "image": "docker.io/library/eclipse-temurin:17-jre" },
            "platforms": [{ "os": "linux", "architecture": "amd64" }],
            "config": { "defaultEnv": { "JAVA_TOOL_OPTIONS": "-Xss1m" } },
            "layers": [{ "name": "application", "diffId": digest(1), "descriptor": {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(2), "size": 1_500_000,
            } }],
            "access": {},
        },
        "uploadedBytes": 1_800_000, "outcome": outcome, "logTail": ["base mounted", "manifest pushed\u{1b}[2J"],
    })
}

pub(crate) fn done(number: u64) -> Value {
    json!({ "done": {
        "image": image(number), "tags": ["latest"], "sizeBytes": 101_000_000,
        "base": format!("docker.io/library/eclipse-temurin:17-jre@{}", digest(3)),
        "copiedLayers": 0, "mountedLayers": 5,
    } })
}

pub(crate) fn failed() -> Value {
    json!({ "failed": { "what": "could not push `registry.example.com/team/shop`", "why": "denied" } })
}

fn seals(builds: &[Value]) -> Seals {
    builds.iter().fold(Seals::default(), |seals, build| {
        let build: BuildRecord = serde_json::from_value(build.clone()).unwrap();
        seals.with(build.seal())
    })
}

/// Has this machine vouch for these builds, as if it had made them.
pub(crate) fn vouch(server: &str, app: &str, builds: &[Value]) {
    let seals = seals(builds);
    let name = Digest::of(json!([server, "shop", app]).to_string().as_bytes()).hex();
    let folder = state_folder(server).join("kubectl-b2i/builds");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.json")), json!(seals).to_string()).unwrap();
}

/// The record, of builds that this machine has made, and has deployed where the app is.
pub(crate) fn put_record(server: &FakeApiServer, app: &str, builds: &[Value]) {
    vouch(server.url(), app, builds);
    if let Some(mut workload) = server.get(DEPLOYMENTS, app) {
        let made: Vec<Value> = builds
            .iter()
            .filter(|build| build["outcome"]["done"].is_object())
            .cloned()
            .collect();
        workload["metadata"]["annotations"]["kubectl-b2i/builds"] = json!(json!(seals(&made)).to_string());
        server.put(DEPLOYMENTS, workload);
    }
    put_unknown_record(server, app, builds);
}

/// The record, whoever has written it.
pub(crate) fn put_unknown_record(server: &FakeApiServer, app: &str, builds: &[Value]) {
    let mut data = serde_json::Map::new();
    for build in builds {
        let number = &build["number"];
        data.insert(format!("build-{number}"), json!(build.to_string()));
        data.insert(format!("request-{number}"), json!(build["request"].to_string()));
    }
    let labels = labels(app, "record");
    server.put(
        CONFIG_MAPS,
        json!({ "metadata": { "name": format!("b2i-{app}"), "labels": labels }, "data": data }),
    );
}

/// The app `shop`, with two ready Pods behind a node port, of the image of build `number`.
pub(crate) fn put_app(server: &FakeApiServer, number: u64) {
    let options = json!({
        "ports": [{ "container": 8080, "service": 8080 }], "service": "clusterIp", "contextPath": "/shop/",
        "env": { "A": "1" },
    });
    server.put(
        DEPLOYMENTS,
        json!({
            "metadata": {
                "name": "shop", "labels": labels("shop", "app"), "generation": 1,
                "annotations": { "kubectl-b2i/options": options.to_string() },
            },
            "spec": { "replicas": 2, "selector": {}, "template": { "spec": { "containers": [{
                "name": "shop", "image": image(number),
                "env": [
                    { "name": "A", "value": "1" },
                    { "name": "DB", "valueFrom": { "secretKeyRef": { "name": "db", "key": "password" } } },
                ],
            }] } } },
            "status": { "readyReplicas": 2 },
        }),
    );
    server.put(
        SERVICES,
        json!({
            "metadata": { "name": "shop", "labels": labels("shop", "app") },
            "spec": { "type": "NodePort", "ports": [{ "port": 8080, "targetPort": "port-1", "nodePort": 31234 }] },
        }),
    );
    for name in ["shop-a", "shop-b"] {
        server.put(
            PODS,
            json!({
                "metadata": { "name": name, "labels": labels("shop", "app"), "creationTimestamp": "2024-05-01T12:00:00Z" },
                "spec": { "containers": [], "nodeName": "node-1" },
                "status": {
                    "phase": "Running", "hostIP": "10.0.0.11", "conditions": [{ "type": "Ready", "status": "True" }],
                    "containerStatuses": [{
                        "name": "shop", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                        "state": { "running": {} },
                    }],
                },
            }),
        );
    }
}

/// A Pod that takes layers.
pub(crate) fn put_staging(server: &FakeApiServer, name: &str, phase: &str) {
    let request = StagingRequest {
        registry: "registry.example.com".to_owned(),
        repository: "team/shop".to_owned(),
        access: RegistryAccess::default(),
        base: None,
        push_secret: SecretName {
            name: "registry-push".to_owned(),
            namespace: "shop".to_owned(),
        },
        token_sha256: digest(1),
        idle_seconds: 300,
        spool_limit_bytes: 1,
        port: 7318,
    };
    server.put(
        PODS,
        json!({
            "metadata": { "name": name, "labels": labels("shop", "staging"), "creationTimestamp": "2024-05-01T12:00:00Z" },
            "spec": { "containers": [{ "name": "staging", "env": [
                { "name": "B2I_STAGING", "value": json!(request).to_string() },
            ] }] },
            "status": { "phase": phase },
        }),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn list_has_a_row_for_each_app_of_ours() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    put_record(&server, "shop", &[build(1, done(1)), build(2, failed())]);
    put_record(&server, "built", &[build(1, done(9))]);
    server.put(
        CONFIG_MAPS,
        json!({ "metadata": { "name": "b2i-other" }, "data": {} }),
    );
    server.put(DEPLOYMENTS, json!({ "metadata": { "name": "other" } }));

    let table = ok(&cluster, "list").await;
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert_eq!(lines[0][..4], ["NAME", "READY", "IMAGE", "ARTIFACT"]);
    let short = &digest(9).hex()[..12];
    assert_eq!(lines[1][..5], ["built", "-", short, "shop.jar", "#1"]);
    assert_eq!(lines[2][..2], ["shop", "2/2"]);
    assert_eq!(
        lines[2][4..],
        ["#2", lines[2][5], "failed", "http://10.0.0.11:31234/shop/"]
    );
    let widest = table.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(96), "{table}");

    assert_eq!(ok(&cluster, "list -o name").await, "built\nshop\n");
    assert!(ok(&cluster, "list -o wide").await.contains(&image(1)));
    let one: Value =
        serde_json::from_str(&ok(&cluster, "list -l kubectl-b2i/app=shop -o json").await).unwrap();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(one["items"][0]["builds"][0]["logTail"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_says_so_and_prints_nothing() {
    let (_server, cluster) = FakeApiServer::start().await;
    let ended = run(&cluster, "list").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(
        ended.stderr.contains("no app in namespace `shop`"),
        "{}",
        ended.stderr
    );
    assert_eq!(ok(&cluster, "list -o json").await, "{\n  \"items\": []\n}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_all_on_a_page() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    let mut first = build(1, done(1));
    first["skipped"] = json!({ "times": 3, "last": "2024-05-01T12:00:00Z" });
    let mut local = build(3, done(3));
    local["origin"] = json!("local");
    local["skipped"] = json!({ "times": 1, "last": "2024-05-01T12:00:00Z" });
    local["logTail"] = json!([]);
    put_record(&server, "shop", &[first, build(2, failed()), local]);
    server.put(
        EVENTS,
        json!({
            "metadata": { "name": "e1" }, "type": "Normal", "reason": "ScalingReplicaSet",
            "message": "Scaled up replica set shop-1 to 2", "lastTimestamp": "2024-05-01T12:00:00Z",
            "involvedObject": { "kind": "Deployment", "name": "shop" },
        }),
    );
    put_staging(&server, "b2i-staging-1", "Running");
    put_staging(&server, "b2i-staging-0", "Succeeded");
    let page = ok(&cluster, "status shop").await;
    assert!(!page.contains("b2i-staging-0"), "{page}");
    let image = image(1);
    for part in [
        "NAME      shop              READY  2/2    URL  http://10.0.0.11:31234/shop/",
        &format!("IMAGE     {image}"),
        "101.0 MB · base eclipse-temurin:17-jre@sha256:",
        "layer application  1.5 MB",
        &format!("PULL      docker pull {image}"),
        "ARTIFACT  shop.jar · 87.1 MB · Spring Boot 3.4.1 · Java 17",
        "ENV       A=1\n          DB=(secret db/password)",
        "PODS      shop-a  Running  ready  0 restarts",
        "STAGING   b2i-staging-1  Running  ",
        "  ends when idle for 5m\n",
        "BUILDS    #3  ",
        "1.8 MB sent by --local",
        "\n            asked for once more, ",
        "\n          #2  ",
        "failed  no image ",
        "could not push `registry.example.com/team/shop`: denied\n",
        "1.8 MB sent",
        "7.4s  <- running\n            asked for 3 times more, ",
        "d ago: nothing had changed\n",
        "Normal  ScalingReplicaSet  Scaled up replica set shop-1 to 2",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    assert!(!page.contains("tags latest"), "build 3 took it\n{page}");
    put_record(&server, "shop", &[build(1, done(1)), build(2, failed())]);
    let page = ok(&cluster, "status shop").await;
    assert!(page.contains(" · tags latest\n"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_as_json_is_what_the_schema_says() {
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/reference/status.schema.json")).unwrap();
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    let mut back = build(3, done(1));
    back["origin"] = json!({ "rollback": 1 });
    back["skipped"] = json!({ "times": 3, "last": "2024-05-01T12:00:00Z" });
    let mut local = build(4, done(4));
    local["origin"] = json!("local");
    put_record(
        &server,
        "shop",
        &[build(1, done(1)), build(2, failed()), back, local],
    );
    put_record(&server, "built", &[build(1, Value::Null)]);
    put_staging(&server, "b2i-staging-1", "Running");
    server.put(
        EVENTS,
        json!({ "metadata": { "name": "e1" }, "involvedObject": { "kind": "Pod", "name": "shop-a" } }),
    );
    for app in ["shop", "built"] {
        let json = ok(&cluster, &format!("status {app} -o json")).await;
        let mut status: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(schema::check(&schema, &status), Ok(()), "{json}");
        let yaml: Value =
            serde_yaml::from_str(&ok(&cluster, &format!("status {app} -o yaml")).await).unwrap();
        assert_eq!(yaml, status);
        status["pods"] = json!("none");
        assert!(
            schema::check(&schema, &status).is_err(),
            "the schema holds for anything"
        );
    }
    let shop: Value = serde_json::from_str(&ok(&cluster, "status shop -o json").await).unwrap();
    assert_eq!(
        shop["workload"]["build"], 3,
        "the newest of those with this image"
    );
    assert_eq!(shop["staging"][0]["idleSeconds"], 300);
    assert_eq!(shop["workload"]["env"][1]["from"], "secret db/password");
    let built: Value = serde_json::from_str(&ok(&cluster, "status built -o json").await).unwrap();
    assert_eq!(
        built["builds"][0]["phase"], "lost",
        "it began years ago and never ended"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_failed_shows_its_log_and_why() {
    let (server, cluster) = FakeApiServer::start().await;
    put_record(&server, "shop", &[build(1, done(1)), build(2, failed())]);
    let page = ok(&cluster, "status shop").await;
    for part in [
        "NAME      shop              READY  not deployed\n",
        "failed  no image ",
        "could not push `registry.example.com/team/shop`: denied\n",
        "LOG #2    base mounted\n          manifest pushed\\x1b[2J\n",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_builds_are_offered() {
    let (server, cluster) = FakeApiServer::start().await;
    put_record(
        &server,
        "shop",
        &[build(1, done(1)), build(2, failed()), build(3, done(3))],
    );
    let offered = async |line: &str| {
        let lines = ok(&cluster, &format!("__complete {line}")).await;
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        assert_eq!(lines.last().map(String::as_str), Some(":4"), "{line}: {lines:?}");
        lines[..lines.len() - 1].to_vec()
    };
    let number = |line: &String| line.split('\t').next().unwrap().to_owned();
    let to: Vec<String> = offered("rollback shop --to ").await;
    assert!(
        to[0].starts_with("3\tshop.jar of ") && to[0].ends_with("d ago"),
        "{to:?}"
    );
    assert_eq!(
        to.iter().map(number).collect::<Vec<_>>(),
        ["3", "1"],
        "2 made no image"
    );
    // cobra's scripts want the value alone, and put the flag before it themselves.
    let attached = offered("rollback shop --to=").await;
    assert_eq!(attached.iter().map(number).collect::<Vec<_>>(), ["3", "1"]);
    assert_eq!(offered("rollback shop --to=3").await.len(), 1);
    assert_eq!(offered("deploy --compression=").await, ["gzip", "zstd"]);
    for line in ["rerun shop --build ", "logs shop --build ", "logs shop --build="] {
        let all = offered(line).await;
        assert_eq!(
            all.iter().map(number).collect::<Vec<_>>(),
            ["3", "2", "1"],
            "{line}"
        );
    }
    assert_eq!(offered("rollback none --to ").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_there() {
    let (server, cluster) = FakeApiServer::start().await;
    server.put(DEPLOYMENTS, json!({ "metadata": { "name": "shop" } }));
    for line in ["status shop", "logs shop", "logs shop --build"] {
        let ended = run(&cluster, line).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{line}");
        assert!(
            ended.stderr.contains("error: could not find `shop`\n"),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains("#app-not-found"), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_knows_no_default_base() {
    let (_server, cluster) = FakeApiServer::start().await;
    let ended = run(&cluster, "rerun shop --base default").await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("deploy the artifact with `--base default`"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_name_the_pod_where_there_are_several() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    server.log("shop-a", "started\u{1b}]0;x\u{7}\nserving\n");
    server.log("shop-b", "started\n");
    assert_eq!(
        ok(&cluster, "logs shop").await,
        "[shop-a] started\\x1b]0;x\\x07\n[shop-a] serving\n[shop-b] started\n"
    );
    server.remove(PODS, "shop-b");
    assert_eq!(
        ok(&cluster, "logs shop --tail 5 --since 5m").await,
        "started\\x1b]0;x\\x07\nserving\n"
    );

    let ended = run(&cluster, "logs shop --previous").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert!(
        ended.stderr.contains("no earlier container of `shop` left a log"),
        "{}",
        ended.stderr
    );

    for line in ["logs shop --build", "rerun shop", "rollback shop --to 1"] {
        let ended = run(&cluster, line).await;
        assert!(
            ended.stderr.contains("has no build record"),
            "{line}: {}",
            ended.stderr
        );
        assert!(
            ended
                .stderr
                .contains("kubectl b2i deploy ARTIFACT --name shop -n shop\n"),
            "{line}"
        );
    }

    server.remove(PODS, "shop-a");
    let ended = run(&cluster, "logs shop").await;
    assert!(ended.stderr.contains("#no-pods"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_a_build_are_its_pods_or_the_records() {
    let (server, cluster) = FakeApiServer::start().await;
    put_record(&server, "shop", &[build(1, failed()), build(2, done(2))]);
    assert_eq!(
        ok(&cluster, "logs shop --build").await,
        "base mounted\nmanifest pushed\\x1b[2J\n"
    );
    assert_eq!(
        ok(&cluster, "logs shop --build 1 --tail 1").await,
        "manifest pushed\\x1b[2J\n"
    );

    let job = server.put(
        JOBS,
        json!({ "metadata": { "name": "b2i-builder", "labels": labels("shop", "builder") } }),
    );
    let mut of_builder = labels("shop", "builder");
    of_builder["job-name"] = json!("b2i-builder");
    let uid = &job["metadata"]["uid"];
    let mut strangers = labels("shop", "builder");
    strangers["controller-uid"] = uid.clone();
    // Later than the builder, and labelled like it.
    for (name, labels, owners, created) in [
        ("b2i-builder-x", of_builder, Value::Null, "2024-05-01T12:00:00Z"),
        ("b2i-builder-y", strangers, json!([]), "2024-05-01T12:00:01Z"),
    ] {
        server.put(
            PODS,
            json!({
                "metadata": {
                    "name": name, "labels": labels, "ownerReferences": owners, "creationTimestamp": created,
                },
                "spec": { "containers": [], "volumes": [{ "name": "request", "configMap": {
                    "name": "b2i-shop", "items": [{ "key": "request-2", "path": "request.json" }],
                } }] },
                "status": { "containerStatuses": [{
                    "name": "builder", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": { "running": {} },
                }] },
            }),
        );
    }
    server.log("b2i-builder-x", "resolving the base\n");
    server.log("b2i-builder-y", "a stranger's words\n");
    assert_eq!(ok(&cluster, "logs shop --build").await, "resolving the base\n");
    assert_eq!(
        ok(&cluster, "logs shop --build 1 --tail 1").await,
        "manifest pushed\\x1b[2J\n"
    );

    let ended = run(&cluster, "logs shop --build 7").await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("the record has #2, #1"), "{}", ended.stderr);
}

/// The record as it is now, the newest build first.
pub(crate) async fn history(cluster: &Cluster) -> Vec<BuildRecord> {
    record::list(cluster, &"shop".parse().unwrap()).await.unwrap()
}

pub(crate) fn running_image(server: &FakeApiServer) -> Value {
    server.get(DEPLOYMENTS, "shop").unwrap()["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_goes_back_build_by_build_and_is_noted() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    put_app(&server, 4);
    put_record(
        &server,
        "shop",
        &[
            build(1, done(1)),
            build(2, done(2)),
            build(3, failed()),
            build(4, done(4)),
        ],
    );
    assert_eq!(ok(&cluster, "rollback shop").await, format!("{}\n", image(2)));
    assert_eq!(running_image(&server), image(2));
    let options: Value = serde_json::from_str(
        server.get(DEPLOYMENTS, "shop").unwrap()["metadata"]["annotations"]["kubectl-b2i/options"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        options["env"],
        json!({ "A": "1" }),
        "the options of the last deploy hold"
    );
    let noted = history(&cluster).await;
    assert_eq!((noted[0].number, noted[0].origin), (5, BuildOrigin::Rollback(2)));
    assert_eq!(
        noted[0].inputs,
        digest(102),
        "the next deploy compares with what runs"
    );

    // Further back, not forth again.
    assert_eq!(ok(&cluster, "rollback shop").await, format!("{}\n", image(1)));
    let ended = run(&cluster, "rollback shop").await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("#no-earlier-build"), "{}", ended.stderr);
    assert_eq!(
        ok(&cluster, "rollback shop --to 4").await,
        format!("{}\n", image(4))
    );
    assert_eq!(history(&cluster).await.len(), 7);
    // What runs already is no news.
    ok(&cluster, "rollback shop --to 4").await;
    assert_eq!(history(&cluster).await.len(), 7);
    assert!(
        !server
            .requests()
            .iter()
            .any(|request| request.starts_with(&format!("POST {JOBS}")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_wants_a_build_that_made_an_image_and_a_deployed_app() {
    let (server, cluster) = FakeApiServer::start().await;
    put_record(&server, "shop", &[build(1, done(1)), build(2, failed())]);
    let ended = run(&cluster, "rollback shop").await;
    assert!(
        ended.stderr.contains("it was built and is not deployed"),
        "{}",
        ended.stderr
    );
    put_app(&server, 1);
    let ended = run(&cluster, "rollback shop --to 2").await;
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("that build made no image"),
        "{}",
        ended.stderr
    );
    assert_eq!(history(&cluster).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_fails_is_undone_and_not_noted() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 2);
    put_record(&server, "shop", &[build(1, done(1)), build(2, done(2))]);
    plays(&server, |of| {
        if of == image(1) {
            json!({ "phase": "Pending", "containerStatuses": [{
                "name": "shop", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": { "waiting": { "reason": "ErrImagePull", "message": "not found" } },
            }] })
        } else {
            ready()
        }
    });
    let ended = run(&cluster, "rollback shop").await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("(undone)"), "{}", ended.stderr);
    assert_eq!(running_image(&server), image(2));
    assert_eq!(history(&cluster).await.len(), 2);
}

/// Plays the builder: each Job gets a Pod that has ended with this outcome.
pub(crate) fn builds(server: &FakeApiServer, outcome: Value) {
    server.controller(move |server, collection, job| {
        if collection != JOBS {
            return;
        }
        let name = job["metadata"]["name"].as_str().unwrap();
        let mut labels = job["spec"]["template"]["metadata"]["labels"].clone();
        labels["job-name"] = json!(name);
        server.put(
            PODS,
            json!({
                "metadata": { "name": format!("{name}-x"), "labels": labels },
                "spec": { "containers": [], "volumes": job["spec"]["template"]["spec"]["volumes"] },
                "status": { "phase": "Succeeded", "containerStatuses": [{
                    "name": "builder", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": { "terminated": { "exitCode": 0, "message": outcome.to_string() } },
                }] },
            }),
        );
    });
}

pub(crate) fn put_secret(server: &FakeApiServer) {
    put_secret_named(server, "registry-push");
}

pub(crate) fn put_secret_named(server: &FakeApiServer, name: &str) {
    use base64::Engine;
    let config = json!({ "auths": { "registry.example.com": { "username": "ann", "password": "s3cret" } } });
    let data = base64::engine::general_purpose::STANDARD.encode(config.to_string());
    server.put(
        SECRETS,
        json!({
            "metadata": { "name": name }, "type": "kubernetes.io/dockerconfigjson",
            "data": { ".dockerconfigjson": data },
        }),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_builds_from_the_record_uploads_nothing_and_rolls_out() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    plays(&server, |_| ready());
    builds(&server, done(7));
    put_app(&server, 1);
    put_record(&server, "shop", &[build(1, done(1)), build(2, failed())]);
    let line = "rerun shop --base eclipse-temurin:21-jre --tag patched --image-env TZ=UTC -o json";
    let report: Value = serde_json::from_str(&ok(&cluster, line).await).unwrap();
    assert_eq!(
        (&report["image"], &report["uploadedBytes"]),
        (&json!(image(7)), &json!(0))
    );
    assert_eq!(report["artifact"]["fileName"], "shop.jar");
    assert_eq!(running_image(&server), image(7));
    assert!(
        !server
            .requests()
            .iter()
            .any(|request| request.contains("b2i-staging")),
        "nothing is staged"
    );

    let newest = history(&cluster).await.remove(0);
    assert_eq!((newest.number, newest.origin), (3, BuildOrigin::Rerun(1)));
    let request = json!(newest.request);
    assert_eq!(
        request["base"],
        json!({ "image": "docker.io/library/eclipse-temurin:21-jre" })
    );
    assert_eq!(request["tags"], json!(["patched"]));
    assert_eq!(request["config"]["env"], json!({ "TZ": "UTC" }));
    assert_eq!(request["layers"], build(1, done(1))["request"]["layers"]);
    assert_eq!(
        newest.options.base.as_deref(),
        Some("eclipse-temurin:21-jre"),
        "the next deploy keeps it"
    );
    assert_ne!(
        newest.inputs,
        digest(101),
        "a deploy of the artifact has another request"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_alone_is_the_same_request() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    builds(&server, done(7));
    put_record(&server, "shop", &[build(1, done(1))]);
    assert_eq!(ok(&cluster, "rerun shop").await, format!("{}\n", image(7)));
    let history = history(&cluster).await;
    assert_eq!(
        (history[0].inputs, &history[0].request),
        (history[1].inputs, &history[1].request)
    );
    assert_eq!(
        server.get(DEPLOYMENTS, "shop"),
        None,
        "what was not deployed stays so"
    );
}

/// A namespace with the push Secrets `harbor` and `hub`.
async fn with_two_secrets() -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret_named(&server, "harbor");
    put_secret_named(&server, "hub");
    builds(&server, done(7));
    (server, cluster)
}

/// The push Secret that the app's next build keeps.
async fn kept(cluster: &Cluster) -> Option<String> {
    history(cluster).await.remove(0).options.push_secret
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_push_secrets_it_is_the_one_of_the_last_build() {
    let (server, cluster) = with_two_secrets().await;
    let mut build = build(1, done(1));
    put_record(&server, "shop", &[build.clone()]);
    let ended = run(&cluster, "rerun shop").await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("2 docker-registry Secrets"),
        "{}",
        ended.stderr
    );

    build["options"] = json!({ "pushSecret": "gone" });
    put_record(&server, "shop", &[build.clone()]);
    assert_eq!(run(&cluster, "rerun shop").await.code, Some(1), "it is not there");

    build["options"] = json!({ "pushSecret": "hub" });
    put_record(&server, "shop", &[build]);
    ok(&cluster, "rerun shop").await;
    let job = server.ever(JOBS).remove(0);
    let volumes = job["spec"]["template"]["spec"]["volumes"].to_string();
    assert!(
        volumes.contains("\"hub\"") && !volumes.contains("harbor"),
        "{volumes}"
    );
    let newest = history(&cluster).await.remove(0);
    assert_eq!(
        (newest.number, newest.options.push_secret.as_deref()),
        (2, Some("hub"))
    );
    ok(&cluster, "rerun shop --push-secret harbor").await;
    assert_eq!(kept(&cluster).await.as_deref(), Some("harbor"));

    // Who may not look at Secrets names one once.
    server.refuse("GET", "/secrets", 403, "no");
    server.refuse("GET", "/serviceaccounts", 403, "no");
    ok(&cluster, "rerun shop").await;
    assert_eq!(kept(&cluster).await.as_deref(), Some("harbor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configurations_push_secret_is_for_apps_that_have_none() {
    let (server, cluster) = with_two_secrets().await;
    server.put(
        CONFIG_MAPS,
        json!({ "metadata": { "name": "kubectl-b2i" }, "data": { "config.yaml": "pushSecret: hub" } }),
    );
    let mut build = build(1, done(1));
    let mut used = async |options: Value| {
        build["options"] = options;
        put_record(&server, "shop", &[build.clone()]);
        ok(&cluster, "rerun shop").await;
        let job = server.ever(JOBS).pop().unwrap();
        let volumes = &job["spec"]["template"]["spec"]["volumes"];
        (volumes.to_string().contains("\"harbor\""), kept(&cluster).await)
    };
    // What the configuration chose is not kept: it may choose another one.
    assert_eq!(used(json!({})).await, (false, None));
    assert_eq!(used(json!({ "pushSecret": "gone" })).await, (false, None));
    assert_eq!(
        used(json!({ "pushSecret": "harbor" })).await,
        (true, Some("harbor".to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_of_layers_that_are_gone_says_where_they_come_from() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    builds(&server, json!({ "missingBlobs": [digest(2)] }));
    put_record(&server, "shop", &[build(1, done(1))]);
    let ended = run(&cluster, "rerun shop").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    for part in [
        "error: could not build `shop` again",
        &digest(2).to_string(),
        "kubectl b2i build ARTIFACT --name shop --rebuild",
        "#layers-gone",
    ] {
        assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
    }
    let newest = history(&cluster).await.remove(0);
    assert!(
        matches!(newest.outcome, Some(BuildOutcome::Failed(_))),
        "the failure is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_takes_what_is_ours_and_nothing_else() {
    let (server, cluster) = FakeApiServer::start().await;
    put_app(&server, 1);
    put_record(&server, "shop", &[build(1, done(1))]);
    put_record(&server, "other", &[build(1, done(1))]);
    server.put(
        JOBS,
        json!({ "metadata": { "name": "b2i-builder-x", "labels": labels("shop", "builder") } }),
    );
    // Of the same app by a label that anybody may set, and not made by us.
    let theirs = json!({ "metadata": { "name": "theirs", "labels": { "kubectl-b2i/app": "shop" } } });
    server.put(SERVICES, theirs.clone());
    server.put(CONFIG_MAPS, theirs);

    let ended = run(&cluster, "delete shop").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    for part in [
        "  deployment/shop\n  service/shop\n  job/b2i-builder-x\n  configmap/b2i-shop\n",
        "its images stay in the registry: registry.example.com/team/shop",
        "kubectl b2i delete shop --yes",
    ] {
        assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
    }
    assert!(
        !server
            .requests()
            .iter()
            .any(|request| request.starts_with("DELETE"))
    );

    for pod in ["shop-a", "shop-b"] {
        server.remove(PODS, pod);
    }
    let ended = run(&cluster, "delete shop --yes").await;
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (
            Some(0),
            "deployment/shop\nservice/shop\njob/b2i-builder-x\nconfigmap/b2i-shop\n"
        ),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("its images stay in the registry"),
        "{}",
        ended.stderr
    );
    for (collection, name) in [
        (SERVICES, "theirs"),
        (CONFIG_MAPS, "theirs"),
        (CONFIG_MAPS, "b2i-other"),
    ] {
        assert!(server.get(collection, name).is_some(), "{name}");
    }
    let ended = run(&cluster, "delete shop --yes").await;
    assert!(ended.stderr.contains("#app-not-found"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_objects_and_changes_nothing() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    let line = "deploy server --port 8080 --env A=true --env P=secret:db/password --volume emptydir:/cache";
    for mode in ["client", "server"] {
        let ended = run(&cluster, &format!("{line} --dry-run={mode} -o yaml")).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains("only its tag is known"), "{}", ended.stderr);
        let objects: Vec<Value> = serde_yaml::from_multiple(&ended.stdout).unwrap();
        let [service, deployment] = &objects[..] else {
            panic!("{}", ended.stdout)
        };
        assert_eq!(
            (&service["kind"], &service["apiVersion"]),
            (&json!("Service"), &json!("v1"))
        );
        assert_eq!(deployment["apiVersion"], "apps/v1");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["image"], "registry.example.com/shop/server:latest");
        assert_eq!(
            container["env"][0],
            json!({ "name": "A", "value": "true" }),
            "a string stays one"
        );
        assert_eq!(
            container["env"][1]["valueFrom"]["secretKeyRef"]["key"],
            "password"
        );
        assert_eq!(container["volumeMounts"][0]["mountPath"], "/cache");
        let annotation = deployment["metadata"]["annotations"]["kubectl-b2i/options"]
            .as_str()
            .unwrap();
        assert!(
            annotation.contains("\"P\":\"secret:db/password\""),
            "{annotation}"
        );
    }
    let list: Value =
        serde_json::from_str(&ok(&cluster, &format!("{line} --dry-run=client -o json")).await).unwrap();
    assert_eq!(list["kind"], "List");
    assert_eq!(
        ok(&cluster, &format!("{line} --dry-run=client")).await,
        "service/server\ndeployment/server\n"
    );
    for collection in [DEPLOYMENTS, SERVICES] {
        assert_eq!(server.get(collection, "server"), None);
    }
    let is_write = |request: &String| !request.starts_with("GET ") && !request.starts_with("PATCH ");
    assert!(
        !server.requests().iter().any(is_write),
        "only the server's dry run asks"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_would_fail_and_what_to_do() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    let node = |name: &str, architecture: &str| {
        json!({ "metadata": { "name": name }, "status": { "nodeInfo": {
            "architecture": architecture, "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "",
            "kubeProxyVersion": "", "kubeletVersion": "", "machineID": "", "operatingSystem": "linux",
            "osImage": "", "systemUUID": "",
        } } })
    };
    server.put("/api/v1/nodes", node("a", "amd64"));
    server.put("/api/v1/nodes", node("b", "arm64"));
    let table = ok(&cluster, "doctor --no-pod").await;
    let rows: Vec<String> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for row in [
        "namespace ok `shop`, Pod Security restricted: our Pods pass restricted",
        "may jobs ok create, get, list, watch, delete",
        "quota ok none",
        "limit range ok none",
        "nodes ok amd64, arm64: images run where they fit",
        "push Secret ok `registry-push` for registry.example.com",
        "builder image ok registry.example.com/b2i/builder",
    ] {
        assert!(rows.iter().any(|found| found == row), "{row} in\n{table}");
    }
    assert!(rows[1].starts_with("API server ok v1.34.0 at http://"), "{table}");
    assert!(!table.contains("fix:"), "{table}");

    // What only something else needs is a warning, and no failure.
    server.deny("list events");
    server.deny("watch events");
    let table = ok(&cluster, "doctor --no-pod").await;
    assert!(
        table.contains("not list, watch: for why a Pod does not start\n"),
        "{table}"
    );
    assert!(table.contains(
        "    fix: have the Role of docs/reference/permissions.yaml granted: list, watch on events"
    ));

    server.deny("create pods/portforward");
    let table = ok(&cluster, "doctor --no-pod").await;
    assert!(
        table.contains("not create: uploads go by exec, which is slower"),
        "{table}"
    );

    server.deny("get pods/exec");
    server.remove(SECRETS, "registry-push");
    server.put(
        "/api/v1/namespaces/shop/resourcequotas",
        json!({ "metadata": { "name": "small" }, "spec": { "hard": { "pods": "0" } } }),
    );
    let ended = run(&cluster, "doctor -o json").await;
    assert_eq!(ended.code, Some(1));
    for part in ["may pods/portforward", "quota", "push Secret", "#doctor"] {
        assert!(ended.stderr.contains(part), "{part} in\n{}", ended.stderr);
    }
    let examined: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(examined["isOk"], false);
    let checks = examined["checks"].as_array().unwrap();
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check["status"] == "failed")
        .collect();
    assert_eq!(failed.len(), 3, "{}", ended.stdout);
    assert!(failed.iter().all(|check| check["fix"].is_string()));
}

#[test]
fn the_records_of_these_tests_are_records() {
    let record: BuildRecord = serde_json::from_value(build(1, done(1))).unwrap();
    assert_eq!(json!(record)["outcome"], done(1));
}
