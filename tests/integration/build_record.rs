//! The build record and the choice of the push Secret against a fake API server.
use kubectl_b2i::{
    cluster::{
        Cluster, record,
        secrets::{self, Place, push_secret},
    },
    model::{AppName, BuildOutcome, BuildRecord},
    oci::Digest,
    steps::cleanup,
};
use serde_json::{Value, json};

use crate::support::fake_apiserver::FakeApiServer;

const CONFIG_MAPS: &str = "/api/v1/namespaces/shop/configmaps";
const SECRETS: &str = "/api/v1/namespaces/shop/secrets";
const ACCOUNTS: &str = "/api/v1/namespaces/shop/serviceaccounts";

fn app() -> AppName {
    "shop".parse().unwrap()
}

fn build() -> BuildRecord {
    let digest = Digest::of(b"");
    serde_json::from_value(json!({
        "number": 0, "started": "2024-05-01T12:00:00Z", "artifact": "shop.jar", "artifactBytes": 1,
        "artifactDigest": digest, "summary": "", "inputs": digest, "options": {},
        "request": {
            "destination": "registry.example.com/shop", "tags": ["latest"], "base": "scratch", "platforms": [],
            "config": {}, "layers": [], "access": {},
        },
    }))
    .unwrap()
}

async fn begin(cluster: &Cluster) -> u64 {
    record::begin(cluster, &app(), &build(), 0, record::HISTORY_LIMIT)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_build_is_kept_with_its_result() {
    let (server, cluster) = FakeApiServer::start().await;
    assert_eq!(record::list(&cluster, &app()).await.unwrap(), []);
    let number = begin(&cluster).await;
    assert_eq!(number, 1);
    let map = server.get(CONFIG_MAPS, "b2i-shop").unwrap();
    assert_eq!(
        map["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kubectl-b2i"
    );
    let request: serde_json::Value =
        serde_json::from_str(map["data"]["request-1"].as_str().unwrap()).unwrap();
    assert_eq!(request["tags"], json!(["latest"]));

    let outcome = BuildOutcome::MissingBlobs(Vec::new());
    record::finish(&cluster, &app(), number, &outcome, &["a line".to_owned()], 42)
        .await
        .unwrap();
    let kept = record::list(&cluster, &app()).await.unwrap().remove(0);
    assert_eq!((kept.outcome, kept.uploaded_bytes), (Some(outcome), 42));
    assert_eq!(kept.log_tail, ["a line"]);
}

#[tokio::test]
async fn a_build_that_was_not_begun_is_counted() {
    let (_server, cluster) = FakeApiServer::start().await;
    let number = begin(&cluster).await;
    for times in 1..=2 {
        record::skip(&cluster, &app(), number).await.unwrap();
        let kept = record::list(&cluster, &app()).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].skipped.as_ref().map(|skipped| skipped.times), Some(times));
    }
    // Of one that somebody removed meanwhile nothing comes back.
    record::abandon(&cluster, &app(), number).await.unwrap();
    record::skip(&cluster, &app(), number).await.unwrap();
    assert_eq!(record::list(&cluster, &app()).await.unwrap(), []);
}

#[tokio::test]
async fn a_number_is_never_given_again() {
    let (server, cluster) = FakeApiServer::start().await;
    begin(&cluster).await;
    server.remove(CONFIG_MAPS, "b2i-shop");
    let number = record::begin(&cluster, &app(), &build(), 7, 10).await.unwrap();
    assert_eq!(number, 8);
}

#[tokio::test]
async fn ten_builds_with_long_certificates_and_one_that_runs_fit() {
    let (server, cluster) = FakeApiServer::start().await;
    let mut build = build();
    build.request.access.authorities = Some("x".repeat(200 * 1024));
    for _ in 0..12 {
        let number = record::begin(&cluster, &app(), &build, 0, 10).await.unwrap();
        let map = server.get(CONFIG_MAPS, "b2i-shop").unwrap();
        let request = map["data"][format!("request-{number}")].as_str().unwrap();
        assert_eq!(request, record::request_text(&build.request));
        assert!(map["data"].to_string().len() < 300 * 1024);
        let outcome = BuildOutcome::MissingBlobs(Vec::new());
        record::finish(&cluster, &app(), number, &outcome, &[], 0)
            .await
            .unwrap();
    }
    // Ten plugins were killed: their builds seem to run.
    for _ in 0..10 {
        record::begin(&cluster, &app(), &build, 0, 10).await.unwrap();
    }
    let map = server.get(CONFIG_MAPS, "b2i-shop").unwrap();
    assert!(map["data"].to_string().len() < 1024 * 1024);
    assert!(
        map["data"]["request-22"].is_string(),
        "{:?}",
        map["data"].as_object().unwrap().keys()
    );
}

#[tokio::test]
async fn two_people_at_once_get_two_numbers() {
    let (_server, cluster) = FakeApiServer::start().await;
    begin(&cluster).await;
    let together = futures_util::future::join_all((0..4).map(|_| begin(&cluster))).await;
    let mut numbers = together.clone();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5], "{together:?}");
}

