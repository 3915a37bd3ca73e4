//! Quotas: what they demand and what they have no room for, told at once and with what helps.
use std::time::{Duration, Instant};

use kubectl_b2i::{
    error::Failure,
    model::{DeployOptions, Events, Strategy},
    steps::deploy::{self, Options},
};
use serde_json::{Value, json};

use crate::{
    deploy::{DEPLOYMENTS, PODS, REPLICA_SETS, image, options, ready},
    support::fake_apiserver::FakeApiServer,
};

/// Longer than any test may take: whoever waits for it fails.
const LONG: Duration = Duration::from_secs(600);

/// A namespace whose quota refuses the Pods of each image but the first, as the controller reports it; with
/// `Recreate` the old Pods are gone first, so there is room.
fn refuses(server: &FakeApiServer, refusal: &'static str) {
    server.controller(move |server, collection, applied| {
        if collection != DEPLOYMENTS {
            return;
        }
        let generation = applied["metadata"]["generation"].as_i64().unwrap();
        let template = &applied["spec"]["template"];
        let recreates = applied["spec"]["strategy"]["type"] == "Recreate";
        let is_first = template["spec"]["containers"][0]["image"] == image("1").to_string();
        let hash = if is_first { "one" } else { "two" };
        let mut labels = template["metadata"]["labels"].clone();
        labels["pod-template-hash"] = json!(hash);
        let condition = json!({ "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refusal });
        let is_refused = !is_first && !recreates;
        let conditions = if is_refused { json!([condition]) } else { json!([]) };
        let owner = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": applied["metadata"]["uid"] });
        server.put(
            REPLICA_SETS,
            json!({
                "metadata": { "name": format!("shop-{hash}"), "labels": labels, "ownerReferences": [owner],
                    "annotations": { "deployment.kubernetes.io/revision": generation.to_string() } },
                "spec": { "selector": {}, "template": template },
                "status": { "replicas": 0, "conditions": conditions },
            }),
        );
        if !is_refused {
            if recreates {
                server.remove(PODS, "shop-one");
            }
            let spec = json!({ "containers": [{ "name": "shop", "resources": { "limits": { "memory": "600Mi" } } }] });
            server.put(PODS, json!({ "metadata": { "name": format!("shop-{hash}"), "labels": labels, "uid": hash }, "spec": spec, "status": ready() }));
        }
        let mut deployment = applied.clone();
        deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!(generation.to_string());
        let updated = i32::from(!is_refused);
        deployment["status"] = json!({ "observedGeneration": generation, "replicas": 1, "updatedReplicas": updated,
            "availableReplicas": 1, "readyReplicas": 1, "conditions": conditions });
        server.put(DEPLOYMENTS, deployment);
    });
}

async fn second(refusal: &'static str, strategy: Strategy, others: &[Value]) -> Result<(), Failure> {
    let (server, cluster) = FakeApiServer::start().await;
    refuses(&server, refusal);
    for other in others {
        server.put(PODS, other.clone());
    }
    let order = |version: &str, strategy| Options {
        image: image(version),
        options: DeployOptions {
            strategy,
            ..options().options
        },
        timeout: LONG,
        patience: Duration::from_secs(3),
        ..options()
    };
    let events = Events::nowhere();
    deploy::run(&cluster, &order("1", Strategy::Rolling), &events)
        .await
        .map_err(Failure::from)?;
    let done = deploy::run(&cluster, &order("2", strategy), &events).await;
    done.map(drop).map_err(Failure::from)
}

const NO_ROOM: &str = "pods \"shop-two\" is forbidden: exceeded quota: small, requested: limits.memory=600Mi, used: limits.memory=600Mi, limited: limits.memory=1Gi";

#[tokio::test]
async fn a_rolling_update_that_the_old_pods_keep_out_ends_at_once() {
    let begun = Instant::now();
    let failure = second(NO_ROOM, Strategy::Rolling, &[]).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(3), "{failure}");
    assert_eq!(failure.anchor, "rolling-room", "{failure}");
    assert!(failure.next.contains("`--strategy recreate`"), "{}", failure.next);
    for part in ["exceeded quota: small", "(undone)"] {
        assert!(failure.why.contains(part), "{}", failure.why);
    }
}

#[tokio::test]
async fn with_recreate_the_old_pods_make_room() {
    second(NO_ROOM, Strategy::Recreate, &[]).await.unwrap();
}

#[tokio::test]
async fn recreate_is_offered_only_where_it_helps() {
    // Another app holds what is lacking; or more is wanted than the quota ever has.
    let other = json!({ "metadata": { "name": "other" }, "status": { "phase": "Running" },
        "spec": { "containers": [{ "name": "other", "resources": { "limits": { "memory": "600Mi" } } }] } });
    let too_much = "pods \"shop-two\" is forbidden: exceeded quota: small, requested: limits.memory=2Gi, used: limits.memory=600Mi, limited: limits.memory=1Gi";
    for (refusal, others) in [(NO_ROOM, vec![other]), (too_much, Vec::new())] {
        let failure = second(refusal, Strategy::Rolling, &others).await.unwrap_err();
        assert_eq!(failure.anchor, "pod-refused", "{failure}");
        assert!(
            failure.next.contains("ask for less with `--memory`"),
            "{}",
            failure.next
        );
    }
}

#[tokio::test]
async fn room_that_a_build_takes_is_waited_for_where_it_would_do() {
    let staging = json!({ "metadata": { "name": "b2i-staging-x", "uid": "staging", "labels": {
        "app.kubernetes.io/managed-by": "kubectl-b2i", "kubectl-b2i/role": "staging" } },
        "spec": { "containers": [{ "name": "staging", "resources": { "limits": { "memory": "256Mi" } } }] },
        "status": { "phase": "Running" } });
    let enough = "pods \"shop-two\" is forbidden: exceeded quota: small, requested: limits.memory=600Mi, used: limits.memory=856Mi, limited: limits.memory=1200Mi";
    let failure = second(enough, Strategy::Rolling, std::slice::from_ref(&staging))
        .await
        .unwrap_err();
    assert_eq!(
        failure.anchor, "pod-refused",
        "as long as that may pass: {failure}"
    );
    let failure = second(NO_ROOM, Strategy::Rolling, &[staging]).await.unwrap_err();
    assert_eq!(failure.anchor, "rolling-room", "{failure}");
}

#[tokio::test]
async fn what_a_quota_demands_is_named() {
    let demands = "pods \"shop-two\" is forbidden: failed quota: small: must specify limits.cpu for: shop";
    let failure = second(demands, Strategy::Rolling, &[]).await.unwrap_err();
    assert_eq!(
        failure.next,
        "the quota `small` demands limits.cpu of every container: set it with `--cpu-limit`, or have an administrator of \
         the namespace set defaults for all containers:"
    );
    assert!(
        failure.commands[0].contains("LimitRange"),
        "{}",
        failure.commands[0]
    );
    assert_eq!(failure.anchor, "pod-refused");
}
