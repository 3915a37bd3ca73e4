//! The job step against a fake API server: each way in which a builder can end.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kubectl_b2i::{
    cluster::Cluster,
    error::Failure,
    model::{BuildOutcome, BuildResult, Event, Events, Step},
    oci::Digest,
    steps::job::{self, Built, Options},
};
use serde_json::{Value, json};

use crate::support::fake_apiserver::FakeApiServer;

const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const EVENTS: &str = "/api/v1/namespaces/shop/events";
const POD: &str = "b2i-builder-k3x9-abcde";

fn options() -> Options {
    Options {
        app: "shop".parse().unwrap(),
        run_id: "k3x9".to_owned(),
        attempt: 1,
        number: 1,
        request_digest: kubectl_b2i::oci::Digest::of(b""),
        builder_image: "registry.example.com/b2i:1".to_owned(),
        builder_pull_secret: None,
        push_secret: "registry-push".to_owned(),
        pull_secret: None,
        cpu_limit: None,
        layers_patience: None,
        deadline_seconds: 1800,
        patience: Duration::ZERO,
    }
}

fn pod(status: Value) -> Value {
    json!({
        "metadata": { "name": POD, "labels": { "job-name": "b2i-builder-k3x9" } },
        "spec": { "containers": [] },
        "status": status,
    })
}

fn container(state: Value) -> Value {
    json!({ "phase": "Running", "containerStatuses": [{
        "name": "builder", "image": "registry.example.com/b2i:1", "imageID": "", "ready": false,
        "restartCount": 0, "state": state,
    }] })
}

fn terminated(code: i32, reason: &str, message: &str) -> Value {
    container(json!({ "terminated": { "exitCode": code, "reason": reason, "message": message } }))
}

fn running() -> Value {
    container(json!({ "running": {} }))
}

fn done() -> BuildOutcome {
    let shop: kubectl_b2i::oci::Reference = "registry.example.com/team/shop".parse().unwrap();
    BuildOutcome::Done(BuildResult {
        image: shop.with_digest(Digest::of(b"")),
        tags: vec!["latest".to_owned()],
        size_bytes: 1,
        base: None,
        copied_layers: 0,
        mounted_layers: 0,
    })
}

/// Runs the step; `happens` is what the cluster does when the Job is created.
async fn run(happens: impl Fn(&FakeApiServer) + Send + Sync + 'static) -> Result<Built, Failure> {
    let (server, cluster) = FakeApiServer::start().await;
    when_created(&server, happens);
    job::run(&cluster, &options(), &Events::nowhere()).await
}

fn when_created(server: &FakeApiServer, happens: impl Fn(&FakeApiServer) + Send + Sync + 'static) {
    server.controller(move |server, collection, _| {
        if collection == JOBS {
            happens(server);
        }
    });
}

async fn why(happens: impl Fn(&FakeApiServer) + Send + Sync + 'static) -> Failure {
    run(happens).await.expect_err("no result")
}

#[tokio::test]
async fn a_result_and_the_log_come_back() {
    let (server, cluster) = FakeApiServer::start().await;
    server.log(POD, "resolving the base\npushed \u{fffd}\n");
    when_created(&server, |server| {
        server.put(PODS, pod(running()));
        server.put(
            PODS,
            pod(terminated(0, "Completed", &done().to_termination_message())),
        );
    });
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = Events::to({
        let heard = heard.clone();
        move |event| heard.lock().unwrap().push(event)
    });
    let built = job::run(&cluster, &options(), &events).await.unwrap();
    assert_eq!(built.outcome, done());
    assert_eq!(built.log_tail, ["resolving the base", "pushed \u{fffd}"]);
    let heard = heard.lock().unwrap();
    assert!(
        heard.contains(&Event::Log(Step::Build, "resolving the base".to_owned())),
        "{heard:?}"
    );
}

/// The failure that the builder leaves is printed in full: a line of its log with the same would be a second report.
#[tokio::test]
async fn the_line_of_a_failure_is_recorded_and_not_shown_beside_the_failure() {
    let lines = |heard: &[Event]| -> Vec<String> {
        let lines = heard.iter().filter_map(|event| match event {
            Event::Log(_, line) => Some(line.clone()),
            _ => None,
        });
        lines.collect()
    };
    let said = BuildOutcome::Failed(Failure::new("could not push").why("denied"));
    let line = "error: could not push: denied";
    for (log, message, shown) in [
        (
            format!("base mounted\n{line}\n"),
            said.to_termination_message(),
            vec!["base mounted"],
        ),
        // Not the last line, so not the failure.
        (
            format!("{line}\nbase mounted\n"),
            done().to_termination_message(),
            vec![line, "base mounted"],
        ),
    ] {
        let (server, cluster) = FakeApiServer::start().await;
        server.log(POD, &log);
        when_created(&server, move |server| {
            server.put(PODS, pod(running()));
            server.put(PODS, pod(terminated(1, "Error", &message)));
        });
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hear = heard.clone();
        let events = Events::to(move |event| hear.lock().unwrap().push(event));
        let built = job::run(&cluster, &options(), &events).await.unwrap();
        assert_eq!(lines(&heard.lock().unwrap()), shown);
        assert_eq!(built.log_tail.len(), 2, "the record has it");
    }
}

