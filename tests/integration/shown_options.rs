//! What an app was deployed with: shown by `status`, written by `init --from-app`, and compared before a deploy.
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use kubectl_b2i::{
    cluster::Cluster,
    model::{Event, Events},
    roles::plugin::options_schema,
    steps::deploy,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    deploy::{DEPLOYMENTS, PODS, SERVICES, image, options, plays, ready},
    lifecycle::{build, done, labels, put_record, put_secret, put_unknown_record},
    support::{
        archive::plain_jar,
        fake_apiserver::{FakeApiServer, state_folder},
        golden::{assert_current, assert_golden},
        run::{Ended, Run},
        schema,
    },
};

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
const STATEFUL_SETS: &str = "/apis/apps/v1/namespaces/shop/statefulsets";

/// A folder with an artifact, for whoever works there.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shop.jar"), plain_jar().bytes()).unwrap();
    folder
}

/// Runs `kubectl b2i …` in a folder, on a server; the words in `more` may have spaces.
async fn run(cluster: &Cluster, folder: &Path, line: &str, more: &[&str]) -> Ended {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        "clusters": [{ "name": "fake", "cluster": { "server": cluster.server } }],
        "users": [{ "name": "ann", "user": { "token": "t0p-s3cret" } }],
        "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "ann", "namespace": "shop" } }],
    });
    let state = state_folder(&cluster.server);
    fs::create_dir_all(&state).unwrap();
    let path = state.join("kubeconfig");
    fs::write(&path, kubeconfig.to_string()).unwrap();
    let run = more.iter().fold(Run::new(line), |run, word| run.word(word));
    let run = run
        .in_folder(folder)
        .env("KUBECONFIG", path.to_str().unwrap())
        .env("XDG_STATE_HOME", state.to_str().unwrap())
        .env("B2I_BUILDER_IMAGE", "registry.example.com/b2i/builder");
    tokio::task::spawn_blocking(move || run.ended()).await.unwrap()
}

async fn ok(cluster: &Cluster, folder: &Path, line: &str, more: &[&str]) -> Ended {
    let ended = run(cluster, folder, line, more).await;
    assert_eq!(ended.code, Some(0), "{line} {more:?}\n{}", ended.stderr);
    ended
}

fn written(folder: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(folder.join("b2i.yaml")).unwrap()).unwrap()
}

fn no_file(folder: &Path) -> bool {
    !folder.join("b2i.yaml").exists()
}

/// An app as this machine deployed it some minutes ago, with these options.
fn put_app(server: &FakeApiServer, options: &Value) {
    let ago = |seconds: i64| (Timestamp::now() - SignedDuration::from_secs(seconds)).to_string();
    let mut built = build(3, done(3));
    built["started"] = json!(ago(330));
    built["ended"] = json!(ago(326));
    built["options"] = json!({
        "base": "eclipse-temurin:17-jre", "ports": [8080, 9090], "env": { "TZ": "UTC" }, "jvmOptions": "-Xss1m -Dx=1",
        "contextPath": null, "pushSecret": "registry-push", "pullSecret": "base-pull",
        "compression": { "format": "zstd", "level": 9 },
    });
    built["request"]["tags"] = json!(["1.4", "latest"]);
    put_record(server, "shop", &[built]);
    server.put(
        DEPLOYMENTS,
        json!({
            "metadata": {
                "name": "shop", "labels": labels("shop", "app"), "generation": 1,
                "annotations": { "kubectl-b2i/options": options.to_string() },
                "managedFields": [{
                    "manager": "kubectl-b2i", "operation": "Apply", "fieldsType": "FieldsV1",
                    "fieldsV1": { "f:spec": { "f:replicas": {} } },
                }],
            },
            "spec": { "replicas": 2, "selector": {}, "template": { "spec": { "containers": [{
                "name": "shop", "image": crate::lifecycle::image(3),
                "env": [
                    { "name": "LOG_LEVEL", "value": "debug" },
                    { "name": "DB_PASSWORD", "valueFrom": { "secretKeyRef": { "name": "db", "key": "password" } } },
                ],
                "envFrom": [{ "configMapRef": { "name": "app" } }],
                "resources": { "limits": { "memory": "768Mi" }, "requests": { "memory": "768Mi", "cpu": "100m" } },
            }] } } },
            "status": { "readyReplicas": 2, "replicas": 2, "updatedReplicas": 2 },
        }),
    );
    server.put(
        PODS,
        json!({
            "metadata": { "name": "shop-a", "labels": labels("shop", "app"), "creationTimestamp": ago(330) },
            "spec": { "containers": [], "nodeName": "node-1" },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] },
        }),
    );
}

