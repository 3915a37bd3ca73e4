//! The deploy step against a fake API server: what is left alone, what fails and why, and the way back.
use std::{sync::Arc, time::Duration};

use kubectl_b2i::{
    cluster::Cluster,
    error::Failure,
    model::{DeployOptions, Derived, Events, Port, PortKind, Rollout},
    oci::{Digest, Platform, Reference},
    steps::deploy::{self, Options},
};
use serde_json::{Value, json};

use crate::support::fake_apiserver::FakeApiServer;

pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
pub(crate) const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/shop/replicasets";
pub(crate) const PODS: &str = "/api/v1/namespaces/shop/pods";
pub(crate) const SERVICES: &str = "/api/v1/namespaces/shop/services";

pub(crate) fn options() -> Options {
    Options {
        name: "shop".parse().unwrap(),
        options: DeployOptions {
            ports: vec![Port::tcp(8080)],
            service: PortKind::ClusterIp,
            context_path: "/".to_owned(),
            ..DeployOptions::default()
        },
        derived: Derived::default(),
        image: image("1"),
        build: None,
        platform: Some(Platform::linux("amd64")),
        jvm: true,
        timeout: Duration::from_secs(60),
        wait: true,
        undo: true,
        force_conflicts: false,
        adopt: false,
        decided_upon: None,
        patience: Duration::ZERO,
    }
}

pub(crate) fn image(version: &str) -> Reference {
    let shop: Reference = "registry.example.com/team/shop".parse().unwrap();
    shop.with_digest(Digest::of(version.as_bytes()))
}

async fn run(cluster: &Cluster, options: &Options) -> Result<Rollout, Failure> {
    Ok(deploy::run(cluster, options, &Events::nowhere()).await?)
}

/// Plays the Deployment controller and the kubelet: each new generation gets a ReplicaSet and one
/// Pod, whose status is what `pod` makes of its image. Ready Pods complete the rollout.
pub(crate) fn plays(server: &FakeApiServer, pod: impl Fn(&str) -> Value + Send + Sync + 'static) {
    let pod = Arc::new(pod);
    server.controller(move |server, collection, applied| {
        if collection != DEPLOYMENTS {
            return;
        }
        let generation = applied["metadata"]["generation"].as_i64().unwrap();
        let revision = generation.to_string();
        let hash = format!("hash{generation}");
        let image = applied["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
        let status = pod(image);
        let is_ready = status["conditions"][0]["type"] == "Ready";

        let mut labels = applied["spec"]["template"]["metadata"]["labels"].clone();
        labels["pod-template-hash"] = json!(hash);
        let set = server.put(REPLICA_SETS, json!({ "metadata": {
            "name": format!("shop-{hash}"), "labels": labels,
            "annotations": { "deployment.kubernetes.io/revision": revision },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": applied["metadata"]["uid"] }],
        } }));
        let name = format!("{}-x", set["metadata"]["name"].as_str().unwrap());
        server.put(PODS, json!({ "metadata": { "name": name, "labels": labels }, "status": status }));

        let mut deployment = applied.clone();
        deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!(revision);
        deployment["status"] = json!({
            "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1,
            "availableReplicas": i32::from(is_ready), "readyReplicas": i32::from(is_ready),
        });
        server.put(DEPLOYMENTS, deployment);
    });
}

pub(crate) fn ready() -> Value {
    json!({ "phase": "Running", "hostIP": "127.0.0.1", "conditions": [{ "type": "Ready", "status": "True" }] })
}

pub(crate) fn waiting(reason: &str, message: &str) -> Value {
    json!({ "phase": "Pending", "containerStatuses": [{
        "name": "shop", "image": "", "imageID": "", "ready": false, "restartCount": 2,
        "state": { "waiting": { "reason": reason, "message": message } },
        "lastState": { "terminated": { "exitCode": 1, "reason": "Error" } },
    }] })
}

#[tokio::test]
async fn a_first_deploy_makes_both_objects() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    let rollout = run(&cluster, &options()).await.unwrap();
    assert_eq!((rollout.ready, rollout.wanted, rollout.changed), (1, 1, true));
    assert_eq!(rollout.url, None, "no node port");
    assert_eq!(server.get(SERVICES, "shop").unwrap()["spec"]["type"], "ClusterIP");
}