/// Whoever may create Pods sets the labels of one, and its name.
#[tokio::test]
async fn a_pod_that_is_only_labelled_like_the_builder_is_not_believed() {
    let strangers = [
        json!([]),
        json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": "b2i-builder-k3x9", "uid": "other", "controller": true }]),
        json!([{ "apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "JOB", "controller": true }]),
        json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": "b2i-builder-k3x9", "uid": "JOB" }]),
    ];
    for owners in strangers {
        let built = run(move |server| {
            let uid = server.get(JOBS, "b2i-builder-k3x9").unwrap()["metadata"]["uid"].clone();
            let forged = BuildOutcome::Failed(Failure::new("forged")).to_termination_message();
            let mut stranger = pod(terminated(0, "Completed", &forged));
            let metadata = &mut stranger["metadata"];
            metadata["name"] = json!("a-stranger");
            metadata["labels"]["controller-uid"] = uid.clone();
            metadata["labels"]["batch.kubernetes.io/controller-uid"] = uid.clone();
            let owners = owners.to_string().replace("JOB", uid.as_str().unwrap());
            metadata["ownerReferences"] = serde_json::from_str(&owners).unwrap();
            server.put(PODS, stranger);
            server.put(
                PODS,
                pod(terminated(0, "Completed", &done().to_termination_message())),
            );
        });
        assert_eq!(built.await.unwrap().outcome, done());
    }
}

#[tokio::test]
async fn a_failure_of_the_builder_is_an_outcome() {
    let failure = Failure::new("could not push").why("denied").anchor("push-denied");
    let outcome = BuildOutcome::Failed(failure);
    let message = outcome.to_termination_message();
    let built = run(move |server| {
        server.put(PODS, pod(terminated(1, "Error", &message)));
    });
    assert_eq!(built.await.unwrap().outcome, outcome);
}

#[tokio::test]
async fn the_sidecar_of_a_mesh_is_not_waited_for() {
    let built = run(|server| {
        let mut pod = pod(terminated(0, "Completed", &done().to_termination_message()));
        let sidecar = json!({
            "name": "istio-proxy", "image": "", "imageID": "", "ready": true, "restartCount": 0,
            "state": { "running": {} },
        });
        pod["status"]["containerStatuses"]
            .as_array_mut()
            .unwrap()
            .insert(0, sidecar);
        server.put(PODS, pod);
    });
    assert_eq!(built.await.unwrap().outcome, done());
}

#[tokio::test]
async fn the_builder_image_cannot_be_pulled() {
    let failure = why(|server| {
        let message = "Back-off pulling image \"registry.example.com/b2i:1\": ErrImagePull: 401 Unauthorized";
        server.put(
            PODS,
            pod(container(
                json!({ "waiting": { "reason": "ImagePullBackOff", "message": message } }),
            )),
        );
    })
    .await;
    assert_eq!(failure.what, "could not build `shop`");
    assert!(failure.why.contains("registry.example.com/b2i:1") && failure.why.contains("401 Unauthorized"));
    assert!(failure.next.contains("--builder-image"), "{}", failure.next);
    assert_eq!(failure.anchor, "builder-image");
}

const SECRETS: &str = "/api/v1/namespaces/shop/secrets";

/// Runs a build whose builder image is refused, and that names this Secret to pull it with.
async fn refused_pull(
    secret: Option<&str>,
    words: &'static str,
    cluster_has: impl Fn(&FakeApiServer),
) -> Failure {
    let (server, cluster) = FakeApiServer::start().await;
    cluster_has(&server);
    when_created(&server, move |server| {
        let message = format!("Back-off pulling image \"registry.example.com/b2i:1\": ErrImagePull: {words}");
        let waiting = json!({ "waiting": { "reason": "ImagePullBackOff", "message": message } });
        server.put(PODS, pod(container(waiting)));
    });
    let options = Options {
        builder_pull_secret: secret.map(str::to_owned),
        ..options()
    };
    job::run(&cluster, &options, &Events::nowhere())
        .await
        .expect_err("no builder")
}

/// The kubelet's own event.
fn without_secret(server: &FakeApiServer, pod: &str, names: &str) {
    server.put(
        EVENTS,
        json!({
            "metadata": { "name": format!("event-of-{pod}") }, "type": "Warning",
            "reason": "FailedToRetrieveImagePullSecret",
            "message": format!("Unable to retrieve some image pull secrets ({names}); attempting to pull the image may not succeed."),
            "involvedObject": { "kind": "Pod", "name": pod },
        }),
    );
}

fn assert_names_the_secret(failure: &Failure, secret: &str) {
    assert_eq!(failure.what, "could not build `shop`");
    let why = format!(
        "the Secret `{secret}` for pulling the builder image `registry.example.com/b2i:1` does not exist in namespace `shop`"
    );
    assert!(failure.why.starts_with(&why), "{}", failure.why);
    assert_eq!(
        failure.commands,
        [format!(
            "kubectl b2i registry login registry.example.com --secret {secret} -n shop"
        )]
    );
    assert_eq!(failure.anchor, "builder-pull-secret");
}

#[tokio::test]
async fn a_pull_secret_that_does_not_exist_is_named() {
    // As containerd, Docker Hub and a registry that hides what one may not see say it.
    for words in [
        "401 Unauthorized",
        "pull access denied, repository does not exist",
        "not found",
    ] {
        let failure = refused_pull(Some("team-pull"), words, |_| {}).await;
        assert_names_the_secret(&failure, "team-pull");
        assert!(failure.why.contains(words), "{}", failure.why);
    }
}

#[tokio::test]
async fn without_the_right_to_read_secrets_the_kubelets_event_names_it() {
    let forbids = |server: &FakeApiServer| server.refuse("GET", "/secrets/", 403, "secrets is forbidden");
    let failure = refused_pull(Some("team-pull"), "401 Unauthorized", |server| {
        forbids(server);
        without_secret(server, POD, "other, team-pull");
    });
    assert_names_the_secret(&failure.await, "team-pull");
    // One of the service account.
    let failure = refused_pull(None, "401 Unauthorized", |server| {
        forbids(server);
        without_secret(server, POD, "of-the-account");
    });
    assert_names_the_secret(&failure.await, "of-the-account");
    // Without an event, and with that of another Pod, nothing is known.
    let failure = refused_pull(Some("team-pull"), "401 Unauthorized", |server| {
        forbids(server);
        without_secret(server, "shop-1-abcde", "team-pull");
    });
    assert_eq!(failure.await.anchor, "builder-image");
}

#[tokio::test]
async fn a_pull_secret_that_exists_is_not_blamed() {
    let failure = refused_pull(Some("team-pull"), "401 Unauthorized", |server| {
        server.put(SECRETS, json!({ "metadata": { "name": "team-pull" } }));
        // Seen by a kubelet that learned of it late.
        without_secret(server, POD, "team-pull");
    });
    let failure = failure.await;
    assert!(failure.why.contains("401 Unauthorized"), "{}", failure.why);
    assert_eq!(failure.anchor, "builder-image");
    let failure = refused_pull(Some("gone"), "dial tcp: no such host", |_| {}).await;
    assert_eq!(failure.anchor, "node-unreachable");
}

#[tokio::test]
async fn no_node_takes_the_pod() {
    let words = "0/2 nodes are available: 2 Insufficient cpu.";
    let failure = why(move |server| {
        let condition =
            json!({ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words });
        server.put(
            PODS,
            pod(json!({ "phase": "Pending", "conditions": [condition] })),
        );
    })
    .await;
    assert!(failure.why.contains(words), "{}", failure.why);
    assert_eq!(failure.anchor, "unschedulable");
}

#[tokio::test]
async fn the_pod_is_refused() {
    let words =
        "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": seccompProfile";
    let failure =
        why(move |server| {
            server.put(EVENTS, json!({
            "metadata": { "name": "e1" }, "type": "Warning", "reason": "FailedCreate", "message": words,
            "involvedObject": { "kind": "Job", "name": "b2i-builder-k3x9" },
        }));
        })
        .await;
    assert!(failure.why.contains("violates PodSecurity"), "{}", failure.why);
    assert_eq!(failure.anchor, "pod-refused");
}

#[tokio::test]
async fn the_push_secret_is_gone() {
    let failure = why(|server| {
        server.put(PODS, pod(container(json!({ "waiting": { "reason": "ContainerCreating" } }))));
        server.put(EVENTS, json!({
            "metadata": { "name": "e1" }, "type": "Warning", "reason": "FailedMount",
            "message": "MountVolume.SetUp failed for volume \"push-secret\" : secret \"registry-push\" not found",
            "involvedObject": { "kind": "Pod", "name": POD },
        }));
    })
    .await;
    assert!(
        failure.why.contains("secret \"registry-push\" not found"),
        "{}",
        failure.why
    );
    assert_eq!(failure.commands, ["kubectl get secret registry-push -n shop"]);
}

#[tokio::test]
async fn the_pod_is_deleted_while_it_works() {
    let failure = why(|server| {
        server.put(PODS, pod(running()));
        let server = server.clone();
        tokio::spawn(async move {
            server
                .saw("GET /api/v1/namespaces/shop/pods/b2i-builder-k3x9-abcde/log")
                .await;
            server.remove(PODS, POD);
            server.remove(JOBS, "b2i-builder-k3x9");
        });
    })
    .await;
    assert_eq!(failure.why, "the builder's Pod was deleted while it worked");
}

#[tokio::test]
async fn a_pod_that_is_drained_away_says_so() {
    let failure = why(|server| {
        let mut pod = pod(terminated(143, "Error", ""));
        pod["metadata"]["deletionTimestamp"] = json!("2024-05-01T12:00:00Z");
        pod["status"]["conditions"] = json!([{
            "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
        }]);
        server.put(PODS, pod);
        server.remove(JOBS, "b2i-builder-k3x9");
    })
    .await;
    assert!(failure.why.contains("Eviction API: evicting"), "{}", failure.why);
}

#[tokio::test]
async fn an_eviction_is_told_in_the_kubelets_words() {
    let failure = why(|server| {
        let message = "The node was low on resource: memory.";
        server.put(
            PODS,
            pod(json!({ "phase": "Failed", "reason": "Evicted", "message": message })),
        );
    })
    .await;
    assert_eq!(
        failure.why,
        "the Pod was stopped: Evicted: The node was low on resource: memory."
    );
    assert_eq!(failure.anchor, "builder-stopped");
}

#[tokio::test]
async fn out_of_memory() {
    let failure = why(|server| {
        server.put(PODS, pod(terminated(137, "OOMKilled", "")));
    })
    .await;
    assert_eq!(failure.anchor, "builder-memory");
}

/// The trap: a failed Job never becomes `Complete`.
#[tokio::test]
async fn out_of_time() {
    let failure = why(|server| {
        server.put(JOBS, json!({
            "metadata": { "name": "b2i-builder-k3x9" },
            "status": { "conditions": [{ "type": "Failed", "status": "True", "reason": "DeadlineExceeded" }] },
        }));
        let mut pod = pod(terminated(143, "Error", ""));
        pod["metadata"]["deletionTimestamp"] = json!("2024-05-01T12:00:00Z");
        server.put(PODS, pod);
    })
    .await;
    assert_eq!(
        failure.why,
        "the builder was not done after 1800 seconds, its deadline"
    );
    assert_eq!(failure.anchor, "builder-deadline");
}

#[tokio::test]
async fn a_builder_that_says_nothing_shows_its_log() {
    let (server, cluster) = FakeApiServer::start().await;
    server.log(POD, "unknown argument in-cluster-builder\n");
    when_created(&server, |server| {
        server.put(PODS, pod(terminated(2, "Error", "")));
    });
    let failure = job::run(&cluster, &options(), &Events::nowhere())
        .await
        .unwrap_err();
    assert_eq!(
        failure.why,
        "the builder ended with exit code 2 and left no result\n  unknown argument in-cluster-builder"
    );
    assert_eq!(failure.anchor, "builder-image");
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let (server, cluster): (_, Cluster) = FakeApiServer::start().await;
    let words =
        "jobs.batch is forbidden: User \"eve\" cannot create resource \"jobs\" in API group \"batch\"";
    server.refuse("POST", "/jobs", 403, words);
    let failure = job::run(&cluster, &options(), &Events::nowhere())
        .await
        .unwrap_err();
    assert_eq!(
        (failure.why.as_str(), failure.anchor.as_str()),
        (words, "permissions")
    );

    let (server, cluster) = FakeApiServer::start().await;
    server.refuse(
        "GET",
        "/pods",
        403,
        "pods is forbidden: User \"eve\" cannot list resource \"pods\"",
    );
    let failure = job::run(&cluster, &options(), &Events::nowhere())
        .await
        .unwrap_err();
    assert_eq!(failure.what, "could not follow the builder of `shop`");
    assert_eq!(failure.anchor, "permissions");
}

#[tokio::test]
async fn without_the_right_to_see_events_all_goes_well() {
    let (server, cluster) = FakeApiServer::start().await;
    server.refuse(
        "GET",
        "/events",
        403,
        "events is forbidden: User \"eve\" cannot list resource \"events\"",
    );
    when_created(&server, |server| {
        server.put(
            PODS,
            pod(terminated(0, "Completed", &done().to_termination_message())),
        );
    });
    assert!(job::run(&cluster, &options(), &Events::nowhere()).await.is_ok());
}
