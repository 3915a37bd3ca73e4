//! Two deploys of one app at one time, at the moments that a real cluster does not show on demand. What
//! another deploy does is put into the fake API server between two requests of ours.

use std::time::Duration;

use kubectl_b2i::{
    cluster::Cluster,
    error::Failure,
    model::{Events, Port, Rollout, RolloutOutcome},
    steps::deploy::{self, Options},
};
use serde_json::{Value, json};

use crate::{
    deploy::{DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES, image, options, plays, ready, waiting},
    support::fake_apiserver::FakeApiServer,
};

const OPTIONS: &str = "kubectl-b2i/options";

async fn run(cluster: &Cluster, options: &Options) -> Result<Rollout, Failure> {
    Ok(deploy::run(cluster, options, &Events::nowhere()).await?)
}

/// A deploy of this version of the image.
fn of(version: &str) -> Options {
    Options {
        image: image(version),
        ..options()
    }
}

/// An app of version 1 that serves; each later version does what is said.
async fn served(later: Value) -> (FakeApiServer, Cluster) {
    let (server, cluster) = FakeApiServer::start().await;
    let good = image("1").to_string();
    plays(
        &server,
        move |image| if image == good { ready() } else { later.clone() },
    );
    run(&cluster, &options()).await.unwrap();
    (server, cluster)
}