#[tokio::test]
async fn an_abandoned_build_leaves_nothing() {
    let (server, cluster) = FakeApiServer::start().await;
    let number = begin(&cluster).await;
    record::abandon(&cluster, &app(), number).await.unwrap();
    assert_eq!(server.get(CONFIG_MAPS, "b2i-shop"), None);

    begin(&cluster).await;
    let number = begin(&cluster).await;
    record::abandon(&cluster, &app(), number).await.unwrap();
    let left = record::list(&cluster, &app()).await.unwrap();
    assert_eq!(left.iter().map(|build| build.number).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn somebody_elses_config_map_is_left_alone() {
    let (server, cluster) = FakeApiServer::start().await;
    server.put(
        CONFIG_MAPS,
        json!({ "metadata": { "name": "b2i-shop" }, "data": { "a": "b" } }),
    );
    let error = record::begin(&cluster, &app(), &build(), 0, 10)
        .await
        .unwrap_err();
    assert!(matches!(error, record::Error::NotOurs { .. }), "{error}");
    assert_eq!(
        server.get(CONFIG_MAPS, "b2i-shop").unwrap()["data"],
        json!({ "a": "b" })
    );
}

fn put_secret(server: &FakeApiServer, name: &str, type_: &str) {
    let data = json!({ ".dockerconfigjson": "e30=" });
    server.put(
        SECRETS,
        json!({ "metadata": { "name": name }, "type": type_, "data": data }),
    );
}

const DOCKER: &str = "kubernetes.io/dockerconfigjson";

#[tokio::test]
async fn the_only_secret_is_taken() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "tls", "kubernetes.io/tls");
    let none = push_secret(&cluster, None).await.unwrap_err();
    assert!(
        matches!(
            none,
            secrets::Error::None {
                place: Place::Namespace
            }
        ),
        "{none}"
    );

    put_secret(&server, "registry-push", DOCKER);
    let found = push_secret(&cluster, None).await.unwrap();
    assert_eq!(
        (found.name.as_str(), found.data[".dockerconfigjson"].as_slice()),
        ("registry-push", &b"{}"[..])
    );

    put_secret(&server, "another", DOCKER);
    let several = push_secret(&cluster, None).await.unwrap_err();
    assert_eq!(
        several.to_string(),
        "the namespace has 2 docker-registry Secrets: `another`, `registry-push`"
    );
    assert_eq!(
        push_secret(&cluster, Some("another")).await.unwrap().name,
        "another"
    );
    let wrong = push_secret(&cluster, Some("tls")).await.unwrap_err();
    assert!(matches!(wrong, secrets::Error::WrongType { .. }), "{wrong}");
}

#[tokio::test]
async fn without_the_right_to_list_the_service_account_decides_or_the_usual_name() {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server, "another", DOCKER);
    let denied = "secrets is forbidden: User \"eve\" cannot list resource \"secrets\"";
    server.refuse_exactly("GET", SECRETS, 403, denied);
    let none = push_secret(&cluster, None).await.unwrap_err();
    assert!(matches!(none, secrets::Error::Unseen), "{none}");

    put_secret(&server, "registry-push", DOCKER);
    let usual = push_secret(&cluster, None).await.unwrap();
    assert_eq!(usual.name, "registry-push");
    let account = |secrets: Value| {
        server.put(
            ACCOUNTS,
            json!({ "metadata": { "name": "default" }, "imagePullSecrets": secrets }),
        );
    };
    account(json!([{ "name": "another" }]));
    assert_eq!(push_secret(&cluster, None).await.unwrap().name, "another");

    server.refuse("GET", "/secrets/", 403, denied);
    let unread = push_secret(&cluster, None).await.unwrap();
    assert_eq!((unread.name.as_str(), unread.data.len()), ("another", 0));
    // Nobody says that one of the usual name exists.
    account(json!([]));
    let none = push_secret(&cluster, None).await.unwrap_err();
    assert!(matches!(none, secrets::Error::Unseen), "{none}");
}

#[tokio::test]
async fn cleanup_takes_this_run_and_no_other() {
    const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
    let (server, cluster) = FakeApiServer::start().await;
    for (name, run) in [
        ("b2i-staging-a", "a"),
        ("b2i-builder-a", "a"),
        ("b2i-builder-b", "b"),
    ] {
        server.put(
            JOBS,
            json!({ "metadata": { "name": name, "labels": { "kubectl-b2i/run": run } } }),
        );
    }
    cleanup::run(&cluster, "a").await;
    assert!(server.get(JOBS, "b2i-staging-a").is_none() && server.get(JOBS, "b2i-builder-a").is_none());
    assert!(server.get(JOBS, "b2i-builder-b").is_some());
    assert!(
        !server.requests().contains(&format!("DELETE {JOBS}")),
        "deletecollection is a right of its own"
    );
}