fn all_options() -> Value {
    json!({
        "ports": [
            { "container": 8080, "service": 80, "name": "http", "nodePort": 30080 },
            { "container": 9090, "service": 9090, "name": "metrics" },
        ],
        "service": "nodePort", "env": { "LOG_LEVEL": "debug" }, "memory": "768Mi", "contextPath": "/",
        "pullSecret": "registry-push",
        "ingress": { "routes": ["shop.example.com", "shop.example.com/api"], "class": "nginx", "tlsSecret": "shop-tls" },
        "envKeys": { "DB_PASSWORD": "secret:db/password" }, "envFrom": ["configmap/app"],
        "args": ["--name", "two words"], "health": { "path": "/healthz" }, "liveness": "off",
        "serviceAccount": "shop", "nodeSelector": { "disk": "ssd" }, "tolerations": ["gpu=yes:NoSchedule"],
        "labels": { "team": "web" }, "annotations": { "example.com/a": "b\u{1b}[2J" },
        "volumes": ["pvc/data:/data", "secret/tls:/etc/tls:ro"], "fsGroup": { "id": 1000 },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_what_the_next_deploy_keeps() {
    let (server, cluster) = FakeApiServer::start().await;
    let folder = folder();
    put_app(&server, &all_options());
    assert_golden(
        "status.txt",
        &ok(&cluster, folder.path(), "status shop", &[]).await.stdout,
    );

    let json = ok(&cluster, folder.path(), "status shop -o json", &[])
        .await
        .stdout;
    let status: Value = serde_json::from_str(&json).unwrap();
    let yaml = ok(&cluster, folder.path(), "status shop -o yaml", &[])
        .await
        .stdout;
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), status);
    let of_status = serde_json::from_str(include_str!("../../docs/reference/status.schema.json")).unwrap();
    assert_eq!(schema::check(&of_status, &status), Ok(()), "{json}");
    assert_eq!(
        schema::check(&options_schema(), &status["options"]),
        Ok(()),
        "{json}"
    );
    assert_eq!(
        (&status["workload"]["memory"], &status["workload"]["cpu"]),
        (&json!("768Mi"), &json!("100m"))
    );
    assert_eq!(status["options"]["env"]["DB_PASSWORD"], "secret:db/password");

    // Nobody says anything, and what counts is shown all the same; damage is the next deploy's to tell.
    for options in [json!({}), json!("damaged")] {
        put_app(&server, &options);
        let page = ok(&cluster, folder.path(), "status shop", &[]).await.stdout;
        assert!(page.contains("768Mi (default)\n"), "{page}");
    }
    server.put(DEPLOYMENTS, json!({ "metadata": { "name": "other" } }));
    let list = ok(&cluster, folder.path(), "list -o json", &[]).await.stdout;
    assert!(!list.contains("\"options\""), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_becomes_a_file_that_says_the_same() {
    let (server, cluster) = FakeApiServer::start().await;
    let folder = folder();
    put_app(&server, &all_options());
    let ended = ok(&cluster, folder.path(), "init --from-app shop", &[]).await;
    assert_eq!(ended.stdout, "b2i.yaml\n");
    let file = written(folder.path());
    assert_eq!(schema::check(&options_schema(), &file), Ok(()), "{file}");
    let status = ok(&cluster, folder.path(), "status shop -o json", &[])
        .await
        .stdout;
    let status: Value = serde_json::from_str(&status).unwrap();
    let mut shown = status["options"].clone();
    shown["name"] = json!("shop");
    shown["artifact"] = json!("shop.jar");
    assert_eq!(file, shown, "what is shown is what is written");
    // What needs trust is said, and is trusted.
    for line in [
        "`b2i.yaml` is trusted on this machine from now on, and decides:",
        "  image: registry.example.com/team/shop",
        "  pushSecret: registry-push",
        "  env: DB_PASSWORD=secret:db/password",
        "  volume: pvc/data:/data",
        "  annotation: example.com/a=b\\u{1b}[2J",
    ] {
        assert!(
            ended.stderr.contains(&format!("{line}\n")),
            "{line} in\n{}",
            ended.stderr
        );
    }
    assert!(!ended.stderr.contains("LOG_LEVEL"), "{}", ended.stderr);
    put_secret(&server);
    let dry = ok(&cluster, folder.path(), "deploy --dry-run=client", &[]).await;
    assert!(dry.stdout.contains("deployment/shop"), "{}", dry.stdout);

    let again = run(&cluster, folder.path(), "init --from-app shop", &[]).await;
    assert!(
        again.code == Some(2) && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    let line = "init ./shop.jar --from-app shop --force --env LOG_LEVEL=info --env NEW=1 --memory 1Gi";
    ok(&cluster, folder.path(), line, &[]).await;
    let over = written(folder.path());
    assert_eq!(
        over["env"],
        json!({ "LOG_LEVEL": "info", "DB_PASSWORD": "secret:db/password", "NEW": "1" })
    );
    assert_eq!(
        (&over["memory"], &over["volume"]),
        (&json!("1Gi"), &file["volume"])
    );
}

/// Flags of each kind of app, and what their values with spaces are.
const KINDS: [(&str, &[&str]); 5] = [
    ("", &[]),
    (
        "--port http=8080 --port metrics=9090 --port 53/udp --service-port 80 --service-port metrics=90 \
         --nodeport=metrics=30090 --ingress shop.example.com/a --ingress-class nginx --ingress-tls shop-tls \
         --memory 1024Mi --cpu 0.5 --replicas 3 --env A=1 --env B=secret:db/password --env-from configmap/app \
         --health-path /healthz --liveness /livez --readiness off --service-account shop --node-selector disk=ssd \
         --toleration gpu=yes:NoSchedule --label team=web --annotation a/b=c --volume pvc/data:/data \
         --volume emptydir:/cache --fs-group off",
        &[
            "--args",
            r#"-a 'b c' '' "it's""#,
            "--env",
            "C=two words, \"and\" 'quotes'",
        ],
    ),
    (
        "--port 8080 --load-balancer --memory 1Gi --health-path off",
        &["--command", "/bin/app --x"],
    ),
    (
        "--port 8080 --stateful --volume claim/data=1Gi,fast:/data --fs-group 1000",
        &[],
    ),
    ("--nodeport --env A= --env B=-", &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_app_deploys_the_same_again_here_and_elsewhere() {
    for (flags, words) in KINDS {
        let (server, cluster) = FakeApiServer::start().await;
        put_secret(&server);
        let typed = folder();
        let line = format!("deploy shop.jar --dry-run=client -o json {flags}");
        let first = ok(&cluster, typed.path(), &line, words).await;
        let objects: Value = serde_json::from_str(&first.stdout).unwrap();
        assert!(!first.stderr.contains("Changes"), "{}", first.stderr);
        for object in objects["items"].as_array().unwrap() {
            let collection = match object["kind"].as_str().unwrap() {
                "Deployment" => DEPLOYMENTS,
                "StatefulSet" => STATEFUL_SETS,
                "Service" => SERVICES,
                _ => INGRESSES,
            };
            let mut object = object.clone();
            let is_scaled = object["spec"]["replicas"].is_number();
            object["metadata"]["managedFields"] = json!([{
                "manager": "kubectl-b2i", "operation": "Apply", "fieldsType": "FieldsV1",
                "fieldsV1": if is_scaled { json!({ "f:spec": { "f:replicas": {} } }) } else { json!({}) },
            }]);
            server.put(collection, object);
        }
        // Nothing was built, so nobody knows the artifact.
        let nameless = run(&cluster, typed.path(), "init --from-app shop", &[]).await;
        assert_eq!(
            (nameless.code, no_file(typed.path())),
            (Some(2), true),
            "{}",
            nameless.stderr
        );
        ok(&cluster, typed.path(), "init shop.jar --from-app shop", &[]).await;
        let again = ok(&cluster, typed.path(), "deploy --dry-run=client -o json", &[]).await;
        assert_eq!(
            serde_json::from_str::<Value>(&again.stdout).unwrap(),
            objects,
            "{flags}\n{}",
            written(typed.path())
        );
        let changes: Vec<&str> = again
            .stderr
            .lines()
            .filter(|line| line.contains("Changes"))
            .collect();
        assert_eq!(changes.len(), 1, "{}", again.stderr);
        assert!(
            changes[0].starts_with("  Changes   image ") && changes[0].ends_with(" → a new build"),
            "{flags}\n{}",
            again.stderr
        );
        let (other, elsewhere) = FakeApiServer::start().await;
        put_secret(&other);
        let there = ok(
            &elsewhere,
            typed.path(),
            "deploy --file b2i.yaml --dry-run=client -o json",
            &[],
        )
        .await;
        assert_eq!(
            serde_json::from_str::<Value>(&there.stdout).unwrap(),
            objects,
            "{flags}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flags_would_not_say_in_the_same_way_is_not_written() {
    for (golden, options, name) in [
        // A value that would be read as a reference to a Secret.
        (
            "unsayable",
            json!({ "env": { "A": "secret:db/password" } }),
            "`env`",
        ),
        (
            "",
            json!({ "labels": { "kubectl-b2i/app": "other" } }),
            "could not set the label",
        ),
        ("", json!({ "nodeSelector": { "a=b": "c" } }), "`nodeSelector`"),
        (
            "",
            json!({ "args": ["a\u{1}b", "c"], "volumes": ["pvc/a:/data", "pvc/b:/data"] }),
            "`volumes`",
        ),
        (
            "",
            json!({ "ports": [{ "container": 1, "service": 1, "name": "--x" }] }),
            "port",
        ),
    ] {
        let (server, cluster) = FakeApiServer::start().await;
        let folder = folder();
        put_app(&server, &options);
        let ended = run(&cluster, folder.path(), "init ./shop.jar --from-app shop", &[]).await;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(1), ""),
            "{options}\n{}",
            ended.stderr
        );
        assert!(ended.stderr.contains(name), "{name} in\n{}", ended.stderr);
        assert!(no_file(folder.path()), "{options}");
        if !golden.is_empty() {
            let file = format!("tests/golden/options_file/{golden}.txt");
            assert_current(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &ended.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_nobody_vouches_for_is_shown_and_not_written() {
    let (server, cluster) = FakeApiServer::start().await;
    let folder = folder();
    put_app(
        &server,
        &json!({ "ports": [{ "container": 8080, "service": 8080 }] }),
    );
    let mut evil = build(4, done(4));
    evil["artifact"] = json!("evil.jar");
    evil["request"]["destination"] = json!("evil.example.com/shop");
    evil["options"] =
        json!({ "base": "evil.example.com/base:1", "pushSecret": "harbor", "env": { "A": "\u{1b}[2J" } });
    put_unknown_record(&server, "shop", &[evil]);
    fs::remove_dir_all(state_folder(server.url())).unwrap();
    let refused = run(&cluster, folder.path(), "init --from-app shop", &[]).await;
    assert!(
        refused.code == Some(2) && no_file(folder.path()),
        "{}",
        refused.stderr
    );
    let ended = ok(&cluster, folder.path(), "init shop.jar --from-app shop", &[]).await;
    assert_eq!(
        written(folder.path()),
        json!({ "artifact": "shop.jar", "name": "shop", "image": "registry.example.com/team/shop", "port": 8080, "replicas": 2 })
    );
    let stderr = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "the build record of `shop` is not used",
        "it says --base evil.example.com/base:1 --image-env A=\\u{1b}[2J --push-secret harbor",
    ] {
        assert!(stderr.contains(part), "{part} in\n{}", ended.stderr);
    }

    // An artifact's name from a record leads nowhere, even if this machine wrote it.
    let mut reaching = build(5, done(5));
    reaching["artifact"] = json!("../../etc/passwd");
    put_record(&server, "shop", &[reaching]);
    let refused = run(&cluster, folder.path(), "init --from-app shop --force", &[]).await;
    assert!(
        refused.stderr.contains("nobody said which artifact"),
        "{}",
        refused.stderr
    );

    for (app, part) in [
        ("none", "could not find `none`"),
        ("theirs", "could not find `theirs`"),
    ] {
        server.put(
            DEPLOYMENTS,
            json!({ "metadata": { "name": "theirs" }, "spec": { "selector": {}, "template": {} } }),
        );
        let ended = run(
            &cluster,
            folder.path(),
            &format!("init --from-app {app} --force"),
            &[],
        )
        .await;
        assert!(
            ended.code == Some(1) && ended.stderr.contains(part),
            "{}",
            ended.stderr
        );
    }
}

/// The changes that a deploy announced, and how many objects it had applied by then.
async fn announced(
    server: &FakeApiServer,
    cluster: &Cluster,
    options: &deploy::Options,
) -> Vec<(usize, String)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (to, of) = (seen.clone(), server.clone());
    let before = patches(server);
    let events = Events::to(move |event| {
        if let Event::Changes(phrases) = event {
            to.lock()
                .unwrap()
                .push((patches(&of) - before, phrases.join(", ")));
        }
    });
    let rollout = deploy::run(cluster, options, &events).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    let said: Vec<&String> = seen.iter().map(|(_, phrases)| phrases).collect();
    assert_eq!(
        rollout.changes.join(", "),
        said.first().map_or("", |it| it.as_str())
    );
    seen
}

fn patches(server: &FakeApiServer) -> usize {
    let requests = server.requests();
    requests.iter().filter(|it| it.starts_with("PATCH")).count()
}

#[tokio::test]
async fn a_deploy_says_what_it_changes_before_it_does() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    assert_eq!(
        announced(&server, &cluster, &options()).await,
        [],
        "a first deploy"
    );
    assert_eq!(
        announced(&server, &cluster, &options()).await,
        [],
        "the same again"
    );
    let mut next = options();
    next.options.env = [("LOG_LEVEL", "debug"), ("DB_PASSWORD", "s3cret")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    next.options.memory = Some("1Gi".to_owned());
    next.image = image("2");
    let (one, two) = (
        image("1").digest.unwrap().short(),
        image("2").digest.unwrap().short(),
    );
    let expected = format!(
        "image sha256:{one}… → sha256:{two}…, env DB_PASSWORD added, env LOG_LEVEL added (debug), memory 512Mi → 1Gi"
    );
    assert_eq!(announced(&server, &cluster, &next).await, [(0, expected)]);
}
