//! The entry of a run that was killed (`kill -9`) is closed, and shown as what it is until then.
use jiff::{Timestamp, ToSpan};
use kubectl_b2i::{cluster::Cluster, model::BuildOutcome};
use serde_json::{Value, json};

use crate::{
    lifecycle::{build, builds, done, history, labels, ok, put_record, put_secret},
    support::fake_apiserver::FakeApiServer,
};

const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";

/// An app whose second build began ten minutes ago and has no result.
async fn shop() -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    builds(&server, done(7));
    let mut open = build(2, Value::Null);
    open["started"] = json!(ago(10));
    open["ended"] = Value::Null;
    open["run"] = json!("dead0001");
    put_record(&server, "shop", &[build(1, done(1)), open]);
    (server, cluster)
}

fn ago(minutes: i64) -> String {
    (Timestamp::now() - minutes.minutes()).to_string()
}

fn put_job(server: &FakeApiServer, run: &str, conditions: Value) {
    let mut labels = labels("shop", "builder");
    labels["kubectl-b2i/run"] = json!(run);
    let metadata = json!({ "name": format!("b2i-builder-{run}"), "labels": labels });
    server.put(
        JOBS,
        json!({ "metadata": metadata, "status": { "conditions": conditions } }),
    );
}

async fn phase(cluster: &Cluster) -> Value {
    let status: Value = serde_json::from_str(&ok(cluster, "status shop -o json").await).unwrap();
    let build = status["builds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|build| build["number"] == 2);
    build.unwrap()["phase"].clone()
}

async fn assert_closed_by_the_next_build(cluster: &Cluster) {
    assert_eq!(phase(cluster).await, "lost");
    let page = ok(cluster, "status shop").await;
    assert!(page.contains("it was killed"), "{page}");
    ok(cluster, "rerun shop").await;
    let history = history(cluster).await;
    let [newest, killed, first] = &history[..] else {
        panic!("{history:?}")
    };
    assert!(newest.result().is_some() && first.result().is_some());
    let Some(BuildOutcome::Failed(failure)) = &killed.outcome else {
        panic!("{killed:?}")
    };
    assert!(failure.why.contains("it was killed"), "{}", failure.why);
    assert!(killed.ended.is_some());
    assert_eq!(phase(cluster).await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_job_is_gone_is_closed() {
    let (_server, cluster) = shop().await;
    assert_closed_by_the_next_build(&cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_job_has_ended_is_closed() {
    for end in ["Complete", "Failed"] {
        let (server, cluster) = shop().await;
        put_job(
            &server,
            "dead0001",
            json!([{ "type": end, "status": "True", "lastTransitionTime": ago(2) }]),
        );
        assert_closed_by_the_next_build(&cluster).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_of_another_run_does_not_keep_an_entry_open() {
    let (server, cluster) = shop().await;
    put_job(&server, "0002", Value::Null);
    assert_closed_by_the_next_build(&cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_job_works_stays_open() {
    let (server, cluster) = shop().await;
    put_job(&server, "dead0001", Value::Null);
    assert_eq!(phase(&cluster).await, "building");
    ok(&cluster, "rerun shop").await;
    assert_eq!(history(&cluster).await[1].outcome, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_jobs_may_not_be_listed_an_entry_stays_open() {
    let (server, cluster) = shop().await;
    server.refuse(
        "GET",
        "/jobs",
        403,
        "jobs.batch is forbidden: User \"ann\" cannot list resource \"jobs\"",
    );
    assert_eq!(phase(&cluster).await, "building", "nobody knows");
}