#[tokio::test]
async fn nothing_changed() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    run(&cluster, &options()).await.unwrap();
    let again = run(&cluster, &options()).await.unwrap();
    assert!(!again.changed);
    assert_eq!(
        server.get(DEPLOYMENTS, "shop").unwrap()["metadata"]["generation"],
        1
    );
    let kept = deploy::previous(&cluster, &options().name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (kept.options, kept.image),
        (options().options, Some(options().image))
    );
}

#[tokio::test]
async fn without_waiting_it_returns_at_once() {
    let (server, cluster) = FakeApiServer::start().await;
    let rollout = run(
        &cluster,
        &Options {
            wait: false,
            ..options()
        },
    )
    .await
    .unwrap();
    assert_eq!((rollout.ready, rollout.changed), (0, true));
    assert!(!server.requests().iter().any(|request| request.contains("/pods")));
}

#[tokio::test]
async fn somebody_elses_app_is_left_alone() {
    let (server, cluster) = FakeApiServer::start().await;
    server.put(DEPLOYMENTS, json!({ "metadata": { "name": "shop" } }));
    let failure = run(&cluster, &options()).await.unwrap_err();
    assert_eq!(failure.anchor, "not-ours");
    assert!(failure.next.contains("--name"), "{}", failure.next);
    let asked = deploy::previous(&cluster, &options().name).await.unwrap_err();
    assert_eq!(asked, failure);
    server.remove(DEPLOYMENTS, "shop");
    server.put(SERVICES, json!({ "metadata": { "name": "shop" } }));
    let failure = run(&cluster, &options()).await.unwrap_err();
    assert_eq!(
        failure.why,
        "there is a Service of this name that kubectl-b2i did not make"
    );
    assert!(
        !server
            .requests()
            .iter()
            .any(|request| request.starts_with("PATCH"))
    );
}

#[tokio::test]
async fn a_conflict_names_the_flag() {
    let (server, cluster) = FakeApiServer::start().await;
    let words = "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: .spec.replicas";
    server.refuse("PATCH", "/deployments", 409, words);
    let failure = run(&cluster, &options()).await.unwrap_err();
    assert_eq!(failure.what, "could not apply the Deployment `shop`");
    assert_eq!(failure.why, words);
    assert!(failure.next.contains("--force-conflicts"), "{}", failure.next);
    assert_eq!(
        server.get(SERVICES, "shop"),
        None,
        "a Service for nothing was left behind"
    );
}

#[tokio::test]
async fn a_failed_rollout_is_undone() {
    let (server, cluster) = FakeApiServer::start().await;
    let good = image("1").to_string();
    server.log("shop-hash2-x", "Caused by: java.net.UnknownHostException: db\n");
    plays(&server, {
        let good = good.clone();
        move |image| {
            if image == good {
                ready()
            } else {
                waiting("CrashLoopBackOff", "back-off 10s")
            }
        }
    });
    run(&cluster, &options()).await.unwrap();
    let failure = run(
        &cluster,
        &Options {
            image: image("2"),
            ..options()
        },
    )
    .await
    .unwrap_err();
    assert_eq!(failure.what, "could not roll out `shop`");
    assert_eq!(
        failure.why,
        format!(
            "the container ends: Error, exit code 1, 2 restarts; its last lines:\n  \
             Caused by: java.net.UnknownHostException: db\n`shop` serves {good} again (undone)"
        )
    );
    assert_eq!(failure.anchor, "app-exits");
    let now = server.get(DEPLOYMENTS, "shop").unwrap();
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], good);
}

#[tokio::test]
async fn a_failed_rollout_stays_where_that_was_asked_for() {
    let (server, cluster) = FakeApiServer::start().await;
    let good = image("1").to_string();
    plays(&server, move |image| {
        if image == good {
            ready()
        } else {
            waiting("ErrImagePull", "not found")
        }
    });
    run(&cluster, &options()).await.unwrap();
    let failure = run(
        &cluster,
        &Options {
            image: image("2"),
            undo: false,
            ..options()
        },
    )
    .await
    .unwrap_err();
    assert!(!failure.why.contains("undone"), "{}", failure.why);
    assert_eq!(
        failure.commands.last().unwrap(),
        "kubectl b2i rollback shop -n shop"
    );
    let now = server.get(DEPLOYMENTS, "shop").unwrap();
    assert_eq!(
        now["spec"]["template"]["spec"]["containers"][0]["image"],
        image("2").to_string()
    );
}

