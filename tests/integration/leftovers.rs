//! What a build leaves in the namespace: its entry in the record with the end of its log, and no builder.
use std::sync::atomic::{AtomicBool, Ordering};

use kubectl_b2i::cluster::Cluster;
use serde_json::{Value, json};

use crate::{
    lifecycle::{build, builds, done, failed, history, ok, put_record, put_secret, run},
    support::fake_apiserver::FakeApiServer,
};

const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";

/// An app that can be built again; its builder prints two lines and ends with this outcome.
async fn shop(outcome: Value) -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    // Before the Pod is there, so that its log is there as well.
    server.controller(|server, collection, job| {
        if collection == JOBS {
            let name = job["metadata"]["name"].as_str().unwrap();
            server.log(&format!("{name}-x"), "base mounted\nthe last line\n");
        }
    });
    builds(&server, outcome);
    put_record(&server, "shop", &[build(1, done(1))]);
    (server, cluster)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_goes_once_its_log_is_in_the_record() {
    for (outcome, code) in [(done(7), 0), (failed(), 1)] {
        let (server, cluster) = shop(outcome).await;
        let ended = run(&cluster, "rerun shop").await;
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(!server.ever(JOBS).is_empty(), "it was built");
        assert_eq!(server.all(JOBS), Vec::<Value>::new());
        assert_eq!(
            history(&cluster).await[0].log_tail,
            ["base mounted", "the last line"]
        );
        // In the cluster the garbage collector takes the Pod of a Job that is gone.
        for pod in server.all("/api/v1/namespaces/shop/pods") {
            let name = pod["metadata"]["name"].as_str().unwrap();
            server.remove("/api/v1/namespaces/shop/pods", name);
        }
        assert_eq!(
            ok(&cluster, "logs shop --build 2").await,
            "base mounted\nthe last line\n"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_stays_whose_log_is_not_recorded() {
    let (server, cluster) = shop(done(7)).await;
    // The entry is begun, and the result is refused.
    let is_begun = AtomicBool::new(false);
    server.answer(move |method, path| {
        let is_write = method.as_str() == "PATCH" && path.ends_with("/configmaps/b2i-shop");
        let is_second = is_write && is_begun.swap(true, Ordering::SeqCst);
        is_second.then(|| (403, "configmaps is forbidden: no".to_owned()))
    });
    let ended = run(&cluster, "rerun shop").await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("could not keep the build record"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.all(JOBS).len(), 1, "its TTL takes it");
    assert_eq!(server.all(JOBS)[0]["spec"]["ttlSecondsAfterFinished"], json!(300));
}

/// Between the list of Pods and the log: the run that built it has just recorded the log and removed the Pod.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_pod_goes_meanwhile_is_the_records() {
    let (server, cluster) = shop(done(7)).await;
    ok(&cluster, "rerun shop").await;
    let job = server.ever(JOBS).remove(0);
    server.put(JOBS, job.clone());
    let name = job["metadata"]["name"].as_str().unwrap();
    let pod = format!("{name}-x");
    server.answer(move |method, path| {
        let is_log = method.as_str() == "GET" && path.ends_with(&format!("{pod}/log"));
        is_log.then(|| (404, format!("pods \"{pod}\" not found")))
    });
    assert_eq!(
        ok(&cluster, "logs shop --build 2").await,
        "base mounted\nthe last line\n"
    );
    let asked = server.requests();
    assert!(
        asked
            .iter()
            .any(|request| request.starts_with("GET ") && request.ends_with("/log")),
        "{asked:?}"
    );
}
