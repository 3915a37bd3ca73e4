//! Whole runs while the API server restarts: what it answers then is not taken for the truth, and a request that found no
//! server is repeated.
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use kubectl_b2i::{cluster::Cluster, model::BuildOutcome};
use serde_json::{Value, json};

use crate::{
    lifecycle::{build, builds, done, history, image, ok, put_record, put_secret, run, vouch},
    support::{
        fake_apiserver::FakeApiServer,
        gate::{self, At},
    },
};

const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const AWAY: Duration = Duration::from_millis(1500);

/// A server with an app that can be built again from its record.
async fn shop() -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    put_secret(&server);
    put_record(&server, "shop", &[build(1, done(1))]);
    (server, cluster)
}

/// The same server by another address, where this machine knows the app as well.
fn through(cluster: &Cluster, url: &str) -> Cluster {
    vouch(url, "shop", &[build(1, done(1))]);
    Cluster::new(cluster.client.clone(), "shop", url)
}

/// Builds again while the server is away from this request on.
async fn rerun_over(at: At, is_it: impl Fn(&str) -> bool + Send + Sync + 'static) {
    let (server, cluster) = shop().await;
    builds(&server, done(7));
    let url = gate::start(&cluster.server, at, is_it, AWAY, || {}).await;
    let begun = Instant::now();
    assert_eq!(
        ok(&through(&cluster, &url), "rerun shop").await,
        format!("{}\n", image(7))
    );
    assert!(begun.elapsed() > AWAY, "the server was never away");
    let history = history(&cluster).await;
    assert_eq!(history.len(), 2, "one entry was added");
    assert!(history[0].result().is_some());
    let jobs = server.ever(JOBS);
    let uids: BTreeSet<String> = jobs
        .iter()
        .map(|job| job["metadata"]["uid"].to_string())
        .collect();
    assert_eq!(uids.len(), 1, "one Job was created");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_away_when_the_build_record_is_written() {
    rerun_over(At::Request, |line| {
        line.starts_with("PATCH ") && line.contains("/configmaps/b2i-shop")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_away_when_the_job_is_created() {
    rerun_over(At::Request, |line| {
        line.starts_with("POST ") && line.contains("/jobs")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_away_when_the_pod_is_watched() {
    rerun_over(At::Request, |line| line.contains("/pods?")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_the_write_of_the_record_is_lost() {
    rerun_over(At::Answer, |line| {
        line.starts_with("PATCH ") && line.contains("/configmaps/b2i-shop")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_the_creation_of_the_job_is_lost() {
    rerun_over(At::Answer, |line| {
        line.starts_with("POST ") && line.contains("/jobs")
    })
    .await;
}

/// The name of a Job is no secret once its run has others: who takes it first is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_this_name_that_another_made_is_not_taken_for_ours() {
    let (server, cluster) = shop().await;
    builds(&server, done(7));
    server.answer(|method, path| {
        (method == "POST" && path.ends_with("/jobs")).then(|| (409, "jobs.batch already exists".to_owned()))
    });
    let ended = run(&cluster, "rerun shop").await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("already exists"), "{}", ended.stderr);
}

/// What a restarted server answers until it has read accounts and Roles, as seen with 1.34.
fn loads(server: &FakeApiServer, code: u16, since: &Arc<Mutex<Option<Instant>>>, early: &Arc<AtomicUsize>) {
    let (since, early) = (since.clone(), early.clone());
    server.answer(move |method, path| {
        let age = since.lock().unwrap().map(|since| since.elapsed())?;
        let forbidden = format!("User \"ann\" cannot {method} {path}");
        match (path, age.as_millis()) {
            ("/readyz", ..400) => Some((code, forbidden)),
            ("/readyz", ..900) => Some((500, "[-]informer-sync failed: reason withheld".to_owned())),
            (_, ..700) => {
                early.fetch_add(1, Ordering::SeqCst);
                Some((code, forbidden))
            }
            _ => None,
        }
    });
}

async fn follows_over_early_refusals(code: u16) {
    let (server, cluster) = shop().await;
    let container = |state: Value| {
        json!({ "phase": "Running", "containerStatuses": [{
            "name": "builder", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state,
        }] })
    };
    server.controller(move |server, collection, job| {
        if collection != JOBS {
            return;
        }
        let mut labels = job["spec"]["template"]["metadata"]["labels"].clone();
        labels["job-name"] = job["metadata"]["name"].clone();
        let pod = |state| {
            json!({ "metadata": { "name": "builder-x", "labels": labels }, "spec": { "containers": [] }, "status": container(state) })
        };
        server.put(PODS, pod(json!({ "running": {} })));
        let ended = pod(json!({ "terminated": { "exitCode": 0, "message": done(7).to_string() } }));
        let server = server.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            server.put(PODS, ended);
        });
    });
    let (since, early) = (Arc::default(), Arc::default());
    loads(&server, code, &since, &early);
    let back = move || *since.lock().unwrap() = Some(Instant::now());
    // While the Pod is followed.
    let is_log = |line: &str| line.contains("/log?");
    let url = gate::start(
        &cluster.server,
        At::Answer,
        is_log,
        Duration::from_millis(300),
        back,
    )
    .await;
    assert_eq!(
        ok(&through(&cluster, &url), "rerun shop").await,
        format!("{}\n", image(7))
    );
    assert!(
        early.load(Ordering::SeqCst) > 0,
        "the server never answered too early"
    );
    assert!(matches!(
        &history(&cluster).await[0].outcome,
        Some(BuildOutcome::Done(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forbids_all_until_roles_are_loaded_is_asked_again() {
    follows_over_early_refusals(403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_knows_nobody_until_accounts_are_loaded_is_asked_again() {
    follows_over_early_refusals(401).await;
}

/// What the server means is final at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_a_server_that_is_ready_is_final() {
    let (server, cluster) = shop().await;
    server.refuse(
        "POST",
        "/jobs",
        403,
        "jobs.batch is forbidden: User \"ann\" cannot create resource \"jobs\"",
    );
    let begun = Instant::now();
    let ended = run(&cluster, "rerun shop").await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("#permissions"), "{}", ended.stderr);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let posts = server
        .requests()
        .into_iter()
        .filter(|made| *made == format!("POST {JOBS}"));
    assert_eq!(posts.count(), 2, "once more after /readyz, and not again");
}

/// So it is where nobody may ask whether the server is ready.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_where_readyz_is_forbidden_too() {
    let (server, cluster) = shop().await;
    server.refuse(
        "GET",
        "/readyz",
        403,
        "forbidden: User \"ann\" cannot get path \"/readyz\"",
    );
    server.refuse(
        "POST",
        "/jobs",
        403,
        "jobs.batch is forbidden: User \"ann\" cannot create resource \"jobs\"",
    );
    let begun = Instant::now();
    let ended = run(&cluster, "rerun shop").await;
    assert!(ended.stderr.contains("#permissions"), "{}", ended.stderr);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// The address may be wrong, and the user should hear so at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answered_is_not_waited_for() {
    let (_server, cluster) = shop().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let begun = Instant::now();
    let ended = run(&through(&cluster, &format!("http://{free}")), "status shop").await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("refused the connection"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("#cluster-unreachable"), "{}", ended.stderr);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