#[tokio::test]
async fn a_failed_first_deploy_stays_for_a_look() {
    let (server, cluster) = FakeApiServer::start().await;
    let words = "failed to pull and unpack image: 401 Unauthorized";
    plays(&server, move |_| waiting("ErrImagePull", words));
    let failure = run(&cluster, &options()).await.unwrap_err();
    assert!(failure.why.contains(words), "{}", failure.why);
    assert_eq!(failure.anchor, "image-pull-secret");
    assert_eq!(
        failure.commands.last().unwrap(),
        "kubectl b2i delete shop -n shop"
    );
    assert!(server.get(DEPLOYMENTS, "shop").is_some());
}

#[tokio::test]
async fn a_quota_speaks_for_itself() {
    let (server, cluster) = FakeApiServer::start().await;
    let words = "pods \"shop-1\" is forbidden: exceeded quota: small, requested: limits.memory=512Mi";
    server.controller(move |server, collection, applied| {
        if collection == DEPLOYMENTS {
            let mut deployment = applied.clone();
            let condition = json!({ "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": words });
            let owner = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": applied["metadata"]["uid"] });
            server.put(REPLICA_SETS, json!({
                "metadata": { "name": "shop-hash1", "labels": applied["spec"]["template"]["metadata"]["labels"], "ownerReferences": [owner] },
                "status": { "replicas": 0, "conditions": [condition] },
            }));
            deployment["status"] = json!({ "observedGeneration": 1, "conditions": [condition] });
            server.put(DEPLOYMENTS, deployment);
        }
    });
    let failure = run(&cluster, &options()).await.unwrap_err();
    assert!(failure.why.contains(words), "{}", failure.why);
    assert_eq!(failure.anchor, "pod-refused");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on() {
    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| {
        json!({ "phase": "Running", "containerStatuses": [{
            "name": "shop", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": { "running": {} },
        }] })
    });
    server.log("shop-hash1-x", "Tomcat started on port 8081\n");
    server.put(
        "/api/v1/namespaces/shop/events",
        json!({
            "metadata": { "name": "e1" }, "type": "Warning", "reason": "Unhealthy",
            "message": "Startup probe failed: dial tcp 10.1.0.2:8080: connect: connection refused",
            "involvedObject": { "kind": "Pod", "name": "shop-hash1-x" },
        }),
    );
    let failure = run(
        &cluster,
        &Options {
            timeout: Duration::from_millis(500),
            ..options()
        },
    )
    .await
    .unwrap_err();
    for part in ["port 8080", "connection refused", "Tomcat started on port 8081"] {
        assert!(failure.why.contains(part), "{}", failure.why);
    }
    assert!(failure.next.contains("--port"), "{}", failure.next);
}

#[tokio::test]
async fn replicas_stay_with_us_or_with_the_autoscaler() {
    for (ours, expected) in [(true, json!(3)), (false, Value::Null)] {
        let (server, cluster) = FakeApiServer::start().await;
        let wait = Options {
            wait: false,
            ..options()
        };
        run(&cluster, &wait).await.unwrap();
        let mut live = server.get(DEPLOYMENTS, "shop").unwrap();
        live["spec"]["replicas"] = json!(3);
        let manager = if ours {
            "kubectl-b2i"
        } else {
            "kube-controller-manager"
        };
        live["metadata"]["managedFields"] = json!([{
            "manager": manager, "operation": "Apply", "fieldsType": "FieldsV1",
            "fieldsV1": { "f:spec": { "f:replicas": {} } },
        }]);
        server.put(DEPLOYMENTS, live);
        run(
            &cluster,
            &Options {
                image: image("2"),
                ..wait
            },
        )
        .await
        .unwrap();
        assert_eq!(
            server.get(DEPLOYMENTS, "shop").unwrap()["spec"]["replicas"],
            expected,
            "ours: {ours}"
        );
    }
}

#[tokio::test]
async fn the_url_is_asked() {
    // The part that an app's main does once.
    rustls::crypto::ring::default_provider().install_default().ok();
    let app = axum::Router::new().route(
        "/",
        axum::routing::get(|| async { axum::response::Redirect::to("/login") }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let (server, cluster) = FakeApiServer::start().await;
    plays(&server, |_| ready());
    let mut options = options();
    options.options.service = PortKind::NodePort;
    options.options.ports[0].node_port = Some(port);
    let rollout = run(&cluster, &options).await.unwrap();
    assert_eq!(rollout.url, Some(format!("http://127.0.0.1:{port}/")));
    assert_eq!(rollout.answer.as_deref(), Some("303 See Other → /login"));
}