/// What another deploy does: its image, all of it served at once.
fn another_deploys(server: &FakeApiServer, version: &str) {
    change(server, |live| {
        live["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image(version).to_string());
    });
}

/// Changes the Deployment's spec, and has its controller report it as complete.
fn change(server: &FakeApiServer, edit: impl FnOnce(&mut Value)) {
    let mut live = server.get(DEPLOYMENTS, "shop").unwrap();
    edit(&mut live);
    let generation = live["metadata"]["generation"].as_i64().unwrap() + 1;
    live["metadata"]["generation"] = json!(generation);
    let wanted = live["spec"]["replicas"].as_i64().unwrap_or(1);
    live["status"] = json!({
        "observedGeneration": generation, "replicas": wanted, "updatedReplicas": wanted,
        "availableReplicas": wanted, "readyReplicas": wanted,
    });
    server.put(DEPLOYMENTS, live);
}

/// Scales as `kubectl scale` does: the number is no longer ours.
fn scale(live: &mut Value) {
    live["spec"]["replicas"] = json!(3);
    if let Some(spec) = live.pointer_mut("/metadata/managedFields/0/fieldsV1/f:spec") {
        spec.as_object_mut().unwrap().remove("f:replicas");
    }
}

fn running(server: &FakeApiServer) -> Value {
    server.get(DEPLOYMENTS, "shop").unwrap()["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

/// The requests that changed something, from here on.
struct Writes(FakeApiServer, usize);

impl Writes {
    fn from_here(server: &FakeApiServer) -> Self {
        Self(server.clone(), server.requests().len())
    }

    fn so_far(&self) -> Vec<String> {
        let requests = self.0.requests().split_off(self.1);
        requests
            .into_iter()
            .filter(|request| !request.starts_with("GET"))
            .collect()
    }
}

fn is_replaced(failure: &Failure, by: &str) {
    assert_eq!(failure.what, "could not roll out `shop`");
    let words = format!(
        "another deploy has replaced this one: `shop` now runs {}",
        image(by)
    );
    assert!(failure.why.starts_with(&words), "{}", failure.why);
    assert_eq!(failure.anchor, "replaced");
    assert!(failure.next.contains("nothing was undone"), "{}", failure.next);
    assert_eq!(failure.commands, ["kubectl b2i status shop -n shop"]);
}

#[tokio::test]
async fn a_deploy_that_another_replaces_ends_with_that_and_changes_nothing() {
    let (server, cluster) = served(json!({ "phase": "Pending" })).await;
    let other = server.clone();
    // The list of Pods begins the watch, when ours is applied.
    server.before("GET", "/pods", move |_| another_deploys(&other, "3"));
    let writes = Writes::from_here(&server);
    let failure = run(&cluster, &of("2")).await.unwrap_err();
    is_replaced(&failure, "3");
    assert_eq!(running(&server), image("3").to_string());
    let ours = [
        format!("PATCH {SERVICES}/shop"),
        format!("PATCH {DEPLOYMENTS}/shop"),
    ];
    assert_eq!(writes.so_far(), ours);
}

#[tokio::test]
async fn an_undo_of_somebody_elses_that_hits_our_rollout_is_seen() {
    // The finding: the other one puts the version before back, and that is complete at once.
    let (server, cluster) = served(json!({ "phase": "Pending" })).await;
    let other = server.clone();
    server.before("GET", "/pods", move |_| another_deploys(&other, "1"));
    is_replaced(&run(&cluster, &of("2")).await.unwrap_err(), "1");
}

#[tokio::test]
async fn other_options_with_the_same_image_replace_too() {
    let (server, cluster) = served(json!({ "phase": "Pending" })).await;
    let other = server.clone();
    server.before("GET", "/pods", move |_| {
        change(&other, |live| {
            live["metadata"]["annotations"][OPTIONS] = json!("{}")
        });
    });
    let failure = run(&cluster, &of("2")).await.unwrap_err();
    assert_eq!(
        failure.why,
        "another deploy has replaced this one, with the same image and other options"
    );
    assert_eq!(failure.anchor, "replaced");
}

#[tokio::test]
async fn what_others_change_beside_a_rollout_does_not_replace_it() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 3] = [
        ("kubectl scale", scale),
        ("kubectl set env", |live| {
            live["spec"]["template"]["spec"]["containers"][0]["env"] =
                json!([{ "name": "THEIRS", "value": "1" }]);
        }),
        ("kubectl rollout restart", |live| {
            live["spec"]["template"]["metadata"]["annotations"] =
                json!({ "kubectl.kubernetes.io/restartedAt": "now" });
        }),
    ];
    for (who, edit) in edits {
        let (server, cluster) = served(ready()).await;
        let other = server.clone();
        server.before("GET", "/pods", move |_| change(&other, edit));
        let rollout = run(&cluster, &of("2")).await;
        assert!(rollout.is_ok(), "{who}: {rollout:?}");
        assert_eq!(running(&server), image("2").to_string());
    }
}

#[tokio::test]
async fn an_undo_leaves_what_another_deploy_applied_between_its_read_and_its_write() {
    let (server, cluster) = served(waiting("CrashLoopBackOff", "back-off 10s")).await;
    let other = server.clone();
    server.before("PATCH", "/deployments", |_| {});
    server.before("PATCH", "/deployments", move |_| another_deploys(&other, "3"));
    let failed = deploy::run(&cluster, &of("2"), &Events::nowhere())
        .await
        .unwrap_err();
    assert_eq!(failed.outcome, RolloutOutcome::Replaced);
    is_replaced(&failed.failure, "3");
    let why = &failed.failure.why;
    assert!(
        why.contains("before that its own rollout failed: the container ends"),
        "{why}"
    );
    assert_eq!(running(&server), image("3").to_string());
}

#[tokio::test]
async fn an_undo_reads_again_after_a_conflict_that_is_none_of_a_deploy() {
    let (server, cluster) = served(waiting("CrashLoopBackOff", "back-off 10s")).await;
    let other = server.clone();
    server.before("PATCH", "/deployments", |_| {});
    server.before("PATCH", "/deployments", move |_| change(&other, scale));
    let failed = deploy::run(&cluster, &of("2"), &Events::nowhere())
        .await
        .unwrap_err();
    assert_eq!(failed.outcome, RolloutOutcome::Undone, "{}", failed.failure.why);
    assert!(
        failed
            .failure
            .why
            .ends_with(&format!("`shop` serves {} again (undone)", image("1")))
    );
    assert_eq!(running(&server), image("1").to_string());
}

#[tokio::test]
async fn an_undo_whose_answer_was_lost_is_one() {
    let (server, cluster) = served(waiting("CrashLoopBackOff", "back-off 10s")).await;
    let other = server.clone();
    server.before("PATCH", "/deployments", |_| {});
    server.before("PATCH", "/deployments", move |_| another_deploys(&other, "1"));
    let failed = deploy::run(&cluster, &of("2"), &Events::nowhere())
        .await
        .unwrap_err();
    assert!(
        failed.outcome == RolloutOutcome::Undone && failed.failure.why.contains("(undone)"),
        "{}",
        failed.failure.why
    );
}

#[tokio::test]
async fn a_deploy_that_is_replaced_when_it_has_served_does_not_say_so() {
    for wait in [true, false] {
        let (server, cluster) = served(ready()).await;
        let other = server.clone();
        // The app as it was is read first, and at the very end the app as it is.
        server.before("GET", "/deployments/shop", |_| {});
        server.before("GET", "/deployments/shop", move |_| another_deploys(&other, "3"));
        let order = Options { wait, ..of("2") };
        is_replaced(&run(&cluster, &order).await.unwrap_err(), "3");
    }
}

#[tokio::test]
async fn a_service_that_another_deploy_changed_or_took_away_is_seen() {
    for is_gone in [true, false] {
        let (server, cluster) = served(ready()).await;
        let other = server.clone();
        server.before("GET", "/services/shop", |_| {});
        server.before("GET", "/services/shop", move |_| {
            let mut service = other.remove(SERVICES, "shop").unwrap();
            if !is_gone {
                service["spec"]["ports"][0]["port"] = json!(9090);
                other.put(SERVICES, service);
            }
        });
        let failure = run(&cluster, &of("2")).await.unwrap_err();
        assert_eq!(
            failure.why,
            "another deploy has changed the Service of `shop` meanwhile"
        );
        assert_eq!(failure.anchor, "replaced");
    }
}

#[tokio::test]
async fn nothing_changed_takes_the_same_requests_and_looks_at_the_pods() {
    let (server, cluster) = served(ready()).await;
    let before = server.requests().len();
    assert!(!run(&cluster, &of("1")).await.unwrap().changed);
    let expected = [
        format!("GET {DEPLOYMENTS}/shop"),
        format!("GET {SERVICES}/shop"),
        format!("PATCH {SERVICES}/shop"),
        format!("PATCH {DEPLOYMENTS}/shop"),
        format!("GET {PODS}"),
    ];
    assert_eq!(server.requests()[before..], expected);

    // Another deploy comes after the apply: its first Pod is there.
    let other = server.clone();
    server.before("GET", "/pods", move |_| {
        another_deploys(&other, "3");
        let mut pod = other.all(PODS).remove(0);
        pod["metadata"]["name"] = json!("shop-hash3-x");
        pod["metadata"]["labels"]["pod-template-hash"] = json!("hash3");
        other.put(PODS, pod);
    });
    is_replaced(&run(&cluster, &of("1")).await.unwrap_err(), "3");
}

#[tokio::test]
async fn two_first_deploys_with_the_same_options_do_not_refuse_each_other() {
    let (server, cluster) = served(ready()).await;
    // Decided when there was no app yet.
    let decided = |options: Options| Options {
        decided_upon: Some(None),
        ..options
    };
    for version in ["1", "2"] {
        let rollout = run(&cluster, &decided(of(version))).await;
        assert!(rollout.is_ok(), "{version}: {rollout:?}");
    }
    let mut other = decided(of("3"));
    other.options.ports = vec![Port::tcp(9090)];
    let failure = run(&cluster, &other).await.unwrap_err();
    assert_eq!(failure.anchor, "deployed-meanwhile");
    assert_eq!(running(&server), image("2").to_string());
}

#[tokio::test]
async fn a_service_that_another_deploy_uses_is_not_deleted() {
    // This deploy wants no Service any more; another, which does, comes while it waits.
    let (server, cluster) = served(ready()).await;
    let other = server.clone();
    server.before("GET", "/deployments/shop", |_| {});
    server.before("GET", "/deployments/shop", move |_| another_deploys(&other, "3"));
    let mut order = of("2");
    order.options.ports.clear();
    is_replaced(&run(&cluster, &order).await.unwrap_err(), "3");
    assert!(server.get(SERVICES, "shop").is_some());

    // A first deploy whose workload is refused, while another one is not.
    let (server, cluster) = FakeApiServer::start().await;
    let other = server.clone();
    server.before("PATCH", "/deployments", move |server| {
        other.put(DEPLOYMENTS, json!({ "metadata": { "name": "shop", "generation": 1 }, "spec": { "selector": {}, "template": {} } }));
        server.refuse("PATCH", "/deployments", 403, "denied");
    });
    assert!(run(&cluster, &of("1")).await.is_err());
    assert!(server.get(SERVICES, "shop").is_some());
}

#[tokio::test]
async fn a_refusal_of_an_earlier_replica_set_is_not_this_rollouts() {
    let words =
        "pods \"shop-old\" is forbidden: maximum memory usage per Container is 256Mi, but limit is 512Mi";
    let condition =
        json!([{ "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": words }]);
    let (server, cluster) = served(ready()).await;
    // The earlier set's failure stays in the Deployment's status until the rollout is over, with the new
    // generation observed.
    let of_another = condition.clone();
    let other = server.clone();
    server.before("GET", "/pods", move |server| {
        let mut live = other.get(DEPLOYMENTS, "shop").unwrap();
        let complete = live.clone();
        live["status"]["availableReplicas"] = json!(0);
        live["status"]["conditions"] = of_another;
        other.put(DEPLOYMENTS, live);
        let later = other.clone();
        // It has been looked at by then, and serves a moment later.
        server.before("GET", "/replicasets", move |_| {
            let mut pods = later.all(PODS);
            later.put(PODS, pods.pop().unwrap());
            later.put(DEPLOYMENTS, complete);
        });
    });
    let rollout = run(&cluster, &of("2")).await;
    assert!(rollout.is_ok(), "{rollout:?}");

    // Of the new set it fails, whatever the Deployment's own says.
    let (server, cluster) = served(json!({ "phase": "Pending" })).await;
    let other = server.clone();
    server.before("GET", "/pods", move |_| {
        let mut set = other.all(REPLICA_SETS).pop().unwrap();
        set["status"] = json!({ "replicas": 0, "conditions": [
            { "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "pods \"shop-new\" is forbidden: too much" },
        ] });
        other.put(REPLICA_SETS, set);
        let mut live = other.get(DEPLOYMENTS, "shop").unwrap();
        live["status"]["conditions"] = condition;
        other.put(DEPLOYMENTS, live);
    });
    let order = Options {
        timeout: Duration::from_secs(20),
        ..of("2")
    };
    let failure = run(&cluster, &order).await.unwrap_err();
    assert!(
        failure.why.contains("shop-new") && !failure.why.contains("shop-old"),
        "{}",
        failure.why
    );
}
