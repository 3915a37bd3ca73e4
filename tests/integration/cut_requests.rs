//! Each request of a run is cut once, on its way to the API server or on the way back. The run succeeds, and leaves what an
//! undisturbed one leaves.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kubectl_b2i::cluster::Cluster;
use serde_json::{Value, json};

use crate::{
    deploy::{plays, ready},
    lifecycle::{build, builds, done, put_app, put_record, put_secret, run, vouch},
    rollouts::{put_rollouts, rollout},
    support::{
        fake_apiserver::FakeApiServer,
        gate::{self, At},
    },
};

const COLLECTIONS: [&str; 4] = [
    "/api/v1/namespaces/shop/configmaps",
    "/api/v1/namespaces/shop/services",
    "/apis/apps/v1/namespaces/shop/deployments",
    "/apis/batch/v1/namespaces/shop/jobs",
];

/// A server with an app of two builds.
async fn shop() -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    builds(&server, done(7));
    put_secret(&server);
    put_app(&server, 2);
    put_record(&server, "shop", &of_builds());
    put_rollouts(&server, &[rollout(2, "serving"), rollout(1, "serving")]);
    (server, cluster)
}

fn of_builds() -> [Value; 2] {
    [build(1, done(1)), build(2, done(2))]
}

/// What is in the cluster, without what differs from run to run.
fn left(server: &FakeApiServer) -> Vec<Value> {
    let objects = COLLECTIONS.iter().flat_map(|collection| server.all(collection));
    objects
        .map(|object| {
            let builds = object["data"].as_object().into_iter().flatten();
            let outcomes = builds.filter(|(key, _)| *key != "rollouts").map(|(key, build)| {
                let build: Value = serde_json::from_str(build.as_str().unwrap()).unwrap();
                json!([key, build["origin"], build["outcome"]])
            });
            let template = &object["spec"]["template"]["spec"];
            let is_job =
                object["spec"]["completions"].is_number() || object["spec"]["backoffLimit"].is_number();
            json!({
                // The names of Jobs have a random part.
                "name": if is_job { &Value::Null } else { &object["metadata"]["name"] },
                "image": template["containers"][0]["image"],
                "outcomes": outcomes.collect::<Vec<_>>(),
            })
        })
        .collect()
}

/// Runs a command once for each of its requests, of which another one is cut each time.
async fn cut_each(line: &str, at: At) {
    let (server, cluster) = shop().await;
    let ended = run(&cluster, line).await;
    assert_eq!(ended.code, Some(0), "{line}\n{}", ended.stderr);
    let (stdout, undisturbed) = (ended.stdout, left(&server));
    let mut nth = 0;
    loop {
        nth += 1;
        let (server, cluster) = shop().await;
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        let is_it =
            move |line: &str| line.contains(" HTTP/1.1") && counter.fetch_add(1, Ordering::SeqCst) + 1 == nth;
        let url = gate::start(&cluster.server, at, is_it, Duration::ZERO, || {}).await;
        // The same server by another address, where this machine knows the app as well.
        vouch(&url, "shop", &of_builds());
        let through = Cluster::new(cluster.client.clone(), "shop", &url);
        let ended = run(&through, line).await;
        if count.load(Ordering::SeqCst) < nth {
            assert!(nth > 5, "{line} made {} requests", nth - 1);
            return;
        }
        let which = format!("{line}, request {nth}");
        assert_eq!(ended.code, Some(0), "{which}\n{}", ended.stderr);
        assert_eq!(ended.stdout, stdout, "{which}");
        assert_eq!(left(&server), undisturbed, "{which}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_rerun_before_it_arrives() {
    cut_each("rerun shop", At::Request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_rerun_before_its_answer() {
    cut_each("rerun shop", At::Answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_rollback_before_it_arrives() {
    cut_each("rollback shop", At::Request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_rollback_before_its_answer() {
    cut_each("rollback shop", At::Answer).await;
}
